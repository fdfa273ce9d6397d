"""Goes to another folder.

Goes on.
"""
from engine import Scene


class ChangesFolder(Scene):
    def update(self, now):
        __import__("os").chdir("/")

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
