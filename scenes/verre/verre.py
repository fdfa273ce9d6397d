"""Verre: your outline goes into the glass, pane behind pane; come near, and who stood there before you comes out.

For a transparent screen: black is glass, so nothing is drawn but thin lines and dust, and none near the edge. With
nobody there the pane goes black and is a plain mirror. The reveal (a cue that sets `reveal = 1`) lets the picture
go and brings up the light behind the glass. What is remembered are masks and outlines, never pictures, for 30 s at
most. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Drone, Param, Scale, Scene, Voice, clamp, ease, hsv, mix

GRAINS = 9000
WIDE, HIGH = 128, 72  # cells of a remembered mask
STEP_S, LONGEST_S = 1 / 15, 30.0
PANE_S, DEPTH_S = 1.0, 6.0  # between two outlines, and for how long each is on its way
DEPTH = 0.62  # how much smaller an outline is at the end of its way
POINTS = 84
EDGE, CLEAR = 0.02, 0.006  # of the width: where the light fades, and where there is none
SOFT_S, COME_S, GO_S = 0.3, 0.6, 2.2  # the last two: of the whole picture, as people come and are gone
STEADY_S = 0.25  # a pixel of the mask more or less does not show
OTHER, SHOW_S = 0.025, 0.35  # what is so far from what it was is another outline, and comes softly
TURNS = np.add.outer(np.arange(POINTS), np.arange(POINTS)) % POINTS
BRIGHT, BRIGHT_S, LOOK_S = 0.25, 5.0, 0.5
BREATH = Voice.noise(700, 0.75, track=1, filter="band", attack=0.8, release=1.2)


class Verre(Scene):
    delay = Param(5.0, 1, LONGEST_S, unit="s", help="how long ago the other silhouette stood here")
    near = Param(0.92, 0.3, 1, help="from which place on the floor one is near the glass (1 is at the glass)")
    reveal = Param(0.0, 0, 1, help="0 the picture, 1 what stands behind the glass, lit")
    hue = Param(0.54, 0, 1, help="colour of those who are here")
    other = Param(0.08, 0, 1, help="colour of those who were")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.depth = np.array((stage.aspect / 2, 0.46))  # where all outlines go
        spread = (np.arange(GRAINS)[:, None] * (0.7548776662, 0.5698402910)) % 1  # even, without rows
        self.at = spread * (stage.aspect, 1) + self.rng.normal(0, 0.003, (GRAINS, 2))
        self.size = 0.0015 + 0.0030 * self.rng.random(GRAINS) ** 4
        self.phase = self.rng.uniform(0, TAU, GRAINS)
        self.feather = self.fade(self.at)
        cell = clamp(self.at / (stage.aspect, 1)) * (WIDE - 1, HIGH - 1)
        column, row = whole = cell.astype(int).clip(0, (WIDE - 2, HIGH - 2)).T
        right, down = (cell.T - whole).astype(np.float32)
        self.cells = row * WIDE + column + np.array(((0,), (1,), (WIDE,), (WIDE + 1,)))  # the four round each grain
        self.shares = np.stack(((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down))
        self.here = np.zeros((2, GRAINS), np.float32)  # each grain's rim and body light
        self.then = np.zeros((2, GRAINS), np.float32)
        self.masks = []  # (time, mask in bits)
        self.rings = {}  # of each visitor the steadied outline, and since when it is there
        self.born, self.outlines = np.zeros(0), np.zeros((0, POINTS, 2))  # and when they were drawn
        self.lit = np.zeros((2, 2, GRAINS), np.float32)  # what `here` and `then` go to
        self.alive = 0.0  # 0 a plain mirror, 1 while somebody is here
        self.turn = 0.0  # how far the near ones have become the others
        self.bright_s = 0.0
        self.scale = Scale("lydian", root="D4", tuning="just")
        self.drone = Drone(self.rng, Scale("lydian", root="D3", tuning="just"), low="D3", high="A5", voices=5)

    def fade(self, at):
        """Return how much light may be at some places: none at the edge of the pane. Shape (n,)."""
        x, y = at[..., 0], at[..., 1]  # by hand: `min` along so short an axis takes ten times as long
        border = np.minimum(np.minimum(x, self.aspect - x), np.minimum(y, 1 - y)) / self.aspect
        return ease((border - CLEAR - 0.004) / (EDGE - CLEAR))

    # -- who is here, and who was ----------------------------------------------------------------

    def update(self, now):
        mask = small(now.mask())
        if now.every(STEP_S):
            self.masks.append((now.time, np.packbits(mask)))
        self.masks = [kept for kept in self.masks if now.time - kept[0] < LONGEST_S + STEP_S]
        self.rings = {v.id: self.steadied(v, now) for v in now.visitors if len(v.outline) > 2}
        fresh = [ring for ring, since in self.rings.values() if since < now.time - SHOW_S] if now.every(PANE_S) else []
        kept = now.time - self.born < LONGEST_S
        self.born = np.concatenate((self.born[kept], np.full(len(fresh), now.time)))
        self.outlines = np.concatenate((self.outlines[kept], np.reshape(fresh, (-1, POINTS, 2))))
        is_somebody = bool(now.visitors) or mask.any()
        self.alive = clamp(self.alive + (now.dt / COME_S if is_somebody else -now.dt / GO_S))
        near = any(v.y > self.near for v in now.visitors)
        self.turn += ((1.0 if near else 0.0) - self.turn) * min(now.dt * 1.2, 1)
        if now.frame % 4 == 0:  # people are slower than frames
            self.lit[0] = self.light_of(mask)
        elif now.frame % 4 == 2:
            self.lit[1] = self.light_of(self.past(now.time, mask))
        rate = np.float32(min(now.dt / SOFT_S, 1))
        self.here += (self.lit[0] - self.here) * rate
        self.then += (self.lit[1] - self.then) * rate
        for light in (self.here, self.then):
            light[light < 0.004] = 0

    def steadied(self, v, now):
        """Return somebody's outline, moved along with them and a little towards what is seen, and since when it is."""
        seen = even(v.outline)
        if v.id not in self.rings:
            return seen, now.time
        ring, since = self.rings[v.id]
        ring = ring + np.array((v.vx, v.vy)) * now.dt
        seen = seen[TURNS[(seen[TURNS] * ring).sum((1, 2)).argmax()]]  # from where it fits best
        if np.abs(seen - ring).mean() > OTHER:
            return seen, now.time
        return ring + (seen - ring) * min(now.dt / STEADY_S, 1), since

    def past(self, time, mask):
        """Return the mask of `delay` seconds ago; while nobody is here, none."""
        kept = next((bits for born, bits in reversed(self.masks) if born <= time - self.delay), None)
        if kept is None or not mask.any():
            return np.zeros((HIGH, WIDE), bool)
        return np.unpackbits(kept).reshape(HIGH, WIDE).astype(bool)

    def light_of(self, mask):
        """Return the light of each grain: at the rim of a body, and in and around it. Shape (2, grains)."""
        if not mask.any():
            return np.zeros((2, GRAINS), np.float32)
        near, far = blurred(mask, 1), blurred(mask, 4)
        rim = np.exp(-(((near - 0.5) / 0.26) ** 2))
        body = 0.75 * near * (1 - 0.7 * far) + 0.12 * far * (1 - near)
        return np.stack([(field.ravel()[self.cells] * self.shares).sum(0) for field in (rim, body)])

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        picture = (1 - self.reveal) * self.alive
        loose = 0.004 + 0.075 * np.sin(self.turn * TAU / 2) ** 2  # it falls to dust while it turns
        here = (1 - 0.95 * self.turn) * picture
        then = self.turn * picture
        self.dust(canvas, now, self.here * here, self.hue, loose)
        self.dust(canvas, now, self.then * then, self.other, loose * 1.6)
        self.lines(canvas, now, picture, then)
        self.watch(canvas, now)

    def dust(self, canvas, now, light, hue, loose):
        """Draw the grains that are lit, a point each, and a haze in the body; nothing at the edge of the pane."""
        total = light.sum(0) * self.feather
        lit = np.flatnonzero(total > 0.012)
        if not len(lit):
            return
        (x, y), phase, rim, light = self.at[lit].T, self.phase[lit], light[0, lit] / (total[lit] + 1e-6), total[lit]
        place = np.stack((x + loose * np.sin(7 * y + phase + now.time * 0.5),
                          y + loose * np.cos(6 * x + 2 * phase + now.time * 0.4)), 1)
        light = light * self.fade(place)
        twinkle = 0.66 + 0.34 * np.sin(phase + now.time * (0.5 + 0.25 * phase))
        colour = hsv(hue + 0.03 * rim, 0.80 - 0.50 * rim, 1.0)
        some = lit % 8 == 0
        canvas.dots(*place[some].T, 0.016, hsv(hue, 0.85, 1), alpha=0.16 * light[some], soft=1, blend="add")
        canvas.dots(*place.T, self.size[lit], colour, alpha=clamp(light * twinkle), soft=0.3, blend="add")

    def lines(self, canvas, now, picture, then):
        """Draw the outlines: of those who are here, on their way into the glass; of those who were, on theirs out."""
        live = [ring for ring, _ in self.rings.values()]
        shown = [ease((now.time - since) / SHOW_S) for _, since in self.rings.values()]
        age = now.time - np.concatenate((self.born, np.full(len(live), now.time)))
        outlines = np.concatenate((self.outlines, *[outline[None] for outline in live]))
        inwards, outwards = age / DEPTH_S, 1 - (self.delay - age) / min(DEPTH_S, self.delay)
        fresh = ease(age / 0.5) * 0.75
        fresh[len(self.born) :] = 0.9 * np.array(shown)  # the last ones are there in each frame
        goes = (inwards < 1) * fresh * (1 - clamp(inwards)) ** 1.3 * picture * (1 - 0.85 * self.turn)
        comes = clamp(outwards) ** 0.8 * ease((1 - outwards) / 0.1) * (outwards < 1) * then
        self.panes(canvas, outlines, clamp(inwards), goes, self.hue + 0.10 * inwards)
        self.panes(canvas, outlines, clamp(1 - outwards), comes, self.other - 0.05 * (1 - outwards))

    def panes(self, canvas, outlines, depth, light, hue):
        """Draw outlines, each in its own depth, light and hue: a line, and its shine in the glass."""
        lit = light > 0.01
        at = outlines[lit] + (self.depth - outlines[lit]) * (DEPTH * depth[lit, None, None])
        fade = self.fade(at)
        alpha = (light[lit, None] * np.minimum(fade, np.roll(fade, -1, 1))).ravel()
        seen = alpha > 0.004
        if not seen.any():
            return
        ends = np.concatenate((at, np.roll(at, -1, 1)), 2).reshape(-1, 4)
        colour = np.repeat(hsv(hue[lit], 0.55, 1.0), POINTS, axis=0)
        near = alpha > 0.45  # only these shine: wide lines cost
        canvas.line(*ends[near].T, colour[near], width=0.011, alpha=0.11 * alpha[near], soft=1, blend="add")
        canvas.line(*ends[seen].T, colour[seen], width=0.0030, alpha=alpha[seen], soft=0.4, blend="add")

    def watch(self, canvas, now):
        """Say so when so much is lit that the pane fills and its rectangle shows."""
        if not now.every(LOOK_S):
            return
        light = (canvas.pixels[::24, ::24, :3] / 255.0) ** 2.2
        self.bright_s = self.bright_s + LOOK_S if light.mean() > BRIGHT else 0.0
        if self.bright_s - LOOK_S <= BRIGHT_S < self.bright_s:
            print("more than a quarter of the pane is lit: it stops being glass; draw less")

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        strength = self.alive * (1 - 0.7 * self.reveal)
        if not strength:
            return
        for tone in self.drone.at(now.time):
            place = tone.x * self.aspect, 0.5
            sound.hold(tone.key, voice="glass", pitch=tone.pitch, level=min(tone.level * 1.7, 1) * strength, at=place)
        if self.turn > 0.05:
            sound.hold("then", voice=BREATH, pitch=50, level=0.40 * self.turn * strength)
            sound.hold("then above", voice=BREATH, pitch=57.02, level=0.26 * self.turn * strength)
        if now.every(PANE_S):
            for v in now.visitors:
                step = round(7 * v.x / self.aspect) - 7 * (self.turn > 0.5)
                sound.note(self.scale[step], voice="glass", level=0.30 * (1 - self.reveal), at=v, length=0.6)
        for v in now.arrivals:
            sound.note(pitch=74, voice="glass", level=0.35, at=v, length=2)

    def light(self, lights, now):
        lights.all.set(mix((1.0, 0.85, 0.65), (1.0, 0.95, 0.9), self.reveal), level=self.reveal)


def small(mask):
    """Return where people are, in cells. Shape (HIGH, WIDE), bool."""
    if mask is None:
        return np.zeros((HIGH, WIDE), bool)
    rows = np.arange(HIGH) * mask.shape[0] // HIGH
    return mask[rows[:, None], np.arange(WIDE) * mask.shape[1] // WIDE] > 127


def blurred(mask, reach):
    """Return a mask that is soft over so many cells on each side. Shape (HIGH, WIDE), float32."""
    soft, wide = mask.astype(np.float32), 2 * reach + 1
    for _ in range(4):  # down and across, twice
        summed = np.cumsum(np.pad(soft, ((reach + 1, reach), (0, 0)), mode="edge"), axis=0)
        soft = ((summed[wide:] - summed[:-wide]) / wide).T
    return soft


def even(outline):
    """Return a closed outline as POINTS smooth points, as far apart as one another. Shape (POINTS, 2)."""
    ring = np.concatenate((outline, outline[:1])).astype(float)
    way = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))))
    stops = np.linspace(0, way[-1], POINTS, endpoint=False)
    points = np.stack([np.interp(stops, way, ring[:, k]) for k in (0, 1)], 1)
    return (np.roll(points, 1, 0) + 2 * points + np.roll(points, -1, 0)) / 4
