"""A book in one line.

Reason: draw: canvas.text: 1000000 letters 9 pixels high are too much to draw; cut them
"""
from engine import Scene


class MuchText(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.text("a" * 1_000_000, 0.5, 0.5, 0.5)  # bad
