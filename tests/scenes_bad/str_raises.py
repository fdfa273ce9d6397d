"""An exception that cannot be printed.

Reason: update: Mute
"""
from engine import Scene


class Mute(Exception):
    def __str__(self):
        raise ValueError


class StrRaises(Scene):
    def update(self, now):
        raise Mute  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
