"""Simulated visitors: seeded people who come in, walk, cross, touch hands, sit still and leave.

Where they are is a pure function of time, so any frame rate and any order of questions gives the same people.
They live in room units: the camera picture's height on both axes, as the camera sees it (not mirrored).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.world import Floats

EPISODE_S = 48.0
BACK_Y, FRONT_Y = 0.60, 0.96
HORIZON_Y = -0.1
FRONT_HEIGHT = 0.64
HAND_REACH = 0.33
LOOKS = 8
TABLE_HZ = 30
GUEST_ID = 0


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """One person in the room.

    Attributes:
        id: 0 is the guest under the mouse; others count up and never come back.
        x, y: Where they stand, room units.
        vx, vy: Room units a second.
        height: Of the whole standing person, room units.
        stride: Phase of the walk, radians.
        gait: How far the legs swing, 0..1.
        sit: 0 stands, 1 sits on the floor.
        reach: Arm held out: -1 to the left of the picture, 1 to the right, 0 hanging.
        look: Which clothes, 0..LOOKS-1.
        partner: Id of the person whose hand they touch, or -1.
    """

    id: int
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    height: float = 0.5
    stride: float = 0.0
    gait: float = 0.0
    sit: float = 0.0
    reach: float = 0.0
    look: int = 0
    partner: int = -1


def height_at(y: float) -> float:
    """Return how high a standing person is whose feet are at `y`: nearer is larger."""
    return FRONT_HEIGHT * (y - HORIZON_Y) / (FRONT_Y - HORIZON_Y)


class Visitors:
    """The people of one room; `at(time)` is pure."""

    def __init__(self, seed: int, aspect: float, count: int = 2) -> None:
        self.seed = seed
        self.aspect = aspect
        self.count = count
        self._pairs = (count + 1) // 2
        self._episode = lru_cache(maxsize=8)(self._make_episode)

    def at(self, time: float) -> tuple[SimulatedPerson, ...]:
        """Return everybody who is in (or at the edge of) the picture at `time` seconds, farthest first."""
        people: list[SimulatedPerson] = []
        for pair in range(self._pairs):
            own_time = time + pair * EPISODE_S / max(1, self._pairs)
            number = math.floor(own_time / EPISODE_S)
            walkers = self._episode(pair, number)[: self.count - 2 * pair]
            found = [walker.at(own_time - number * EPISODE_S) for walker in walkers]
            people += [person for person in found if person is not None]
        return tuple(sorted(people, key=lambda person: (person.y, person.id)))

    def _make_episode(self, pair: int, number: int) -> tuple[_Walker, ...]:
        rng = np.random.default_rng([self.seed, pair, number + 1])
        first_id = 1 + 2 * (pair + self._pairs * (number + 1))
        return _choreograph(rng, self.aspect, first_id)


class Guest:
    """The person under the mouse: stands where it points, and walks as it moves."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._last: tuple[float, SimulatedPerson] | None = None

    def follow(self, time: float, x: float, y: float) -> SimulatedPerson:
        """Return the guest at `time` seconds with their feet at (x, y), room units, kept on the floor."""
        x = min(max(x, 0.0), self._aspect)
        y = min(max(y, 0.42), 1.0)
        person = SimulatedPerson(GUEST_ID, x, y, height=height_at(y), look=LOOKS - 1)
        if self._last is not None and time > self._last[0]:
            before, dt = self._last[1], time - self._last[0]
            step = math.hypot(x - before.x, y - before.y)
            person = replace(
                person,
                vx=(x - before.x) / dt,
                vy=(y - before.y) / dt,
                stride=before.stride + min(step / person.height * 5.0, 0.9),
                gait=before.gait + (min(1.0, step / dt / person.height) - before.gait) * min(1.0, dt * 8.0),
            )
        elif self._last is not None:
            return self._last[1]
        self._last = (time, person)
        return person

    def leave(self) -> None:
        """Forget where the guest was."""
        self._last = None


@dataclass(frozen=True, slots=True)
class _Walker:
    """One person's way through an episode, sampled `TABLE_HZ` times a second."""

    id: int
    look: int
    tall: float
    partner: int
    start_s: float
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    stride: NDArray[np.float64]
    sit: tuple[float, float]
    touch: tuple[float, float]
    side: float

    def at(self, time: float) -> SimulatedPerson | None:
        place = (time - self.start_s) * TABLE_HZ
        index = math.floor(place)
        if index < 0 or index + 2 > len(self.x):
            return None
        share = place - index
        x, y, stride = (float(a[index] + (a[index + 1] - a[index]) * share) for a in (self.x, self.y, self.stride))
        vx, vy = (float(a[index + 1] - a[index]) * TABLE_HZ for a in (self.x, self.y))
        height = height_at(y) * self.tall
        reach = _pulse(time, *self.touch, ramp=0.6)
        return SimulatedPerson(
            self.id, x, y, vx, vy, height, stride,
            gait=min(1.0, math.hypot(vx, vy) / height / 0.55),
            sit=_pulse(time, *self.sit, ramp=1.1),
            reach=reach * self.side,
            look=self.look,
            partner=self.partner if reach > 0.98 else -1,
        )  # fmt: skip


def _choreograph(rng: np.random.Generator, aspect: float, first_id: int) -> tuple[_Walker, _Walker]:
    """Two people come in from both sides, wander, cross, meet, touch hands, one sits, both leave."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    y_meet, y_near, y_far = rng.uniform(0.76, 0.88), rng.uniform(0.86, FRONT_Y), rng.uniform(BACK_Y, 0.72)
    tall = rng.uniform(0.92, 1.06, 2)
    gap = HAND_REACH * height_at(y_meet) * (tall[0] + tall[1]) / 2 / aspect
    looks = rng.permutation(LOOKS - 1)[:2]
    wander = rng.uniform(-0.05, 0.05, (2, 4))
    # time in s, place from the own side's edge (0) to the other (1), y
    first = [(0.1, -0.10, y_near), (2.6, 0.26, 0.86), (5.4, 0.36 + wander[0, 0], y_near), (8.2, 0.22, y_near),
             (12.6, 0.74 + wander[0, 1], y_near), (14.2, 0.72, 0.84), (17.6, 0.5 + gap, y_meet),
             (21.4, 0.5 + gap, y_meet), (25.0, 0.72, 0.90), (28.5, 0.40 + wander[0, 2], y_near), (32.0, 0.24, 0.80),
             (36.0, 0.5 + wander[0, 3], y_near), (39.0, 0.3, y_near), (42.4, -0.14, 0.88)]  # fmt: skip
    second = [(1.0, -0.10, y_far), (3.8, 0.22, 0.74), (6.2, 0.38 + wander[1, 0], y_far), (8.6, 0.24, y_far),
              (12.8, 0.78 + wander[1, 1], y_far), (14.6, 0.74, 0.74), (17.6, 0.5 + gap, y_meet),
              (21.4, 0.5 + gap, y_meet), (24.6, 0.80, 0.76), (26.0, 0.82, 0.76), (37.4, 0.82, 0.76),
              (39.6, 0.7 + wander[1, 2], 0.74),
              (44.6, -0.14, y_far)]  # fmt: skip
    return (
        _walker(first, -side, aspect, first_id, int(looks[0]), tall[0], first_id + 1, (99.0, 99.0)),
        _walker(second, side, aspect, first_id + 1, int(looks[1]), tall[1], first_id, (26.2, 37.0)),
    )


def _walker(way: Sequence[tuple[float, float, float]], side: float, aspect: float, number: int, look: int,
            tall: float, partner: int, sit: tuple[float, float]) -> _Walker:  # fmt: skip
    points = np.array(way)
    times = np.arange(math.ceil((points[-1, 0] - points[0, 0]) * TABLE_HZ)) / TABLE_HZ + points[0, 0]
    share = _smooth(points[:, 0], points[:, 1], times)
    x = (share if side < 0 else 1.0 - share) * aspect
    y = _smooth(points[:, 0], points[:, 2], times)
    steps = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0]))
    stride = np.cumsum(steps / (height_at(1.0) * tall)) * 5.5
    # When hands meet, everybody stands on the other half of the room than where they came in.
    return _Walker(number, look, tall, partner, float(points[0, 0]), x, y, stride, sit, (17.5, 21.2), side)


def _pulse(time: float, start: float, end: float, ramp: float) -> float:
    """Return 0, rising smoothly to 1 within `ramp` seconds of `start`, and 0 again by `end`."""
    share = min(max(min(time - start, end - time) / ramp, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def _smooth(times: Floats, values: Floats, at: Floats) -> NDArray[np.float64]:
    """Interpolate with continuous speed and no overshoot (Fritsch & Carlson 1980, harmonic slopes)."""
    step = np.diff(values) / np.diff(times)
    left, right = step[:-1], step[1:]
    slopes = np.zeros(len(values))
    same = left * right > 0
    slopes[1:-1][same] = 2 * left[same] * right[same] / (left[same] + right[same])
    slopes[0], slopes[-1] = step[0], step[-1]
    index = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    length = (times[1:] - times[:-1])[index]
    s = (at - times[index]) / length
    result: NDArray[np.float64] = (
        values[index] * (1 + 2 * s) * (1 - s) ** 2
        + values[index + 1] * s * s * (3 - 2 * s)
        + length * (slopes[index] * s * (1 - s) ** 2 - slopes[index + 1] * s * s * (1 - s))
    )
    return result
