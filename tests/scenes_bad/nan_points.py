"""A path through no place.

Reason: draw: canvas.path: points is not finite
"""
from engine import Scene


class NanPoints(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.path([(0, 0), (0, float("nan"))])  # bad
