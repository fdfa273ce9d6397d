"""setup never ends.

Reason: setup: took longer than 1250 ms
"""
from engine import Scene


class SetupLoops(Scene):
    def setup(self, stage):
        while True:  # bad
            pass  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
