"""The file ends the program while it is read.

Reason: sys.exit() ends no show; remove it
"""
import sys

from engine import Scene

sys.exit(0)  # bad


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
