"""update waits for something.

Reason: update: took longer than 250 ms
"""
from engine import Scene


class Sleeps(Scene):
    def update(self, now):
        __import__("time").sleep(30)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
