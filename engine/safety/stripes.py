"""Stripes: regular patterns of strong contrast may harm although nothing flashes. They are told of, not held back.

More than five pairs of bright and dark stripes for half a second (Epilepsy Foundation, Harding et al. 2005).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_PAIRS = 5
LOOK_S, LASTS_S = 0.25, 0.5
CONTRAST = 0.1  # standard deviation of luminance; stripes of 0 and 0.25 have 0.125
SHARE = 0.5  # of a picture's variance, in one direction and width; square stripes have 0.8, pictures of things 0.2
AROUND = 2  # steps of frequency that the window spreads a wave over


class Stripes:
    """Looks for stripes four times a second."""

    def __init__(self) -> None:
        self._next_s = self._since_s = -math.inf
        self._found = 0

    def look(self, luminance: Floats, time_s: float) -> int:
        """Return how many pairs of stripes have stood in the picture for half a second, or 0.

        Args:
            luminance: 0..1. Shape (rows, columns).
        """
        if time_s >= self._next_s:
            self._next_s = time_s + LOOK_S
            found = pairs_of_stripes(luminance)
            if not (found and self._found):
                self._since_s = time_s
            self._found = found
        return self._found if time_s - self._since_s >= LASTS_S else 0


def pairs_of_stripes(luminance: Floats) -> int:
    """Return how many pairs of stripes cross a picture, of any direction, or 0 if they are too few, pale or uneven."""
    if luminance.std() < CONTRAST:
        return 0
    rows, columns = luminance.shape
    window = np.hanning(rows)[:, None] * np.hanning(columns)
    waves = np.fft.rfft2((luminance - luminance.mean()) * window)
    power = np.abs(waves) ** 2
    power[:, 1:] *= 2  # the half that rfft2 leaves out
    total = power.sum()
    row, column = np.unravel_index(np.argmax(power), power.shape)
    near = np.minimum(abs(np.arange(rows) - row), rows - abs(np.arange(rows) - row)) <= AROUND
    beside = abs(np.arange(power.shape[1]) - column) <= AROUND
    pairs = abs(row if row <= rows // 2 else rows - row) + column
    is_regular = power[near][:, beside].sum() >= SHARE * total
    return int(pairs) if is_regular and pairs > MOST_PAIRS else 0
