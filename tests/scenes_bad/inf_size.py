"""Words of infinite size.

Reason: draw: canvas.text: size is not finite
"""
from engine import Scene


class InfSize(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.text("loud", 0.5, 0.5, float("inf"))  # bad
