"""Where a standing person explains best what a picture shows: a body's shape over the evidence, and the clothes.

A body is a head, a trunk and legs, in parts of the person's height. Evidence that others explain counts for nobody
again; clothes count only where nobody nearer stands before them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

HEAD, TRUNK, LEGS = (0.0, 0.14, 0.065), (0.14, 0.54, 0.125), (0.54, 0.98, 0.10)  # from, to, half the width
BODY_AREA = sum(2 * half * (end - start) for start, end, half in (HEAD, TRUNK, LEGS))
PARTS = np.array([HEAD, TRUNK, LEGS])
BESIDE, BESIDE_WEIGHT = 0.24, 0.35
LOOK_ROWS, LOOK_COLUMNS, LOOK_HALF = 12, 5, 0.11
COLOUR_OFF = 60.0  # grey levels that make a colour another one


@njit("void(float32[:,::1],float32[:,::1],float64[:,::1],int64,int64,int64,int64,int64)", nogil=True, cache=True)
def fill_window(covered, nearest, people, skip, left, top, width, height):  # type: ignore[no-untyped-def]
    """Write who covers a window: how many people, and the row of the nearest one's feet. `people`: x, foot, tall."""
    for y in range(height):
        for x in range(width):
            covered[y, x] = 0.0
            nearest[y, x] = -1e9
    for k in range(people.shape[0]):
        if k == skip:
            continue
        middle, foot, tall = people[k, 0] - left, people[k, 1] - top, people[k, 2]
        for part in range(3):
            y0 = max(0, int(foot - tall + PARTS[part, 0] * tall + 0.5))
            y1 = min(height, int(foot - tall + PARTS[part, 1] * tall + 0.5))
            x0 = max(0, int(middle - PARTS[part, 2] * tall + 0.5))
            x1 = min(width, int(middle + PARTS[part, 2] * tall + 0.5))
            for y in range(y0, y1):
                for x in range(x0, x1):
                    covered[y, x] += 1.0
                    if people[k, 1] > nearest[y, x]:
                        nearest[y, x] = people[k, 1]


@njit(
    "void(float32[:,::1],float32[:,::1],int64,int64,int64,int64,float64[:,::1],float64[:,::1])", nogil=True, cache=True
)
def integrate(evidence, covered, left, top, width, height, gain, free):  # type: ignore[no-untyped-def]
    """Write the integral pictures of the evidence nobody else explains, and of how much of the picture is nobody's."""
    rows, columns = evidence.shape
    for x in range(width + 1):
        gain[0, x] = 0.0
        free[0, x] = 0.0
    for y in range(height):
        gain[y + 1, 0] = 0.0
        free[y + 1, 0] = 0.0
        row_gain, row_free = 0.0, 0.0
        for x in range(width):
            if 0 <= y + top < rows and 0 <= x + left < columns and covered[y, x] == 0.0:
                row_gain += evidence[y + top, x + left]
                row_free += 1.0
            gain[y + 1, x + 1] = gain[y, x + 1] + row_gain
            free[y + 1, x + 1] = free[y, x + 1] + row_free


@njit("float64(float64[:,::1],float64,float64,float64,float64)", nogil=True, cache=True)
def box_sum(integral, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Return the sum over a box from its integral picture."""
    rows, columns = integral.shape[0] - 1, integral.shape[1] - 1
    a, b = min(max(int(x0 + 0.5), 0), columns), min(max(int(x1 + 0.5), 0), columns)
    c, d = min(max(int(y0 + 0.5), 0), rows), min(max(int(y1 + 0.5), 0), rows)
    return integral[d, b] - integral[c, b] - integral[d, a] + integral[c, a]


@njit("UniTuple(float64,2)(float64[:,::1],float64[:,::1],float64,float64,float64)", nogil=True, cache=True)
def explained(gain, free, middle, foot, tall):  # type: ignore[no-untyped-def]
    """Return what a person in a window explains and how much of them is free to be seen, both in bodies."""
    total, seen = 0.0, 0.0
    for part in range(3):
        y0, y1 = foot - tall + PARTS[part, 0] * tall, foot - tall + PARTS[part, 1] * tall
        half = PARTS[part, 2] * tall
        total += box_sum(gain, middle - half, y0, middle + half, y1)
        seen += box_sum(free, middle - half, y0, middle + half, y1)
    y0, y1 = foot - 0.9 * tall, foot - 0.4 * tall
    inner, outer = 0.13 * tall, BESIDE * tall
    beside = max(0.0, box_sum(gain, middle - outer, y0, middle - inner, y1))
    beside += max(0.0, box_sum(gain, middle + inner, y0, middle + outer, y1))
    above = max(0.0, box_sum(gain, middle - 0.08 * tall, foot - 1.12 * tall, middle + 0.08 * tall, foot - 1.01 * tall))
    area = BODY_AREA * tall * tall
    return (total - BESIDE_WEIGHT * (beside + above)) / area, seen / area


@njit("UniTuple(float64,2)(uint8[:,:,::1],float32[:,::1],int64,int64,float32[:,:,::1],float32[:,::1],float64,float64,float64)",
      nogil=True, cache=True)  # fmt: skip
def unlike(picture, nearest, left, top, look, weight, middle, foot, tall):  # type: ignore[no-untyped-def]
    """Return how unlike a look the visible part of a person is, 0..1, and how much of the look is seen, 0..1."""
    rows, columns = picture.shape[:2]
    off, seen, whole = 0.0, 0.0, 0.0
    for i in range(LOOK_ROWS):
        y = int(foot - tall + (0.04 + 0.90 * (i + 0.5) / LOOK_ROWS) * tall)
        for j in range(LOOK_COLUMNS):
            w = weight[i, j]
            if w <= 0.0:
                continue
            whole += w
            x = int(middle + ((j + 0.5) / LOOK_COLUMNS * 2 - 1) * LOOK_HALF * tall)
            if y < 0 or y >= rows or x < 0 or x >= columns:
                continue
            a, b = y - top, x - left
            if 0 <= a < nearest.shape[0] and 0 <= b < nearest.shape[1] and nearest[a, b] > foot:
                continue
            difference = 0.0
            for c in range(3):
                difference += abs(picture[y, x, c] - look[i, j, c])
            off += w * min(1.0, difference / (3 * COLOUR_OFF))
            seen += w
    if whole <= 0.0 or seen <= 0.0:
        return 0.5, 0.0
    return off / seen, seen / whole


@njit("void(uint8[:,:,::1],float32[:,::1],float32[:,::1],int64,int64,float32[:,:,::1],float32[:,::1],float64,float64,float64,float64)",
      nogil=True, cache=True)  # fmt: skip
def learn_look(picture, evidence, nearest, left, top, look, weight, middle, foot, tall, share):  # type: ignore[no-untyped-def]
    """Take over the colours of what is seen of a person now, by a share."""
    rows, columns = picture.shape[:2]
    for i in range(LOOK_ROWS):
        y = int(foot - tall + (0.04 + 0.90 * (i + 0.5) / LOOK_ROWS) * tall)
        for j in range(LOOK_COLUMNS):
            x = int(middle + ((j + 0.5) / LOOK_COLUMNS * 2 - 1) * LOOK_HALF * tall)
            if y < 0 or y >= rows or x < 0 or x >= columns or evidence[y, x] < -0.3:
                continue
            a, b = y - top, x - left
            if 0 <= a < nearest.shape[0] and 0 <= b < nearest.shape[1] and nearest[a, b] > foot - 0.1 * tall:
                continue
            part = share if weight[i, j] > 0.0 else 1.0
            for c in range(3):
                look[i, j, c] += part * (picture[y, x, c] - look[i, j, c])
            weight[i, j] += 0.2 * (1.0 - weight[i, j])


@njit("UniTuple(float64,6)(float32[:,::1],uint8[:,:,::1],float64[:,::1],int64,float32[:,:,::1],float32[:,::1],"
      "float64[::1],float64,float64,float64,float64,float64,boolean)", nogil=True, cache=True)  # fmt: skip
def place(  # type: ignore[no-untyped-def]
    evidence, picture, people, k, look, weight, expected, base, slope, least, looks_weight, motion_weight, learn
):
    """Return where person `k` stands best while all others stay: x, foot, worth, explained, seen, how unlike.

    `expected`: x, foot, and how far off they may be in x and y, pixels. With `learn` the look takes over what is seen.
    """
    px, py, reach_x, reach_y = expected[0], expected[1], expected[2], expected[3]
    tall = max(base + slope * py, least)
    left, top = int(px - reach_x - 0.35 * tall) - 2, int(py - reach_y - 1.25 * tall) - 2
    width, height = int(2 * reach_x + 0.7 * tall) + 5, int(2 * reach_y + 1.35 * tall) + 5
    covered, nearest = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    fill_window(covered, nearest, people, k, left, top, width, height)
    gain, free = np.empty((height + 1, width + 1)), np.empty((height + 1, width + 1))
    integrate(evidence, covered, left, top, width, height, gain, free)
    best, best_x, best_foot, best_explained, best_seen, best_off = -1e9, px, py, 0.0, 0.0, 0.5
    step = max(1.0, 0.02 * tall)
    across, down = int(reach_x / step), int(reach_y / step)
    for j in range(-down, down + 1):
        foot = py + j * step
        own = max(base + slope * foot, least)
        for i in range(-across, across + 1):
            x = px + i * step
            got, seen = explained(gain, free, x - left, foot - top, own)
            off, look_seen = 0.0, 0.0
            if looks_weight > 0.0:
                off, look_seen = unlike(picture, nearest, left, top, look, weight, x, foot, own)
            away = (i * step / tall) ** 2 + (j * step / tall) ** 2
            worth = got * (own / tall) ** 2 - looks_weight * off * look_seen - motion_weight * away
            if worth > best:
                best, best_x, best_foot, best_explained, best_seen, best_off = worth, x, foot, got, seen, off
    if learn:
        own = max(base + slope * best_foot, least)
        learn_look(picture, evidence, nearest, left, top, look, weight, best_x, best_foot, own, 0.08)
    return best_x, best_foot, best, best_explained, best_seen, best_off


@njit("UniTuple(float64,5)(float32[:,::1],float64[:,::1],float64,float64,float64,int64,int64,int64,int64,float64,float64)",
      nogil=True, cache=True)  # fmt: skip
def find(evidence, people, base, slope, least, x_from, x_to, foot_from, foot_to, least_got, least_filled):  # type: ignore[no-untyped-def]
    """Return who explains most of what nobody explains yet: x, foot, tall, explained, seen; tall 0 if nobody does."""
    most = max(max(base + slope * foot_to, base + slope * foot_from), least)
    left, top = int(x_from - 0.35 * most) - 2, int(foot_from - 1.25 * most) - 2
    width, height = int(x_to - x_from + 0.7 * most) + 5, int(foot_to - foot_from + 1.35 * most) + 5
    covered, nearest = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    fill_window(covered, nearest, people, -1, left, top, width, height)
    gain, free = np.empty((height + 1, width + 1)), np.empty((height + 1, width + 1))
    integrate(evidence, covered, left, top, width, height, gain, free)
    best, found_x, found_foot, found_tall, found_got, found_seen = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    step = 2 if most > 30 else 1  # `place` finds the rest of the way
    for foot in range(foot_from, foot_to + 1, step):
        tall = max(base + slope * foot, least)
        for x in range(x_from, x_to + 1, step):
            got, seen = explained(gain, free, float(x - left), float(foot - top), tall)
            if got < least_got or got < least_filled * seen:
                continue
            if got * tall > best:
                best, found_x, found_foot, found_tall, found_got, found_seen = got * tall, x, foot, tall, got, seen
    return found_x, found_foot, found_tall, found_got, found_seen
