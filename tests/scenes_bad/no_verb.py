"""A verb that the canvas does not have.

Reason: draw: AttributeError: 'Canvas' object has no attribute 'circel'; did you mean 'circle'?
"""
from engine import Scene


class NoVerb(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.circel(0.5, 0.5, 0.1)  # bad
