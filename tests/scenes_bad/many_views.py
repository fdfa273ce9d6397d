"""A new display in every frame.

Reason: draw: canvas.view: at most 16 views, by name
"""
from engine import Scene


class ManyViews(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        [canvas.view(f"view {number}").clear() for number in range(99)]  # bad
