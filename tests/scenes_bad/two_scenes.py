"""Two scenes in one file.

Reason: A and B are both scenes; keep one a file
"""
from engine import Scene


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))


class B(Scene):
    pass
