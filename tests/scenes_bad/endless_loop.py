"""update never ends.

Reason: update: took longer than 250 ms
"""
from engine import Scene


class EndlessLoop(Scene):
    def update(self, now):
        while True:  # bad
            pass  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
