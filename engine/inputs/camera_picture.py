"""What pictures tell of their camera: frozen, dark, or filled in where bytes are missing; made to fit. Pure.

Return values tell none of it: after unplugging, drivers hand out the last picture as a new one.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from engine.world import Pixels

Verdict = Literal["new", "same", "dark"]
DARK, DARK_SHARE = 16, 0.995


class PictureWatch:
    """Tells new pictures from the one before. Identical bytes are the sign: a sensor that lives has noise."""

    def __init__(self) -> None:
        self._rows = b""

    def verdict(self, picture: Pixels) -> Verdict:
        """Return what a picture is, compared with the one judged before."""
        if is_dark(picture):
            return "dark"
        rows, before = picture[::8].tobytes(), self._rows  # each block of a JPEG has one; whole rows are read fastest
        self._rows = rows
        return "same" if rows == before else "new"


def is_dark(picture: Pixels) -> bool:
    """Return whether nothing can be seen: a lens cap, or no light at all. BGR, shape (height, width, 3)."""
    sample = picture[::8, ::8]
    return bool(np.count_nonzero(sample < DARK) >= DARK_SHARE * sample.size)


def is_filled_in(picture: Pixels, part: int = 1) -> bool:
    """Return whether a JPEG decoder ran out of data: it says nothing and gives the rest as the same mid grey.

    Args:
        part: What the picture was divided by when it was decoded.
    """
    return bool((picture[-max(3 // part, 1) :, -48 // part :] == 128).all())


def fitted(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture that is no larger than the slots."""
    height, width = picture.shape[:2]
    shrink = min(1.0, size[0] / width, size[1] / height)
    if shrink == 1.0:
        return np.ascontiguousarray(picture)
    smaller = max(1, int(width * shrink)), max(1, int(height * shrink))
    return np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
