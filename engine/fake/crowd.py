"""Simulated visitors of a floor seen from above: they walk, stop, meet, hug, hold hands, pass close by, and leave.

All lengths are metres, all times seconds; the same seed gives the same crowd.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

FPS = 30
FLOOR_M = (6.4, 4.8)
RELAX_S = 0.4  # social force: how fast a walker takes up the wished velocity (Helbing & Molnar 1995)
REPEL_M_S2, REPEL_M = 3.0, 0.18
CLEAR_M = 0.16  # who does not belong together keeps at least this between the bodies
HUG_M, HANDS_M = 0.26, 0.92
STOP_S = 60.0
OUT_M = 0.4
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Body:
    """How one visitor is built.

    Attributes:
        width_m: Across the shoulders.
        scale: 1 for an adult, 0.6 for a child.
        aid: `""`, `wheelchair` or `umbrella`.
        look: Seed of the clothes.
    """

    width_m: float
    scale: float = 1.0
    aid: str = ""
    look: int = 0


@dataclass(frozen=True, slots=True)
class Pose:
    """Where one visitor is in one frame.

    Attributes:
        id: Counts from 1, never comes back.
        x, y: Of the middle of the body on the floor, metres.
        vx, vy: Metres a second.
        heading: Whither the body looks, radians.
        stride: Phase of the walk, radians.
        hand: Where one hand is held out to, metres; None while both swing.
    """

    id: int
    body: Body
    x: float
    y: float
    vx: float
    vy: float
    heading: float
    stride: float
    hand: tuple[float, float] | None = None


@dataclass(slots=True, eq=False)
class Meeting:
    """What two visitors do together.

    Attributes:
        kind: `hug`, `hands`, `stroll` (hand in hand) or `pass` (by, close, without touching).
        place: Its middle.
        along: Unit vector from the first to the second.
        hold_s: How long they touch.
        gap_m: Clear space between the bodies of those who pass.
        phase: `gather`, `join`, `hold`, `part`, `done`.
    """

    kind: str
    place: Vector
    along: Vector
    hold_s: float
    gap_m: float
    members: tuple[Walker, Walker]
    phase: str = "gather"
    since_s: float = 0.0
    reach: float = 0.0


@dataclass(slots=True, eq=False)
class Walker:
    """One visitor while the crowd is worked out."""

    id: int
    body: Body
    at: Vector
    speed: float
    until_s: float
    velocity: Vector = field(default_factory=lambda: np.zeros(2))
    heading: float = 0.0
    stride: float = 0.0
    goal: Vector | None = None
    stand_s: float = 0.0
    meeting: Meeting | None = None
    leaves: bool = False
    was_inside: bool = False

    @property
    def radius_m(self) -> float:
        return 0.5 * self.body.width_m + (0.25 if self.body.aid else 0.0)

    @property
    def is_free(self) -> bool:
        return self.meeting is None and self.stand_s <= 0 and not self.leaves


class Crowd:
    """The visitors of one floor, worked out frame by frame.

    Args:
        seed: Of everything that is chance.
        count: How many are on the floor most of the time.
        seconds: How long it lasts.

    Attributes:
        frames: For each frame the poses of all, `FPS` a second.
    """

    def __init__(self, seed: int, count: int = 10, seconds: float = 80.0) -> None:
        self._rng = np.random.default_rng([seed, 11])
        self._count, self._next_id, self._time = count, 1, 0.0
        self._walkers: list[Walker] = []
        self._meetings: list[Meeting] = []
        self._arrive_s = 0.0
        self._stopped = False
        self.frames: list[tuple[Pose, ...]] = []
        for frame in range(round(seconds * FPS)):
            self._time = frame / FPS
            self._step(1 / FPS)
            self.frames.append(tuple(self._pose(walker) for walker in self._walkers))

    def _step(self, dt: float) -> None:
        self._arrive()
        for walker in self._walkers:
            walker.stand_s = max(0.0, walker.stand_s - dt)
            if walker.is_free and walker.goal is None:
                self._decide(walker)
        for meeting in self._meetings:
            self._conduct(meeting, dt)
        self._meetings = [meeting for meeting in self._meetings if meeting.phase != "done"]
        self._walk(dt)
        self._walkers = [walker for walker in self._walkers if not self._has_left(walker)]

    def _has_left(self, walker: Walker) -> bool:
        """Return whether somebody who was inside is out of sight: who comes back after that is somebody new."""
        width, height = FLOOR_M
        x, y = walker.at
        beyond_m = float(max(-x, x - width, -y, y - height))
        walker.was_inside |= beyond_m < -0.3
        return walker.was_inside and beyond_m > OUT_M

    # -- what they want ------------------------------------------------------------------------

    def _arrive(self) -> None:
        if len(self._walkers) >= self._count or self._time < self._arrive_s:
            return
        rng, number = self._rng, self._next_id
        child, aided = number % 4 == 3, {5: "umbrella", 8: "wheelchair"}.get(number % 12, "")
        body = Body(rng.uniform(0.45, 0.60) * (0.6 if child else 1.0), 0.6 if child else 1.0, aided, int(number))
        walker = Walker(number, body, self._border(), rng.uniform(0.6, 1.4), self._time + rng.uniform(25, 90))
        walker.goal = self._inside()
        walker.heading = math.atan2(*(walker.goal - walker.at)[::-1])
        if not self._stopped and number == 2:  # the stop of a minute
            self._stopped, walker.until_s = True, 1e9
        self._walkers.append(walker)
        self._next_id += 1
        self._arrive_s = self._time + rng.uniform(0.4, 1.4)

    def _decide(self, walker: Walker) -> None:
        rng = self._rng
        if walker.id == 2 and walker.until_s > 1e8:
            walker.stand_s, walker.until_s = STOP_S, 0.0
            return
        if self._time > walker.until_s:
            walker.leaves, walker.goal = True, self._border(beyond=0.9)
            return
        partner = self._partner(walker)
        chance = rng.random()
        if partner is not None and chance < 0.65:
            kind = str(rng.choice(["hug", "hands", "pass", "stroll"], p=[0.35, 0.25, 0.25, 0.15]))
            self._arrange(walker, partner, kind)
        elif chance < 0.8:
            walker.stand_s = rng.uniform(0.5, 6.0)
        else:
            walker.goal = self._inside()

    def _partner(self, walker: Walker) -> Walker | None:
        free = [other for other in self._walkers if other is not walker and other.is_free and not other.body.aid
                and self._is_inside(other.at) and self._time < other.until_s]  # fmt: skip
        if walker.body.aid or not free or not self._is_inside(walker.at):
            return None
        return min(free, key=lambda other: float(np.hypot(*(other.at - walker.at))))

    def _arrange(self, one: Walker, other: Walker, kind: str) -> None:
        places = [self._inside(0.9) for _ in range(8)]
        others = [w.at for w in self._walkers if w is not one and w is not other] + [m.place for m in self._meetings]
        place = max(places, key=lambda p: min((float(np.hypot(*(p - at))) for at in others), default=9.0))
        apart = other.at - one.at
        along = apart / max(float(np.hypot(*apart)), 1e-6)
        hold_s = float(np.exp(self._rng.uniform(0.0, math.log(10.0)))) if kind == "hug" else self._rng.uniform(2.0, 7.0)
        meeting = Meeting(kind, place, along, hold_s, self._rng.uniform(0.3, 0.6), (one, other), since_s=self._time)
        one.meeting = other.meeting = meeting
        one.goal = other.goal = None
        self._meetings.append(meeting)

    def _conduct(self, meeting: Meeting, dt: float) -> None:
        one, other = meeting.members
        if meeting.kind == "pass":
            self._conduct_pass(meeting)
            return
        scale = 0.5 * (one.body.scale + other.body.scale)
        near = (HUG_M if meeting.kind == "hug" else HANDS_M) * scale
        apart = 1.5 if meeting.kind == "hug" else HANDS_M * scale
        spread = near if meeting.phase in ("join", "hold") else apart
        if meeting.kind == "stroll" and meeting.phase == "hold":
            ahead = np.array((-meeting.along[1], meeting.along[0])) * 0.5 * dt
            if self._is_inside(meeting.place + ahead * 30, 0.8):
                meeting.place = meeting.place + ahead
        one.goal, other.goal = (meeting.place + meeting.along * s * spread / 2 for s in (-1, 1))
        off = max(float(np.hypot(*(w.goal - w.at))) for w in meeting.members if w.goal is not None)
        wanted = 1.0 if meeting.phase in ("join", "hold") and meeting.kind != "hug" else 0.0
        meeting.reach += min(max(wanted - meeting.reach, -dt / 0.5), dt / 0.5)
        self._advance(meeting, off)

    def _advance(self, meeting: Meeting, off_m: float) -> None:
        after = self._time - meeting.since_s
        if meeting.phase == "gather" and (off_m < 0.1 or after > 12.0):
            meeting.phase = "join" if off_m < 0.1 else "done"
        elif meeting.phase == "join" and (off_m < 0.06 or after > 4.0):
            meeting.phase = "hold"
        elif meeting.phase == "hold" and after > meeting.hold_s:
            meeting.phase = "part"
        elif meeting.phase == "part" and ((off_m < 0.12 and meeting.reach <= 0.0) or after > 5.0):
            meeting.phase = "done"
        else:
            return
        meeting.since_s = self._time
        if meeting.phase == "done":
            self._release(meeting)

    def _conduct_pass(self, meeting: Meeting) -> None:
        """Send two along parallel lines, each to the other's end."""
        one, other = meeting.members
        aside = np.array((-meeting.along[1], meeting.along[0])) * (meeting.gap_m + one.radius_m + other.radius_m) / 2
        end = 1.3 if meeting.phase == "gather" else -1.3
        one.goal = meeting.place - meeting.along * end + aside
        other.goal = meeting.place + meeting.along * end - aside
        off = max(float(np.hypot(*(w.goal - w.at))) for w in meeting.members if w.goal is not None)
        if meeting.phase == "gather" and off < 0.15:
            meeting.phase, meeting.since_s = "join", self._time
        elif (meeting.phase == "join" and off < 0.25) or self._time - meeting.since_s > 12.0:
            meeting.phase = "done"
            self._release(meeting)

    def _release(self, meeting: Meeting) -> None:
        for walker in meeting.members:
            walker.meeting, walker.goal = None, self._inside()

    # -- how they move ---------------------------------------------------------------------------

    def _walk(self, dt: float) -> None:
        forces = self._repulsion()
        for walker, force in zip(self._walkers, forces, strict=True):
            wished = np.zeros(2)
            if walker.goal is not None:
                way = walker.goal - walker.at
                far = float(np.hypot(*way))
                in_step = walker.meeting is not None and walker.meeting.phase in ("join", "hold", "part")
                speed = min(walker.speed, 0.7 if in_step and walker.meeting and walker.meeting.kind != "pass" else 1.8)
                wished = way / max(far, 1e-6) * min(speed, 2.5 * far)
                if far < 0.12 and walker.meeting is None:
                    walker.goal = None
            pushed = force if walker.goal is not None else force * 0.25
            walker.velocity = walker.velocity + ((wished - walker.velocity) / RELAX_S + pushed) * dt
            pace = float(np.hypot(*walker.velocity))
            walker.velocity *= min(1.0, 1.8 / max(pace, 1e-6))
            walker.at = walker.at + walker.velocity * dt
            self._turn(walker, pace, dt)
            walker.stride += pace * dt * 4.4 / walker.body.scale
        self._keep_clear()

    def _turn(self, walker: Walker, pace: float, dt: float) -> None:
        wanted = walker.heading
        meeting = walker.meeting
        if meeting is not None and meeting.phase in ("join", "hold", "part") and meeting.kind != "pass":
            side = meeting.along if walker is meeting.members[0] else -meeting.along
            wanted = math.atan2(side[1], side[0])
            if meeting.kind != "hug":  # side by side
                wanted = math.atan2(meeting.along[0], -meeting.along[1])
        elif pace > 0.15:
            wanted = math.atan2(walker.velocity[1], walker.velocity[0])
        turn = (wanted - walker.heading + math.pi) % (2 * math.pi) - math.pi
        walker.heading += min(max(turn, -4.0 * dt), 4.0 * dt)

    def _repulsion(self) -> Vector:
        """Return what pushes each walker away from those with whom they have nothing to do. Shape (n, 2)."""
        walkers = self._walkers
        joined = [meeting for meeting in self._meetings if meeting.phase in ("join", "hold", "part")]
        # Nobody walks through joined hands: the middle of a meeting is an obstacle too.
        places = np.array([w.at for w in walkers] + [m.place for m in joined]).reshape(-1, 2)
        radii = np.array([w.radius_m for w in walkers] + [0.3] * len(joined))
        owners = [w.meeting or w for w in walkers] + list(joined)
        other = np.array([[(w.meeting or w) is not owner for owner in owners] for w in walkers], bool)
        other = other.reshape(-1, len(owners))
        apart = places[: len(walkers), None] - places[None]
        far = np.maximum(np.hypot(apart[..., 0], apart[..., 1]), 1e-6)
        strength = REPEL_M_S2 * np.exp((radii[: len(walkers), None] + radii[None] + 0.1 - far) / REPEL_M)
        strength = np.where(other & (far < 1.8), np.minimum(strength, 30.0), 0.0) / far
        # A little to the right as well: two who meet head on would else stand before each other.
        push = apart + 0.3 * np.stack((-apart[..., 1], apart[..., 0]), axis=2)
        return np.asarray((push * strength[..., None]).sum(axis=1))

    def _keep_clear(self) -> None:
        places = [walker.at.tolist() for walker in self._walkers]
        for (i, one), (k, other) in combinations(enumerate(self._walkers), 2):
            if one.meeting is not None and one.meeting is other.meeting:
                continue
            x, y = places[k][0] - places[i][0], places[k][1] - places[i][1]
            far = math.hypot(x, y)
            lacking = one.radius_m + other.radius_m + CLEAR_M - far
            if lacking > 0:
                push = np.array((x, y)) * min(lacking, 0.06) / 2 / max(far, 1e-6)
                one.at, other.at = one.at - push, other.at + push

    def _pose(self, walker: Walker) -> Pose:
        meeting, hand = walker.meeting, None
        if meeting is not None and meeting.reach > 0.02:
            one, other = meeting.members
            middle = (one.at + other.at) / 2
            side = middle - walker.at
            far = max(float(np.hypot(*side)), 1e-6)
            rest = min(0.5 * walker.body.width_m, far)
            point = walker.at + side / far * (rest + (far - rest + 0.02) * meeting.reach)
            hand = (float(point[0]), float(point[1]))
        return Pose(walker.id, walker.body, float(walker.at[0]), float(walker.at[1]), float(walker.velocity[0]),
                    float(walker.velocity[1]), walker.heading, walker.stride, hand)  # fmt: skip

    def _inside(self, margin: float = 0.6) -> Vector:
        return np.array([self._rng.uniform(margin, length - margin) for length in FLOOR_M])

    def _is_inside(self, at: Vector, margin: float = 0.4) -> bool:
        return all(margin < at[axis] < FLOOR_M[axis] - margin for axis in range(2))

    def _border(self, beyond: float = 0.4) -> Vector:
        width, height = FLOOR_M
        side, share = int(self._rng.integers(4)), self._rng.uniform(0.15, 0.85)
        return np.array([(share * width, -beyond), (share * width, height + beyond), (-beyond, share * height),
                         (width + beyond, share * height)][side])  # fmt: skip
