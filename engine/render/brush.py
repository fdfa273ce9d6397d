"""Brush: the canvas's numba kernels. Shapes are drawn by their distance field onto packed premultiplied RGBA.

A pixel is one uint32; its bytes are mixed two at a time in 16-bit lanes. `round(x * share / 255)` is exact
and keeps every colour at most its alpha. Coordinates are pixels, the middle of the first pixel at 0.
One thread, no fastmath: the same bits everywhere. Rows are loops without branches, so that they vectorise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

M = np.uint32(0x00FF00FF)
H = np.uint32(0x00800080)
CARRY = np.uint32(0x00010001)
FULL = np.uint32(255)
S8, S16, S24 = np.uint32(8), np.uint32(16), np.uint32(24)
ONE, HALF = np.float32(1), np.float32(0.5)


@njit(inline="always")
def _scaled(pixel, share):  # type: ignore[no-untyped-def]
    """Return a pixel times share / 255."""
    low = np.uint32(np.uint32((pixel & M) * share) + H)
    high = np.uint32(np.uint32(((pixel >> S8) & M) * share) + H)
    low = np.uint32(low + ((low >> S8) & M)) >> S8
    high = np.uint32(high + ((high >> S8) & M))
    return np.uint32((low & M) | (high & ~M))


@njit(inline="always")
def _sum(a, b):  # type: ignore[no-untyped-def]
    """Return a + b, each byte at most 255."""
    low = np.uint32((a & M) + (b & M))
    high = np.uint32(((a >> S8) & M) + ((b >> S8) & M))
    low_full, high_full = (low >> S8) & CARRY, (high >> S8) & CARRY
    low = (low | np.uint32((low_full << S8) - low_full)) & M
    high = (high | np.uint32((high_full << S8) - high_full)) & M
    return np.uint32(low | (high << S8))


@njit(inline="always")
def _product(a, b):  # type: ignore[no-untyped-def]
    """Return a * b / 255 of each byte."""
    out = np.uint32(0)
    for shift in (np.uint32(0), S8, S16, S24):
        t = np.uint32(np.uint32(((a >> shift) & FULL) * ((b >> shift) & FULL)) + np.uint32(128))
        out = np.uint32(out | ((np.uint32(t + (t >> S8)) >> S8) << shift))
    return out


@njit(inline="always")
def _over(below, paint):  # type: ignore[no-untyped-def]
    return np.uint32(paint + _scaled(below, np.uint32(FULL - (paint >> S24))))


@njit(inline="always")
def _add(below, paint):  # type: ignore[no-untyped-def]
    light = max(paint & FULL, (paint >> S8) & FULL, (paint >> S16) & FULL)  # black adds nothing and hides nothing
    return _sum(below, np.uint32((paint & np.uint32(0x00FFFFFF)) | np.uint32(light << S24)))


@njit(inline="always")
def _multiply(below, paint):  # type: ignore[no-untyped-def]
    factor = np.uint32(paint + np.uint32(np.uint32(FULL - (paint >> S24)) * np.uint32(0x01010101)))
    return _product(below, np.uint32(factor | np.uint32(0xFF000000)))


@njit(inline="always")
def _screen(below, paint):  # type: ignore[no-untyped-def]
    return np.uint32(np.uint32(paint + below) - _product(below, paint))


@njit(inline="always")
def _mixed(below, paint, blend):  # type: ignore[no-untyped-def]
    if blend == 1:
        return _add(below, paint)
    if blend == 2:
        return _multiply(below, paint)
    if blend == 3:
        return _screen(below, paint)
    return _over(below, paint)


@njit("void(uint32[::1], uint64, int64, uint32, int64)", cache=True, error_model="numpy")
def _wash(pixels, first, count, paint, blend):  # type: ignore[no-untyped-def]
    if blend == 0:
        for i in range(count):
            pixels[first + np.uint64(i)] = _over(pixels[first + np.uint64(i)], paint)
    else:
        for i in range(count):
            pixels[first + np.uint64(i)] = _mixed(pixels[first + np.uint64(i)], paint, blend)


@njit(inline="always", error_model="numpy")
def _share(inside, slope, smooth):  # type: ignore[no-untyped-def]
    """Return the coverage, 0..255, of a pixel that lies `inside` an edge as soft as 1 / slope pixels."""
    t = min(max(inside * slope + HALF * min(slope, ONE), np.float32(0)), ONE)
    t += smooth * (t * t * (np.float32(3) - np.float32(2) * t) - t)
    return np.uint32(np.int32(t * np.float32(255) + HALF))


@njit(inline="always", error_model="numpy")
def _edge(soft, reach):  # type: ignore[no-untyped-def]
    """Return slope and smoothness of the edge of a shape that is `reach` pixels thick."""
    band = soft * reach
    if band <= 1.0:
        return ONE, np.float32(0)
    return np.float32(1.0 / band), ONE


@njit("void(uint32[::1], int64, int64, float32, float32, float32, float32, float32, float32, uint32, int64)",
      cache=True, error_model="numpy")
def _arc(pixels, first, count, dx, dy2, outer, inner, slope, smooth, paint, blend):  # type: ignore[no-untyped-def]
    """Draw a row of a disc or ring whose first pixel lies `dx` right of the middle.

    It goes by eights, so that short rows vectorise too; pixels outside the row are given no share.
    """
    for begin in range(first, first + count, 8):
        start = max(min(begin, len(pixels) - 8), 0)
        x0 = dx + np.float32(start - first)
        at = np.uint64(start)
        skip, end = np.int32(begin - start), np.int32(first + count - start)
        if blend == 0:
            for i in range(8):
                x = x0 + np.float32(i)
                d = np.sqrt(x * x + dy2)
                share = _share(min(outer - d, d - inner), slope, smooth) * np.uint32((i >= skip) & (i < end))
                pixels[at + np.uint64(i)] = _over(pixels[at + np.uint64(i)], _scaled(paint, share))
        else:
            for i in range(8):
                x = x0 + np.float32(i)
                d = np.sqrt(x * x + dy2)
                share = _share(min(outer - d, d - inner), slope, smooth) * np.uint32((i >= skip) & (i < end))
                pixels[at + np.uint64(i)] = _mixed(pixels[at + np.uint64(i)], _scaled(paint, share), blend)


@njit(inline="always")
def _at(value, limit):  # type: ignore[no-untyped-def]
    return int(min(max(value, 0.0), float(limit)))


@njit("void(uint32[:, ::1], float32[:, ::1], uint32[::1], float64, int64)", nogil=True, cache=True, error_model="numpy")
def stamp(picture, shapes, colours, soft, blend):  # type: ignore[no-untyped-def]
    """Draw discs and rings.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        shapes: x, y, outer and inner radius in pixels; inner below 0 is a disc. Shape (n, 4).
        colours: Packed premultiplied. Shape (n,).
        soft: 0 a hard edge, 1 fades from the middle.
        blend: Index in `BLENDS`.
    """
    height, width = picture.shape
    pixels = picture.ravel()
    for i in range(len(shapes)):
        cx, cy = float(shapes[i, 0]), float(shapes[i, 1])
        outer, inner, paint = float(shapes[i, 2]), float(shapes[i, 3]), colours[i]
        ring = inner >= 0.0
        if ring and outer - inner < 1.0:  # thinner than a pixel: dimmer, not thinner
            paint = _scaled(paint, np.uint32((outer - inner) * 255.0 + 0.5))
            middle = (outer + inner) / 2
            outer, inner = middle + 0.5, middle - 0.5
        elif not ring and outer < 0.5:
            paint = _scaled(paint, np.uint32(4.0 * outer * outer * 255.0 + 0.5))
            outer = 0.5
        reach = (outer - inner) / 2 if ring else outer
        slope, smooth = _edge(soft, reach)
        near = inner if ring else -1e9
        edge, hole = outer + 0.5, inner - 0.5
        core = outer - max(soft * reach, 0.5)
        small = outer < 12.0
        west, east = _at(math.ceil(cx - edge), width), _at(math.floor(cx + edge) + 1, width)
        for y in range(_at(math.ceil(cy - edge), height), _at(math.floor(cy + edge) + 1, height)):
            dy2 = (y - cy) * (y - cy)
            if small:
                _arc(pixels, (y * width + west), east - west, np.float32(west - cx), np.float32(dy2),
                     np.float32(outer), np.float32(near), slope, smooth, paint, blend)
                continue
            half = math.sqrt(max(edge * edge - dy2, 0.0))
            start, end = _at(math.ceil(cx - half), width), _at(math.floor(cx + half) + 1, width)
            left = right = end
            empty = hole if ring else core  # nothing to shade in here: a ring's hole, a disc's full middle
            if empty > 2.0 and empty * empty > dy2:
                gap = math.sqrt(empty * empty - dy2)
                left, right = _at(math.ceil(cx - gap), width), _at(math.floor(cx + gap), width)
                if not ring:
                    _wash(pixels, np.uint64(y * width + left), right - left, paint, blend)
            _arc(pixels, (y * width + start), left - start, np.float32(start - cx), np.float32(dy2),
                 np.float32(outer), np.float32(near), slope, smooth, paint, blend)
            if right < end:
                _arc(pixels, (y * width + right), end - right, np.float32(right - cx), np.float32(dy2),
                     np.float32(outer), np.float32(near), slope, smooth, paint, blend)


@njit(inline="always", error_model="numpy")
def _span(y, x0, y0, dx, dy, edge, width):  # type: ignore[no-untyped-def]
    """Return the columns of row `y` that a thick line may cover."""
    low, high = min(x0, x0 + dx) - edge, max(x0, x0 + dx) + edge
    if abs(dy) > 1e-6:
        slope = dx / dy
        wide = edge * math.sqrt(1.0 + slope * slope)
        middle = x0 + (y - y0) * slope
        low, high = max(low, middle - wide), min(high, middle + wide)
    start = _at(math.ceil(low), width)
    return start, max(_at(math.floor(high) + 1, width), start)


@njit(inline="always", error_model="numpy")
def _distance(x, y, dx, dy, per_length2):  # type: ignore[no-untyped-def]
    """Return the distance of (x, y) from a line that begins at (0, 0) and ends at (dx, dy)."""
    t = min(max((x * dx + y * dy) * per_length2, np.float32(0)), ONE)
    ex, ey = x - t * dx, y - t * dy
    return np.sqrt(ex * ex + ey * ey)


@njit("void(uint32[:, ::1], float32[:, ::1], uint32[::1], float64, int64)", nogil=True, cache=True, error_model="numpy")
def strokes(picture, lines, colours, soft, blend):  # type: ignore[no-untyped-def]
    """Draw lines with round ends.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        lines: x, y of both ends and half the width, in pixels. Shape (n, 5).
        colours: Packed premultiplied. Shape (n,).
        soft: 0 a hard edge, 1 fades from the middle.
        blend: Index in `BLENDS`.
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
        slope, smooth = _edge(soft, half)
        inverse = np.float32(1.0 / max(dx * dx + dy * dy, 1e-9))
        edge = half + 0.5
        for y in range(_at(math.ceil(min(y0, y0 + dy) - edge), height),
                       _at(math.floor(max(y0, y0 + dy) + edge) + 1, height)):
            start, end = _span(float(y), x0, y0, dx, dy, edge, width)
            left, down, first = np.float32(start - x0), np.float32(y - y0), y * width + start
            for begin in range(first, first + end - start, 8):  # by eights, as in `_arc`
                at = max(min(begin, len(pixels) - 8), 0)
                skip, stop = np.int32(begin - at), np.int32(first + end - start - at)
                for k in range(8):
                    x = left + np.float32(at - first) + np.float32(k)
                    d = _distance(x, down, np.float32(dx), np.float32(dy), inverse)
                    share = _share(np.float32(half) - d, slope, smooth) * np.uint32((k >= skip) & (k < stop))
                    pixel = pixels[np.uint64(at) + np.uint64(k)]
                    pixels[np.uint64(at) + np.uint64(k)] = _mixed(pixel, _scaled(paint, share), blend)


@njit("void(uint8[:, ::1], float32[:, ::1], float64)", nogil=True, cache=True, error_model="numpy")
def trace(cover, lines, soft):  # type: ignore[no-untyped-def]
    """Add joined lines to a coverage, the stronger one winning, so that joints are not drawn twice.

    Args:
        cover: Coverage, 0..255. Shape (height, width).
        lines: As for `strokes`. Shape (n, 5).
        soft: 0 a hard edge, 1 fades from the middle.
    """
    height, width = cover.shape
    for i in range(len(lines)):
        x0, y0 = float(lines[i, 0]), float(lines[i, 1])
        dx, dy = float(lines[i, 2]) - x0, float(lines[i, 3]) - y0
        half = max(float(lines[i, 4]), 0.5)
        slope, smooth = _edge(soft, half)
        inverse = np.float32(1.0 / max(dx * dx + dy * dy, 1e-9))
        edge = half + 0.5
        for y in range(_at(math.ceil(min(y0, y0 + dy) - edge), height),
                       _at(math.floor(max(y0, y0 + dy) + edge) + 1, height)):
            start, end = _span(float(y), x0, y0, dx, dy, edge, width)
            row, left, down = cover[y, start:end], np.float32(start - x0), np.float32(y - y0)
            for k in range(len(row)):
                d = _distance(left + np.float32(k), down, np.float32(dx), np.float32(dy), inverse)
                row[k] = max(row[k], np.uint8(_share(np.float32(half) - d, slope, smooth)))


@njit("void(uint32[:, ::1], uint32[:, ::1], int64, int64, uint32, int64)", nogil=True, cache=True)
def merge(picture, patch, left, top, share, blend):  # type: ignore[no-untyped-def]
    """Mix a packed premultiplied patch, `share` of 255 strong, that lies inside the picture at (left, top)."""
    for y in range(len(patch)):
        above, row = patch[y], picture[top + y, left:left + patch.shape[1]]
        if blend == 0:
            for x in range(len(above)):
                row[x] = _over(row[x], _scaled(above[x], share))
        elif blend == 1:
            for x in range(len(above)):
                row[x] = _add(row[x], _scaled(above[x], share))
        else:
            for x in range(len(above)):
                row[x] = _mixed(row[x], _scaled(above[x], share), blend)


@njit(inline="always")
def _faded(pixel, residue, share, shift):  # type: ignore[no-untyped-def]
    exact = np.uint32((((pixel >> shift) & FULL) << S8) | ((residue >> shift) & FULL))
    return np.uint32(exact * share) >> S16


@njit("void(uint32[::1], uint32[::1], uint32)", nogil=True, cache=True)
def fade(picture, residue, share):  # type: ignore[no-untyped-def]
    """Dim a picture, keeping what eight bits cannot hold, so that the pace does not depend on the frame rate.

    Args:
        picture: Packed premultiplied RGBA. Shape (n,).
        residue: Packed 1/256 of each channel, from the last fade. Shape (n,).
        share: How much stays, of 65536; less than 65536.
    """
    for i in range(len(picture)):
        pixel, rest = picture[i], residue[i]
        a = _faded(pixel, rest, share, S24)
        r = min(_faded(pixel, rest, share, np.uint32(0)), a)
        g = min(_faded(pixel, rest, share, S8), a)
        b = min(_faded(pixel, rest, share, S16), a)
        picture[i] = np.uint32((r >> S8) | ((g >> S8) << S8) | ((b >> S8) << S16) | ((a >> S8) << S24))
        residue[i] = np.uint32((r & FULL) | ((g & FULL) << S8) | ((b & FULL) << S16) | ((a & FULL) << S24))
