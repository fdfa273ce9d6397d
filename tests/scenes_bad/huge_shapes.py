"""Shapes as large as a country.

Goes on.
"""
from engine import Scene


class HugeShapes(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.circle(0.5, 0.5, 1e9, (0.2, 0, 0)), canvas.ring(0.5, 0.5, 1e300, (0.2, 0, 0), width=1e308)
