"""Drum: tap, hold or caress the ball; each way has its own light and its own sound. Credit: mixeur, CC BY 4.0."""
from engine import Scene, ease_out, hsv

WAYS = {"": (0.6, "sine", 48), "tap": (0.08, "wood", 55), "hold": (0.8, "warm", 43), "caress": (0.45, "glass", 67)}


class Drum(Scene):
    def setup(self, stage):
        self.x, self.strokes = stage.aspect / 2, []  # (time, way)

    def update(self, now):
        ball = now.touch("ball")
        if ball.began or (ball.ended and ball.kind == "tap") or (ball.kind == "caress" and now.every(0.2)):
            self.strokes = [*self.strokes[-12:], (now.time, WAYS[ball.kind])]

    def draw(self, canvas, now):
        for born, (hue, _, _) in self.strokes:
            age = (now.time - born) / 2.5
            canvas.ring(self.x, 0.5, 0.14 + 0.34 * ease_out(age), hsv(hue, 0.7), width=0.1, soft=1, alpha=1 - age)
        level, hue = now.touch("ball").level, WAYS[now.touch("ball").kind][0]
        canvas.circle(self.x, 0.5, 0.25 + 0.2 * level, hsv(hue, 0.5), soft=1, alpha=0.4 + 0.6 * level, blend="add")

    def play(self, sound, now):
        for _, voice, pitch in (way for born, way in self.strokes if born == now.time):
            sound.note(pitch, 0.6, voice=voice)
