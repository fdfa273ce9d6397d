"""Nosphère: a sphere that can close itself to waves, to sounds and to the others, and open again.

Three gates stand round it. Stand still under one, and it closes: *ondes* lets go of the network, *sons* of microphone
and loudspeakers, *autres* of the cameras. They really close; while this scene plays, the house holds them shut, and a
tap on the ball, a caress or the end of the scene opens all. What is closed shows as a shut eyelid and as silence.
After the no-sphère in the book of Le Mixeur, Saint-Étienne, 2014. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Param, Scene, Voice, clamp, ease, hsv, mix

GATES = ("waves", "sounds", "others")
NAMES = ("ondes", "sons", "autres")
HUES = (0.52, 0.11, 0.90)
WAIT_S = 2.0  # so long somebody stands still under a gate, and it turns
BLIND_S = 20.0  # so long the cameras stay closed: who closed them cannot be seen to open them
MOTES = 900
DRY = 0.02  # hardly any echo: what is closed is silent within a second
GOLDEN = (1 + 5**0.5) / 2
CHOIR = Voice.saw(700, 0.3, unison=6, detune=0.14, track=0.4, attack=1.0, release=0.5)
WIND = Voice.noise(800, 0.8, filter="band", attack=0.6, release=0.4)


class Nosphere(Scene):
    ondes = Param(True, help="the gate of the waves: the network")
    sons = Param(True, help="the gate of the sounds: microphone and loudspeakers")
    autres = Param(True, help="the gate of the others: the cameras")
    turn = Param(0.12, 0, 1, unit="1/s", help="how fast the sphere turns")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.centre = np.array((stage.aspect / 2, 0.46))
        self.at = self.centre + self.rng.normal(0, 0.3, (MOTES, 2)) * (1.4, 1)
        self.speed = np.zeros((MOTES, 2))
        self.gate = self.rng.integers(0, 3, MOTES)
        self.own = self.rng.random(MOTES)
        self.corners, self.edges = dodecahedron()
        self.shut = np.zeros(3, bool)  # what visitors have closed
        self.since = np.zeros(3)
        self.waits = [0.0, 0.0, 0.0]  # how long somebody has stood under each gate
        self.fresh = [True, True, True]
        self.open = np.ones(3)
        self.turned = []  # gates that turned in this frame
        self.beat = 0.0

    def place(self, gate):
        """Return where a gate stands: left, above and right of the sphere."""
        return self.centre + np.array(((-0.60, 0.02), (0.0, -0.36), (0.60, 0.02))[gate])

    def update(self, now):
        before = self.shut.copy()
        for gate in range(3):
            self.wait(gate, now)
        ball = now.touch()
        if ball.began or (self.shut[2] and now.time - self.since[2] > BLIND_S):
            self.shut[:] = self.shut & (False if ball.began else np.array((True, True, False)))
        self.turned = [int(g) for g in np.flatnonzero(before != self.shut)]
        self.since[self.turned] = now.time
        for gate, allowed in enumerate((self.ondes, self.sons, self.autres)):
            if self.shut[gate] or not allowed:
                self.close(GATES[gate])
        wanted = np.array([now.gates[name] for name in GATES])
        self.open += (wanted - self.open) * min(now.dt * 5, 1)
        self.open[np.abs(wanted - self.open) < 0.004] = wanted[np.abs(wanted - self.open) < 0.004]
        self.beat = max(np.sin(now.time * TAU * 0.9), 0) ** 6
        self.drift(now)

    def wait(self, gate, now):
        """Count how long somebody has stood still under a gate; each stay turns it once."""
        third = self.aspect / 3
        here = any(v.still > 0.4 and third * gate <= v.x < third * (gate + 1) for v in now.visitors)
        self.waits[gate] = min(self.waits[gate] + now.dt, WAIT_S) if here else max(self.waits[gate] - 2 * now.dt, 0.0)
        if self.waits[gate] <= 0:
            self.fresh[gate] = True
        if self.waits[gate] >= WAIT_S and self.fresh[gate]:
            self.fresh[gate], self.shut[gate] = False, not self.shut[gate]

    def drift(self, now):
        """Motes stream in through open gates and out again; within a closed sphere they come to rest."""
        t = now.time
        gates = np.array([self.place(gate) for gate in range(3)])[self.gate]
        openness = self.open[self.gate][:, None]
        inward = self.centre - self.at
        far = np.hypot(*inward.T)[:, None] + 1e-3
        phase = np.sin(TAU * (self.own * 3 + t * 0.06))[:, None]
        wish = openness * np.where(phase > 0, 1.0, 0.0) * (gates - self.at) * 0.9
        wish += (
            np.where(phase > 0, 1 - openness, 1.0) * inward * (far - 0.21 * (0.4 + 0.6 * self.own[:, None])) / far * 2.2
        )
        swirl = np.stack((-inward[:, 1], inward[:, 0]), 1) / far
        wish += swirl * (0.10 + 0.10 * openness) * np.sin(self.own * 40)[:, None]
        self.speed += (wish - self.speed) * min(now.dt * 2, 1)
        self.at += self.speed * now.dt

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        whole = float(self.open.mean())
        canvas.circle(*self.centre, 0.42, hsv(0.62, 0.75, 0.5), soft=1, alpha=0.25 + 0.35 * whole)
        canvas.circle(
            *self.centre, 0.10 + 0.02 * self.beat, (1.0, 0.82, 0.6), soft=1, alpha=0.35 + 0.3 * self.beat, blend="add"
        )
        if self.open[2] > 0.02:
            canvas.people(alpha=0.30 * float(self.open[2]), tint=(0.55, 0.7, 1.0), blend="add")
        self.draw_sphere(canvas, now)
        hue = np.array(HUES)[self.gate]
        light = 0.16 + 0.55 * self.open[self.gate] * (0.5 + 0.5 * np.sin(self.own * 50 + now.time * 2))
        canvas.dots(*self.at.T, 0.0016 + 0.0016 * self.own, hsv(hue, 0.55, 1.0), alpha=light, soft=0.4, blend="add")
        for gate in range(3):
            self.draw_gate(canvas, now, gate)

    def draw_sphere(self, canvas, now):
        """Twelve faces that turn; the more is closed, the denser their lines."""
        a, b = now.time * self.turn, now.time * self.turn * 0.61
        spin = np.array(((np.cos(a), 0, np.sin(a)), (0, 1, 0), (-np.sin(a), 0, np.cos(a))))
        tilt = np.array(((1, 0, 0), (0, np.cos(b), -np.sin(b)), (0, np.sin(b), np.cos(b))))
        closed = 1 - float(self.open.mean())
        for size, strength in ((0.25, 1.0), (0.235, closed), (0.22, closed)):
            if strength > 0.02:
                corners = self.corners @ spin @ tilt * size
                ends = corners[self.edges] * (1 + 0.25 * corners[self.edges][..., 2:])
                near = ends[..., 2].mean(1) / size
                x0, y0, x1, y1 = (ends[:, k, axis] + self.centre[axis] for k in (0, 1) for axis in (0, 1))
                canvas.line(
                    x0, y0, x1, y1, hsv(0.58, 0.35, 1), width=0.0022, alpha=strength * (0.35 + 0.25 * near), blend="add"
                )

    def draw_gate(self, canvas, now, gate):
        """An eye: its lids part as the gate opens, and something comes through it."""
        middle, wide, colour = self.place(gate), 0.15, hsv(HUES[gate], 0.6, 1)
        lid = 0.075 * ease(self.open[gate])
        x = np.linspace(-1, 1, 33)
        for side in (-1, 1):
            curve = np.stack((middle[0] + wide * x, middle[1] + side * lid * (1 - x**2) + 0.004 * side), 1)
            canvas.path(curve, colour, width=0.004, alpha=0.9)
        if lid > 0.004:
            for ring in range(3):
                size = (now.time * 0.35 + ring / 3) % 1
                canvas.ring(*middle, lid * size, colour, width=0.0022, alpha=0.55 * (1 - size), blend="add")
            canvas.circle(*middle, lid * 0.35, mix(colour, (1, 1, 1, 1), 0.5), soft=0.6, alpha=0.8, blend="add")
        else:
            lash = np.linspace(-0.8, 0.8, 9)
            canvas.line(
                middle[0] + wide * lash,
                middle[1] + 0.006,
                middle[0] + wide * lash * 1.08,
                middle[1] + 0.03 - 0.014 * lash**2,
                colour,
                width=0.0025,
                alpha=0.8,
            )
        turning = self.waits[gate] / WAIT_S
        if turning > 0.02 and self.fresh[gate]:
            arc = -TAU / 4 + np.linspace(0, TAU * turning, 40)
            canvas.path(
                np.stack((middle[0] + 0.105 * np.cos(arc), middle[1] + 0.105 * np.sin(arc)), 1),
                (1, 1, 1),
                width=0.003,
                alpha=0.7,
            )
        words = NAMES[gate] + ("" if self.open[gate] > 0.5 else " · fermé")
        canvas.text(words, middle[0], middle[1] + 0.125, 0.034, colour, alpha=0.75)

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        waves, sounds, others = (float(part) for part in self.open)
        for index, (pitch, gate) in enumerate(
            ((38, 1.0), (45, others), (50, waves), (57, sounds), (62, others), (69, waves))
        ):
            if gate > 0.02:
                sound.hold(
                    f"choir {index}",
                    voice=CHOIR,
                    space=DRY,
                    pitch=pitch,
                    level=0.30 * gate * (0.9 if index else 1),
                    cutoff_hz=350 + 900 * (waves + others) / 2,
                    at=(self.aspect * (0.1 + 0.16 * index), 0.5),
                )
        if waves > 0.02:
            sound.hold(
                "wind", voice=WIND, space=DRY, level=0.35 * waves, cutoff_hz=500 + 500 * np.sin(now.time * 0.4) ** 2
            )
        heard = now.mic.level * sounds
        if heard > 0.02:
            sound.grain(
                "room",
                "mic",
                position=0.9,
                spread=0.3,
                size=0.35,
                density=9,
                space=DRY,
                pitch=48,
                level=clamp(0.25 + heard) * 0.6,
            )
        for gate in self.turned:
            low = -12 if self.shut[gate] else 0
            sound.note(
                62 + 7 * gate + low,
                voice="deep" if self.shut[gate] else "bell",
                level=0.5,
                at=tuple(self.place(gate)),
                length=2,
            )

    def light(self, lights, now):
        lights.all.set(
            mix((0.9, 0.55, 0.3), (0.3, 0.6, 1.0), float(self.open.mean())), level=0.12 + 0.4 * float(self.open.mean())
        )


def dodecahedron():
    """Return the 20 corners of a dodecahedron of radius 1, shape (20, 3), and its 30 edges, shape (30, 2)."""
    ones = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    for a in (-1 / GOLDEN, 1 / GOLDEN):
        for b in (-GOLDEN, GOLDEN):
            ones += [(0, a, b), (a, b, 0), (b, 0, a)]
    corners = np.array(ones) / 3**0.5
    far = np.linalg.norm(corners[:, None] - corners[None], axis=2)
    return corners, np.argwhere(np.triu(np.abs(far - 2 / GOLDEN / 3**0.5) < 1e-6))
