"""Closes what others print to.

Goes on.
"""
from engine import Scene


class ClosesStdout(Scene):
    def update(self, now):
        __import__("sys").stdout.close()

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
