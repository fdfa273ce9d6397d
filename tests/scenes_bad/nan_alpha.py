"""A strength that is none.

Reason: draw: canvas.line: alpha is not finite
"""
from engine import Scene


class NanAlpha(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.line(0, 0, 1, 1, alpha=float("nan"))  # bad
