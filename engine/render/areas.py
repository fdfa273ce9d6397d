"""Areas: the canvas's numba kernels that work through coverages: filled shapes, words, masks.

A coverage is 0..255 a pixel; signed areas are what a polygon leaves before they are summed along a row. What changes
nothing is passed over by blocks of `BLOCK` pixels. Pixels, rounding and blends are those of `brush`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.render.brush import FULL, HALF, ONE, S24, _at, _mixed, _over, _scaled, _touch

BLOCK = 32


@njit("void(float32[:, ::1], boolean[:, ::1], float32[:, ::1])", nogil=True, cache=True, error_model="numpy")
def fill(area, edges, points):  # type: ignore[no-untyped-def]
    """Add a closed polygon to a buffer of signed areas, whose running sum along a row is the coverage.

    Args:
        area: Two columns wider than the patch it stands for; zero outside the polygon. Shape (height, width + 2).
        edges: Which blocks of each row may hold an area: added to. Shape (height, blocks_of(width)).
        points: Corners in pixels of the patch. Shape (n, 2).
    Source:
        R. Levien, font-rs (2016): exact area coverage by an accumulation buffer.
    """
    height, width = area.shape[0], area.shape[1] - 2
    for i in range(len(points)):
        j = (i + 1) % len(points)
        x0, y0 = points[i, 0] + 0.5, points[i, 1] + 0.5
        x1, y1 = points[j, 0] + 0.5, points[j, 1] + 0.5
        if y0 == y1:
            continue
        sign = 1.0
        if y0 > y1:
            sign, x0, y0, x1, y1 = -1.0, x1, y1, x0, y0
        slope = (x1 - x0) / (y1 - y0)
        for row in range(_at(math.floor(y0), height), _at(math.ceil(y1), height)):
            ya, yb = max(y0, float(row)), min(y1, row + 1.0)
            deep = sign * max(yb - ya, 0.0)
            xa = min(max(x0 + (ya - y0) * slope, 0.0), float(width))
            xb = min(max(x0 + (yb - y0) * slope, 0.0), float(width))
            if xa > xb:
                xa, xb = xb, xa
            area_before, share_before = 0.0, 0.0
            last = math.ceil(xb)
            for block in range(int(xa) // BLOCK, last // BLOCK + 1):
                edges[row, np.uint64(block)] = True
            for column in range(int(xa), last):
                u = column + 1.0
                right = (u - xa) * (u - xa) / (2.0 * (xb - xa)) if u < xb else u - (xa + xb) / 2
                share = right - area_before
                area[row, column] += deep * (share - share_before)
                area_before, share_before = right, share
            area[row, last] += deep * (1.0 - share_before)


def blocks_of(width: int) -> int:
    """Return how many blocks a row of signed areas has that stands for so many pixels."""
    return (width + 1) // BLOCK + 1


@njit(inline="always")
def _is_clear(values, first):  # type: ignore[no-untyped-def]
    """Return whether the next `BLOCK` values are all 0."""
    any_bits = values[first]
    for k in range(1, BLOCK):
        any_bits |= values[first + k]
    return any_bits == 0


@njit(inline="always")
def _covered(total):  # type: ignore[no-untyped-def]
    return np.uint32(np.int32(min(abs(total), ONE) * np.float32(255) + HALF))


@njit(inline="always")
def _same_until(edges, first, last):  # type: ignore[no-untyped-def]
    """Return where the next block begins that may hold an area, from `first` on."""
    while first < last and not edges[np.uint64(first)]:
        first += 1
    return first


@njit("void(float32[:, ::1], boolean[:, ::1], uint8[:, ::1])", nogil=True, cache=True)
def settle(area, edges, cover):  # type: ignore[no-untyped-def]
    """Turn signed areas into coverage, and clear them and their edges for the next polygon."""
    height, width = cover.shape
    blocks = (width + BLOCK - 1) // BLOCK
    for y in range(height):
        total, block = np.float32(0), 0
        while block < blocks:
            start, block = block * BLOCK, _same_until(edges[y], block, blocks)
            stop = min(block * BLOCK, width)
            cover[y, start:stop] = np.uint8(_covered(total))
            for x in range(stop, min(stop + BLOCK, width)):
                total += area[y, x]
                cover[y, x] = np.uint8(_covered(total))
                area[y, x] = 0
            block += 1
        area[y, width:] = 0
        edges[y] = False


@njit("void(uint32[:, ::1], boolean[:, ::1], float32[:, ::1], boolean[:, ::1], int64, int64, uint32, int64)",
      nogil=True, cache=True)
def flood(picture, touched, area, edges, left, top, paint, blend):  # type: ignore[no-untyped-def]
    """Mix one packed premultiplied colour through signed areas that lie inside the picture at (left, top).

    The same as `settle` and `pour`, but what lies wholly inside or outside is not looked at pixel by pixel.

    Args:
        touched: Which tiles are drawn on: those of the patch are added.
        area, edges: As `fill` leaves them; cleared for the next polygon.
    """
    height, width = area.shape[0], area.shape[1] - 2
    blocks = (width + BLOCK - 1) // BLOCK
    _touch(touched, left, top, left + width, top + height)
    for y in range(height):
        row = picture[top + y, left:left + width]
        total, block = np.float32(0), 0
        while block < blocks:
            start, block = block * BLOCK, _same_until(edges[y], block, blocks)
            stop, share = min(block * BLOCK, width), _covered(total)
            if share == FULL and blend == 0 and paint >> S24 == FULL:
                row[start:stop] = paint
            elif share:
                part, inside = _scaled(paint, share), row[start:stop]
                for x in range(len(inside)):
                    inside[x] = _mixed(inside[x], part, blend)
            for x in range(stop, min(stop + BLOCK, width)):
                total += area[y, x]
                row[x] = _mixed(row[x], _scaled(paint, _covered(total)), blend)
                area[y, x] = 0
            block += 1
        area[y, width:] = 0
        edges[y] = False


@njit(inline="always")
def _pour_block(row, share, count, paint, blend):  # type: ignore[no-untyped-def]
    if blend == 0:
        for x in range(count):
            row[x] = _over(row[x], _scaled(paint, np.uint32(share[x])))
    else:
        for x in range(count):
            row[x] = _mixed(row[x], _scaled(paint, np.uint32(share[x])), blend)


@njit("void(uint32[:, ::1], boolean[:, ::1], uint8[:, ::1], int64, int64, uint32, int64)", nogil=True, cache=True)
def pour(picture, touched, cover, left, top, paint, blend):  # type: ignore[no-untyped-def]
    """Mix one packed premultiplied colour through a coverage that lies inside the picture at (left, top)."""
    width = cover.shape[1]
    whole = width // BLOCK * BLOCK
    _touch(touched, left, top, left + width, top + len(cover))
    for y in range(len(cover)):
        share, row = cover[y], picture[top + y, left:left + width]
        for first in range(0, whole, BLOCK):
            if not _is_clear(share, first):
                _pour_block(row[first:first + BLOCK], share[first:first + BLOCK], BLOCK, paint, blend)
        _pour_block(row[whole:], share[whole:], width - whole, paint, blend)


@njit("void(uint32[:, ::1], uint8[:, ::1])", nogil=True, cache=True)
def keep(picture, cover):  # type: ignore[no-untyped-def]
    """Weigh every pixel of a picture with a coverage of the same shape."""
    for y in range(len(picture)):
        row, share = picture[y], cover[y]
        for x in range(len(row)):
            row[x] = _scaled(row[x], np.uint32(share[x]))
