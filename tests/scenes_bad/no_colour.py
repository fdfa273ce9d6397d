"""A colour that nobody knows.

Reason: draw: canvas.clear: a colour is "#rrggbb" or three numbers 0..1, not 'bluish'
"""
from engine import Scene


class NoColour(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.clear("bluish")  # bad
