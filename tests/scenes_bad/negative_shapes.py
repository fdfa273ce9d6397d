"""Shapes of less than no size.

Goes on.
"""
from engine import Scene


class NegativeShapes(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.circle(0.5, 0.5, -1), canvas.ring(0.5, 0.5, 0.2, width=-3), canvas.rect(0.5, 0.5, -1e9, -2, (0.2, 0, 0))
