"""A thread that ends the program.

Goes on.
"""
from engine import Scene


class ThreadExits(Scene):
    def update(self, now):
        __import__("threading").Thread(target=exit).start()

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
