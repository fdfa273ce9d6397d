"""The file is never read to its end.

Reason: took longer than 1250 ms
"""
from engine import Scene

while True:  # bad
    pass  # bad


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
