"""Takes a word of the language away.

Reason: update: changed builtins.len, which all share; it is put back
"""
from engine import Scene


class ChangesBuiltins(Scene):
    def update(self, now):
        __import__("builtins").len = None  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
