"""An exception that no `except Exception` catches.

Reason: update: Stop: now
"""
from engine import Scene


class Stop(BaseException):
    pass


class BaseException(Scene):
    def update(self, now):
        raise Stop("now")  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
