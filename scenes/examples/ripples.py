"""Ripples: whoever walks leaves rings of light on black water; an arrival is a note. Credit: mixeur, CC BY 4.0."""
from engine import Param, Scene, hsv


class Ripples(Scene):
    speed = Param(0.12, 0.05, 0.6, unit="stage/s", help="how fast rings grow")
    life = Param(4.0, 1, 12, unit="s", help="how long a ring lasts")

    def setup(self, stage):
        self.drops = []  # (x, y, time of birth, hue)

    def update(self, now):
        walking = [v for v in now.visitors if v.speed > 0.05] if now.every(0.7) else []
        self.drops += [(v.x, v.y - 0.04, now.time, 0.5 + 0.05 * (v.id % 4)) for v in (*now.arrivals, *walking)]
        self.drops = [drop for drop in self.drops if now.time - drop[2] < self.life]

    def draw(self, canvas, now):
        for x, y, born, hue in self.drops:
            for age in (now.time - born - late for late in (0, 0.3, 0.6) if now.time - born > late):
                light, width = (1 - age / self.life) ** 2, 0.012 + 0.01 * age
                canvas.ring(x, y, age * self.speed, hsv(hue, 0.6), width=width, soft=1, alpha=light, blend="add")

    def play(self, sound, now):
        for v in now.arrivals:
            sound.note(pitch=(57, 60, 64, 67, 72)[v.id % 5], voice="glass", at=v, length=1.5)
