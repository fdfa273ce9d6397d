"""Danse: five thousand threads of a body that is not yours; go to it and it goes away, wait and it comes.

The other dancer has a will of its own: it is influenced, never controlled. Your movement is wind to it, your outline
sheds light, and an operator plays beside you: every Param can be turned by a fader or by OSC, as in
`wind = { from = "midi:desk/cc/21" }`. Credit: the mixeur contributors. CC BY 4.0.
"""

import numpy as np

from engine import TAU, Param, Scale, Scene, Voice, clamp, hsv, mix

COUNT = 5000
BODY = 3600  # of them the other dancer's; the others are shed by visitors
APPROACH = 0.3  # stage units a second: faster towards it is coming closer
WAIT_S = 3.0
GALE = 0.45  # the strongest wind, stage units a second
SILK = Voice.saw(500, 0.35, unison=4, detune=0.2, track=0.4, attack=0.8, release=1.6)
AIR = Voice.noise(900, 0.7, filter="band", attack=0.3, release=0.8)


class Danse(Scene):
    shyness = Param(1.0, -1, 2, help="how far it flees who comes; below 0 it comes to them")
    nearest = Param(0.30, 0.1, 0.8, unit="stage", help="how near it comes to who waits")
    wind = Param(1.0, 0, 3, help="how much movement in the room blows")
    gravity = Param(0.0, -0.5, 0.5, unit="stage/s2", help="pulls down; below 0, up")
    viscosity = Param(2.2, 0.5, 8, unit="1/s", help="how thick the air is")
    unrest = Param(0.5, 0, 1.5, help="how much it moves by itself")
    hue = Param(0.55, 0, 1, help="colour of the other dancer")
    trail = Param(0.8, 0.05, 4, unit="s", help="how long light stays")
    lead = Param(0.0, 0, 0.3, unit="s", help="predicts visitors by so much, to hide the projector's delay")

    def setup(self, stage):
        self.aspect = stage.aspect
        self.form = np.array((stage.aspect * 0.5, 0.5))  # where the other dancer is
        self.pace = np.zeros(2)
        self.at = (self.form + self.rng.normal(0, 0.12, (COUNT, 2))).astype(np.float32)
        self.speed = np.zeros((COUNT, 2), np.float32)
        self.own = self.rng.random(COUNT).astype(np.float32)  # each thread's own number
        self.veil = np.abs(self.rng.normal(0, 1, (BODY, 2))) * (0.34, 0.018)  # how far each hangs from its ribbon
        self.lit = np.zeros(COUNT, np.float32)
        self.lit[:BODY] = 1
        self.grown = self.lit.copy()  # light comes softly
        self.next = BODY
        self.energy = 0.0
        self.scale = Scale("dorian", root="A2", tuning="just")

    # -- the other dancer ------------------------------------------------------------------------

    def update(self, now):
        people = [(np.array(v.ahead(self.lead)), v) for v in now.visitors]
        self.walk(now, people)
        self.dance(now)
        self.blow(now)
        self.shed(now, people)
        self.at += self.speed * now.dt
        self.energy += (min(float((self.speed[:BODY] ** 2).mean()) * 10, 1) - self.energy) * min(now.dt * 2.5, 1)

    def walk(self, now, people):
        """Move it as a whole: away from who comes, towards who waits, and a little by itself."""
        t = now.time
        roam = np.array((self.aspect * (0.5 + 0.3 * np.sin(t * 0.11)), 0.5 + 0.14 * np.sin(t * 0.17)))
        push = (roam - self.form) * (0.12 if people else 0.35) + 0.05 * self.unrest * np.array(
            (np.sin(t * 0.9), np.cos(t * 0.7))
        )
        for place, v in people:
            gap = self.form - place + (0, v.height * 0.5)
            far = max(np.hypot(*gap), 1e-3)
            toward = (v.vx * gap[0] + v.vy * gap[1]) / far
            if toward > APPROACH:
                push += gap / far * self.shyness * (1.6 + 2 * (toward - APPROACH))
            elif v.still > WAIT_S:
                push += gap / far * (self.nearest * 1.15 - far) * 1.6
            if far < self.nearest:
                push += gap / far * (self.nearest - far) * 9
        self.pace += (push - self.pace * 1.8) * now.dt
        self.form += self.pace * now.dt
        kept = np.clip(self.form, (0.24, 0.36), (self.aspect - 0.24, 0.62))
        self.pace *= np.where(kept == self.form, 1.0, 0.9)
        self.form = kept

    def dance(self, now):
        """Each thread follows its place in a body of turning ribbons, and curls on the way."""
        t, own, at, body = now.time * 0.6, self.own, self.at, slice(0, BODY)
        ribbon, along = np.floor(own[body] * 9), own[body] * 9 % 1
        turn = TAU * (0.16 * ribbon + 0.4 * along) + t * (0.35 + 0.06 * ribbon) + self.veil[:, 0]
        reach = 0.05 + 0.27 * np.sin(TAU / 2 * along) * (0.55 + 0.45 * np.sin(t * 0.7 + ribbon * 1.7)) + self.veil[:, 1]
        place = np.stack((np.cos(turn) * reach, 0.62 * (along - 0.5) + 0.4 * np.sin(turn * 1.3 + t) * reach), 1)
        wish = np.zeros_like(self.speed)
        wish[body] = (self.form + place - at[body]) * 2.6 + self.pace
        x, y = at[:, 0] * 7, at[:, 1] * 7
        curl = np.stack(
            (np.sin(y + t * 1.1) + 0.6 * np.sin(1.9 * y - x + t), np.cos(x - t * 0.9) + 0.6 * np.cos(1.7 * x + y - t)),
            1,
        )
        wish += curl * (0.10 * self.unrest)
        wish[:, 1] += self.gravity / self.viscosity
        self.speed += (wish - self.speed) * min(now.dt * self.viscosity, 1)

    def blow(self, now):
        """What moves in front of the camera is wind."""
        flow = now.flow()
        if flow is None or not self.wind:
            return
        high, wide = flow.shape[:2]
        column = (self.at[:, 0] / self.aspect * wide).astype(int).clip(0, wide - 1)
        row = (self.at[:, 1] * high).astype(int).clip(0, high - 1)
        gust = flow[row, column]
        moves = np.hypot(*gust.T)[:, None] > 0.05
        gust = np.clip(gust, -GALE, GALE)
        self.speed += (gust - self.speed) * moves * np.float32(min(now.dt * 2.5 * self.wind, 1))

    def shed(self, now, people):
        """Who moves leaves threads of light along their outline."""
        self.lit[BODY:] *= np.exp(-now.dt / 1.1)
        self.grown += (1 - self.grown) * min(now.dt * 5, 1)
        for _, v in people:
            many = int(min(v.speed, 1.2) * 900 * now.dt + self.rng.random())
            if many and len(v.outline):
                slots = BODY + (self.next - BODY + np.arange(many)) % (COUNT - BODY)
                self.next = int(slots[-1]) + 1
                self.at[slots] = v.outline[self.rng.integers(len(v.outline), size=many)] + self.rng.normal(
                    0, 0.004, (many, 2)
                )
                self.speed[slots] = (0.35 * v.vx, 0.35 * v.vy)
                self.lit[slots], self.grown[slots] = 1, 0

    # -- light, sound, lamps -----------------------------------------------------------------------

    def draw(self, canvas, now):
        canvas.trail(self.trail)
        pace = np.hypot(*self.speed.T)
        warm = clamp(pace * 1.6)
        shed = np.arange(COUNT) >= BODY
        hue = self.hue + 0.30 * warm * (1 - shed) * np.where(self.own > 0.5, 1, 0.6) + 0.03 * self.own + shed * 0.52
        colour = hsv(hue, 0.75 - 0.2 * warm, 1.0)
        light = self.lit * self.grown * (0.22 + 0.14 * shed) / (1 + pace)  # who flees shows colours, not white
        tail = self.speed * (0.05 + 0.02 * shed[:, None])
        seen = light > 0.01
        x, y = self.at[seen].T
        ends = x - tail[seen, 0], y - tail[seen, 1]
        canvas.line(x, y, *ends, colour[seen], width=0.0026, alpha=light[seen], blend="add")

    def play(self, sound, now):
        place = tuple(self.form)
        for index, degree in enumerate((0, 4, 8)):
            pitch = self.scale[degree + round(2 * self.form[0] / self.aspect)]
            sound.hold(
                f"silk {index}",
                voice=SILK,
                pitch=pitch,
                level=0.30 + 0.25 * self.energy,
                at=place,
                cutoff_hz=300 + 2600 * self.energy,
            )
        sound.hold("air", voice=AIR, level=0.15 + 0.25 * self.energy, at=place, cutoff_hz=400 + 2400 * self.energy)
        for v in now.visitors:
            if v.speed > APPROACH and now.every(0.25):
                sound.note(
                    self.scale[7 + int(10 * (1 - v.y)) + v.id % 3],
                    voice="glass",
                    level=0.2 + 0.3 * min(v.speed, 1),
                    at=v,
                )

    def light(self, lights, now):
        lights.all.set(mix(hsv(self.hue, 0.8), hsv(self.hue + 0.4, 0.7), self.energy), level=0.12 + 0.5 * self.energy)
