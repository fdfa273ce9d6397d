"""Draws in update on a canvas that it has kept.

Reason: update: canvas: it can be drawn on in draw() only
"""
from engine import Scene


class CanvasOutsideDraw(Scene):
    canvas = None

    def update(self, now):
        if self.canvas:
            self.canvas.circle(0.5, 0.5, 0.1)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        self.canvas = canvas
