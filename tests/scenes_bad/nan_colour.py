"""A colour that is none.

Reason: draw: canvas.circle: colour is not finite
"""
from engine import Scene


class NanColour(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.circle(0.5, 0.5, 0.1, (float("nan"), 0, 0))  # bad
