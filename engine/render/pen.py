"""Pen: the canvas's numba kernels that draw lines. Pixels, rounding and blends are those of `brush`.

Rows go by eights, as the brush's do, so that short ones vectorise too.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.render.brush import (
    ACROSS,
    AHEAD,
    DOWN,
    ONE,
    S24,
    _ask,
    _ask_next,
    _at,
    _edge,
    _faintest,
    _light,
    _mixed,
    _over,
    _scaled,
    _share,
    _sum,
    _touch,
)


@njit(inline="always", error_model="numpy")
def _reach(x0, dx, dy, edge):  # type: ignore[no-untyped-def]
    """Return what `_span` needs of a thick line: its ends, its slope, and half of what it covers of a row."""
    low, high = min(x0, x0 + dx) - edge, max(x0, x0 + dx) + edge
    if abs(dy) <= 1e-6:
        return low, high, 0.0, math.inf
    slope = dx / dy
    return low, high, slope, edge * math.sqrt(1.0 + slope * slope)


@njit(inline="always", error_model="numpy")
def _span(down, x0, low, high, slope, wide, width):  # type: ignore[no-untyped-def]
    """Return the columns of a row, `down` from a line's begin, that the line may cover."""
    middle = x0 + down * slope
    start = _at(math.ceil(max(low, middle - wide)), width)
    return start, max(_at(math.floor(min(high, middle + wide)) + 1, width), start)


@njit(inline="always", error_model="numpy")
def _distance(x, y, dx, dy, per_length2):  # type: ignore[no-untyped-def]
    """Return the distance of (x, y) from a line that begins at (0, 0) and ends at (dx, dy)."""
    t = min(max((x * dx + y * dy) * per_length2, np.float32(0)), ONE)
    ex, ey = x - t * dx, y - t * dy
    return np.sqrt(ex * ex + ey * ey)


@njit(inline="always", error_model="numpy")
def _line_share(k, skip, stop, x, y, dx, dy, per_length2, half, slope, smooth):  # type: ignore[no-untyped-def]
    """Return the coverage of the `k`th of some pixels; those before `skip` or from `stop` on have none."""
    d = _distance(x + np.float32(k), y, dx, dy, per_length2)
    return _share(half - d, slope, smooth) * np.uint32((k >= skip) & (k < stop))


@njit("void(uint32[:, ::1], boolean[:, ::1], float32[:, ::1], uint32[::1], float64, int64, int64)",
      nogil=True, cache=True, error_model="numpy")
def strokes(picture, touched, lines, colours, soft, blend, first):  # type: ignore[no-untyped-def]
    """Draw lines with round ends.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        touched: Which tiles are drawn on: those of the lines are added.
        lines: x, y of both ends and half the width, in pixels. Shape (n, 5).
        colours: Packed premultiplied. Shape (n,).
        soft: 0 a hard edge, 1 fades from the middle.
        blend: Index in `BLENDS`.
        first: The first row that is drawn on; what ends at row n is given `picture[:n]`.
    """
    height, width = picture.shape
    pixels = picture.ravel()
    for i in range(len(lines)):
        x0, y0 = float(lines[i, 0]), float(lines[i, 1])
        dx, dy = float(lines[i, 2]) - x0, float(lines[i, 3]) - y0
        half, paint = float(lines[i, 4]), colours[i]
        if half < 0.5:
            paint = _scaled(paint, np.uint32(2.0 * half * 255.0 + 0.5))
            half = 0.5
        if max(y0, y0 + dy) + half + 2.0 < first or min(y0, y0 + dy) - half - 2.0 > height:
            continue
        paint = _light(paint) if blend == 1 else paint
        if paint >> S24 == 0:
            continue
        slope, smooth = _edge(soft, half)
        edge = half - _faintest(paint, slope, smooth)
        top = max(_at(math.ceil(min(y0, y0 + dy) - edge), height), first)
        bottom = _at(math.floor(max(y0, y0 + dy) + edge) + 1, height)
        rx, ry, reach = np.float32(dx), np.float32(dy), np.float32(half)
        inverse = np.float32(1.0 / max(dx * dx + dy * dy, 1e-9))
        west, east = _at(min(x0, x0 + dx) - edge, width), _at(max(x0, x0 + dx) + edge + 1.0, width)
        _touch(touched, west, top, east, bottom)
        if i + 1 < len(lines):
            upper = 0 if lines[i + 1, 1] < lines[i + 1, 3] else 2
            _ask_next(pixels, width, height, lines[i + 1, upper] - edge, lines[i + 1, upper + 1] - edge)
        low, high, lean, wide = _reach(x0, dx, dy, edge)
        ahead = AHEAD * width + int(AHEAD * lean)
        for y in range(top, bottom):
            start, end = _span(float(y) - y0, x0, low, high, lean, wide, width)
            if y + AHEAD < bottom:
                _ask(pixels, y * width + start + ahead, 16)
            left, down, row = np.float32(start - x0), np.float32(y - y0), y * width + start
            for begin in range(row, row + end - start, 8):
                near = max(min(begin, len(pixels) - 8), 0)
                skip, stop = np.int32(begin - near), np.int32(row + end - start - near)
                x, at = left + np.float32(near - row), np.uint64(near)
                if blend == 1:
                    for k in range(8):
                        share = _line_share(k, skip, stop, x, down, rx, ry, inverse, reach, slope, smooth)
                        pixels[at + np.uint64(k)] = _sum(pixels[at + np.uint64(k)], _scaled(paint, share))
                elif blend == 0:
                    for k in range(8):
                        share = _line_share(k, skip, stop, x, down, rx, ry, inverse, reach, slope, smooth)
                        pixels[at + np.uint64(k)] = _over(pixels[at + np.uint64(k)], _scaled(paint, share))
                else:
                    for k in range(8):
                        share = _line_share(k, skip, stop, x, down, rx, ry, inverse, reach, slope, smooth)
                        pixels[at + np.uint64(k)] = _mixed(pixels[at + np.uint64(k)], _scaled(paint, share), blend)


@njit("void(uint8[::1], boolean[:, ::1], int64, int64, float64, float64, float64, float64, float64, float64)",
      cache=True, error_model="numpy")
def _trace(cover, used, wide, high, x0, y0, x1, y1, half, soft):  # type: ignore[no-untyped-def]
    """Add one line to a coverage, the stronger winning, and note the tiles that it may cover."""
    dx, dy = x1 - x0, y1 - y0
    slope, smooth = _edge(soft, half)
    rx, ry, reach = np.float32(dx), np.float32(dy), np.float32(half)
    inverse = np.float32(1.0 / max(dx * dx + dy * dy, 1e-9))
    edge = half + 0.5
    low, far, lean, broad = _reach(x0, dx, dy, edge)
    for y in range(_at(math.ceil(min(y0, y1) - edge), high), _at(math.floor(max(y0, y1) + edge) + 1, high)):
        start, end = _span(float(y) - y0, x0, low, far, lean, broad, wide)
        left, down, row = np.float32(start - x0), np.float32(y - y0), y * wide + start
        if start < end:
            for column in range(start // ACROSS, (end - 1) // ACROSS + 1):
                used[np.uint64(y // DOWN), np.uint64(column)] = True
        for begin in range(row, row + end - start, 8):
            near = max(min(begin, len(cover) - 8), 0)
            skip, stop = np.int32(begin - near), np.int32(row + end - start - near)
            x, at = left + np.float32(near - row), np.uint64(near)
            for k in range(8):
                share = np.uint8(_line_share(k, skip, stop, x, down, rx, ry, inverse, reach, slope, smooth))
                cover[at + np.uint64(k)] = max(cover[at + np.uint64(k)], share)


@njit("void(uint32[:, ::1], boolean[:, ::1], uint8[::1], boolean[:, ::1], int64, int64, int64, int64, uint32, int64)",
      cache=True, error_model="numpy")
def _pour(picture, touched, cover, used, left, top, wide, high, paint, blend):  # type: ignore[no-untyped-def]
    """Mix a colour through the tiles of a coverage that lines cover, and clear them for the next ones."""
    for tile in range((high + DOWN - 1) // DOWN):
        for column in range((wide + ACROSS - 1) // ACROSS):
            if not used[tile, column]:
                continue
            used[tile, column] = False
            first, last = column * ACROSS, min((column + 1) * ACROSS, wide)
            bottom = min((tile + 1) * DOWN, high)
            _touch(touched, left + first, top + tile * DOWN, left + last, top + bottom)
            for y in range(tile * DOWN, bottom):
                row, share = picture[top + y, left + first:left + last], cover[y * wide + first:y * wide + last]
                if blend == 0:
                    for x in range(len(share)):
                        row[x] = _over(row[x], _scaled(paint, np.uint32(share[x])))
                else:
                    for x in range(len(share)):
                        row[x] = _mixed(row[x], _scaled(paint, np.uint32(share[x])), blend)
                share[:] = 0


@njit("void(uint32[:, ::1], boolean[:, ::1], uint8[::1], boolean[:, ::1], float64[:, :, ::1], int64[:, ::1], "
      "uint32[::1], float64, boolean, float64, int64, int64, int64)", nogil=True, cache=True, error_model="numpy")
def paths(picture, touched, cover, used, corners, boxes, colours, half, closed,  # type: ignore[no-untyped-def]
          soft, blend, first, last):
    """Draw lines through points, one after another; where one crosses itself it is drawn once.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        touched: Which tiles are drawn on: those of the lines are added.
        cover: Room for the coverage of each, nothing but 0; the same afterwards. Shape (height * width,).
        used: The same for its tiles. Shape of `touched`.
        corners: The points in pixels. Shape (lines, n, 2).
        boxes: Left, top, right and bottom of what each may cover, inside the picture. Shape (lines, 4).
        colours: Packed premultiplied. Shape (lines,).
        half: Half the width in pixels, at least 0.5.
        closed: Whether the last point is joined to the first one.
        soft: 0 a hard edge, 1 fades from the middle.
        blend: Index in `BLENDS`.
        first, last: Which of each one's joints; until the last one of all is traced, nothing is drawn.
    """
    count = corners.shape[1]
    joints = count if closed else max(count - 1, 1)
    for i in range(len(corners)):
        left, top, right, bottom = boxes[i]
        wide, high = right - left, bottom - top
        if wide <= 0 or high <= 0 or colours[i] == 0:
            continue
        for j in range(first, min(last, joints)):
            k = (j + 1) % count if closed else min(j + 1, count - 1)
            _trace(cover, used, wide, high, corners[i, j, 0] - left, corners[i, j, 1] - top,
                   corners[i, k, 0] - left, corners[i, k, 1] - top, half, soft)
        if last >= joints:
            _pour(picture, touched, cover, used, left, top, wide, high, colours[i], blend)
