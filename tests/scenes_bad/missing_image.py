"""A picture that is not there.

Reason: draw: canvas.image: no file 'nowhere.png'
"""
from engine import Scene


class MissingImage(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.image("nowhere.png")  # bad
