"""Plays in update on a sound that it has kept.

Reason: update: ValueError: sound.note: it can be called in play() only
"""
from engine import Scene


class SoundOutsidePlay(Scene):
    sound = None

    def update(self, now):
        if self.sound:
            self.sound.note()  # bad

    def play(self, sound, now):
        self.sound = sound

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
