"""A lamp as bright as no number.

Reason: light: ValueError: lights: level is nan; give a number
"""
from engine import Scene


class NanLight(Scene):
    def light(self, lights, now):
        lights["lamp"].set("#ffffff", level=float("nan"))  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
