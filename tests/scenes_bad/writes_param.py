"""update turns its own Param.

Reason: update: self.hue is a Param and read-only in the scene
"""
from engine import Param, Scene


class WritesParam(Scene):
    hue = Param(0.5, 0, 1)

    def update(self, now):
        self.hue = 1  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
