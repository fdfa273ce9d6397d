"""A note of no pitch.

Reason: play: ValueError: sound.note: pitch is nan; a number from -36 to 160
"""
from engine import Scene


class NanNote(Scene):
    def play(self, sound, now):
        sound.note(float("nan"))  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
