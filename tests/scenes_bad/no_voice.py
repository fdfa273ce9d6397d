"""An instrument that nobody has.

Reason: play: ValueError: sound.note: voice is 'oboe'; one of
"""
from engine import Scene


class NoVoice(Scene):
    def play(self, sound, now):
        sound.note(60, voice="oboe")  # bad

    def draw(self, canvas, now):
        canvas.clear((0.3, 0, 0))
