"""A number that cannot be shown.

Reason: draw: took longer than 250 ms
"""
from engine import Scene


class Endless:
    def __repr__(self):
        while True:  # bad
            pass  # bad


class EndlessRepr(Scene):
    def draw(self, canvas, now):
        canvas.circle(Endless(), 0.5, 0.1)  # bad
