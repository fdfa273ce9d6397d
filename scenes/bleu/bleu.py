"""Bleu: step in front of the blue and you stand, mirrored, by a lake in a world that has days and notices you.

Stand still and it grows at your feet; walk and the water and the fireflies answer, run and it splashes. Hold something
blue, and it is a hole in you: the world is seen. In the view `inside` the person in the blue room sees where they are.
Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Param, Scale, Scene, Voice, clamp, ease, hsv, mix

FLIES, STARS, GLINTS = 170, 220, 260
SHORE = 0.80
HILLS = ((0.56, 0.030, 1.3), (0.66, 0.045, 0.9), (0.755, 0.030, 1.9))  # level, swing, pace
HOURS = np.array((0.0, 0.22, 0.28, 0.36, 0.66, 0.74, 0.80, 1.0))  # of a day of length 1; 0 is midnight
TOP, LOW, LAND = (
    np.array([[int(colour[k : k + 2], 16) for k in (0, 2, 4)] for colour in colours.split()])
    for colours in ("020518 040c2e 46468c 3a8adc 3e90e2 463e82 080e34 020518",
                    "0e3476 284284 f69c6e b0d6f0 b6dcf0 fa8054 263274 0e3476",
                    "040e2c 08163c 222a56 28606e 2c6870 32244e 0a143c 040e2c"))
BANDS = 120  # the sky is painted anew in so many steps
MIST = Voice.noise(500, 0.6, filter="band", attack=2, release=3)
SPLASH = Voice.noise(1900, 0.35, filter="band", attack=0.004, release=0.5)
FAST, LEAP_S = 0.25, 7.0  # who is faster throws up water; so often something leaps in the lake by itself


class Bleu(Scene):
    day = Param(420.0, 60, 86_400, unit="s", help="length of a day in this world")
    start = Param(0.80, 0, 1, help="the hour at which it begins: 0 midnight, 0.25 dawn, 0.5 noon, 0.75 dusk")
    shyness = Param(0.5, 0, 1, help="how far fireflies keep from those who move")
    growth = Param(0.22, 0.05, 1, unit="stage/s", help="how fast plants grow")

    def setup(self, stage):
        self.aspect, self.size = stage.aspect, stage.size_px
        self.sky = np.full((self.size[1], self.size[0], 4), 255, np.uint8)
        self.grain = self.rng.integers(0, 256, self.size[::-1], np.uint8)  # else the sky shows steps
        for band in range(BANDS):
            self.paint_sky(band, self.start)
        self.stars = self.rng.uniform((0, 0), (stage.aspect, 0.6), (STARS, 2))
        self.twinkle = self.rng.uniform(0, TAU, STARS)
        self.flies = self.rng.uniform((0, 0.3), (stage.aspect, 0.9), (FLIES, 2))
        self.speeds = np.zeros((FLIES, 2))
        self.glints = self.rng.uniform((0, 0), (stage.aspect, 1), (GLINTS, 2))
        self.plants = np.zeros((0, 7))  # x, y, height, its end, lean, hue, born
        self.rings, self.bloomed = [], []  # rings: (x, y, born, strength)
        self.drops = np.zeros((0, 5))  # x, y, their speeds, and where each falls back into the water
        self.splashes, self.landed, self.opened = [], [], []  # in this frame: (x, y, strength), x, (x, y, hue)
        self.swell = np.zeros(64)
        self.scale = Scale("lydian", root="D3", tuning="just")
        self.met, self.warmth, self.began = (0.0, 0.0), 0.0, False  # where silhouettes of two rooms overlap

    def hour(self, time):
        """Return the hour of this world's day, 0..1."""
        return (self.start + time / self.day) % 1

    def tone(self, table, hour):
        """Return a colour of a table of the day, 0..1."""
        return np.array([np.interp(hour, HOURS, table[:, k]) for k in range(3)]) / 255

    def paint_sky(self, band, hour):
        """Paint one of the sky's bands as it is at this hour."""
        height = self.size[1]
        rows = slice(band * height // BANDS, (band + 1) * height // BANDS)
        y = (np.arange(rows.start, rows.stop) + 0.5) / height
        share = clamp(y / SHORE) ** 1.8
        share = np.where(y > SHORE, 0.72 - 1.6 * (y - SHORE), share)[:, None]  # the lake mirrors it
        top, low = self.tone(TOP, hour), self.tone(LOW, hour)
        line = (top + (low - top) * share) * np.where(y > SHORE, 0.72, 1)[:, None] * 65280
        for c, part in enumerate(line.astype(np.uint16).T):  # whole rows of one colour: a fifth of the time
            self.sky[rows, :, c] = (part[:, None] + self.grain[rows]) >> 8

    # -- what lives ----------------------------------------------------------------------------

    def update(self, now):
        self.paint_sky(now.frame % BANDS, self.hour(now.time))
        self.fly(now)
        self.grow(now)
        self.splash(now)
        target = np.zeros(64)
        places = np.linspace(0, self.aspect, 64)
        for v in now.visitors:
            target += 0.045 * np.exp(-(((places - v.x) / 0.2) ** 2))
            if v.speed > 0.08 and now.every(0.22):
                self.rings.append((v.x, clamp(v.y + 0.02, SHORE + 0.02, 0.98), now.time, min(0.3 + v.speed, 1)))
        self.began = bool(now.meetings) and self.warmth < 0.05
        self.met = now.meetings[0] if now.meetings else self.met
        self.warmth += (bool(now.meetings) - self.warmth) * min(now.dt * 3, 1)
        self.swell += (target - self.swell) * min(now.dt * 2, 1)
        self.rings = [ring for ring in self.rings if now.time - ring[2] < 3][-40:]

    def fly(self, now):
        """Fireflies drift by themselves; those who walk scatter them, those who stand draw them near."""
        t, (x, y), own = now.time, self.flies.T, self.twinkle[:FLIES]
        push = np.stack([np.sin(3 * y + t * 0.7 + own), np.cos(4 * x + t * 0.6 + 2 * own)], 1) * 0.05
        push[:, 1] += np.clip(0.3 - y, 0, 1) - np.clip(y - 0.86, 0, 1) * 2
        for v in now.visitors:
            away = self.flies - (v.x, v.y - v.height * 0.6)
            distance = np.hypot(*away.T)[:, None] + 0.05
            force = self.shyness * min(v.speed, 0.6) * 4 if v.still < 1 else -0.5
            push += away / distance * force * np.exp(-distance * 4)
        self.speeds += (push - self.speeds) * min(now.dt * 2.5, 1)
        self.flies += self.speeds * now.dt
        self.flies[:, 0] = (self.flies[:, 0] + 0.1) % (self.aspect + 0.2) - 0.1

    def grow(self, now):
        """A plant each moment that someone stands still; it grows, flowers, and is gone after a minute and a half."""
        self.bloomed = [v for v in now.visitors if v.still > 1] if now.every(0.6) else []
        new = [(v.x + self.rng.normal(0, 0.10), clamp(v.y + self.rng.uniform(-0.02, 0.05), 0.6, 1.0), 0.0,
                self.rng.uniform(0.10, 0.26), self.rng.normal(0, 0.3), self.rng.uniform(0.45, 1.05), now.time)
               for v in self.bloomed]
        self.plants = np.concatenate((self.plants, np.reshape(new, (-1, 7))))[-70:]
        self.plants = self.plants[now.time - self.plants[:, 6] < 90]
        before = self.plants[:, 2] / self.plants[:, 3]
        self.plants[:, 2] = np.minimum(self.plants[:, 2] + self.growth * now.dt, self.plants[:, 3])
        self.opened = self.plants[(before < 0.8) & (self.plants[:, 2] >= 0.8 * self.plants[:, 3])][:, (0, 1, 5)]

    def splash(self, now):
        """Water thrown up by who moves fast, and by what lives in the lake; each drop falls back and sounds."""
        fast = [v for v in now.visitors if v.speed > FAST] if now.every(0.45) else []
        self.splashes = [(v.x, clamp(v.y, SHORE + 0.03, 0.96), min(0.3 + v.speed, 1)) for v in fast]
        if now.every(LEAP_S):
            self.splashes.append((self.rng.uniform(0.1, 0.9) * self.aspect, self.rng.uniform(0.84, 0.94), 0.7))
        for x, y, strength in self.splashes:
            thrown = self.rng.normal((0, -0.55), (0.15, 0.13), (int(8 + 16 * strength), 2)) * (0.4 + 0.6 * strength)
            new = np.column_stack((np.full((len(thrown), 2), (x, y)), thrown, np.full(len(thrown), y + 1e-3)))
            self.drops = np.concatenate((self.drops, new))[-160:]
            self.rings.append((x, y, now.time, strength))
        self.drops[:, 3] += 1.6 * now.dt
        self.drops[:, :2] += self.drops[:, 2:4] * now.dt
        fallen = self.drops[:, 1] > self.drops[:, 4]
        self.landed, self.drops = self.drops[fallen, 0][:3], self.drops[~fallen]

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        hour = self.hour(now.time)
        night = float(np.interp(hour, (0.24, 0.32, 0.70, 0.80), (1, 0, 0, 1)))
        canvas.clear(self.sky)
        self.draw_heaven(canvas, now, hour, night)
        land, low = self.tone(LAND, hour), self.tone(LOW, hour)
        lines = [self.hill(*hill, now.time) for hill in HILLS]
        for index, line in enumerate(lines):
            foot = lines[index + 1][:, 1].max() + 0.01 if index + 1 < len(lines) else SHORE
            colour = mix(land, low, 0.42 - 0.2 * index)
            canvas.polygon(np.concatenate((line, [(self.aspect, foot), (0, foot)])), colour)
            canvas.path(line, mix(colour, low, 0.5), width=0.003, soft=1)
        self.draw_lake(canvas, now, low, night)
        for room in now.rooms:
            canvas.people(room, alpha=0.55 + 0.2 * night)  # who is in another blue room is a figure of light
        canvas.people(mirror=True)
        if self.warmth > 0.01:
            canvas.circle(*self.met, 0.16, (1.0, 0.80, 0.45), soft=1, alpha=0.7 * self.warmth, blend="add")
        self.draw_plants(canvas, now)
        if len(self.drops):
            x, y, across, down, _ = self.drops.T
            canvas.line(x, y, x - 0.03 * across, y - 0.03 * down, (0.8, 0.93, 1), width=0.0045, alpha=0.75, blend="add")
        bright = (0.38 + 0.26 * np.sin(now.time * 1.2 + self.twinkle[:FLIES] * 3)) * (0.35 + 0.65 * night)
        fly = mix((1.0, 0.97, 0.85), (1.0, 0.80, 0.36), night)
        canvas.dots(*self.flies.T, 0.006 + 0.009 * night, fly, alpha=bright, soft=1, blend="add")
        inside = canvas.view("inside")
        inside.clear(tuple(self.tone(TOP, hour)))
        inside.people(mirror=True)

    def draw_heaven(self, canvas, now, hour, night):
        """Stars, the moon by night and the sun by day, each on its arc."""
        if night > 0.02:
            stars = night * (0.35 + 0.3 * np.sin(self.twinkle + now.time * 1.5))
            canvas.dots(*self.stars.T, 0.0016, (0.8, 0.9, 1), alpha=stars, blend="add")
        bodies = (0.0, (0.92, 0.95, 1.0), 0.055, night), (0.5, (1.0, 0.93, 0.75), 0.07, 1 - night)
        for middle, colour, size, light in bodies:
            arc = (hour - middle + 0.5) % 1 - 0.5
            if abs(arc) < 0.30 and light > 0.02:
                place = self.aspect * (0.5 + arc * 1.35), 0.16 + 0.62 * (arc / 0.3) ** 2
                canvas.circle(*place, size * 4.5, colour, soft=1, alpha=0.22 * light, blend="add")
                canvas.circle(*place, size, colour, soft=0.2, alpha=0.9 * light)

    def draw_lake(self, canvas, now, low, night):
        """Light on the water: glints that come and go, and the rings of those who walk."""
        x, depth = self.glints.T
        y = SHORE + 0.012 + 0.18 * depth**1.5
        light = np.clip(np.sin(self.glints[:, 0] * 40 + now.time * (0.6 + depth)), 0, 1) ** 3 * (0.10 + 0.25 * depth)
        long = 0.012 + 0.05 * depth
        canvas.line(x - long, y, x + long, y, mix(tuple(low), (1, 1, 1), 0.35), width=0.0016 + 0.002 * depth,
                    alpha=light, blend="add")
        if self.rings:
            x, y, born, strength = np.array(self.rings).T[..., None]
            age, turn = (now.time - born) / 3, np.linspace(0, TAU, 33)
            size = 0.03 + 0.26 * age
            curves = np.stack((x + size * np.cos(turn), np.maximum(y + 0.24 * size * np.sin(turn), SHORE)), 2)
            shine = (0.55 * strength * (1 - age) ** 2).ravel()
            canvas.path(curves, (0.85, 0.94, 1), width=0.0026, alpha=shine)

    def hill(self, level, swing, pace, time):
        """The outline of one hill: it breathes, and swells where people stand."""
        x = np.linspace(0, self.aspect, 64)
        y = level + swing * np.sin(x * 3 * pace + time * 0.08 * pace + level * 9) - self.swell * (1.2 - level)
        return np.stack([x, np.minimum(y, SHORE)], 1)

    def draw_plants(self, canvas, now):
        """Stems that bend in the wind, leaves, and a flower of five petals on each that is grown."""
        if not len(self.plants):
            return
        x, y, height, end, lean, hue, born = self.plants.T
        fade = clamp((90 - (now.time - born)) / 6)
        share = np.linspace(0, 1, 8)[:, None]
        sway = 0.028 * np.sin(now.time * 1.1 + x * 9) * share**2
        xs = x + height * (lean * share**1.6) + sway * height * 6
        ys = y - height * share
        thick = np.broadcast_to((0.0055 - 0.0035 * share[1:]), xs[1:].shape).ravel()
        green = hsv(np.tile(0.36 + 0.1 * hue, 7), 0.55, np.repeat(0.45 + 0.35 * share[1:, 0], len(x)))
        canvas.line(xs[:-1].ravel(), ys[:-1].ravel(), xs[1:].ravel(), ys[1:].ravel(), green, width=thick,
                    alpha=np.tile(fade, 7))
        open_ = ease((height / end - 0.6) / 0.4) * fade
        for petal in range(5):
            turn = petal * TAU / 5 + 0.3 * np.sin(now.time * 0.5 + x * 7)
            reach = 0.016 * open_ * (0.7 + end * 2)
            canvas.dots(xs[-1] + reach * np.cos(turn), ys[-1] + reach * np.sin(turn), reach * 0.85,
                        hsv(hue % 1, 0.55, 1.0), alpha=0.85 * open_, soft=0.5)
        canvas.dots(xs[-1], ys[-1], 0.012 * open_ + 0.001, (1.0, 0.93, 0.6), alpha=open_, soft=0.6, blend="add")

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        for index, degree in enumerate((0, 4, 7, 9, 11)[: 2 + now.count]):
            sound.hold(f"air {index}", voice="warm", pitch=self.scale[degree - 7], level=0.34 / (1 + index * 0.3))
        sound.hold("mist", voice=MIST, level=0.30, cutoff_hz=350 + 150 * np.sin(now.time * 0.2))
        if self.warmth > 0.05:
            sound.hold("met", voice="string", pitch=self.scale[4], level=0.35 * self.warmth, at=self.met)
        if self.began:
            sound.note(pitch=self.scale[11], voice="bell", level=0.5, at=self.met)
        for v in now.arrivals:
            sound.note(pitch=self.scale[14], voice="bell", level=0.4, at=v)
        for v in self.bloomed:
            sound.note(pitch=self.scale[int(self.rng.integers(7, 15))], voice="glass", level=0.25, at=v)
        if now.every(0.22):
            for v in now.visitors:
                if v.speed > 0.12:
                    sound.note(pitch=self.scale[int(7 + 7 * v.x / self.aspect)], voice="sine",
                               level=min(v.speed, 0.5) * 0.4, at=v, length=0.08, bright=0.2)
        for x, y, strength in self.splashes:
            sound.note(voice=SPLASH, level=0.35 + 0.35 * strength, at=(x, y), length=0.06)
        for x in self.landed:
            sound.note(pitch=self.scale[int(14 + 7 * x / self.aspect)], voice="sine", level=0.2, at=(x, 0.9),
                       length=0.05)
        for x, y, hue in self.opened:
            sound.note(pitch=self.scale[int(8 + 8 * (hue % 1))], voice="bell", level=0.3, at=(x, y), length=1)

    def light(self, lights, now):
        hour = self.hour(now.time)
        lights.all.set(tuple(mix(self.tone(TOP, hour), self.tone(LOW, hour), 0.5)), level=0.45)
