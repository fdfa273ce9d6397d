"""Constellation: each person is a star that draws lines to others and to the sky. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Param, Scene, hsv


class Constellation(Scene):
    reach = Param(0.42, 0.1, 1, help="how far lines reach")

    def setup(self, stage):
        self.sky, self.size = self.rng.uniform((0, 0), (stage.aspect, 1), (240, 2)), self.rng.uniform(0, 1, 240) ** 3

    def draw(self, canvas, now):
        shine = 0.3 + 0.6 * self.size * (0.7 + 0.3 * np.sin(now.time * 2 + 40 * self.size))
        canvas.dots(*self.sky.T, 0.0015 + 0.003 * self.size, (0.75, 0.85, 1), alpha=shine)
        people = [(v.x, v.y - 0.6 * v.height) for v in now.visitors]
        for x, y in people:
            light = np.clip(1 - np.hypot(self.sky[:, 0] - x, self.sky[:, 1] - y) / self.reach, 0, 1)
            canvas.line(x, y, *self.sky.T, (0.45, 0.65, 1), width=0.0018, alpha=light * 0.6, blend="add")
            canvas.dots(*self.sky.T, 0.012, (0.6, 0.8, 1), alpha=light, soft=1, blend="add")
            for x1, y1 in people:
                canvas.line(x, y, x1, y1, hsv(0.11, 0.35, 1), width=0.006, soft=1, alpha=0.5, blend="add")
            canvas.circle(x, y, 0.11, hsv(0.1, 0.5, 1), soft=1, alpha=0.55, blend="add")
            canvas.circle(x, y, 0.014, (1, 0.97, 0.9), soft=0.7)
