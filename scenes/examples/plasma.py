"""Plasma: every pixel by hand, in numpy; waves of light gather around people. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Param, Scene

DEEP, WARM = np.array((0.02, 0.10, 0.42)), np.array((1.0, 0.42, 0.12))


class Plasma(Scene):
    scale = Param(4.0, 1, 15, help="how fine the waves are")
    speed = Param(0.5, 0, 2, help="how fast they move")

    def setup(self, stage):
        self.y, self.x = np.mgrid[0:1:90j, 0 : stage.aspect : 160j]

    def draw(self, canvas, now):
        t, x, y = now.time * self.speed, self.x, self.y
        bend = np.sin(self.scale * 0.7 * y + t) + np.sin(self.scale * 0.5 * (x + y) - t * 0.7)
        wave = 0.5 + 0.5 * np.sin(self.scale * x + 1.6 * bend + t)
        warmth = np.zeros_like(x)
        for distance in (np.hypot(x - v.x, y - v.y + v.height / 2) for v in now.visitors):
            warmth += np.exp(-6 * distance) * (1 + 0.5 * np.sin(40 * distance - 6 * t))
        canvas.image(wave[..., None] ** 3 * DEEP * 1.8 + (warmth * (0.35 + wave))[..., None] ** 1.5 * WARM)
