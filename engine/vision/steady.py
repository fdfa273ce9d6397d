"""Pictures of a camera that stands still, steadied: noise is averaged away wherever nothing changes."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.world import Floats, Pixels

BLOCK, AROUND = 2, 3  # pixels that change together; and blocks to each side of which the mean is asked
LONGEST = 4  # pictures
SURELY, LEAST = 3.5, 0.7  # what is a change: times the noise of such a mean; and levels


class Steady:
    """Averages the last pictures, each block of pixels since it changed last.

    Attributes:
        age: How many pictures were averaged, 1 to `LONGEST`. Shape (height, width), uint8.
    """

    def __init__(self) -> None:
        self._mean: Floats = np.zeros((1, 1, 3), np.float32)
        self.age: Pixels = np.ones((1, 1), np.uint8)

    def take(self, picture: Pixels, noise: float) -> Pixels:
        """Return a picture with less noise.

        Args:
            picture: BGR, shape (height, width, 3).
            noise: Of a pixel's channel, standard deviation.
        """
        height, width = picture.shape[:2]
        if self._mean.shape != picture.shape:
            self._mean = picture.astype(np.float32)
            self.age = np.ones((height, width), np.uint8)
            return picture
        off = np.empty((-(-height // BLOCK), -(-width // BLOCK), 3), np.float32)
        _compare(picture, self._mean, off)
        ages = np.arange(1, LONGEST + 1)
        change = LEAST + SURELY * noise * np.sqrt(1 + 1 / ages) / (BLOCK * AROUND)
        steadied = np.empty_like(picture)
        around = np.asarray(cv2.blur(off, (AROUND, AROUND)), np.float32)
        _settle(picture, around, change.astype(np.float32), self._mean, self.age, steadied)
        return steadied


@njit(nogil=True)
def _sum_off(picture, mean, top, bottom, total):  # type: ignore[no-untyped-def]
    """Write for each column how far the rows from `top` to `bottom` are from the mean."""
    total[:] = 0
    for y in range(top, bottom):
        line, known = picture[y], mean[y]
        for x in range(total.size):
            total[x] += np.float32(line[x]) - known[x]


@njit("void(uint8[:,:,::1],float32[:,:,::1],float32[:,:,::1])", nogil=True, cache=True)
def _compare(picture, mean, off):  # type: ignore[no-untyped-def]
    """Write how far each block's levels are from the mean."""
    height, width = picture.shape[:2]
    flat, kept = picture.reshape(height, -1), mean.reshape(height, -1)
    total = np.empty(3 * width, np.float32)
    for row in range(off.shape[0]):
        top, bottom = row * BLOCK, min(row * BLOCK + BLOCK, height)
        _sum_off(flat, kept, top, bottom, total)
        for column in range(off.shape[1]):
            left, right = column * BLOCK, min(column * BLOCK + BLOCK, width)
            share = np.float32(1) / np.float32((bottom - top) * (right - left))
            for c in range(3):
                levels = np.float32(0)
                for x in range(left, right):
                    levels += total[3 * x + c]
                off[row, column, c] = levels * share


@njit(nogil=True, inline="always")
def _grow_older(around, change, known, weights):  # type: ignore[no-untyped-def]
    """Write how old each block of a row is now, and by what its mean moves."""
    for k in range(known.size):
        far = max(max(abs(around[3 * k]), abs(around[3 * k + 1])), abs(around[3 * k + 2]))
        age = known[k]
        known[k] = np.uint8(1) if far > change[age - 1] else min(np.uint8(age + 1), np.uint8(change.size))
        weights[k] = np.float32(1) / np.float32(known[k])


@njit(nogil=True, inline="always")
def _move(line, share, mine, shown):  # type: ignore[no-untyped-def]
    """Move the mean of a row towards what is seen, and write it in whole levels."""
    for x in range(mine.size):
        mine[x] += share[x] * (np.float32(line[x]) - mine[x])
        shown[x] = np.uint8(np.int32(mine[x] + np.float32(0.5)))


@njit("void(uint8[:,:,::1],float32[:,:,::1],float32[::1],float32[:,:,::1],uint8[:,::1],uint8[:,:,::1])",
      nogil=True, cache=True, error_model="numpy")  # fmt: skip
def _settle(picture, around, change, mean, age, steadied):  # type: ignore[no-untyped-def]
    """Move the mean, by less the longer nothing has changed; where something has, it is the picture.

    Args:
        around: How far each block and those around it are from the mean.
        change: From how many levels on that is a change, for each age.
        mean, age: Changed.
        steadied: Written: the mean.
    """
    height, width = age.shape
    flat, kept, result = picture.reshape(height, -1), mean.reshape(height, -1), steadied.reshape(height, -1)
    rows, columns = around.shape[:2]
    off, share = around.reshape(rows, -1), np.empty(3 * BLOCK * columns, np.float32)
    known, weights = np.empty(columns, np.uint8), np.empty(columns, np.float32)
    for row in range(rows):
        top, bottom = row * BLOCK, min(row * BLOCK + BLOCK, height)
        for k in range(columns):
            known[k] = age[top, BLOCK * k]
        _grow_older(off[row], change, known, weights)
        for k in range(columns):
            for x in range(3 * BLOCK):
                share[3 * BLOCK * k + x] = weights[k]
        for y in range(top, bottom):
            ages = age[y]
            for x in range(width):
                ages[x] = known[x // BLOCK]
            _move(flat[y], share, kept[y], result[y])
