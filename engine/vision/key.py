"""Colour-difference key with the wall's own light at every pixel, and the plate taken out of the edges."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.world import Floats, Pixels

CLEAR, SOLID = 0.86, 0.30
NOISE_MARGIN = 4.0


def key_wall(picture: Pixels, wall: Floats, channel: int) -> Pixels:
    """Cut people out of a coloured wall.

    Args:
        picture: BGR, shape (height, width, 3).
        wall: The wall's colour on a coarse grid, as `Plate.look` returns it.
        channel: The wall's strongest channel: 0 blue, 1 green, 2 red.

    Returns:
        Premultiplied RGBA without the wall's colour in it. Shape (height, width, 4).

    Source:
        Vlahos colour difference; foreground by plate subtraction (Smith & Blinn 1996).
    """
    matte = np.empty((*picture.shape[:2], 4), np.uint8)
    _key_rows(picture, wall, channel, CLEAR, SOLID, NOISE_MARGIN, matte)
    return matte


def cut_out(picture: Pixels, alpha: Pixels) -> Pixels:
    """Return the picture where `alpha` lets it through: premultiplied RGBA, shape (height, width, 4)."""
    matte = np.empty((*picture.shape[:2], 4), np.uint8)
    _cut_rows(picture, alpha, matte)
    return matte


@njit("void(uint8[:,:,::1],float32[:,:,::1],int64,float32,float32,float32,uint8[:,:,::1])", nogil=True, cache=True)
def _key_rows(picture, wall, channel, clear, solid, margin, matte):  # type: ignore[no-untyped-def]
    height, width = picture.shape[:2]
    rows, columns = wall.shape[:2]
    first, second = (channel + 1) % 3, (channel + 2) % 3
    row = np.empty((columns, 3), np.float32)
    half = np.float32(0.5)
    for y in range(height):
        place = min(max((np.float32(y) + half) * rows / height - half, np.float32(0.0)), np.float32(rows - 1))
        above = min(int(place), max(rows - 2, 0))
        below = min(above + 1, rows - 1)
        share = np.float32(place - above)
        for x in range(columns):
            for c in range(3):
                row[x, c] = wall[above, x, c] + (wall[below, x, c] - wall[above, x, c]) * share
        step = np.float32(columns / width)
        along = half * step - half
        for x in range(width):
            at = min(max(along, np.float32(0.0)), np.float32(columns - 1))
            left = int(at)
            right = min(left + 1, columns - 1)
            near = np.float32(at - left)
            wall_key = row[left, channel] + (row[right, channel] - row[left, channel]) * near
            wall_first = row[left, first] + (row[right, first] - row[left, first]) * near
            wall_second = row[left, second] + (row[right, second] - row[left, second]) * near
            along += step
            key = np.float32(picture[y, x, channel])
            one = np.float32(picture[y, x, first])
            two = np.float32(picture[y, x, second])
            full = max(wall_key - max(wall_first, wall_second), np.float32(12.0))
            difference = key - max(one, two) + margin
            alpha = (clear * full - difference) / ((clear - solid) * full)
            if alpha <= np.float32(0.02):
                matte[y, x, 0] = 0
                matte[y, x, 1] = 0
                matte[y, x, 2] = 0
                matte[y, x, 3] = 0
                continue
            alpha = min(alpha, np.float32(1.0))
            through = np.float32(1.0) - alpha
            top = alpha * np.float32(255.0)
            one = min(max(one - through * wall_first, np.float32(0.0)), top)
            two = min(max(two - through * wall_second, np.float32(0.0)), top)
            key = min(max(key - through * wall_key, np.float32(0.0)), max(one, two))
            matte[y, x, 2 - channel] = np.uint8(key + half)
            matte[y, x, 2 - first] = np.uint8(one + half)
            matte[y, x, 2 - second] = np.uint8(two + half)
            matte[y, x, 3] = np.uint8(top + half)


@njit("void(uint8[:,:,::1],uint8[:,::1],uint8[:,:,::1])", nogil=True, cache=True)
def _cut_rows(picture, alpha, matte):  # type: ignore[no-untyped-def]
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            share = np.uint32(alpha[y, x])
            for c in range(3):
                matte[y, x, 2 - c] = np.uint8((np.uint32(picture[y, x, c]) * share + np.uint32(127)) // np.uint32(255))
            matte[y, x, 3] = alpha[y, x]
