"""A thread of its own.

Reason: a scene may not use threading; a scene runs inside the show's loop, keep state in self
"""
import threading  # bad

from engine import Scene


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
