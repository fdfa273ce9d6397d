"""A circle at no place.

Reason: draw: canvas.circle: x is not finite (nan or inf); check for a division by zero
"""
from engine import Scene


class NanPlace(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.circle(float("nan"), 0.5, 0.1)  # bad
