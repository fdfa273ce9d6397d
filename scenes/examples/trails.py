"""Trails: comets circle whoever is there; the canvas keeps their light for a while. Credit: mixeur, CC BY 4.0."""
import numpy as np

from engine import TAU, Param, Scene, hsv


class Trails(Scene):
    memory = Param(3.0, 0.3, 10, unit="s", help="how long light stays")
    comets = Param(5, 1, 12, help="comets around each visitor")

    def draw(self, canvas, now):
        canvas.trail(self.memory)
        turn = np.arange(self.comets) * TAU / self.comets
        for v in now.visitors:
            reach = v.height * (0.42 + 0.16 * np.sin(now.time * 0.7 + turn * 2 + v.id))
            x = v.x + reach * np.cos(turn + now.time * 1.1 + v.id)
            y = v.y - v.height / 2 + reach * np.sin(turn + now.time * 1.1 + v.id) * 0.8
            colours = hsv(0.55 + 0.05 * v.id + 0.3 * turn / TAU, 0.75, 1)
            canvas.dots(x, y, 0.008, colours, soft=0.6, blend="add")
            canvas.dots(x, y, 0.03, colours, alpha=0.08, soft=1, blend="add")

    def play(self, sound, now):
        for v in now.visitors:
            sound.hold(f"comets {v.id}", voice="sine", pitch=45 + 7 * (v.id % 4), level=min(0.1 + v.speed, 0.4), at=v)
