"""The flash guard of lamps: the last stage before a DMX slot. The same limits for each slot, and for the sum of all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.safety import kernels
from engine.safety.flash_guard import BEFORE_S, chunks_of, counts
from engine.safety.limits import MOST_FLASHES, RELEASE_S

Floats = NDArray[np.float32]
SLOT_S, LONGEST_S = 0.1, 0.25


class LampGuard:
    """Guards the slots of all lamps that make light; what would flash is dimmed.

    Args:
        weights: Part of each slot in the sum of all light.
        reds: Which slots are red, whose flashes count at a lower change.
        flashes: Allowed in a second, 1..3.

    Attributes:
        held: Which part of the slots is held back, 0..1.
    """

    def __init__(self, weights: Floats, reds: NDArray[np.bool_], flashes: int = MOST_FLASHES) -> None:
        n = weights.size
        self.held = 0.0
        self._weights = weights / max(float(weights.sum()), 1e-9)
        self._reds = reds.astype(np.float32)
        self._start_s = self._last_s = -math.inf
        self._shown, self._asked = counts(n + 1, 2 * min(max(flashes, 1), MOST_FLASHES), Crew(alone=True))
        self._held, self._spent = np.zeros(n + 1, np.bool_), np.zeros((2, n + 1), np.bool_)
        self._gain, self._stirs = np.ones(n + 1, np.float32), np.zeros(chunks_of(n + 1), np.bool_)
        self._values = np.zeros((3, n + 1), np.float32)
        self._values[2, :-1] = reds

    def apply(self, light: Floats, time_s: float) -> Floats:
        """Return what may shine.

        Args:
            light: Of each slot, 0..1. Shape (slots,), float32.
            time_s: When it shines, on a clock that never goes back.
        """
        if math.isinf(self._last_s):
            self._start_s = self._last_s = time_s
        dt = min(max(time_s - self._last_s, 0.0), LONGEST_S)
        slots = min(max(math.floor(time_s / SLOT_S) - math.floor(self._last_s / SLOT_S), 0), 63)
        self._last_s = time_s
        now_s = time_s - self._start_s + BEFORE_S
        shown, asked = self._shown, self._asked
        kernels.judge(self._measured(light), 0, self._stirs.size, now_s, dt / RELEASE_S[1], shown.way, shown.end,
                      shown.until, shown.lasting, asked.until, asked.lasting, self._held, self._spent, self._gain,
                      self._stirs)
        asked.take(self._values, now_s, slots)
        for _ in range(2):
            gain: Floats = np.minimum(self._gain[:-1], self._gain[-1])
            out: Floats = light * gain
            through = self._measured(out)
            if not kernels.tighten(through, shown.way, shown.end, self._spent, self._held, self._gain):
                break
        shown.take(through, now_s, slots)
        self.held = float(np.count_nonzero(gain < 1)) / max(gain.size, 1)
        return out

    def _measured(self, light: Floats) -> Floats:
        self._values[0, :-1] = light
        self._values[1, :-1] = light * self._reds
        self._values[0, -1] = light @ self._weights
        return self._values
