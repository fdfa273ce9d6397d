"""update puts a number in place of draw.

Reason: draw: TypeError: 'int' object is not callable
"""
from engine import Scene


class ReplacesHook(Scene):
    def update(self, now):
        self.draw = 3

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
