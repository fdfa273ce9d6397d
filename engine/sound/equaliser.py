"""A speaker's equaliser: biquads designed and run in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.sound.block import HIGH_PASS, HIGH_SHELF, LOW_PASS, LOW_SHELF, QUANTUM

HIGHEST = 0.49  # of the rate
STILL = 1e-20  # what is less is nothing: it never becomes a denormal number


@njit(nogil=True, error_model="numpy")
def design(kind: Any, hz: float, q: float, gain_db: float, rate: float, out: Any) -> None:
    """Write a band's coefficients b0, b1, b2, a1, a2 (a0 is 1) to the first five places of `out`.

    Args:
        kind: `PEAK`, `LOW_SHELF`, `HIGH_SHELF`, `HIGH_PASS` or `LOW_PASS`.
        out: Shape (8,), float64.

    Source:
        Bristow-Johnson, Audio EQ Cookbook (W3C note of 2021).
    """
    w = 2.0 * np.pi * min(max(hz, 1.0), HIGHEST * rate) / rate
    cos, alpha = np.cos(w), np.sin(w) / (2.0 * max(q, 0.01))
    a = 10.0 ** (gain_db / 40.0)
    if kind in (HIGH_PASS, LOW_PASS):
        sign = 1.0 if kind == LOW_PASS else -1.0
        b1 = sign - cos
        b0 = b2 = sign * b1 / 2.0
        a0, a1, a2 = 1.0 + alpha, -2.0 * cos, 1.0 - alpha
    elif kind in (LOW_SHELF, HIGH_SHELF):
        c = cos if kind == LOW_SHELF else -cos  # the high shelf is the low one's mirror
        sign = 1.0 if kind == LOW_SHELF else -1.0
        root = 2.0 * np.sqrt(a) * alpha
        b0 = a * (a + 1.0 - (a - 1.0) * c + root)
        b1 = sign * 2.0 * a * (a - 1.0 - (a + 1.0) * c)
        b2 = a * (a + 1.0 - (a - 1.0) * c - root)
        a0 = a + 1.0 + (a - 1.0) * c + root
        a1 = sign * -2.0 * (a - 1.0 + (a + 1.0) * c)
        a2 = a + 1.0 + (a - 1.0) * c - root
    else:
        b0, b1, b2 = 1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a
        a0, a1, a2 = 1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a
    out[0], out[1], out[2], out[3], out[4] = b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0


@njit(nogil=True, error_model="numpy")
def equalise(wave: Any, biquads: Any, n: Any) -> None:
    """Run a quantum through biquads, in place.

    Args:
        wave: Shape (64,), float64.
        biquads: Coefficients, then the two states (transposed direct form II). Shape (any, 8), float64.
        n: How many of them count.
    """
    for i in range(n):
        band = biquads[i]
        b0, b1, b2, a1, a2 = band[0], band[1], band[2], band[3], band[4]
        first, second = band[5], band[6]
        for k in range(QUANTUM):
            value = wave[k]
            wave[k] = b0 * value + first
            first = b1 * value - a1 * wave[k] + second
            second = b2 * value - a2 * wave[k]
        band[5] = first if abs(first) > STILL else 0.0
        band[6] = second if abs(second) > STILL else 0.0
