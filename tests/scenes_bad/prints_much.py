"""A thousand long lines in every frame.

Goes on.
"""
from engine import Scene


class PrintsMuch(Scene):
    def update(self, now):
        for _ in range(100):
            print("word " * 1000)

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
