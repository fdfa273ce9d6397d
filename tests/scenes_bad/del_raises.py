"""Things that raise while they are thrown away.

Goes on.
"""
from engine import Scene


class Thing:
    def __del__(self):
        raise ValueError


class DelRaises(Scene):
    def update(self, now):
        Thing()

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
