"""Asks for more memory than there is.

Reason: setup: MemoryError: Unable to allocate
"""
import numpy as np
from engine import Scene


class HugeArray(Scene):
    def setup(self, stage):
        self.x = np.zeros(10**13)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
