"""update divides by zero.

Reason: update: ZeroDivisionError: division by zero
"""
from engine import Scene


class UpdateRaises(Scene):
    def update(self, now):
        1 / 0  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
