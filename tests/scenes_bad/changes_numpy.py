"""Writes into numpy, which all share.

Reason: a scene may not change numpy.zeros; give your own a name in this file
"""
import numpy as np
from engine import Scene

np.zeros = np.ones  # bad


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
