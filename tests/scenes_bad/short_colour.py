"""A colour of two parts.

Reason: draw: canvas.dots: a colour has 3 or 4 parts
"""
from engine import Scene


class ShortColour(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.dots([0.1], [0.1], 0.1, [[0.1, 0.2]])  # bad
