"""Verre: dust on a pane of glass lights up where you stand; come near, and it is who stood there before you.

For a transparent screen: black is glass, so nothing is drawn but points of light, and none near the edge. With
nobody there the pane goes black and is a plain mirror. The reveal (a cue that sets `reveal = 1`) lets the picture
go and brings up the light behind the glass. What is remembered are masks, never pictures, for 30 s at most.
Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Drone, Param, Scale, Scene, Voice, clamp, ease, hsv, mix

GRAINS = 7000
STEP_S = 1 / 15
LONGEST_S = 30.0
EDGE, CLEAR = 0.02, 0.006  # of the width: where the light fades, and where there is none
IDLE_S = 0.55
BRIGHT, BRIGHT_S = 0.25, 5.0
BREATH = Voice.noise(700, 0.75, track=1, filter="band", attack=0.8, release=1.2)


class Verre(Scene):
    delay = Param(8.0, 1, LONGEST_S, unit="s", help="how long ago the other silhouette stood here")
    near = Param(0.82, 0.3, 1, help="from which place on the floor one is near the glass (1 is at the glass)")
    reveal = Param(0.0, 0, 1, help="0 the picture, 1 what stands behind the glass, lit")
    hue = Param(0.54, 0, 1, help="colour of those who are here")
    other = Param(0.09, 0, 1, help="colour of those who were")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.at = self.rng.uniform((0, 0), (stage.aspect, 1), (GRAINS, 2))
        self.size = 0.0013 + 0.0031 * self.rng.random(GRAINS) ** 3
        self.phase = self.rng.uniform(0, TAU, GRAINS)
        border = np.minimum(np.minimum(*self.at.T), np.minimum(*((stage.aspect, 1) - self.at).T)) / stage.aspect
        self.feather = ease((border - CLEAR - 0.004) / (EDGE - CLEAR))
        self.here = np.zeros(GRAINS)
        self.then = np.zeros(GRAINS)
        self.masks = []  # (time, where grains are covered, packed)
        self.turn = 0.0  # how far the near ones have become the others
        self.bright_s = 0.0
        self.drone = Drone(self.rng, Scale("lydian", root="D3", tuning="just"), low="D3", high="A5", voices=5)

    # -- who is here, and who was ----------------------------------------------------------------

    def update(self, now):
        covered = self.covered(now.mask())
        if now.every(STEP_S):
            self.masks.append((now.time, np.packbits(covered)))
        self.masks = [kept for kept in self.masks if now.time - kept[0] < LONGEST_S + STEP_S]
        near = any(v.y > self.near for v in now.visitors)
        self.turn += ((1.0 if near else 0.0) - self.turn) * min(now.dt * 1.4, 1)
        rate = min(now.dt / IDLE_S * 2.5, 1)
        self.here += (covered - self.here) * rate
        self.then += (self.past(now.time) - self.then) * rate
        if not covered.any() and not self.then.any():
            self.here[self.here < 0.004] = 0.0

    def covered(self, mask):
        """Return which grains people cover."""
        if mask is None:
            return np.zeros(GRAINS, bool)
        high, wide = mask.shape
        column = (self.at[:, 0] / self.aspect * wide).astype(int)
        return mask[(self.at[:, 1] * high).astype(int), column.clip(0, wide - 1)] > 127

    def past(self, time):
        """Return which grains were covered `delay` seconds ago; while nobody is here, none."""
        wanted = time - self.delay
        kept = next((packed for born, packed in reversed(self.masks) if born <= wanted), None)
        if kept is None or not self.here.any():
            return np.zeros(GRAINS, bool)
        return np.unpackbits(kept)[:GRAINS].astype(bool)

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        picture = 1 - self.reveal
        twinkle = 0.62 + 0.38 * np.sin(self.phase + now.time * (0.6 + 1.4 * (self.phase / TAU)))
        here = self.here * (1 - 0.93 * self.turn)
        then = self.then * self.turn * (self.here.max(initial=0) > 0.02)
        self.grains(canvas, here * twinkle * picture, self.hue, 1.0)
        drift = (
            0.012
            * self.turn
            * np.stack((np.sin(self.phase + now.time * 0.5), np.cos(self.phase * 3 + now.time * 0.4)), 1)
        )
        self.grains(canvas, then * (0.4 + 0.6 * twinkle) * picture, self.other, 1.25, drift)
        self.watch(canvas, now)

    def grains(self, canvas, light, hue, size, drift=0.0):
        """Draw the grains that are lit: a haze and a point each, nothing at the edge of the pane."""
        light = light * self.feather
        lit = light > 0.01
        if not lit.any():
            return
        place, light = (self.at + drift)[lit], light[lit]
        spark = (light * self.size[lit] / 0.0042) ** 2
        canvas.dots(*place.T, 0.011 * size, hsv(hue, 0.8, 1), alpha=0.15 * light, soft=1, blend="add")
        colours = np.array(mix(hsv(hue, 0.62, 1), (1.0, 1.0, 1.0), 0.25))[:3]
        canvas.dots(
            *place.T,
            self.size[lit] * size,
            np.tile(colours, (len(light), 1)),
            alpha=clamp(0.3 * light + 0.9 * spark),
            soft=0.3,
            blend="add",
        )

    def watch(self, canvas, now):
        """Say so when so much is lit that the pane fills and its rectangle shows."""
        light = (canvas.pixels[::24, ::24, :3] / 255.0) ** 2.2
        self.bright_s = self.bright_s + now.dt if light.mean() > BRIGHT else 0.0
        if self.bright_s - now.dt <= BRIGHT_S < self.bright_s:
            print("more than a quarter of the pane is lit: it stops being glass; draw less")

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        crowd = float(self.here.mean()) * 6
        if crowd < 0.01:
            return
        strength = min(crowd, 1) ** 0.5 * (1 - 0.7 * self.reveal)
        for tone in self.drone.at(now.time):
            sound.hold(
                tone.key,
                voice="glass",
                pitch=tone.pitch,
                level=tone.level * 0.7 * strength,
                at=(tone.x * self.aspect, 0.5),
            )
        if self.turn > 0.05:
            sound.hold("then", voice=BREATH, pitch=50, level=0.75 * self.turn * strength)
            sound.hold("then above", voice=BREATH, pitch=57.02, level=0.5 * self.turn * strength)
        for v in now.arrivals:
            sound.note(pitch=74, voice="glass", level=0.35, at=v, length=2)

    def light(self, lights, now):
        lights.all.set(mix((1.0, 0.85, 0.65), (1.0, 0.95, 0.9), self.reveal), level=self.reveal)
