"""Kernels that say how the floor is lit: where its grain is seen, and from there as far as the light explains pixels.

Light is a factor on each channel of the learnt floor. How badly it explains a pixel is the chi square of its three
channels; how much of that is let pass depends on the grain around the pixel, and is called the pixel's spare.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MOST = 60.0  # no misfit counts for more
STEP = 2  # pixels to the places whose light may explain one with the floor's grain, and to the sides of an edge


@njit("void(uint8[:,:,::1],uint16[:,::1])", nogil=True, cache=True)
def add_channels(picture, grey):  # type: ignore[no-untyped-def]
    """Write the sum of a picture's channels."""
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            grey[y, x] = np.uint16(picture[y, x, 0]) + np.uint16(picture[y, x, 1]) + np.uint16(picture[y, x, 2])


@njit("void(uint16[:,::1],uint16[:,::1],float32[:,::1],float32,float32,float32[:,::1])", nogil=True, cache=True)
def weigh_grain(grey, smooth, grain, most, middle, evidence):  # type: ignore[no-untyped-def]
    """Write for each pixel how much more its grain is the floor's than nobody's: above 0 for floor.

    Args:
        grey, smooth: The picture, and it without grain.
        grain: The floor's, as a share of the floor without grain.
        most: So large a share counts at most: speckles of light say no more.
        middle: Which part of the floor's grain is as likely floor as somebody.
        evidence: Written; in squares of `grey`'s unit.
    """
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            level = np.float32(smooth[y, x])
            wanted, limit = grain[y, x] * level, most * level
            seen = min(max(np.float32(grey[y, x]) - level, -limit), limit)
            evidence[y, x] = wanted * (seen - middle * wanted)


@njit(nogil=True, inline="always")
def _channel_misfit(level, wanted, noise2, uneven2):  # type: ignore[no-untyped-def]
    """Return how badly what light makes of a channel of the floor explains what is seen there."""
    off = np.float32(level) - wanted
    return off * off / (noise2 + uneven2 * wanted * wanted)


@njit("float32(uint8[:,:,::1],float32[:,:,::1],float32,float32,float32,float32,float32,int64,int64)",
      nogil=True, cache=True, inline="always")  # fmt: skip
def _misfit(picture, floor, blue, green, red, noise2, uneven2, y, x):  # type: ignore[no-untyped-def]
    """Return how badly light explains a pixel."""
    total = np.float32(0)
    for c in range(3):
        wanted = (blue if c == 0 else green if c == 1 else red) * floor[y, x, c]
        total += _channel_misfit(picture[y, x, c], wanted, noise2, uneven2)
    return min(total, np.float32(MOST))


@njit("void(uint8[:,:,::1],float32[:,:,::1],float32[:,:,::1])", nogil=True, cache=True)
def light_floor(smooth, bare, light):  # type: ignore[no-untyped-def]
    """Write how each pixel would be lit, were it floor: `smooth` the picture and 1 / `bare` the floor without grain."""
    levels, factors, result = smooth.reshape(-1), bare.reshape(-1), light.reshape(-1)
    for k in range(levels.size):
        result[k] = np.float32(levels[k]) * factors[k]


@njit("void(uint8[:,::1],float32[::1],float32,float32,float32[:,::1])", nogil=True, cache=True)
def weigh_spare(age, noise2, gain, bonus, spare):  # type: ignore[no-untyped-def]
    """Turn the evidence of grain around into what misfit is let pass.

    Args:
        age: Of how many pictures a pixel is the mean.
        noise2: Its squared noise, by that number less one.
        spare: Changed.
    """
    share = gain / noise2
    for y in range(age.shape[0]):
        for x in range(age.shape[1]):
            spare[y, x] = spare[y, x] * share[age[y, x] - 1] + bonus


@njit(nogil=True, inline="always")
def _misfits(line, floor, light, noise2, uneven2, off):  # type: ignore[no-untyped-def]
    """Write how badly each channel of a row is explained; nothing in it branches, so it is done eight at a time."""
    for k in range(off.size):
        off[k] = _channel_misfit(line[k], light[k] * floor[k], noise2[k], uneven2)


@njit("boolean(uint8[:,:,::1],float32[:,:,::1],float32,uint8[:,::1],float32,float32,float32[:,:,::1],int64,int64)",
      nogil=True, cache=True)  # fmt: skip
def _is_lit_as_beside(picture, floor, spare, sure, noise2, uneven2, light, y, x):  # type: ignore[no-untyped-def]
    """Return whether the light of a place beside explains a pixel."""
    height, width = sure.shape
    for place in range(9):
        v, u = y + (place // 3 - 1) * STEP, x + (place % 3 - 1) * STEP
        if v < 0 or u < 0 or v >= height or u >= width or not sure[v, u]:
            continue
        if _misfit(picture, floor, light[v, u, 0], light[v, u, 1], light[v, u, 2], noise2, uneven2, y, x) < spare:
            return True
    return False


@njit("void(uint8[:,:,::1],float32[:,:,::1],float32[:,::1],uint8[:,::1],uint8[:,::1],float32[::1],float32,"
      "float32[:,:,::1],uint8[:,::1])", nogil=True, cache=True, error_model="numpy")  # fmt: skip
def find_lit(picture, floor, spare, sure, age, noise2, uneven2, light, known):  # type: ignore[no-untyped-def]
    """Mark with 1 what has the floor's grain around it and is explained by the light there or beside, else with 0.

    Args:
        sure: Not 0 where the grain around is the floor's.
        age, noise2: Of how many pictures a pixel is the mean, and its squared noise by that number less one.
        light: As the smooth picture says. Shape (height, width, 3).
        known: Written. Shape (height, width).
    """
    height, width = known.shape
    levels, bare, lit = picture.reshape(height, -1), floor.reshape(height, -1), light.reshape(height, -1)
    off, noise = np.empty(3 * width, np.float32), np.empty(3 * width, np.float32)
    for y in range(height):
        for x in range(width):
            noise[3 * x] = noise[3 * x + 1] = noise[3 * x + 2] = noise2[age[y, x] - 1]
        _misfits(levels[y], bare[y], lit[y], noise, uneven2, off)
        for x in range(width):  # the pixel's own place first: mostly it is enough
            total = min(off[3 * x] + off[3 * x + 1] + off[3 * x + 2], np.float32(MOST))
            known[y, x] = np.uint8(sure[y, x] != 0) & np.uint8(total < spare[y, x])
        for x in range(width):
            if sure[y, x] and not known[y, x]:
                known[y, x] = _is_lit_as_beside(picture, floor, spare[y, x], sure, noise[3 * x], uneven2, light, y, x)


@njit("int64(uint8[:,:,::1],float32[:,:,::1],float32[:,::1],uint8[:,::1],float32[::1],float32,int64,float32,"
      "float32[:,:,::1],uint8[:,::1],int32[:,::1])", nogil=True, cache=True)  # fmt: skip
def grow_lit(picture, floor, spare, age, noise2, uneven2, rounds,  # type: ignore[no-untyped-def]
             follow, light, known, left):  # fmt: skip
    """Let the floor grow by some pixels, wherever the light beside explains one; returns how many are left.

    Args:
        follow: How far the light follows what it meets, 0 to 1: little, or it would creep into people.
        light, known: Changed where it grows.
        left: Written: (y, x) of the pixels that it did not reach. Shape (height * width, 2).
    """
    height, width = known.shape
    count = 0
    for y in range(height):
        for x in range(width):
            if not known[y, x] and spare[y, x] > 0:
                left[count, 0], left[count, 1] = y, x
                count += 1
    source, turns = np.empty((count, 2), np.int32), np.ones((height, width), np.uint8)
    for turn in range(1, rounds + 1):
        for k in range(count):
            y, x = left[k, 0], left[k, 1]
            best, source[k, 0] = spare[y, x], -1
            if turns[y, x] != turn:
                continue  # what was known before did not explain it then
            for step in range(9):
                v, u = y + step // 3 - 1, x + step % 3 - 1
                if v < 0 or u < 0 or v >= height or u >= width or not known[v, u]:
                    continue
                off = _misfit(picture, floor, light[v, u, 0], light[v, u, 1], light[v, u, 2], noise2[age[y, x] - 1],
                              uneven2, y, x)  # fmt: skip
                if off < best:
                    best, source[k, 0], source[k, 1] = off, v, u
        still = 0
        for k in range(count):
            y, x, v, u = left[k, 0], left[k, 1], source[k, 0], source[k, 1]
            if v < 0:
                left[still, 0], left[still, 1] = y, x
                still += 1
                continue
            known[y, x] = 1
            for b in range(max(y - 1, 0), min(y + 2, height)):
                for a in range(max(x - 1, 0), min(x + 2, width)):
                    turns[b, a] = turn + 1
            for c in range(3):
                met = np.float32(picture[y, x, c]) / max(floor[y, x, c], np.float32(1))
                light[y, x, c] = light[v, u, c] + follow * (met - light[v, u, c])
        count = still
    return count


@njit("boolean(uint8[:,:,::1],float32[:,:,::1],float32[:,:,::1],float32,float32,float32,int64,int64,int64,int64,"
      "int64,int64)", nogil=True, cache=True)  # fmt: skip
def _lies_between(picture, floor, light, noise2, uneven2, spare, y, x, a, b, p, q):  # type: ignore[no-untyped-def]
    """Tell whether a pixel is lit by a mixture of the light of two places."""
    along, length = np.float32(0), np.float32(1e-9)
    for c in range(3):
        step = (light[a, b, c] - light[p, q, c]) * floor[y, x, c]
        along += (np.float32(picture[y, x, c]) - light[p, q, c] * floor[y, x, c]) * step
        length += step * step
    share = min(max(along / length, np.float32(0)), np.float32(1))
    blue, green, red = (light[p, q, 0] + share * (light[a, b, 0] - light[p, q, 0]),
                        light[p, q, 1] + share * (light[a, b, 1] - light[p, q, 1]),
                        light[p, q, 2] + share * (light[a, b, 2] - light[p, q, 2]))  # fmt: skip
    return _misfit(picture, floor, blue, green, red, noise2, uneven2, y, x) < spare


@njit("void(uint8[:,:,::1],float32[:,:,::1],float32[:,::1],uint8[:,::1],float32[::1],float32,float32[:,:,::1],"
      "uint8[:,::1],int32[:,::1],int64)", nogil=True, cache=True)  # fmt: skip
def mend_edges(picture, floor, spare, age, noise2, uneven2, light, known, left, count):  # type: ignore[no-untyped-def]
    """Mark what lies between two pieces of floor and is lit by a mixture of both: an edge of light.

    Args:
        known: Changed.
        left, count: As `grow_lit` left them.
    """
    height, width = known.shape
    found = np.zeros(count, np.uint8)
    for k in range(count):
        y, x = left[k, 0], left[k, 1]
        for way in range(4):
            dv, du = STEP * (way != 0), STEP * (way == 0) + STEP * (way == 2) - STEP * (way == 3)
            a, b, p, q = y + dv, x + du, y - dv, x - du
            if min(a, b, p, q) < 0 or max(a, p) >= height or max(b, q) >= width or not (known[a, b] and known[p, q]):
                continue
            if _lies_between(picture, floor, light, noise2[age[y, x] - 1], uneven2, spare[y, x], y, x, a, b, p, q):
                found[k] = 1
                break
    for k in range(count):
        if found[k]:
            known[left[k, 0], left[k, 1]] = 1
