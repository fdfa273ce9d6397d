"""The true peak: the largest value between samples too, found at four times the rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from engine.sound.block import PEAK_TAPS, QUANTUM
from engine.sound.native import memory_at

LIMITED, SENT = 0, 1  # whose peaks: of what enters the limiter, of what leaves to the device
_EARLY = (0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875, 0.1373291015625,
          0.97216796875, -0.102294921875, 0.047607421875, -0.026611328125, 0.014892578125, -0.00830078125)
_MIDDLE = (-0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625,
           0.77978515625, -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375)
PHASES = np.array([_EARLY, _MIDDLE, _MIDDLE[::-1], _EARLY[::-1]], np.float32)


@njit(nogil=True, error_model="numpy")
def true_peak(block: int, whose: Any, c: Any) -> Any:
    """Return the largest absolute value of a quantum, at and between its samples.

    The quantum stands in `peaks[whose, c]` after the last samples of the one before, which it then becomes. What lies
    between samples is seen six frames late, when the samples on both sides are known.

    Source:
        ITU-R BS.1770-4 annex 2, its filter of four phases.
    """
    memory = memory_at(block, "peaks between")
    wave, between, highest = memory.peaks[whose, c], memory.between[0], memory.between[1]
    for k in range(QUANTUM):
        highest[k] = abs(wave[PEAK_TAPS + k])
    for phase in range(PHASES.shape[0]):
        for k in range(QUANTUM):
            between[k] = float32(0.0)
        for tap in range(PEAK_TAPS):
            weight = PHASES[phase, tap]
            for k in range(QUANTUM):
                between[k] += weight * wave[PEAK_TAPS + k - tap]
        for k in range(QUANTUM):
            highest[k] = max(highest[k], abs(between[k]))
    peak = float32(0.0)
    for k in range(QUANTUM):
        peak = max(peak, highest[k])
    for k in range(PEAK_TAPS):
        wave[k] = wave[QUANTUM + k]
    return peak
