"""Contact: alone on the ball, nothing; touch someone's skin, and the two of you are sound and coloured light.

A homage to the works of Scenocosme (Grégory Lasserre and Anaïs met den Ancxt), who invented this gesture;
it is not their work and uses none of it. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import Param, Scene, hsv

HUES = {"": 0.58, "tap": 0.09, "hold": 0.72, "caress": 0.45}
VOICES = {"": "warm", "tap": "bell", "hold": "warm", "caress": "glass"}
CHORD = (0, 7, 12, 16, 19, 24, 28, 31)


class Contact(Scene):
    root = Param(45, 33, 57, help="lowest note of the chord")
    filaments = Param(160, 40, 400, help="threads of light at full contact")
    spot = Param(True, help="light the ball while it waits")

    def setup(self, stage):
        self.centre = (stage.aspect / 2, 0.78)
        self.angle = self.rng.uniform(-np.pi * 1.02, np.pi * 0.02, 412)
        self.reach = self.rng.uniform(0.1, 1.0, 412) ** 0.5
        self.phase = self.rng.uniform(0, 2 * np.pi, 412)
        self.light_level = 0.0
        self.hue = HUES[""]
        self.sparks = []  # (time of birth, hue)

    def update(self, now):
        ball = now.touch("ball")
        towards = ball.level - self.light_level
        self.light_level += towards * min(now.dt * (25 if towards > 0 else 4), 1)
        if self.light_level < 0.002 and not ball.level:
            self.light_level = 0.0
        if ball.level:
            self.hue += (HUES[ball.kind] - self.hue) * min(now.dt * 3, 1)
        if ball.began or (ball.ended and ball.kind == "tap"):
            self.sparks.append((now.time, HUES[ball.kind]))
        self.sparks = [s for s in self.sparks if now.time - s[0] < 1.6]

    def draw(self, canvas, now):
        x, y = self.centre
        if self.spot:
            canvas.circle(x, y, 0.06, hsv(0.1, 0.35, 0.55), soft=1)
            canvas.circle(x, y, 0.022, hsv(0.1, 0.2, 0.6), soft=0.4)
        if not self.light_level:
            return
        self.draw_filaments(canvas, now)
        for born, hue in self.sparks:
            age = now.time - born
            fading = 0.5 * (1 - age / 1.6) ** 2
            canvas.ring(x, y, 0.05 + 0.6 * age, hsv(hue, 0.5, 1), width=0.05, soft=1, alpha=fading, blend="add")
        halo = 0.1 + 0.15 * self.light_level
        canvas.circle(x, y, halo, hsv(self.hue, 0.5, 1), soft=1, alpha=self.light_level, blend="add")
        canvas.circle(x, y, 0.03, hsv(self.hue, 0.12, 1), soft=0.5, alpha=self.light_level, blend="add")

    def draw_filaments(self, canvas, now):
        """Threads of light that leave the ball, sway, and end in a bright point."""
        count = round(self.filaments * self.light_level) + 12
        angle, reach, phase = self.angle[:count], self.reach[:count], self.phase[:count]
        length = reach * (0.15 + 0.72 * self.light_level)
        x, y = self.centre
        before = np.full(count, x), np.full(count, y)
        for share in np.linspace(0, 1, 11)[1:]:
            bend = angle + 0.35 * share * np.sin(phase + now.time * 1.3 + 3 * share)
            here = x + np.cos(bend) * length * share * 1.25, y + np.sin(bend) * length * share
            colour = hsv(self.hue + 0.1 * share, 0.85 - 0.4 * share, 1)
            canvas.line(*before, *here, colour, width=0.003 * (1.2 - share), alpha=0.34 - 0.24 * share, blend="add")
            before = here
        canvas.dots(*before, 0.004 + 0.004 * reach, hsv(self.hue + 0.1, 0.35, 1), alpha=0.8, soft=0.7, blend="add")
        canvas.glow(0.03, 0.9)

    def play(self, sound, now):
        ball = now.touch("ball")
        if not ball.level:
            return
        for index in range(min(max(ball.people, 2), 8)):
            level = ball.level * 0.8 / (1 + index * 0.5)
            sound.hold(f"body {index}", voice=VOICES[ball.kind], pitch=self.root + CHORD[index], level=level)
        if ball.began:
            sound.note(pitch=self.root + 24, voice="bell", level=0.3 + 0.5 * ball.level)

    def light(self, lights, now):
        if self.light_level:
            lights.all.set(hsv(self.hue, 0.8), level=self.light_level)
