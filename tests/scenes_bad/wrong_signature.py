"""A hook that forgets an argument.

Reason: update(self) must be update(self, now)
"""
from engine import Scene


class WrongSignature(Scene):
    def update(self):  # bad
        pass

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
