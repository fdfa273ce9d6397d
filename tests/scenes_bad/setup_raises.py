"""setup divides by zero.

Reason: setup: ZeroDivisionError: division by zero
"""
from engine import Scene


class SetupRaises(Scene):
    def setup(self, stage):
        self.x = 1 / 0  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
