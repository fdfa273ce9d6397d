"""Makes numpy raise where the engine counts on zeros.

Reason: a scene may not use numpy.seterr; use np.errstate around the lines that need it
"""
import numpy as np
from engine import Scene

np.seterr(all="raise")  # bad


class A(Scene):
    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
