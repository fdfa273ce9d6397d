"""Mapping: a façade whose windows are asleep; lay a hand on one, and what lives behind it wakes and calls the others.

The surfaces stand in wall.toml, in coordinates of the wall; corners of the projector are drawn in place with key K.
What is drawn on a surface stays within it to the pixel. Credit: the mixeur contributors. CC BY 4.0.
"""

import tomllib
from pathlib import Path

import numpy as np

from engine import TAU, Param, Scale, Scene, ease, hsv

WALL = Path(__file__).with_name("wall.toml")
BEAD, GAP = 0.0052, 0.0112
HIT = 0.06  # of a surface's beads that a hand covers
WAVE = 0.55  # stage units a second, from window to window
SLEEP_S = 7.0
BEADS = ("rain", "fire", "sea", "stars", "garden", "pulse")


class Mapping(Scene):
    dream = Param(0.3, 0, 1, help="light of a surface that nobody touches")
    stone = Param(0.55, 0, 1, help="light of the frames and cornices")
    hue = Param(0.09, 0, 1, help="colour of the stone")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.surfaces = [Surface(table, n) for n, table in enumerate(tomllib.loads(WALL.read_text("utf-8"))["surface"])]
        beads = [s.beads for s in self.surfaces]
        self.at = np.concatenate(beads)
        ends = np.cumsum([len(each) for each in beads])
        self.parts = [slice(end - len(each), end) for end, each in zip(ends, beads, strict=True)]
        self.owner = np.repeat(np.arange(len(beads)), [len(b) for b in beads])
        self.local = np.concatenate([(s.beads - s.low) / (s.high - s.low) for s in self.surfaces]).astype(np.float32)
        self.phase = self.rng.uniform(0, TAU, len(self.at)).astype(np.float32)
        self.frame(self.surfaces)
        self.awake = np.zeros(len(beads))
        self.covered = np.zeros(len(beads))
        self.hit = np.zeros(len(beads), bool)  # those under a hand
        self.began = []  # those whose hand came in this frame
        self.waves = []  # (time, middle, hue)
        self.called = np.full(len(beads), -9.0)
        self.calls = []
        self.scale = Scale("minor pentatonic", root="A3", tuning="just")

    def frame(self, surfaces):
        """Lay two lines of stone round each surface, as segments: x0, y0, x1, y1, whose they are, how they look."""
        lines = []
        for number, surface in enumerate(surfaces):
            for grow, width in ((1.05, 0.006), (1.14, 0.0025)):
                ring = surface.middle + (surface.corners - surface.middle) * grow
                ends = np.concatenate((ring, np.roll(ring, -1, 0)), 1)
                lines += [(*end, number, width, *hsv(surface.hue, 0.5, 1)) for end in ends]
        table = np.array(lines)
        self.frames, self.frame_of = table[:, :4], table[:, 4].astype(int)
        self.frame_width, self.frame_hue = table[:, 5], table[:, 6:]

    # -- hands ---------------------------------------------------------------------------------

    def update(self, now):
        self.covered = self.cover(now.mask())
        if now.mouse.inside and now.mouse.down:
            near = np.hypot(*(self.at - (now.mouse.x, now.mouse.y)).T) < 0.03
            self.covered = np.maximum(self.covered, np.bincount(self.owner, near, len(self.surfaces)) > 0)
        hit = self.covered > np.where(self.hit, HIT / 2, HIT)
        self.began = np.flatnonzero(hit & ~self.hit).tolist()
        self.hit = hit
        self.waves += [(now.time, self.surfaces[i].middle, self.surfaces[i].hue) for i in self.began]
        self.waves = [wave for wave in self.waves if now.time - wave[0] < 4][-6:]
        self.calls = []
        for i, surface in enumerate(self.surfaces):
            for born, middle, _ in self.waves:
                arrives = born + np.hypot(*(surface.middle - middle)) / WAVE
                if arrives <= now.time < arrives + now.dt and arrives > born and now.time - self.called[i] > 0.7:
                    self.called[i] = now.time
                    self.calls.append(i)
        wanted = np.where(hit, 1.0, np.clip(0.55 - (now.time - self.called) / 1.5, 0, 1))
        self.awake += (wanted - self.awake) * np.minimum(
            now.dt * np.where(wanted > self.awake, 7, 1 / SLEEP_S * 2.5), 1
        )

    def cover(self, mask):
        """Return how much of each surface people's hands and bodies cover, 0..1."""
        if mask is None:
            return np.zeros(len(self.surfaces))
        high, wide = mask.shape
        column = (self.at[:, 0] / self.aspect * wide).astype(int).clip(0, wide - 1)
        row = (self.at[:, 1] * high).astype(int).clip(0, high - 1)
        covered = mask[row, column] > 127
        return np.bincount(self.owner, covered, len(self.surfaces)) / np.bincount(
            self.owner, minlength=len(self.surfaces)
        )

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        self.draw_stone(canvas, now)
        light, hue, white = np.zeros((3, len(self.at)), np.float32)
        for i, surface in enumerate(self.surfaces):
            mine = self.parts[i]
            if surface.content in BEADS:
                field = getattr(self, surface.content)
                light[mine], hue[mine], white[mine] = field(
                    *self.local[mine].T, now.time + 7 * i, self.phase[mine], self.awake[i]
                )
                light[mine] *= self.dream + (1 - self.dream) * self.awake[i]
            elif surface.content == "film":
                w, h = surface.high - surface.low
                canvas.video(surface.file, *surface.middle, w, h, alpha=0.35 + 0.65 * self.awake[i])
            else:
                canvas.image(
                    surface.file, *surface.middle, h=surface.high[1] - surface.low[1], alpha=0.3 + 0.7 * self.awake[i]
                )
        seen = light > 0.02
        colour = hsv(hue[seen], 0.9 - 0.75 * white[seen], 1.0)
        canvas.dots(*self.at[seen].T, BEAD, colour, alpha=np.clip(light[seen], 0, 1), soft=0.25)

    def draw_stone(self, canvas, now):
        """Frames, cornices and piers: thin lines that a wave of light runs along."""
        stone = np.array(hsv(self.hue, 0.45, 1))
        for y, width in ((0.10, 0.006), (0.125, 0.002), (0.575, 0.002), (0.60, 0.005), (0.945, 0.006)):
            if y in (0.575, 0.60):  # the gate and its lintel stand here
                canvas.line(0.06, y, 0.70, y, stone, width=width, alpha=self.stone * 0.5)
                canvas.line(1.078, y, self.aspect - 0.06, y, stone, width=width, alpha=self.stone * 0.5)
            else:
                canvas.line(0.04, y, self.aspect - 0.04, y, stone, width=width, alpha=self.stone * 0.5)
        x = np.array((0.085, 0.345, 0.62, self.aspect - 0.62, self.aspect - 0.345, self.aspect - 0.085))
        canvas.line(x, 0.125, x, 0.945, stone, width=0.003, alpha=self.stone * 0.35)
        awake = self.awake[self.frame_of]
        tint = stone + (self.frame_hue - stone) * awake[:, None]
        canvas.line(*self.frames.T, tint, width=self.frame_width, alpha=self.stone * (0.45 + 0.55 * awake))
        for born, middle, hue in self.waves:
            age = now.time - born
            canvas.ring(
                *middle,
                0.05 + WAVE * age,
                hsv(hue, 0.5, 1),
                width=0.03,
                soft=1,
                alpha=0.22 * (1 - age / 4) ** 2,
                blend="add",
            )

    # -- what lives behind: x and y are 0..1 in the surface ----------------------------------------

    def rain(self, x, y, t, phase, awake):
        column = np.floor(x * 13)
        drop = (y * 1.3 - t * 0.28 * (0.6 + 0.4 * np.sin(column * 7.7)) + column * 0.37) % 1
        return 0.12 + drop**7, 0.56 + 0.03 * drop, drop**14

    def fire(self, x, y, t, phase, awake):
        flame = 0.5 + 0.25 * np.sin(9 * x + 1.1 * t + np.sin(5 * y + 1.3 * t)) + 0.2 * np.sin(17 * x - 1.4 * t)
        heat = np.clip(y * 1.35 - 0.75 + flame * (0.5 + 0.5 * awake), 0, 1)
        return heat, 0.02 + 0.10 * heat, 0.5 * heat**4

    def sea(self, x, y, t, phase, awake):
        level = 0.62 - 0.38 * awake + 0.05 * np.sin(6 * x + 1.4 * t) + 0.03 * np.sin(13 * x - 2.1 * t)
        under = ease((y - level) / 0.05)
        fish = (
            np.exp(-((((x - t * 0.16) % 1 - 0.5) / 0.12) ** 2) - ((y - 0.72 - 0.08 * np.sin(t * 1.1)) / 0.05) ** 2)
            * awake
        )
        sheen = 0.5 + 0.5 * np.sin(14 * y - 0.9 * t + 5 * np.sin(4 * x + t * 0.3))
        return under * (0.3 + 0.35 * sheen) + 0.8 * fish, 0.5 + 0.08 * y - 0.42 * (fish > 0.3), 0.3 * sheen**6

    def stars(self, x, y, t, phase, awake):
        spark = np.clip(np.sin(phase * 9 + t * (0.5 + phase / 5)) - 0.75 + 0.3 * awake, 0, 1) * 2.4
        band = np.exp(-(((y - 0.9 + 0.8 * x) / 0.18) ** 2)) * (0.25 + 0.25 * awake)
        return np.clip(spark + band, 0, 1), 0.68 - 0.1 * band, 0.7 * np.clip(spark, 0, 1)

    def garden(self, x, y, t, phase, awake):
        stem = np.floor(x * 5) + 0.5
        lean = (x * 5 - stem) - 0.25 * np.sin(t * 0.8 + stem * 2) * (1 - y)
        height = 1 - (0.25 + 0.65 * awake * (0.7 + 0.3 * np.sin(stem * 5)))
        leaf = np.exp(-((lean / (0.11 + 0.14 * (np.sin(y * 26 + stem) > 0.35))) ** 2)) * (y > height)
        bloom = np.exp(-((lean / 0.3) ** 2) - ((y - height) / 0.07) ** 2) * awake
        return np.clip(0.65 * leaf + bloom + 0.04, 0, 1), np.where(bloom > leaf * 0.6, 0.93, 0.33), 0.35 * bloom

    def pulse(self, x, y, t, phase, awake):
        far, turn = np.hypot(x - 0.5, y - 0.5) * 2, np.arctan2(y - 0.5, x - 0.5)
        petal = 0.5 + 0.5 * np.cos(6 * turn + 0.5 * t + 4 * far * np.sin(t * 0.23))
        ring = np.exp(-(((far - (t * 0.22) % 1.25) / 0.10) ** 2))
        light = np.clip(0.18 + 0.5 * petal * (0.3 + 0.7 * awake) + ring * (0.3 + 0.7 * awake), 0, 1)
        return light, 0.07 + 0.55 * far + 0.03 * t, 0.3 * ring

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        for i in self.began:
            sound.note(self.scale[i], voice="bell", level=0.5, at=tuple(self.surfaces[i].middle), length=2)
        for i in self.calls:
            sound.note(self.scale[i + 5], voice="glass", level=0.22, at=tuple(self.surfaces[i].middle), length=1)
        for i, surface in enumerate(self.surfaces):
            if self.awake[i] > 0.03:
                sound.hold(
                    surface.name,
                    voice="warm",
                    pitch=self.scale[i - 5],
                    level=0.26 * float(self.awake[i]),
                    at=tuple(surface.middle),
                )

    def light(self, lights, now):
        lights.all.set(hsv(self.hue, 0.6), level=0.1 + 0.4 * float(self.awake.max()))


class Surface:
    """One surface of the wall: its corners, and beads of light that fill it and never leave it."""

    def __init__(self, table, number):
        self.name, self.content, self.file = table["name"], table["content"], table.get("file", "")
        self.corners = np.array(table["corners"] if "corners" in table else arch(*table["at"], *table["size"]))
        self.low, self.high = self.corners.min(0), self.corners.max(0)
        self.middle = (self.low + self.high) / 2
        self.hue = (0.06 + 0.137 * number) % 1
        rows = np.arange(self.low[1] + BEAD, self.high[1] - BEAD / 2, GAP * 0.866)
        columns = np.arange(self.low[0] + BEAD, self.high[0] - BEAD, GAP)
        grid = [(x + (row % 2) * GAP / 2, y) for row, y in enumerate(rows) for x in columns]
        self.beads = np.array([bead for bead in grid if within(bead, self.corners, BEAD)])


def arch(x, y, w, h):
    """Return the outline of a window with a round top."""
    turn = np.linspace(np.pi, 2 * np.pi, 15)
    top = np.stack((x + w / 2 * np.cos(turn), y - h / 2 + w / 2 + w / 2 * np.sin(turn)), 1)
    return np.concatenate((top, [(x + w / 2, y + h / 2), (x - w / 2, y + h / 2)]))


def within(point, corners, margin):
    """Return whether a point lies inside a convex outline, clockwise on the screen, by a margin."""
    edge = np.roll(corners, -1, 0) - corners
    gap = point - corners
    return bool(((edge[:, 0] * gap[:, 1] - edge[:, 1] * gap[:, 0]) >= margin * np.hypot(*edge.T) - 1e-9).all())
