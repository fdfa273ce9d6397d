"""Lamps: paper lanterns rise through the dark, and the room's lamps take their colour. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import Param, Scene, hsv


class Lamps(Scene):
    hue = Param(0.06, 0, 1, help="colour of their light")
    level = Param(0.8, 0, 1, help="brightness of the room's lamps")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.lanterns = sorted(self.rng.uniform(0, 1, (22, 4)).tolist())  # nearest last

    def draw(self, canvas, now):
        for near, u, v, tint in self.lanterns:
            x = self.aspect * u + 0.03 * np.sin(now.time * 0.5 + 9 * tint)
            y = 1.3 - 1.6 * ((v + now.time * (0.012 + 0.02 * near)) % 1)
            size, sway = 0.05 + 0.2 * near**2, 5 * np.sin(now.time + 9 * u)
            glow = hsv(self.hue + 0.04 * tint, 0.8, 1)
            canvas.circle(x, y, size * 1.3, glow, soft=1, alpha=0.25 + 0.2 * near, blend="add")
            canvas.image("images/lantern.png", x, y, h=size, angle=sway, alpha=0.35 + 0.65 * near)

    def light(self, lights, now):
        lights.all.follow(level=self.level)
