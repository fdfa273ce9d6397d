"""Brush: the canvas's numba kernels. Shapes are drawn by their distance field onto packed premultiplied RGBA.

A pixel is one uint32; its bytes are mixed two at a time in 16-bit lanes. `round(x * share / 255)` is exact
and keeps every colour at most its alpha. Coordinates are pixels, the middle of the first pixel at 0.
No fastmath, and no pixel looks at another: the same bits everywhere, however rows are shared out among threads.
Rows are loops without branches, so that they vectorise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, types

from engine.render.pointers import prefetch

M = np.uint32(0x00FF00FF)
H = np.uint32(0x00800080)
TOPS = np.uint32(0x80808080)
FULL = np.uint32(255)
S7, S8, S16, S24 = np.uint32(7), np.uint32(8), np.uint32(16), np.uint32(24)
ONE, HALF = np.float32(1), np.float32(0.5)
ACROSS, DOWN = 64, 8  # pixels of a tile
AHEAD = 8  # rows that are asked for before they are drawn: they lie too far apart to be foreseen
MANY = 16  # pixels of a long row that are drawn at once
# How far a soft edge has come, 0..1, where its share is so many of 255.
EASED = np.array([0.5 - math.sin(math.asin(1 - 2 * max(k - 0.5, 0.0) / 255) / 3) for k in range(256)])
GIVEN = {n: types.Array(types.float64, n, "A", readonly=True, aligned=False) for n in (1, 2)}


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
    one, both = (a ^ b) & TOPS, a & b & TOPS
    total = np.uint32((a & ~TOPS) + (b & ~TOPS))
    full = both | (one & total)
    return np.uint32((total ^ one) | full | np.uint32(full - (full >> S7)))


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
def _light(paint):  # type: ignore[no-untyped-def]
    """Return a colour as it is added: it covers as much as it shines, so black adds nothing and hides nothing."""
    light = max(paint & FULL, (paint >> S8) & FULL, (paint >> S16) & FULL)
    return np.uint32((paint & np.uint32(0x00FFFFFF)) | np.uint32(light << S24))


@njit(inline="always")
def _add(below, paint):  # type: ignore[no-untyped-def]
    return _sum(below, _light(paint))


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


@njit(types.boolean(GIVEN[2], GIVEN[1], types.uint32[::1]), nogil=True, cache=True, error_model="numpy")
def pack(parts, strength, out):  # type: ignore[no-untyped-def]
    """Pack and premultiply colours; return False if one is not finite.

    Args:
        parts: Red, green, blue and perhaps alpha, held within 0..1. Shape (n or 1, 3 or 4).
        strength: Alphas that it is weighed with. Shape (n or 1,).
        out: Packed premultiplied RGBA. Shape (n,).
    """
    finite = True
    for i in range(len(out)):
        k, j = i if len(parts) > 1 else 0, i if len(strength) > 1 else 0
        a = min(max(strength[j], 0.0), 1.0)
        finite &= math.isfinite(strength[j])
        if parts.shape[1] == 4:
            a *= min(max(parts[k, 3], 0.0), 1.0)
            finite &= math.isfinite(parts[k, 3])
        pixel = np.uint32(a * 255.0 + 0.5) << S24
        for c in range(3):
            finite &= math.isfinite(parts[k, c])
            pixel |= np.uint32(min(max(parts[k, c], 0.0), 1.0) * a * 255.0 + 0.5) << np.uint32(8 * c)
        out[i] = pixel
    return finite


@njit(inline="always")
def _touch(touched, left, top, right, bottom):  # type: ignore[no-untyped-def]
    """Note that the tiles of a box are drawn on."""
    if left < right and top < bottom:
        for row in range(top // DOWN, (bottom - 1) // DOWN + 1):
            for column in range(left // ACROSS, (right - 1) // ACROSS + 1):
                touched[np.uint64(row), np.uint64(column)] = True


@njit(inline="always")
def _ask(pixels, first, count):  # type: ignore[no-untyped-def]
    """Have the first pixels of a row brought near that will be drawn soon."""
    at = np.uint64(pixels.ctypes.data) + np.uint64(4 * first)
    for line in range(0, min(4 * count, 256) + 64, 64):
        prefetch(at + np.uint64(line))


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


@njit(inline="always", error_model="numpy")
def _faintest(paint, slope, smooth):  # type: ignore[no-untyped-def]
    """Return how far inside a shape's edge its colour is first seen, in pixels; what is fainter rounds to nothing.

    Args:
        paint: Not clear; of what is added, its light.
    """
    most = paint >> S24  # no channel is more
    if not smooth and most > 16:
        return -0.5  # a hard edge hides next to nothing
    least = (np.uint32(127) + most) // most
    part = EASED[least] if smooth else (least - 0.5) / 255.0
    return max((part - 0.5 * min(slope, 1.0) - 1e-5) / slope - 0.01, -0.5)  # less what floats are wrong by


@njit(inline="always", error_model="numpy")
def _disc_share(k, x0, dy2, outer, inner, slope, smooth):  # type: ignore[no-untyped-def]
    """Return the coverage of the `k`th of some pixels of a row."""
    x = x0 + np.float32(k)
    d = np.sqrt(x * x + dy2)
    return _share(min(outer - d, d - inner), slope, smooth)


@njit("void(uint32[::1], int64, int64, float32, float32, float32, float32, float32, float32, uint32, int64)",
      cache=True, error_model="numpy")
def _arc(pixels, first, count, dx, dy2, outer, inner, slope, smooth, paint, blend):  # type: ignore[no-untyped-def]
    """Draw a row of a disc or ring whose first pixel lies `dx` right of the middle.

    It goes by eights, so that short rows vectorise too; pixels outside the row are given no share. What is drawn most
    has a loop of its own: with all blends in one it does not vectorise.
    """
    for begin in range(first, first + count, 8):
        start = max(min(begin, len(pixels) - 8), 0)
        x0 = dx + np.float32(start - first)
        at = np.uint64(start)
        skip, stop = np.int32(begin - start), np.int32(first + count - start)
        if blend == 0:
            for k in range(8):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth) * np.uint32((k >= skip) & (k < stop))
                pixels[at + np.uint64(k)] = _over(pixels[at + np.uint64(k)], _scaled(paint, share))
        elif blend == 1:
            for k in range(8):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth) * np.uint32((k >= skip) & (k < stop))
                pixels[at + np.uint64(k)] = _sum(pixels[at + np.uint64(k)], _scaled(paint, share))
        else:
            for k in range(8):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth) * np.uint32((k >= skip) & (k < stop))
                pixels[at + np.uint64(k)] = _mixed(pixels[at + np.uint64(k)], _scaled(paint, share), blend)


@njit("void(uint32[::1], int64, int64, float32, float32, float32, float32, float32, float32, uint32, int64)",
      cache=True, error_model="numpy")
def _long_arc(pixels, first, count, dx, dy2, outer, inner, slope, smooth, paint, blend):  # type: ignore[no-untyped-def]
    """Do the same for what is longer: it goes by `MANY` while it can."""
    last = first + count // MANY * MANY
    for begin in range(first, last, MANY):
        x0, at = dx + np.float32(begin - first), np.uint64(begin)
        if blend == 0:
            for k in range(MANY):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth)
                pixels[at + np.uint64(k)] = _over(pixels[at + np.uint64(k)], _scaled(paint, share))
        elif blend == 1:
            for k in range(MANY):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth)
                pixels[at + np.uint64(k)] = _sum(pixels[at + np.uint64(k)], _scaled(paint, share))
        else:
            for k in range(MANY):
                share = _disc_share(k, x0, dy2, outer, inner, slope, smooth)
                pixels[at + np.uint64(k)] = _mixed(pixels[at + np.uint64(k)], _scaled(paint, share), blend)
    _arc(pixels, last, first + count - last, dx + np.float32(last - first), dy2, outer, inner, slope, smooth, paint,
         blend)


@njit(inline="always")
def _at(value, limit):  # type: ignore[no-untyped-def]
    return int(min(max(value, 0.0), float(limit)))


@njit(inline="always")
def _ask_next(pixels, width, height, left, top):  # type: ignore[no-untyped-def]
    """Have the first rows of the next shape brought near."""
    first = _at(top, height) * width + _at(left, width)
    for row in range(AHEAD):
        _ask(pixels, first + row * width, 16)


@njit(inline="always", error_model="numpy")
def _thick_enough(outer, inner, ring, paint):  # type: ignore[no-untyped-def]
    """Return radii and colour of a disc or ring; one thinner than a pixel is dimmer, not thinner."""
    if ring and outer - inner < 1.0:
        middle = (outer + inner) / 2
        return middle + 0.5, middle - 0.5, _scaled(paint, np.uint32((outer - inner) * 255.0 + 0.5))
    if not ring and outer < 0.5:
        return 0.5, inner, _scaled(paint, np.uint32(4.0 * outer * outer * 255.0 + 0.5))
    return outer, inner, paint


@njit("void(uint32[:, ::1], boolean[:, ::1], float32[:, ::1], uint32[::1], float64, int64, int64)",
      nogil=True, cache=True, error_model="numpy")
def stamp(picture, touched, shapes, colours, soft, blend, first):  # type: ignore[no-untyped-def]
    """Draw discs and rings.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        touched: Which tiles are drawn on: those of the shapes are added.
        shapes: x, y, outer and inner radius in pixels; inner below 0 is a disc. Shape (n, 4).
        colours: Packed premultiplied. Shape (n,).
        soft: 0 a hard edge, 1 fades from the middle.
        blend: Index in `BLENDS`.
        first: The first row that is drawn on; what ends at row n is given `picture[:n]`.
    """
    height, width = picture.shape
    pixels = picture.ravel()
    for i in range(len(shapes)):
        cx, cy = float(shapes[i, 0]), float(shapes[i, 1])
        outer, inner, paint = float(shapes[i, 2]), float(shapes[i, 3]), colours[i]
        ring = inner >= 0.0
        if cy + outer + 2.0 < first or cy - outer - 2.0 > height:
            continue
        outer, inner, paint = _thick_enough(outer, inner, ring, paint)
        if blend == 1:
            paint = _light(paint)
        if paint >> S24 == 0:
            continue
        reach = (outer - inner) / 2 if ring else outer
        slope, smooth = _edge(soft, reach)
        near = inner if ring else -1e9
        inside = _faintest(paint, slope, smooth)
        edge, hole = outer - inside, inner + inside
        core = outer - max(soft * reach, 0.5)
        west, east = _at(math.ceil(cx - edge), width), _at(math.floor(cx + edge) + 1, width)
        top, bottom = max(_at(math.ceil(cy - edge), height), first), _at(math.floor(cy + edge) + 1, height)
        if top >= bottom:
            continue
        _touch(touched, west, top, east, bottom)
        if i + 1 < len(shapes):
            _ask_next(pixels, width, height, shapes[i + 1, 0] - shapes[i + 1, 2], shapes[i + 1, 1] - shapes[i + 1, 2])
        for y in range(top, bottom):
            if y + AHEAD < bottom:
                _ask(pixels, (y + AHEAD) * width + west, east - west)
            dy2 = (y - cy) * (y - cy)
            if outer < 12.0:
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
            _long_arc(pixels, (y * width + start), left - start, np.float32(start - cx), np.float32(dy2),
                      np.float32(outer), np.float32(near), slope, smooth, paint, blend)
            if right < end:
                _long_arc(pixels, (y * width + right), end - right, np.float32(right - cx), np.float32(dy2),
                          np.float32(outer), np.float32(near), slope, smooth, paint, blend)


@njit("void(uint32[:, ::1], boolean[:, ::1], uint32[:, ::1], int64, int64, uint32, int64)", nogil=True, cache=True)
def merge(picture, touched, patch, left, top, share, blend):  # type: ignore[no-untyped-def]
    """Mix a packed premultiplied patch, `share` of 255 strong, that lies inside the picture at (left, top)."""
    _touch(touched, left, top, left + patch.shape[1], top + len(patch))
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
