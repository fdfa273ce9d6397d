"""An exception that never stops talking.

Reason: update: an exception that does not say what it is
"""
from engine import Scene


class Endless(Exception):
    def __str__(self):
        while True:
            pass


class EndlessStr(Scene):
    def update(self, now):
        raise Endless  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
