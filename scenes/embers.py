"""Embers: hold the ball and the room glows; walk, and your path sings.

Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import Param, Scene, hsv

GROWS_S = 0.3  # light that comes at once flickers where many are born
STEADY_S = 0.6  # the glow outlasts a touch by so much: quick ones must not flash


class Embers(Scene):
    hue = Param(0.06, 0, 1, help="colour of the glow")
    fade = Param(3.0, 0.5, 10, unit="s", help="life of an ember")
    rise = Param(0.05, 0, 0.3, unit="stage/s", help="how fast embers rise")

    def setup(self, stage):
        self.embers = []  # (x, y, time of birth, size)
        self.glow = 0.0
        self.lit = 0.0  # when the ball was last held as firmly

    def update(self, now):
        held = now.touch("ball").level
        if held >= self.glow:
            self.lit = now.time
            self.glow += (held - self.glow) * min(now.dt * 12, 1)
        elif now.time - self.lit > STEADY_S:
            self.glow += (held - self.glow) * min(now.dt * 3, 1)
        if now.every(0.03):
            for v in now.visitors:
                if v.speed > 0.05:
                    x, y = v.x + self.rng.normal(0, 0.02), v.y - v.height * self.rng.random()
                    self.embers.append((x, y, now.time, self.rng.uniform(0.006, 0.02)))
        self.embers = [e for e in self.embers if now.time - e[2] < self.fade]

    def draw(self, canvas, now):
        canvas.people("room", mirror=True, alpha=0.25 + 0.75 * self.glow, tint=hsv(self.hue, 0.4, 1))
        if self.embers:
            x, y, born, size = np.array(self.embers).T
            age = now.time - born
            left = 1 - age / self.fade
            bright = left * np.minimum(age / GROWS_S, 1)
            colours = hsv(self.hue + 0.05 * (1 - left), 0.85, 1)
            canvas.dots(x, y - self.rise * age, size * left, colours, soft=1, alpha=bright, blend="add")
        canvas.glow(0.04, 0.8 + self.glow)

    def play(self, sound, now):
        ball = now.touch("ball")
        if ball.level:
            sound.hold("glow", voice="warm", pitch=36, level=ball.level)
        for v in now.arrivals:
            sound.note(pitch=72 - 12 * round(v.y), voice="bell", level=0.4, at=v)
        if now.every(0.5):
            for v in now.visitors:
                if v.speed > 0.1:
                    pitch = 48 + (0, 3, 5, 7, 10)[v.id % 5] + 12 * (v.x > 0.9)
                    sound.note(pitch=pitch, voice="pluck", level=min(v.speed, 0.4), at=v)

    def light(self, lights, now):
        lights.all.set(hsv(self.hue), level=self.glow)
