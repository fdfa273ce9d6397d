"""A hook that yields.

Reason: draw must be a plain method without async or yield
"""
from engine import Scene


class GeneratorDraw(Scene):
    def draw(self, canvas, now):  # bad
        yield canvas.clear()
