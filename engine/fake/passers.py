"""People who cross a street, alone or side by side: they wander, stop to talk, turn back, and keep clear of each other.

All lengths are metres, all times seconds; the same seed gives the same people. Source of how they keep clear: Helbing &
Molnar 1995, "Social force model for pedestrian dynamics".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RELAX_S, REPEL_M_S2, REPEL_M, CLEAR_M = 0.4, 3.0, 0.25, 0.5
BESIDE_M = 0.62
GROUP_SHARES = (0.5, 0.33, 0.12, 0.05)
STOPS, TURNS_BACK = 0.25, 0.08
OUT_M = 0.9


@dataclass(frozen=True, slots=True)
class Ground:
    """What of the ground a camera sees, and where people come from: between two distances, as wide as the picture.

    Attributes:
        near_m, far_m: From the camera.
        half_width: Of the picture, in distances from the camera.
    """

    near_m: float
    far_m: float
    half_width: float

    def edge(self, y_m: float) -> float:
        """Return how far from the middle people at a distance leave the picture."""
        return self.half_width * y_m + OUT_M


@dataclass(slots=True, eq=False)
class Passer:
    """One person.

    Attributes:
        first: The frame they come in; `places` has one row for each frame from there on: x, y.
        headings: Whither they look, radians, 0 is to the right and a quarter turn is away from the camera.
        strides: Phases of the walk, radians.
        gaits: How far the legs swing, 0..1.
    """

    id: int
    group: int
    tall_m: float
    first: int
    goals: list[NDArray[np.float64]]
    speed_m_s: float
    stop_s: float
    place: NDArray[np.float64]
    velocity: NDArray[np.float64]
    heading: float
    places: list[tuple[float, float]] = field(default_factory=list)
    headings: list[float] = field(default_factory=list)
    strides: list[float] = field(default_factory=list)
    gaits: list[float] = field(default_factory=list)

    def at(self, frame: int) -> tuple[float, float, float, float, float] | None:
        """Return x, y, heading, stride and gait in a frame; None before they came and after they left."""
        k = frame - self.first
        if not 0 <= k < len(self.places):
            return None
        return *self.places[k], self.headings[k], self.strides[k], self.gaits[k]


def walk(ground: Ground, seed: int, seconds: float, count: float, fps: float) -> list[Passer]:
    """Return everybody who crosses within a time; about `count` are there at once."""
    rng = np.random.default_rng([seed, 53])
    middle = 0.5 * (ground.near_m + ground.far_m)
    crossing_s = 1.5 * ground.edge(middle) / 1.2 + 3
    apart_s = crossing_s * float(np.dot(GROUP_SHARES, (1, 2, 3, 4))) / count
    starts = np.cumsum(rng.exponential(apart_s, math.ceil(3 * (seconds + crossing_s) / apart_s))) - 1.5 * crossing_s
    coming = [_group(rng, ground, number, float(start) * fps) for number, start in enumerate(starts) if start < seconds]
    waiting = sorted((p for group in coming for p in group), key=lambda p: p.first)
    people: list[Passer] = []
    present: list[Passer] = []
    for frame in range(round(-1.5 * crossing_s * fps), round(seconds * fps)):
        while waiting and waiting[0].first <= frame:
            passer = waiting.pop(0)
            passer.first, passer.id = frame, len(people) + 1
            people.append(passer)
            present.append(passer)
        for passer in present:
            _step(rng, passer, present, 1 / fps)
        present = [p for p in present if p.goals]
    return people


def _group(rng: np.random.Generator, ground: Ground, number: int, first: float) -> list[Passer]:
    count = 1 + int(rng.choice(4, p=GROUP_SHARES))
    enter = _border(rng, ground)
    leave = _border(rng, ground)
    while np.hypot(*(leave - enter)) < 0.5 * ground.edge(0.5 * (ground.near_m + ground.far_m)):
        leave = _border(rng, ground)
    y = rng.uniform(ground.near_m + 0.5, ground.far_m - 0.5)
    middle = np.array([rng.uniform(-0.7, 0.7) * ground.half_width * y, y])
    if rng.random() > 0.5:
        middle = enter + rng.uniform(0.3, 0.7) * (leave - enter)
    goals = [middle, enter.copy() if rng.random() < TURNS_BACK else leave]
    along = goals[0] - enter
    along /= max(float(np.hypot(*along)), 0.1)
    speed = rng.uniform(0.8, 1.6) if count == 1 else rng.uniform(0.7, 1.3)
    stop_s = float(rng.uniform(3, 15)) if rng.random() < STOPS else 0.0
    group = []
    for k in range(count):
        off = (k - 0.5 * (count - 1)) * BESIDE_M * rng.uniform(0.85, 1.3) * np.array([-along[1], along[0]])
        off += along * rng.normal(0, 0.25)
        group.append(Passer(0, number, float(np.clip(rng.normal(1.72, 0.085), 1.5, 1.95)), round(first),
                            [goal + off for goal in goals], float(speed), stop_s * float(rng.uniform(0.9, 1.1)),
                            enter + off, speed * along, math.atan2(along[1], along[0])))  # fmt: skip
    return group


def _border(rng: np.random.Generator, ground: Ground) -> NDArray[np.float64]:
    """Return where somebody comes in or leaves: left or right mostly, or through the far end."""
    y = rng.uniform(ground.near_m, ground.far_m)
    if rng.random() < 0.2:
        return np.array([rng.uniform(-0.8, 0.8) * ground.half_width * ground.far_m, ground.far_m])
    return np.array([ground.edge(y) * rng.choice([-1.0, 1.0]), y])


def _step(rng: np.random.Generator, passer: Passer, present: list[Passer], dt: float) -> None:
    to_goal = passer.goals[0] - passer.place
    far = float(np.hypot(*to_goal))
    wished = to_goal / max(far, 1e-6) * passer.speed_m_s
    stands = len(passer.goals) == 2 and far < 0.3 and passer.stop_s > 0
    if stands:
        passer.stop_s -= dt
        wished = rng.normal(0, 0.06, 2)
    elif far < 0.35:
        passer.goals.pop(0)
    push = (wished - passer.velocity) / RELAX_S
    for other in present:
        if other is not passer:
            away = passer.place - other.place
            gap = max(float(np.hypot(*away)), 0.05)
            if gap < 1.5:
                own = 0.4 if other.group == passer.group else 1.0
                push += own * REPEL_M_S2 * math.exp((CLEAR_M - gap) / REPEL_M) * away / gap
    passer.velocity = passer.velocity + push * min(dt, RELAX_S)
    speed = float(np.hypot(*passer.velocity))
    passer.velocity *= min(1.0, 1.4 * passer.speed_m_s / max(speed, 1e-6))
    passer.place = passer.place + passer.velocity * dt
    if speed > 0.25:
        passer.heading = math.atan2(passer.velocity[1], passer.velocity[0])
    last = passer.strides[-1] if passer.strides else float(rng.uniform(0, 6.3))
    passer.strides.append(last + 4.4 * min(speed, 1.8) * dt)
    passer.places.append((float(passer.place[0]), float(passer.place[1])))
    passer.headings.append(passer.heading)
    passer.gaits.append(min(1.0, speed / 0.7))
