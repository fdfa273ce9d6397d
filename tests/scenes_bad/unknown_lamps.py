"""Another unknown lamp in every frame.

Goes on.
"""
from engine import Scene


class UnknownLamps(Scene):
    def light(self, lights, now):
        lights[f"lamp {now.time}"].set("#ffffff")

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
