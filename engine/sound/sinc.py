"""Reading a recorded wave between its samples, at any speed, without folding back: windowed sinc.

Up to an octave faster the filter closes with the speed; beyond, a copy at half, a quarter ... of the rate is read.
Source: J. O. Smith, Digital Audio Resampling (2002), with a Kaiser window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int64, njit
from numpy.typing import NDArray

from engine.sound.bank import OCTAVES

TAPS = 32
BEFORE = TAPS // 2 - 1  # taps before the position's whole part
PHASES = 256
SPEEDS = 9  # filters from speed 1 to 2, eight an octave
EDGE = 0.45  # of the rate: the middle of the filter's slope
BETA = 7.86  # -80 dB
WIDEST = 1.5  # what is faster reads a copy at a lower rate, whose filter is steeper


def _kernels() -> NDArray[np.float32]:
    """Return the filters. Shape (SPEEDS, PHASES + 1, TAPS); each has a sum of 1."""
    taps = np.arange(TAPS)[None, :] - BEFORE - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (taps / (TAPS / 2)) ** 2, 0.0)))
    closing = 2.0 ** (np.arange(SPEEDS) / (SPEEDS - 1))
    filters = window * np.sinc(2 * EDGE / closing[:, None, None] * taps)
    return np.ascontiguousarray(filters / filters.sum(axis=2, keepdims=True), np.float32)


KERNELS = _kernels()


@njit(nogil=True, error_model="numpy")
def filter_for(speed: Any) -> Any:
    """Return the filter for a speed of at most 2."""
    if speed <= 1.0:
        return int64(0)
    return min(int64(np.ceil(np.log2(speed) * (SPEEDS - 1) - 1e-6)), SPEEDS - 1)


@njit(nogil=True, error_model="numpy")
def octave_for(speed: Any) -> Any:
    """Return which copy is read at a speed: 0 is the wave itself, 1 the one at half the rate."""
    octave, rest = 0, abs(speed)
    while rest > WIDEST and octave < OCTAVES:
        rest *= 0.5
        octave += 1
    return octave


@njit(nogil=True, error_model="numpy")
def between(wave: Any, first: Any, share: Any, kernel: Any, taps: Any) -> Any:
    """Return the value at a fractional place.

    Args:
        wave: All samples.
        first: Index of the first of TAPS samples: BEFORE before the place's whole part.
        share: The place's fraction, 0..1.
        kernel: One of KERNELS.
        taps: Somewhere to work. Shape (TAPS or more,), float32.
    """
    row = float32(share) * float32(PHASES)
    low = int64(row)
    lean = row - float32(low)
    near, far, part = kernel[low], kernel[low + 1], wave[first : first + TAPS]
    for j in range(TAPS):
        taps[j] = part[j] * (near[j] + lean * (far[j] - near[j]))
    for j in range(16):  # sums side by side: they vectorise, and are the same on every processor
        taps[j] += taps[j + 16]
    for j in range(8):
        taps[j] += taps[j + 8]
    for j in range(4):
        taps[j] += taps[j + 4]
    return (taps[0] + taps[1]) + (taps[2] + taps[3])
