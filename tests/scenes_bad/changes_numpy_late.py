"""Takes numpy's zeros away where no reader of its text sees it.

Reason: update: changed numpy.zeros, which all share; it is put back
"""
from engine import Scene


class ChangesNumpyLate(Scene):
    def update(self, now):
        setattr(__import__("numpy"), "zeros", None)  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
