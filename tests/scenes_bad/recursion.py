"""update calls itself.

Reason: update: RecursionError: maximum recursion depth exceeded
"""
from engine import Scene


class Recursion(Scene):
    def update(self, now):
        self.update(now)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
