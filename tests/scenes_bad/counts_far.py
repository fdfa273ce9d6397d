"""update counts further than it can.

Reason: update: took longer than 250 ms
"""
from engine import Scene


class CountsFar(Scene):
    def update(self, now):
        self.sum = sum(number for number in range(10**12))  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
