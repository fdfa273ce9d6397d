"""Distance-based amplitude panning: any speakers anywhere, constant power."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.sound.block import S_X, S_Y

BLUR = 0.15  # of the speakers' spread: how wide a source is


@njit(nogil=True, error_model="numpy")
def pan_gains(speaker: Any, n: int, x: float, y: float, out: Any) -> None:
    """Set the gain of each speaker for a source; the sum of their squares is 1.

    Args:
        speaker: Places in the first two columns, any unit. Shape (64, 8), float64.
        n: How many of them count.
        x, y: The source in the same unit; not a number means everywhere.
        out: Gains. Shape (64,), float32.

    Source:
        Lossius, Baltazar, de la Hogue: DBAP, ICMC 2009, with 6 dB a doubling of the distance.
    """
    if not np.isfinite(x) or not np.isfinite(y):
        for s in range(n):
            out[s] = 1.0 / np.sqrt(n)
        return
    middle_x, middle_y, spread = 0.0, 0.0, 0.0
    for s in range(n):
        middle_x += speaker[s, S_X] / n
        middle_y += speaker[s, S_Y] / n
    for s in range(n):
        spread += np.sqrt((speaker[s, S_X] - middle_x) ** 2 + (speaker[s, S_Y] - middle_y) ** 2) / n
    blur2 = (BLUR * spread) ** 2 + 1e-6
    total = 0.0
    for s in range(n):
        weight = 1.0 / ((speaker[s, S_X] - x) ** 2 + (speaker[s, S_Y] - y) ** 2 + blur2)
        total += weight
        out[s] = weight
    for s in range(n):
        out[s] = np.sqrt(out[s] / total)
