"""Ten million dots.

Reason: draw: canvas.dots: 10000000 shapes in one call; at most 1000000
"""
import numpy as np
from engine import Scene


class ManyDots(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.dots(np.zeros(10_000_000), 0.5)  # bad
