"""Colour-difference key with the wall's own light at every pixel, and the plate taken out of the edges."""

from __future__ import annotations

import cv2
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
    packed = matte.view(np.uint32)[..., 0]  # R first in memory: little-endian, as every machine we run on
    planes = cv2.split(picture)
    keys, others, thirds = (planes[(channel + turn) % 3] for turn in range(3))
    _key_rows(keys, others, thirds, wall, channel, CLEAR, SOLID, NOISE_MARGIN, packed)
    return matte


def cut_out(picture: Pixels, alpha: Pixels) -> Pixels:
    """Return the picture where `alpha` lets it through: premultiplied RGBA, shape (height, width, 4)."""
    matte = np.empty((*picture.shape[:2], 4), np.uint8)
    _cut_rows(picture, alpha, matte)
    return matte


@njit(inline="always")
def _lowest(values, start, end):  # type: ignore[no-untyped-def]
    lowest = values[start]
    for x in range(start + 1, end):
        lowest = min(lowest, values[x])
    return lowest


@njit(
    "void(uint8[:,::1],uint8[:,::1],uint8[:,::1],float32[:,:,::1],int64,float32,float32,float32,uint32[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _key_rows(keys, others, thirds, wall, channel, clear, solid, margin, matte):  # type: ignore[no-untyped-def]
    height, width = keys.shape
    differences = np.empty(width, np.float32)
    rows, columns = wall.shape[:2]
    first, second = (channel + 1) % 3, (channel + 2) % 3
    key_shift, first_shift, second_shift = 8 * (2 - channel), 8 * (2 - first), 8 * (2 - second)
    zero, one, half, white = np.float32(0), np.float32(1), np.float32(0.5), np.float32(255)
    row = np.empty((columns, 4), np.float32)  # key, first, second, and how much the key stands out
    for y in range(height):
        place = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
        above = int(place)
        below = min(above + 1, rows - 1)
        share = np.float32(place - above)
        for x in range(columns):
            wall_key = wall[above, x, channel] + (wall[below, x, channel] - wall[above, x, channel]) * share
            wall_first = wall[above, x, first] + (wall[below, x, first] - wall[above, x, first]) * share
            wall_second = wall[above, x, second] + (wall[below, x, second] - wall[above, x, second]) * share
            row[x, 0], row[x, 1], row[x, 2] = wall_key, wall_first, wall_second
            row[x, 3] = max(wall_key - max(wall_first, wall_second), np.float32(12))
        key_row, other_row, third_row = keys[y], others[y], thirds[y]
        for x in range(width):  # a loop of its own: the compiler makes it 16 wide
            stronger = max(other_row[x], third_row[x])
            differences[x] = np.float32(np.int32(key_row[x]) - np.int32(stronger)) + margin
        start = 0
        for left in range(-1, columns):  # from the middle of a cell to the middle of the next
            end = min(int((left + 1.5) * width / columns + 0.5), width)
            a, b = max(left, 0), min(left + 1, columns - 1)
            step = np.float32(columns / width)
            near = np.float32((start + 0.5) * columns / width - 0.5 - left) - step
            base, rise = row[a, 3], row[b, 3] - row[a, 3]
            least = clear * max(row[a, 3], row[b, 3])
            if _lowest(differences, start, end) >= least:  # nothing but wall
                matte[y, start:end] = 0
                start = end
                continue
            for x in range(start, end):
                near += step
                full = base + rise * near
                difference = differences[x]
                if difference >= clear * full:
                    matte[y, x] = 0
                    continue
                alpha = min((clear * full - difference) / ((clear - solid) * full), one)
                through = one - alpha
                top = alpha * white
                mixed = np.float32(other_row[x]) - through * (row[a, 1] + (row[b, 1] - row[a, 1]) * near)
                mixed = min(max(mixed, zero), top)
                mixed_2 = np.float32(third_row[x]) - through * (row[a, 2] + (row[b, 2] - row[a, 2]) * near)
                mixed_2 = min(max(mixed_2, zero), top)
                mixed_key = np.float32(key_row[x]) - through * (row[a, 0] + (row[b, 0] - row[a, 0]) * near)
                mixed_key = min(max(mixed_key, zero), max(mixed, mixed_2))
                matte[y, x] = (
                    (np.uint32(mixed_key + half) << key_shift)
                    | (np.uint32(mixed + half) << first_shift)
                    | (np.uint32(mixed_2 + half) << second_shift)
                    | (np.uint32(top + half) << 24)
                )
            start = end


@njit("void(uint8[:,:,::1],uint8[:,::1],uint8[:,:,::1])", nogil=True, cache=True)
def _cut_rows(picture, alpha, matte):  # type: ignore[no-untyped-def]
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            share = np.uint32(alpha[y, x])
            for c in range(3):
                matte[y, x, 2 - c] = np.uint8((np.uint32(picture[y, x, c]) * share + np.uint32(127)) // np.uint32(255))
            matte[y, x, 3] = alpha[y, x]
