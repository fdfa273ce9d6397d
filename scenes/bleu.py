"""Bleu: step in front of the blue and you stand, mirrored, in a blue night that notices you.

Stand still and plants of light grow at your feet; walk and the fireflies scatter. In the view `inside`
the person in the blue room sees where they are. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import Param, Scene, hsv, mix

FLIES = 140
HILLS = (  # level, swing, pace, colour
    (0.60, 0.030, 1.3, (0.06, 0.20, 0.52)),
    (0.70, 0.045, 0.9, (0.035, 0.13, 0.38)),
    (0.86, 0.040, 1.7, (0.01, 0.05, 0.17)),
)


class Bleu(Scene):
    shyness = Param(0.5, 0, 1, help="how far fireflies keep from those who move")
    growth = Param(0.25, 0.05, 1, unit="stage/s", help="how fast plants grow")
    moon = Param(0.8, 0, 1, help="brightness of the moon")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.sky = night_sky(stage)
        self.stars = self.rng.uniform((0, 0), (stage.aspect, 0.55), (160, 2))
        self.twinkle = self.rng.uniform(0, 6.28, 160)
        self.flies = self.rng.uniform((0, 0.25), (stage.aspect, 0.9), (FLIES, 2))
        self.speeds = np.zeros((FLIES, 2))
        self.plants = []  # [x, y, height, lean, hue]
        self.swell = np.zeros(64)

    def update(self, now):
        self.fly(now)
        self.grow(now)
        target = np.zeros(64)
        places = np.linspace(0, self.aspect, 64)
        for v in now.visitors:
            target += 0.05 * np.exp(-(((places - v.x) / 0.18) ** 2))
        self.swell += (target - self.swell) * min(now.dt * 2, 1)

    def fly(self, now):
        """Fireflies drift by themselves; those who walk scatter them, those who stand draw them near."""
        t = now.time
        x, y = self.flies.T
        own = self.twinkle[:FLIES]
        push = np.stack([np.sin(3 * y + t * 0.7 + own), np.cos(4 * x + t * 0.6 + 2 * own)], 1) * 0.05
        push[:, 1] += np.clip(0.3 - y, 0, 1) - np.clip(y - 0.86, 0, 1) * 2
        for v in now.visitors:
            away = self.flies - (v.x, v.y - v.height * 0.6)
            distance = np.hypot(*away.T)[:, None] + 0.05
            force = self.shyness * min(v.speed, 0.6) * 4 if v.still < 1 else -0.5
            push += away / distance * force * np.exp(-distance * 4)
        self.speeds += (push - self.speeds) * min(now.dt * 2.5, 1)
        self.flies += self.speeds * now.dt
        self.flies[:, 0] = (x + 0.1) % (self.aspect + 0.2) - 0.1

    def grow(self, now):
        """A plant for every second that someone stands still; plants last a minute."""
        if now.every(0.7):
            self.plants += [
                [v.x + self.rng.normal(0, 0.09), min(v.y + self.rng.uniform(-0.02, 0.05), 1.0), 0.0,
                 self.rng.normal(0, 0.25), self.rng.uniform(0.42, 0.66)]
                for v in now.visitors
                if v.still > 1
            ]
        for plant in self.plants:
            plant[2] = min(plant[2] + self.growth * now.dt, 0.12 + 0.1 * plant[4])
        self.plants = self.plants[-60:]

    def draw(self, canvas, now):
        canvas.pixels[:] = self.sky
        stars = 0.35 + 0.3 * np.sin(self.twinkle + now.time * 1.5)
        canvas.dots(self.stars[:, 0], self.stars[:, 1], 0.0016, (0.8, 0.9, 1), alpha=stars, blend="add")
        canvas.circle(self.aspect * 0.78, 0.2, 0.06, (0.9, 0.95, 1), alpha=self.moon, soft=0.15)
        for index, (level, swing, pace, colour) in enumerate(HILLS):
            if index == 2:
                canvas.people(mirror=True)
            outline = self.hill(level, swing, pace, now.time)
            canvas.polygon(outline, colour)
            canvas.path(outline[:-2], mix(colour, (0.4, 0.7, 1), 0.35), width=0.004, soft=1)
        self.draw_plants(canvas, now)
        bright = 0.45 + 0.4 * np.sin(now.time * 2 + self.twinkle[:FLIES] * 3)
        canvas.dots(self.flies[:, 0], self.flies[:, 1], 0.014, (1, 0.82, 0.4), alpha=bright, soft=1, blend="add")
        inside = canvas.view("inside")
        inside.clear((0.01, 0.04, 0.14))
        inside.people(mirror=True)

    def hill(self, level, swing, pace, time):
        """The outline of one hill: it breathes, and swells where people stand."""
        x = np.linspace(0, self.aspect, 64)
        y = level + swing * np.sin(x * 3 * pace + time * 0.12 * pace + level * 9) - self.swell * (1.2 - level)
        return np.concatenate([np.stack([x, y], 1), [(self.aspect, 1), (0, 1)]])

    def draw_plants(self, canvas, now):
        for x, y, height, lean, hue in self.plants:
            sway = 0.02 * np.sin(now.time * 1.1 + x * 9)
            tip = (x + lean * height + sway * height * 8, y - height)
            middle = (x + lean * height * 0.2, y - height * 0.55)
            canvas.path([(x, y), middle, tip], hsv(hue, 0.6, 0.7), width=0.004)
            canvas.circle(*tip, 0.004 + height * 0.05, hsv(hue, 0.4, 1), blend="add")

    def play(self, sound, now):
        chord = (38, 45, 50, 57, 62)
        for index, pitch in enumerate(chord[: 2 + now.count]):
            sound.hold(f"night {index}", voice="warm", pitch=pitch, level=0.16 / (1 + index * 0.3))
        for v in now.arrivals:
            sound.note(pitch=74, voice="bell", level=0.4, at=v)
        for v in now.visitors:
            if v.still > 1 and now.every(0.7):
                sound.note(pitch=62 + (0, 3, 5, 7, 10, 12)[int(self.rng.integers(6))], voice="glass", level=0.22, at=v)

    def light(self, lights, now):
        lights.all.set(mix((0.05, 0.15, 0.6), (0.4, 0.6, 1.0), min(now.count / 3, 1)), level=0.4)


def night_sky(stage):
    """A picture of the sky: deep above, light at the horizon, a halo where the moon stands."""
    width, height = stage.size_px
    y, x = np.mgrid[0:height, 0:width] / height
    top, low = np.array([0.008, 0.02, 0.09]), np.array([0.10, 0.36, 0.80])
    sky = top + (low - top) * np.clip(y / 0.72, 0, 1)[..., None] ** 1.7
    halo = np.exp(-np.hypot(x - stage.aspect * 0.78, y - 0.2) * 5)[..., None] * (0.16, 0.24, 0.34)
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :3] = np.clip((sky + halo) * 255, 0, 255)
    return pixels
