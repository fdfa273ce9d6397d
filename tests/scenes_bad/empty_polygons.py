"""Shapes with too few corners.

Goes on.
"""
from engine import Scene


class EmptyPolygons(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        [canvas.polygon(points, (0.2, 0, 0)) for points in ([], [(0, 0)], [(0, 0), (1, 1)])]
