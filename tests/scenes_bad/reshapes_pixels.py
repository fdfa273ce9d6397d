"""The canvas in another shape.

Goes on.
"""
import numpy as np
from engine import Scene


class ReshapesPixels(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.pixels.shape = (-1,)
