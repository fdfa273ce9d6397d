"""A library is not there.

Reason: ModuleNotFoundError: No module named 'no_such_library'
"""
import no_such_library  # bad
from engine import Scene


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
