"""A picture that is none.

Reason: draw: canvas.image: 'broken_image.py' is not a picture that can be read
"""
from engine import Scene


class BrokenImage(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
        canvas.image(__file__)  # bad
