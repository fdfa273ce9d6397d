"""Its own __init__ raises.

Reason: setup: KeyError: 'a'
"""
from engine import Scene


class InitRaises(Scene):
    def __init__(self):
        {}["a"]  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
