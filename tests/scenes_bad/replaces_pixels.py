"""Another picture in place of the canvas's.

Reason: draw: AttributeError: property 'pixels' of 'Canvas' object has no setter
"""
import numpy as np
from engine import Scene


class ReplacesPixels(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.pixels = np.zeros((3, 3))  # bad
