"""A million discs, each as large as the stage, again and again.

Reason: draw: took longer than 250 ms
"""
import numpy as np
from engine import Scene


class ManyLargeDots(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        for _ in range(20):  # bad
            canvas.dots(np.zeros(1_000_000), 0.5, 2.0, (0.2, 0, 0))  # bad
