"""Who touches whom among people seen from above: their pixels meet, and not only in what shade makes of the floor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from engine.vision.seam import Seam

DOUBT, ENOUGH = 0.3, 1.8  # of how surely two are joined, from picture to picture: three sure ones are enough
END_FRAMES, BRIDGED_FRAMES = 3, 15
PARTING_M_S = 0.4
Pair = tuple[int, int]


class Touching(Protocol):
    """Somebody who may touch another; the filter's state is place and speed, in pixels."""

    id: int
    filter: cv2.KalmanFilter


@dataclass(slots=True)
class _State:
    trust: float = 0.0
    is_told: bool = False
    apart: int = 0


class Contacts:
    """Tells from picture to picture which pairs touch: with the third at the earliest; the ends are told late.

    Args:
        px_per_m: Pixels a metre on the floor.
    """

    def __init__(self, px_per_m: float) -> None:
        self._parting_px_s = PARTING_M_S * px_per_m
        self._states: dict[Pair, _State] = {}

    def follow(self, seams: Mapping[Pair, Seam], walkers: Iterable[Touching],
               bond: Callable[[Seam], float]) -> tuple[Pair, ...]:  # fmt: skip
        """Return the pairs that touch.

        Args:
            seams: Where pixels of two meet.
            walkers: Who is there.
            bond: How surely two are joined at a seam, 0 to 1; asked only until a contact is told.
        """
        there = {walker.id: walker for walker in walkers}
        for pair in {*seams, *self._states}:
            state = self._states.setdefault(pair, _State())
            if state.is_told:
                state.apart = 0 if pair in seams else state.apart + 1
            else:
                surely = bond(seams[pair]) if pair in seams else -DOUBT
                state.trust = max(0.0, state.trust + surely - DOUBT)
                state.is_told = state.trust >= ENOUGH
            if not there.keys() >= set(pair) or self._is_over(state, there[pair[0]], there[pair[1]]):
                del self._states[pair]
        return tuple(sorted(pair for pair, state in self._states.items() if state.is_told))

    def _is_over(self, state: _State, one: Touching, other: Touching) -> bool:
        """Return whether a contact has ended; a gap between two who stand is bridged longer."""
        if not state.is_told:
            return state.trust <= 0.0
        off = one.filter.statePost[2:, 0] - other.filter.statePost[2:, 0]
        is_parting = float(np.hypot(*off)) > self._parting_px_s
        return state.apart >= (END_FRAMES if is_parting else BRIDGED_FRAMES)
