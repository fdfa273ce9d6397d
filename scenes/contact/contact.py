"""Contact: alone on the ball, nothing; touch someone's skin, and the two of you are sound and coloured light.

One hand on the ball, the other free. Whoever is touched lights a bough of their own; a tap sends a wave through it,
a hold lets it bloom, a caress makes it sway. Nobody need touch a stranger: a ribbon or one's own second hand plays too
(`[touch.ribbon] alone = true`, see docs/works/contact.md).

A homage to the works of Scenocosme (Grégory Lasserre and Anaïs met den Ancxt), who invented this gesture;
it is not their work and uses none of it. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Param, Scene, Voice, hsv, mix

HUES = {"": 0.56, "tap": 0.10, "hold": 0.78, "caress": 0.42}
CHORD = (0, 7, 12, 16, 19, 24, 28, 31)
MOST = len(CHORD)
THREADS, JOINTS = 400, 13
LEAST = 0.1  # of the light, as soon as there is any
WAVE_S = 1.8
STEADY_S = 0.36

BODY = Voice.saw(900, 0.25, unison=5, detune=0.16, track=0.5, attack=0.05, release=1.0)
BLOOM = Voice.partials((1, 0.8), (2.003, 0.35), (3.01, 0.2), (4.2, 0.1), (5.4, 0.06), attack=0.4, release=1.2)
STROKE = Voice.noise(1500, 0.9, track=1, filter="band", attack=0.12, release=0.6)
SKINS = {"": BLOOM, "tap": BLOOM, "hold": BLOOM, "caress": STROKE}


class Contact(Scene):
    root = Param(45, 33, 57, help="lowest note of the chord")
    threads = Param(160, 60, THREADS, help="threads of light at full contact")
    sway = Param(0.35, 0, 1, help="how far the threads move")
    spot = Param(True, help="light the ball while it waits")

    def setup(self, stage):
        self.centre = np.array((stage.aspect / 2, 0.80))
        self.lean = self.rng.uniform(-1, 1, THREADS)
        self.reach = 0.25 + 0.75 * self.rng.random(THREADS) ** 0.7
        self.phase = self.rng.uniform(0, TAU, THREADS)
        self.share = self.rng.permutation(THREADS) / THREADS  # whose bough it belongs to
        self.glow = 0.0  # the light, 0..1
        self.asked = []  # (time, light) of the last moments
        self.hue = HUES[""]
        self.bloom = self.stroke = 0.0  # how much it is held, and caressed
        self.swung = 0.0  # how far the threads have swung, radians
        self.bodies = np.zeros(MOST)  # the light of each person's bough
        self.places = np.zeros(MOST)  # where it leans, -1..1
        self.waves = []  # (time of birth, strength)

    def update(self, now):
        touch = strongest(now)[1]
        self.asked = [*self.asked, (now.time, LEAST + (1 - LEAST) * touch.level if touch.level > 0.02 else 0.0)]
        self.asked = [each for each in self.asked if now.time - each[0] < STEADY_S]
        wanted = max(light for _, light in self.asked)  # quick touches hold the light: it must not flash
        self.glow += (wanted - self.glow) * min(now.dt * (22 if wanted > self.glow else 7), 1)
        if self.glow < 0.004 and not wanted:
            self.glow = 0.0
        count = min(max(touch.people, 2), MOST) if wanted else 0
        order = np.arange(MOST)
        self.bodies += ((order < count) - self.bodies) * min(now.dt * 5, 1)
        if count:
            spread = (order + 0.5) / count * 2 - 1
            self.places += (np.where(order < count, spread, self.places) - self.places) * min(now.dt * 3, 1)
            self.hue += (HUES[touch.kind] - self.hue) * min(now.dt * 2.5, 1)
        self.bloom += ((touch.kind == "hold") * min(touch.held_s / 5, 1) - self.bloom) * min(now.dt * 2, 1)
        self.swung += now.dt * (0.7 + 0.6 * self.stroke)
        self.stroke += ((touch.kind == "caress") - self.stroke) * min(now.dt * 2, 1)
        if touch.began or (touch.ended and touch.kind == "tap"):
            clear = min((now.time - self.waves[-1][0]) / WAVE_S, 1) if self.waves else 1.0
            self.waves.append((now.time, clear * (0.4 + 0.6 * touch.level)))  # faint after another: it must not flash
        self.waves = [wave for wave in self.waves if now.time - wave[0] < WAVE_S]

    # -- light ---------------------------------------------------------------------------------

    def draw(self, canvas, now):
        x, y = self.centre
        if self.spot:
            canvas.circle(x, y, 0.075, hsv(0.1, 0.35, 0.5), soft=1)
            canvas.circle(x, y, 0.024, hsv(0.1, 0.2, 0.65), soft=0.4)
        if not self.glow:
            return
        shine = hsv(self.hue, 0.65, 1)
        canvas.circle(x, y, 0.14 + 0.2 * self.glow, shine, soft=1, alpha=0.3 * self.glow, blend="add")
        for born, strength in self.waves:
            age = (now.time - born) / WAVE_S
            canvas.ring(
                x,
                y,
                0.04 + 0.85 * age,
                shine,
                width=0.07 * (1 - age) + 0.004,
                soft=1,
                alpha=0.4 * strength * (1 - age) ** 2 * self.glow,
                blend="add",
            )
        self.draw_threads(canvas, now)
        canvas.circle(x, y, 0.034, mix(shine, (1, 1, 1, 1), 0.7), soft=0.6, alpha=self.glow, blend="add")

    def draw_threads(self, canvas, now):
        """Each person's bough: threads that leave the ball together, part, and carry light outwards."""
        count = round(self.threads * (0.3 + 0.7 * self.glow))
        whole = np.cumsum(self.bodies) / max(self.bodies.sum(), 1e-6)
        person = np.searchsorted(whole, self.share[:count] * 0.9999).clip(0, MOST - 1)  # threads go to who has joined
        phase, reach = self.phase[:count], self.reach[:count]
        width = 2.2 / max(self.bodies.sum(), 1)
        angle = -TAU / 4 + 1.45 * self.places[person] + 0.62 * width * self.lean[:count]
        length = reach * (0.12 + 0.86 * self.glow) * (0.5 + 0.5 * self.bodies[person])
        share = np.linspace(0, 1, JOINTS)[:, None]
        swing = (
            self.sway * (0.55 + 1.5 * self.stroke) * np.sin(phase + self.swung + 3.5 * share)
        )
        bend = angle + share * (swing + 0.25 * np.sin(2.7 * phase + now.time * 0.31))
        xs = self.centre[0] + np.cos(bend) * length * share * 1.35
        ys = self.centre[1] + np.sin(bend) * length * share
        light = 0.26 * (1 - 0.6 * share) + 0.16 * share * np.cos(phase + 9 * share - now.time * 1.6) ** 12
        for born, strength in self.waves:
            front = (now.time - born) / WAVE_S * 1.5
            light = light + 0.4 * strength * np.exp(-(((share - front) / 0.09) ** 2))
        light = np.minimum(light[1:] * self.glow * self.bodies[person], 1)
        hue = self.hue + 0.045 * person + 0.06 * share[1:]
        colour = hsv(hue.ravel(), np.broadcast_to(0.85 - 0.5 * share[1:] ** 2, hue.shape).ravel(), 1.0)
        thick = np.broadcast_to(0.0052 - 0.0036 * share[1:], hue.shape).ravel()
        canvas.line(
            xs[:-1].ravel(),
            ys[:-1].ravel(),
            xs[1:].ravel(),
            ys[1:].ravel(),
            colour,
            width=thick,
            alpha=light.ravel(),
            blend="add",
        )
        tip = hsv(self.hue + 0.045 * person + 0.08, 0.45, 1.0)
        size = 0.006 + (0.006 + 0.014 * self.bloom * (0.6 + 0.4 * np.sin(phase + now.time))) * reach
        canvas.dots(
            xs[-1], ys[-1], size, tip, alpha=(0.25 + 0.55 * self.bodies[person]) * self.glow, soft=0.7, blend="add"
        )

    # -- sound ---------------------------------------------------------------------------------

    def play(self, sound, now):
        name, touch = strongest(now)
        if touch.ended and touch.kind == "tap":
            for step in (0, 7, 16):
                sound.note(pitch=self.root + 24 + step, voice="bell", level=0.45, length=1)
        if not (touch.level or touch.armed):
            return
        # The bodies wait at level 0 while somebody is armed: a contact opens them without waiting for a frame.
        count = min(max(touch.people, 2), MOST)
        for index in range(count):
            side = self.places[index] if touch.level else 0.0
            sound.hold(
                f"body {index}",
                voice=BODY,
                pitch=self.root + CHORD[index],
                level=0.75 / (1 + 0.25 * index),
                level_from=name,
                at=(self.centre[0] * (1 + side), 0.4),
                cutoff_hz=350 + 2600 * touch.level,
            )
        if not touch.level:
            return
        soft = {"": 0.35, "tap": 0.35, "hold": 0.5, "caress": 0.95}[touch.kind]
        sound.hold(
            f"skin {touch.kind == 'caress'}",
            voice=SKINS[touch.kind],
            pitch=self.root + 24,
            level=soft,
            level_from=name,
            pitch_from=name,
        )
        if touch.began:
            sound.note(pitch=self.root + 24, voice="glass", level=0.25 + 0.4 * touch.level, length=1.5)

    def light(self, lights, now):
        if self.glow:
            lights.all.set(hsv(self.hue, 0.8), level=self.glow)


def strongest(now):
    """Return the name of the touched thing with the strongest contact, and its touch."""
    if not now.touches:
        return "ball", now.touch("ball")
    return max(now.touches.items(), key=lambda item: (item[1].level, item[1].ended, item[1].armed))
