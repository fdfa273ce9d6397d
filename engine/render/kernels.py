"""The compiled inner loops of light. Importing this module compiles them or loads them from the cache: import it late.

A pixel is a little-endian uint32 (red lowest). `mix` works on bytes in 16-bit lanes, tile by tile, so that all layers
of a tile meet in the first-level cache. `warp` samples, weighs and tables a pixel in one go from a plan made once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, float32, int32, int64, njit, uint8, uint16, uint32, uint64  # type: ignore[attr-defined]

from engine.render.pointers import as_bytes, as_words, load_pair, load_pixel, prefetch, store_pixel

OVER, ADD, MULTIPLY, SCREEN = range(4)
BLEND_CODES = {"over": OVER, "add": ADD, "multiply": MULTIPLY, "screen": SCREEN}
OPAQUE = uint32(0xFF000000)
HALF = uint32(16)
RED_BLUE, BYTE, NINE = uint64(0xFF00FF), uint64(0xFF), uint64(511)
OFFSET = uint64((1 << 27) - 1)
PART = 64  # pixels of a tile that are left out together where a layer is clear
SPAN = 512  # pixels whose places on the stage are fetched ahead
ONE = 256  # a weight of 1 in a plan
LIGHT = 1 << 24  # full light in the table that decodes signals
FULL = uint64(0xFFFF)
LIFT_BITS = 13  # of the light that is added, in 65535ths: up to an eighth of white
LIFTED = uint64((1 << LIFT_BITS) - 1)


@njit(inline="always")
def _over_255(x: Any) -> Any:
    """Return x / 255, rounded; exact for products of two bytes (Blinn 1994, "Three wrongs make a right")."""
    y = uint16(x + uint16(128))
    return uint16(uint16(y + uint16(y >> uint16(8))) >> uint16(8))


@njit(inline="always")
def _times(a: Any, b: Any) -> Any:
    return _over_255(uint16(uint16(a) * uint16(b)))


@njit(inline="always")
def _four_times(byte: Any) -> Any:
    pair = uint32(byte | uint32(byte << uint32(8)))
    return uint32(pair | uint32(pair << uint32(16)))


@njit(inline="always")
def _blend(below: Any, layer: Any, clear: Any, blend: Any, n: Any) -> None:
    """Mix n bytes of a layer into the tile below; `clear` is 255 - alpha for each byte."""
    if blend == OVER:
        for i in range(n):
            below[i] = uint8(min(uint16(255), uint16(uint16(layer[i]) + _times(below[i], clear[i]))))
    elif blend == ADD:
        for i in range(n):
            below[i] = uint8(min(uint16(255), uint16(uint16(layer[i]) + uint16(below[i]))))
    elif blend == MULTIPLY:
        for i in range(n):
            below[i] = uint8(_times(below[i], min(uint16(255), uint16(uint16(layer[i]) + uint16(clear[i])))))
    else:
        for i in range(n):
            below[i] = uint8(uint16(uint16(layer[i]) + uint16(below[i])) - _times(below[i], layer[i]))


@njit(inline="always")
def _misses(recipe: Any, k: int, width: int, first: int, n: int) -> Any:
    """Return whether none of `n` pixels from `first` on lies in the box of layer `k`."""
    row, last_row = first // width, (first + n - 1) // width
    column = first - row * width
    if last_row < recipe[k, 5] or row >= recipe[k, 7]:
        return True
    return row == last_row and (column + n <= recipe[k, 4] or column >= recipe[k, 6])


@njit(inline="always")
def _fetch(at: Any, n: Any) -> None:
    """Have n pixels fetched that come after n others."""
    for line in range(4 * n, 8 * n, 64):
        prefetch(at + uint64(line))


@njit(inline="always")
def _fade(plain: Any, alpha: Any, faded: Any, n: Any) -> None:
    for i in range(n):
        faded[i] = uint8(_times(plain[i], alpha))


@njit(inline="always")
def _put(tile: Any, n: Any, swap: Any, at: Any) -> None:
    """Write a tile to an address, opaque, with red and blue exchanged where `swap` is not 0.

    Written through an index into the whole picture it does not vectorise.
    """
    out = carray(as_words(at), n)
    if swap:
        for i in range(n):
            red_blue = tile[i] & uint32(0xFF00FF)
            turned = uint32(red_blue >> HALF) | uint32(red_blue << HALF)
            out[i] = turned | (tile[i] & uint32(0xFF00)) | OPAQUE
    else:
        for i in range(n):
            out[i] = tile[i] | OPAQUE


@njit(inline="always")
def _shows(words: Any, n: Any) -> Any:
    """Return whether any of n pixels is not clear."""
    found = words[0] | words[n >> 1] | words[n - 1]
    if found == uint32(0):
        for i in range(n):
            found |= words[i]
    return found != uint32(0)


@njit(inline="always")
def _lay(below_at: Any, at: Any, blend: Any, alpha: Any, clear_at: Any, faded_at: Any, n: Any) -> None:
    """Mix n pixels of a layer into what lies below; where they are clear, nothing is done."""
    if not _shows(carray(as_words(at), n), n):
        return
    if alpha < 255:
        _fade(carray(as_bytes(at), 4 * n), alpha, carray(as_bytes(faded_at), 4 * n), 4 * n)
        at = faded_at
    if blend in (OVER, MULTIPLY):
        layer32, clear32 = carray(as_words(at), n), carray(as_words(clear_at), n)
        for i in range(n):
            clear32[i] = _four_times(uint32(~layer32[i]) >> uint32(24))
    _blend(carray(as_bytes(below_at), 4 * n), carray(as_bytes(at), 4 * n), carray(as_bytes(clear_at), 4 * n), blend,
           4 * n)


@njit("void(uint32[::1], int64, uint64[::1], int64[:, ::1], boolean, int64, int64, int64, uint32[:, ::1])",
      nogil=True, cache=True, error_model="numpy")
def mix(out: Any, width: int, addresses: Any, recipe: Any, is_weighed: bool, swap: int, start: int, stop: int,
        scratch: Any) -> None:
    """Compose layers over black, group by group, and weigh the groups.

    Args:
        out: Opaque picture, one uint32 a pixel, flat, `width` wide.
        addresses: Where each layer's pixels begin; each as long as `out`, premultiplied.
        recipe: For each layer: blend, alpha 0..255, 1 if it begins a group, the group's weight 0..255 if it
            ends one, else -1, and the box (left, top, right, bottom) outside which it is clear. Weights sum to 255
            at most.
        is_weighed: False where the only group has weight 255.
        swap: 16 to exchange red and blue, else 0.
        start, stop: Which pixels; callers split a picture among threads.
        scratch: Room for the tile at work, for this thread alone. Shape (5, pixels of a tile).
    """
    size = scratch.shape[1]
    room = uint64(scratch.ctypes.data)
    clear_at, faded_at = room + uint64(4 * size), room + uint64(8 * size)
    tile32, tile = carray(as_words(room), size), carray(as_bytes(room), 4 * size)
    faded = carray(as_bytes(faded_at), 4 * size)
    total = scratch[3:].reshape(2 * size).view(np.uint16)
    for first in range(start, stop, size):
        n = min(size, stop - first)
        out_at = uint64(out.ctypes.data) + uint64(4 * first)
        _fetch(out_at, n)
        if is_weighed:
            total[:] = 0
        for k in range(addresses.size):
            blend, alpha, begins, weight = recipe[k, 0], uint16(recipe[k, 1]), recipe[k, 2], recipe[k, 3]
            at = addresses[k] + uint64(4 * first)
            is_clear = _misses(recipe, k, width, first, n)
            if not is_clear:
                _fetch(at, n)
            if begins and (is_clear or blend == MULTIPLY):
                for i in range(n):
                    tile32[i] = OPAQUE
            elif begins:
                if alpha < 255:
                    _fade(carray(as_bytes(at), 4 * n), alpha, faded, 4 * n)
                    at = faded_at
                layer32 = carray(as_words(at), n)
                for i in range(n):
                    tile32[i] = layer32[i] | OPAQUE
            elif not is_clear:
                for part in range(0, n, PART):
                    _lay(room + uint64(4 * part), at + uint64(4 * part), blend, alpha, clear_at, faded_at,
                         min(PART, n - part))
            if is_weighed and weight >= 0:
                for i in range(4 * n):
                    total[i] = uint16(total[i] + uint16(uint16(tile[i]) * uint16(weight)))
        if is_weighed:
            for i in range(4 * n):
                tile[i] = uint8(_over_255(total[i]))
        _put(tile32, n, swap, out_at)


@njit("void(float32[::1], float32[::1], float32[::1], uint8[::1], int64, int64, uint64[::1])",
      nogil=True, cache=True, error_model="numpy")
def make_plan(x: Any, y: Any, gain: Any, table: Any, width: int, height: int, plan: Any) -> None:
    """Pack where and how strongly each output pixel samples the stage.

    A word holds, from its lowest bit: the index of the upper left stage pixel (27 bits), the weights of it and of its
    neighbours right, below, and right below, which sum to the gain (9 bits each, 256 is 1), and the set of tables.

    Args:
        x, y: Stage pixel under each output pixel; beyond the stage the edge is repeated, NaN is black.
        gain: Strength of each output pixel in its signal, 0..1.
        table: Which set of tables each output pixel uses, 0 or 1.
        width, height: Size of the stage, each at least 2.
        plan: One word a pixel.
    """
    for i in range(plan.size):
        sx = min(max(x[i], float32(0)), float32(width - 1))
        sy = min(max(y[i], float32(0)), float32(height - 1))
        strength = int64(gain[i] * ONE + float32(0.5))
        if not (x[i] == x[i] and y[i] == y[i]) or strength == 0:
            plan[i] = uint64(0)
            continue
        left, upper = min(int64(sx), width - 2), min(int64(sy), height - 2)
        lower = int64((sy - float32(upper)) * strength + float32(0.5))
        lower_right = int64((sx - float32(left)) * lower + float32(0.5))
        upper_right = int64((sx - float32(left)) * (strength - lower) + float32(0.5))
        plan[i] = (uint64(upper * width + left) | uint64(strength - lower - upper_right) << uint64(27)
                   | uint64(upper_right) << uint64(36) | uint64(lower - lower_right) << uint64(45)
                   | uint64(lower_right) << uint64(54) | uint64(table[i]) << uint64(63))


@njit(inline="always")
def _sample(stage: Any, width: Any, word: Any) -> Any:
    """Return (red and blue, green) of one planned pixel, in the lanes of a pixel, rounded once."""
    at = int64(word & OFFSET)
    top, bottom = load_pair(stage, at), load_pair(stage, at + width)
    a, b = (word >> uint64(27)) & NINE, (word >> uint64(36)) & NINE
    c, d = (word >> uint64(45)) & NINE, (word >> uint64(54)) & NINE
    red_blue = ((top & RED_BLUE) * a + ((top >> uint64(32)) & RED_BLUE) * b
                + (bottom & RED_BLUE) * c + ((bottom >> uint64(32)) & RED_BLUE) * d + uint64(0x800080))
    green = (((top >> uint64(8)) & BYTE) * a + ((top >> uint64(40)) & BYTE) * b
             + ((bottom >> uint64(8)) & BYTE) * c + ((bottom >> uint64(40)) & BYTE) * d + uint64(0x80))
    return (red_blue >> uint64(8)) & RED_BLUE, (green >> uint64(8)) & BYTE


@njit("void(uint32[::1], int64, uint64[::1], uint32[::1], int64, uint32[::1])",
      nogil=True, cache=True, error_model="numpy")
def warp(stage: Any, width: int, plan: Any, tables: Any, swap: int, out: Any) -> None:
    """Sample the stage by a plan, then look each channel up in its table.

    Args:
        stage: The stage's pixels, flat, `width` wide; the plan must be made for its size.
        plan: See `make_plan`.
        tables: For each set, red, green and blue: 256 bytes shifted to their place in the output pixel. Empty: none.
        swap: 16 to exchange red and blue where there is no table, else 0.
        out: One pixel a word of the plan, opaque.
    """
    source, words = uint64(stage.ctypes.data), uint64(plan.ctypes.data)
    target, table = uint64(out.ctypes.data), uint64(tables.ctypes.data)
    turn = uint32(swap)
    for first in range(0, out.size, SPAN):
        last = min(first + SPAN, out.size)
        for i in range(last, min(last + SPAN, out.size), 8):
            ahead = source + uint64(4) * (plan[i] & OFFSET)
            prefetch(ahead)
            prefetch(ahead + uint64(4 * width))
        if tables.size:
            for i in range(first, last):
                word = load_pair(words, 2 * i)
                red_blue, green = _sample(source, width, word)
                base = (word >> uint64(63)) * uint64(768)
                store_pixel(target, i, load_pixel(table, int64(base + (red_blue & BYTE)))
                            | load_pixel(table, int64(base + green + uint64(256)))
                            | load_pixel(table, int64(base + (red_blue >> uint64(16)) + uint64(512))) | OPAQUE)
        else:
            for i in range(first, last):
                red_blue, green = _sample(source, width, load_pair(words, 2 * i))
                rb = uint32(red_blue)
                store_pixel(target, i, uint32(rb >> turn) | uint32(rb << turn) | uint32(green << uint64(8)) | OPAQUE)


@njit(inline="always")
def _coded(codes: Any, steps: Any, channel: int, light: Any, dither: Any) -> Any:
    """Return the signal of a light, 0..1, rounded by its dither."""
    root = math.sqrt(min(max(light, float32(0)), float32(1))) * float32(steps - 1) + float32(0.5)
    return (load_pixel(codes, int64(int32(root)) + channel * steps) + dither) >> uint32(8)


@njit("void(uint32[::1], uint32[::1], uint64[::1], uint32[::1], float32[:, ::1], uint32[:, ::1], int64)",
      nogil=True, cache=True, error_model="numpy")
def shine(picture: Any, out: Any, allowed: Any, light: Any, matrix: Any, encode: Any, swap: int) -> None:
    """Turn signals into a projector's own: decoded, mixed, weighed and lifted in light, encoded, dithered.

    Args:
        picture: Warped RGBA pixels.
        out: Where to write; may be `picture`.
        allowed: What each pixel may use and must add: from the lowest bit the gain (16 bits, 65535 is 1), the lift of
            red, green and blue (13 bits each, in 65535ths of white), and the threshold of its dither (8 bits).
        light: Light of each signal 0..255, in `LIGHT`ths.
        matrix: Applied to (red, green, blue). Shape (3, 3).
        encode: Signal in 256ths of each root of light, in even steps from 0 to 1. Shape (3, steps).
        swap: 16 to exchange red and blue, else 0.
    """
    source, words, target = uint64(picture.ctypes.data), uint64(allowed.ctypes.data), uint64(out.ctypes.data)
    lights, codes = uint64(light.ctypes.data), uint64(encode.ctypes.data)
    steps = int64(encode.shape[1])
    share, unit = float32(1 / 65535), float32(1 / LIGHT)
    rr, rg, rb = matrix[0, 0] * unit, matrix[0, 1] * unit, matrix[0, 2] * unit
    gr, gg, gb = matrix[1, 0] * unit, matrix[1, 1] * unit, matrix[1, 2] * unit
    br, bg, bb = matrix[2, 0] * unit, matrix[2, 1] * unit, matrix[2, 2] * unit
    red_at, blue_at = uint32(swap), uint32(16 - swap)
    for i in range(out.size):
        word, pixel = load_pair(words, 2 * i), uint64(load_pixel(source, i))
        r = float32(int32(load_pixel(lights, int64(pixel & BYTE))))
        g = float32(int32(load_pixel(lights, int64((pixel >> uint64(8)) & BYTE))))
        b = float32(int32(load_pixel(lights, int64((pixel >> uint64(16)) & BYTE))))
        gain = float32(int32(word & FULL)) * share
        red = (rr * r + rg * g + rb * b) * gain + float32(int32((word >> uint64(16)) & LIFTED)) * share
        green = (gr * r + gg * g + gb * b) * gain + float32(int32((word >> uint64(29)) & LIFTED)) * share
        blue = (br * r + bg * g + bb * b) * gain + float32(int32((word >> uint64(42)) & LIFTED)) * share
        dither = uint32(word >> uint64(55))
        store_pixel(target, i, (_coded(codes, steps, 0, red, dither) << red_at)
                    | (_coded(codes, steps, 1, green, dither) << uint32(8))
                    | (_coded(codes, steps, 2, blue, dither) << blue_at) | OPAQUE)


@njit("void(uint32[::1], uint32[::1], uint64[::1], uint64[::1], uint32[::1], float32[:, ::1], float32[:, ::1], "
      "uint32[:, ::1], int64)", nogil=True, cache=True, error_model="numpy")
def shine_tinted(picture: Any, out: Any, allowed: Any, tints: Any, light: Any, seen: Any, mix: Any, encode: Any,
                 swap: int) -> None:
    """Do what `shine` does, against the colour of the wall: weighed in what a camera sees, then mixed.

    Args:
        tints: What stands for the gain in `allowed`: from the lowest bit 16 bits each for what the camera's red, green
            and blue are to see; 32768 is 1.
        seen: What the camera is to see of (red, green, blue) in light. Shape (3, 3).
        mix: The projector's light that makes it see so. Shape (3, 3).
    """
    source, words, target = uint64(picture.ctypes.data), uint64(allowed.ctypes.data), uint64(out.ctypes.data)
    lights, codes, weights = uint64(light.ctypes.data), uint64(encode.ctypes.data), uint64(tints.ctypes.data)
    steps = int64(encode.shape[1])
    share, unit = float32(1 / 65535), float32(1 / LIGHT / 32768)
    rr, rg, rb = seen[0, 0] * unit, seen[0, 1] * unit, seen[0, 2] * unit
    gr, gg, gb = seen[1, 0] * unit, seen[1, 1] * unit, seen[1, 2] * unit
    br, bg, bb = seen[2, 0] * unit, seen[2, 1] * unit, seen[2, 2] * unit
    m00, m01, m02, m10, m11, m12 = mix[0, 0], mix[0, 1], mix[0, 2], mix[1, 0], mix[1, 1], mix[1, 2]
    m20, m21, m22 = mix[2, 0], mix[2, 1], mix[2, 2]
    red_at, blue_at = uint32(swap), uint32(16 - swap)
    for i in range(out.size):
        word, weight = load_pair(words, 2 * i), load_pair(weights, 2 * i)
        pixel = uint64(load_pixel(source, i))
        r = float32(int32(load_pixel(lights, int64(pixel & BYTE))))
        g = float32(int32(load_pixel(lights, int64((pixel >> uint64(8)) & BYTE))))
        b = float32(int32(load_pixel(lights, int64((pixel >> uint64(16)) & BYTE))))
        s = (rr * r + rg * g + rb * b) * float32(int32(weight & FULL))
        t = (gr * r + gg * g + gb * b) * float32(int32((weight >> uint64(16)) & FULL))
        u = (br * r + bg * g + bb * b) * float32(int32((weight >> uint64(32)) & FULL))
        red = m00 * s + m01 * t + m02 * u + float32(int32((word >> uint64(16)) & LIFTED)) * share
        green = m10 * s + m11 * t + m12 * u + float32(int32((word >> uint64(29)) & LIFTED)) * share
        blue = m20 * s + m21 * t + m22 * u + float32(int32((word >> uint64(42)) & LIFTED)) * share
        dither = uint32(word >> uint64(55))
        store_pixel(target, i, (_coded(codes, steps, 0, red, dither) << red_at)
                    | (_coded(codes, steps, 1, green, dither) << uint32(8))
                    | (_coded(codes, steps, 2, blue, dither) << blue_at) | OPAQUE)
