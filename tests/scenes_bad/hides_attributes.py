"""It cannot even be read.

Reason: update: RuntimeError: none of it
"""
from engine import Scene


class HidesAttributes(Scene):
    def __getattribute__(self, name):
        if name == "update":
            raise RuntimeError("none of it")  # bad
        return super().__getattribute__(name)

    def update(self, now):
        pass

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
