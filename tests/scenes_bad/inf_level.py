"""A note as loud as nothing can be.

Reason: play: ValueError: sound.note: level is inf; a number from 0 to 1
"""
from engine import Scene


class InfLevel(Scene):
    def play(self, sound, now):
        sound.note(60, level=float("inf"))  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
