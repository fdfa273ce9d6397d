"""Its __new__ makes no scene.

Reason: setup: AttributeError
"""
from engine import Scene


class NewIsNothing(Scene):
    def __new__(cls):
        return 5

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
