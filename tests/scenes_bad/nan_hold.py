"""A sound from no place.

Reason: play: ValueError: sound.hold: at is (nan, 0.5); a point (x, y), or something with x and y
"""
from engine import Scene


class NanHold(Scene):
    def play(self, sound, now):
        sound.hold("a", at=(float("nan"), 0.5))  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
