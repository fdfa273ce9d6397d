"""A picture of another size.

Reason: draw: ValueError: could not broadcast input array
"""
import numpy as np
from engine import Scene


class WrongPixels(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.pixels[...] = np.ones((7, 7, 4))  # bad
