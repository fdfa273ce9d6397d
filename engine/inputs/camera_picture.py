"""What pictures tell of their camera: frozen, dark, or filled in where bytes are missing. Pure.

Return values tell none of it: after unplugging, drivers hand out the last picture as a new one.
"""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np

from engine.world import Pixels

Verdict = Literal["new", "same", "dark"]
DARK, DARK_SHARE = 16, 0.995


class PictureWatch:
    """Tells new pictures from the one before. Identical bytes are the sign: a sensor that lives has noise."""

    def __init__(self) -> None:
        self._fingerprint: int | None = None

    def verdict(self, picture: Pixels) -> Verdict:
        """Return what a picture is, compared with the one judged before."""
        if is_dark(picture):
            return "dark"
        fingerprint, before = zlib.crc32(picture[::4, ::4].tobytes()), self._fingerprint
        self._fingerprint = fingerprint
        return "same" if fingerprint == before else "new"


def is_dark(picture: Pixels) -> bool:
    """Return whether nothing can be seen: a lens cap, or no light at all. BGR, shape (height, width, 3)."""
    sample = picture[::8, ::8]
    return bool(np.count_nonzero(sample < DARK) >= DARK_SHARE * sample.size)


def is_filled_in(picture: Pixels) -> bool:
    """Return whether a JPEG decoder ran out of data: it says nothing and gives the rest as the same mid grey."""
    return bool((picture[-3:, -48:] == 128).all())
