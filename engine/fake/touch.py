"""A touched ball without hands: one person holds it, others tap, hold and caress, and all leave again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.clock import Clock
from engine.fake.script import Line, Scripted

SOLO = 0.4
RATE_HZ = 60.0
QUIET_S, ALONE_S, BETWEEN_S = (4.0, 9.0), (2.0, 4.0), (1.5, 3.0)
KINDS = ("tap", "hold", "caress", "join")
EDGE_S = 0.06
HAND_S = 0.25


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the ball.

    Attributes:
        arms_s, leaves_s: When the first person lays a hand on it, and takes it away.
        touches: (kind, begin, end) of each contact; `join` is a hold that a third person joins half-way.
    """

    arms_s: float
    leaves_s: float
    touches: tuple[tuple[str, float, float], ...]


def visits(seconds: float, seed: int) -> list[Visit]:
    """Return the visits of a span of time; each kind of touch comes in turn, in an order of its own."""
    dice = np.random.default_rng(seed)
    found: list[Visit] = []
    time_s = dice.uniform(2.0, 3.0)
    while True:
        arms_s = time_s
        time_s += dice.uniform(*ALONE_S)
        touches = []
        for kind in dice.permutation(KINDS):
            length_s = dice.uniform(0.12, 0.25) if kind == "tap" else dice.uniform(2.0, 5.0)
            touches.append((str(kind), time_s, time_s + length_s))
            time_s += length_s + dice.uniform(*BETWEEN_S)
        if time_s > seconds:
            return found
        found.append(Visit(arms_s, time_s, tuple(touches)))
        time_s += dice.uniform(*QUIET_S)


def touch_script(seconds: float, seed: int, source: str = "osc:/contact/level", noise: float = 0.01,
                 rate_hz: float = RATE_HZ) -> Iterator[Line]:
    """Yield the raw level of a ball as its sensor would send it.

    Args:
        noise: Standard deviation of the sensor, in shares of its span.
    """
    dice = np.random.default_rng([seed, 1])
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    level = 0.1 + noise * dice.standard_normal(len(time_s))
    for visit in visits(seconds, seed):
        level += SOLO * _between(time_s, visit.arms_s, visit.leaves_s, HAND_S)
        for kind, begin_s, end_s in visit.touches:
            rise = dice.uniform(0.25, 0.4) * _between(time_s, begin_s, end_s, EDGE_S)
            if kind == "caress":
                rise *= 0.65 + 0.35 * np.sin(math.tau * dice.uniform(1.5, 4.0) * (time_s - begin_s))
            elif kind == "join":
                rise += 0.15 * _between(time_s, (begin_s + end_s) / 2, end_s, EDGE_S)
            level += rise
    for at_s, raw in zip(time_s.tolist(), level.tolist(), strict=True):
        yield at_s, source, (raw,)


def _between(time_s: np.ndarray, begin_s: float, end_s: float, edge_s: float) -> np.ndarray:
    """Return 1 between two times and 0 elsewhere, with straight edges inside."""
    edge_s = min(edge_s, (end_s - begin_s) / 2)
    return np.clip(np.minimum(time_s - begin_s, end_s - time_s) / edge_s, 0, 1)


class ScriptedTouch(Scripted):
    """A ball that is visited again and again for an hour of virtual time; the same seed gives the same visits."""

    def __init__(self, clock: Clock, seed: int = 1, source: str = "osc:/contact/level",
                 seconds: float = 3600.0) -> None:
        super().__init__(touch_script(seconds, seed, source), clock)
