"""Chord: each visitor is a note, and a column of strings that swing with it. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Scene, hsv

CHORD = (45, 52, 57, 61, 64, 69, 73, 76)


class Chord(Scene):
    def draw(self, canvas, now):
        y = np.linspace(-0.02, 1.02, 90)
        for v in now.visitors:
            note = v.id % len(CHORD)
            hue = 0.52 + note / 10
            loud = min(v.age, 1) * (0.4 + min(v.speed * 3, 0.6))
            for string in range(7):
                swing = np.sin((2 + note) * np.pi * y + string * 0.9 + now.time * (4 + note)) * np.sin(np.pi * y)
                points = np.stack((v.x + (string - 3) * 0.016 + 0.07 * loud * swing, y), 1)
                canvas.path(points, hsv(hue + 0.02 * string, 0.7), width=0.007, alpha=0.2 + 0.6 * loud, soft=1)
            canvas.circle(v.x, v.y - v.height / 2, 0.4, hsv(hue, 0.8), soft=1, alpha=0.3 * loud, blend="add")
        canvas.glow(0.05, 1.0)

    def play(self, sound, now):
        for v in now.visitors:
            sound.hold(f"string {v.id}", "organ", CHORD[v.id % len(CHORD)], level=0.2 + min(v.speed, 0.3), at=v)
