"""A picture of no numbers.

Goes on.
"""
import numpy as np
from engine import Scene


class NanPixels(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.pixels[...] = np.full((1, 1, 4), np.nan, np.float32)
