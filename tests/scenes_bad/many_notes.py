"""A hundred thousand notes in a frame.

Reason: play: ValueError: sound.note: more than 256 in one frame; play fewer at once
"""
from engine import Scene


class ManyNotes(Scene):
    def play(self, sound, now):
        [sound.note(60, level=0.1) for _ in range(100_000)]  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
