"""The compiled inner loops of the flash guard. Importing this module compiles them or loads them from the cache.

A pixel is a little-endian uint32 with three bytes of colour; `red` says which of them is red. Cells are the small
areas in which a picture's light is averaged; blocks are squares of 2 x 2 cells, each half over the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, int64, njit, uint32, uint64

from engine.safety.limits import (
    CAUTION,
    CHANGE,
    DARK,
    ENCODED,
    KEPT,
    LEAK,
    LONG,
    LUMINANCE,
    PALE_RED,
    RED,
    RELEASE_S,
    SLOTS,
    STEPS,
    WARNING,
    WINDOW_S,
)

# Light of a byte by a cubic that lies within 0.002 of sRGB: without a table 16 pixels are decoded at once.
CUBE, SQUARE, LINE = float32(0.305306011 / 255**3), float32(0.682171111 / 255**2), float32(0.012522878 / 255)
BYTE, OPAQUE = uint32(255), uint32(0xFF000000)
NONE, ONE, HALF = float32(0), float32(1), float32(0.5)


@njit(inline="always")
def _light(byte: Any) -> Any:
    s = float32(byte & BYTE)
    return s * (s * (s * CUBE + SQUARE) + LINE)


@njit("void(uint32[::1], int64, int64[::1], int64[::1], int64, int64, float32[:, ::1], float32[:, :, ::1])",
      nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def shrink(picture: Any, width: int, columns: Any, rows: Any, first: int, last: int, total: Any, light: Any) -> None:
    """Average the linear light of a picture in cells.

    Args:
        picture: Pixels, flat, `width` wide.
        columns, rows: Where each cell begins, and where the last one ends.
        first, last: Which rows of cells.
        total: Room for a row of pixels. Shape (3, width).
        light: Light of each byte's colour, 0..1. Shape (3, rows, columns).
    """
    one, two, three = total[0], total[1], total[2]
    for j in range(first, last):
        one[:], two[:], three[:] = NONE, NONE, NONE
        for y in range(rows[j], rows[j + 1] - 1, 2):  # two rows at once: half as many sums are loaded and stored
            upper, lower = picture[y * width : (y + 1) * width], picture[(y + 1) * width : (y + 2) * width]
            for x in range(width):
                p, q = upper[x], lower[x]
                one[x] += _light(p) + _light(q)
                two[x] += _light(p >> uint32(8)) + _light(q >> uint32(8))
                three[x] += _light(p >> uint32(16)) + _light(q >> uint32(16))
        if (rows[j + 1] - rows[j]) % 2:
            upper = picture[(rows[j + 1] - 1) * width : rows[j + 1] * width]
            for x in range(width):
                p = upper[x]
                one[x] += _light(p)
                two[x] += _light(p >> uint32(8))
                three[x] += _light(p >> uint32(16))
        for i in range(columns.size - 1):
            a, b, c = NONE, NONE, NONE
            for x in range(columns[i], columns[i + 1]):
                a, b, c = a + one[x], b + two[x], c + three[x]
            count = float32((columns[i + 1] - columns[i]) * (rows[j + 1] - rows[j]))
            light[0, j, i], light[1, j, i], light[2, j, i] = a / count, b / count, c / count


@njit(inline="always")
def _redness(red: Any, green: Any, blue: Any) -> Any:
    """Return how much stronger red is than the rest, 0..1, as far as it is saturated (WCAG 2.1)."""
    excess = red - green - blue
    if excess <= NONE:
        return NONE
    return excess * min(max((red / (red + green + blue) - PALE_RED) / (RED - PALE_RED), NONE), ONE)


@njit("void(float32[:, :, ::1], int64, float32[:, ::1])", nogil=True, cache=True, error_model="numpy",
      fastmath={"reassoc", "contract"})
def measure(light: Any, red: int, values: Any) -> None:
    """Return luminance and redness of all blocks, and at the end of the whole picture.

    Args:
        light: As `shrink` leaves it. Shape (3, rows, columns).
        values: Shape (2, (rows - 1) * (columns - 1) + 1).
    """
    rows, columns = light.shape[1:]
    reds, greens, blues = light[red], light[1], light[2 - red]
    for j in range(rows - 1):
        r0, r1, g0, g1, b0, b1 = reds[j], reds[j + 1], greens[j], greens[j + 1], blues[j], blues[j + 1]
        luminances = values[0, j * (columns - 1) : (j + 1) * (columns - 1)]
        rednesses = values[1, j * (columns - 1) : (j + 1) * (columns - 1)]
        for i in range(columns - 1):
            r = (r0[i] + r0[i + 1] + r1[i] + r1[i + 1]) * float32(0.25)
            g = (g0[i] + g0[i + 1] + g1[i] + g1[i + 1]) * float32(0.25)
            b = (b0[i] + b0[i + 1] + b1[i] + b1[i + 1]) * float32(0.25)
            luminances[i] = LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b
            rednesses[i] = _redness(r, g, b)
    all_red, all_green, all_blue = NONE, NONE, NONE
    for j in range(rows):
        for i in range(columns):
            all_red, all_green, all_blue = all_red + reds[j, i], all_green + greens[j, i], all_blue + blues[j, i]
    cells, last = float32(rows * columns), values.shape[1] - 1
    r, g, b = all_red / cells, all_green / cells, all_blue / cells
    values[0, last] = LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b
    values[1, last] = _redness(r, g, b)


@njit(inline="always")
def _turns(kind: int, value: Any, rising: Any, low: Any, high: Any, change: Any) -> Any:
    """Return whether a value is a transition against the last one: as far back as counts, and dark enough."""
    if rising:
        return high - value >= change and value < DARK[kind]
    return value - low >= change and low < DARK[kind]


@njit("void(float32[:, ::1], float64, int64, int64, float32[:, :, ::1], boolean[:, ::1], float64[:, :, ::1], "
      "uint64[::1])", nogil=True, cache=True, error_model="numpy")
def count(values: Any, time_s: float, slots: int, most: int, ends: Any, rising: Any, times: Any, warned: Any) -> None:
    """Follow values; note each time that one has gone up or down by a transition since it last turned.

    Args:
        values: Luminance and redness. Shape (2, n).
        slots: How many tenths of a second have begun since the last call.
        most: Transitions that are allowed in a second.
        ends: Lowest and highest value since the last transition. Shape (2, 2, n): of each kind low, then high.
        rising: Whether the last transition went up. Shape (2, n).
        times: When the newest transitions were, the newest first, seconds. Shape (2, KEPT, n).
        warned: In which tenths of a second, the newest lowest, two flashes a second were going on. Shape (n,).
    """
    after = time_s - WINDOW_S
    warning = min(WARNING, most) - 1
    for kind in range(2):
        row, low, high, is_rising = values[kind], ends[kind, 0], ends[kind, 1], rising[kind]
        for i in range(row.size):
            low[i], high[i] = min(low[i], row[i]), max(high[i], row[i])
        for i in range(row.size):
            if _turns(kind, row[i], is_rising[i], low[i], high[i], CHANGE[kind]):
                is_rising[i] = not is_rising[i]
                low[i], high[i] = row[i], row[i]
                for k in range(KEPT - 1, 0, -1):
                    times[kind, k, i] = times[kind, k - 1, i]
                times[kind, 0, i] = time_s
    for i in range(values.shape[1]):
        warned[i] = warned[i] << uint64(slots)
        if times[0, warning, i] > after or times[1, warning, i] > after:
            warned[i] |= uint64(1)


@njit(inline="always")
def _lasts(bits: Any) -> Any:
    """Return whether two flashes a second have gone on for too long."""
    bits &= uint64((1 << SLOTS) - 1)
    found = 0
    while bits:
        bits &= bits - uint64(1)
        found += 1
    return found >= LONG


@njit("void(float32[:, ::1], float64, float64, int64, float32[:, :, ::1], boolean[:, ::1], float64[:, :, ::1], "
      "uint64[::1], float64[:, :, ::1], uint64[::1], float32[::1], boolean[::1])",
      nogil=True, cache=True, error_model="numpy")
def judge(values: Any, time_s: float, dt: float, most: int, ends: Any, rising: Any, times: Any, warned: Any,
          asked: Any, asked_warned: Any, hold: Any, spent: Any) -> None:
    """Decide what is to be held in the frame that comes.

    Args:
        values: What would be shown. Shape (2, n).
        dt: Seconds since the last call.
        ends, rising, times, warned: As `count` has left them for all that was shown.
        asked, asked_warned: `times` and `warned` of all that was asked for.
        hold: How far each is held, 0..1; what is calm again is let go over `RELEASE_S`.
        spent: Whether no transition is left to each now; written.
    """
    after = time_s - WINDOW_S
    for i in range(values.shape[1]):
        none_left = times[0, most - 1, i] > after or times[1, most - 1, i] > after or _lasts(warned[i])
        spent[i] = none_left
        if none_left and (
            _turns(0, values[0, i], rising[0, i], ends[0, 0, i], ends[0, 1, i], CAUTION[0])
            or _turns(1, values[1, i], rising[1, i], ends[1, 0, i], ends[1, 1, i], CAUTION[1])
        ):
            hold[i] = ONE
        elif hold[i] == ONE and (none_left or asked[0, most, i] > after or asked[1, most, i] > after
                                 or _lasts(asked_warned[i])):
            pass
        elif hold[i] > NONE:
            hold[i] = max(NONE, hold[i] - float32(dt / RELEASE_S))


@njit("void(float32[:, ::1], float32[:, ::1], boolean[:, ::1], float32[:, :, ::1], float32[:, :, ::1], float32, "
      "float32, float32[:, :, ::1], float32[:, :, ::1], boolean[::1])", nogil=True, cache=True, error_model="numpy")
def smoothen(before: Any, held: Any, spent: Any, shown: Any, mean: Any, follow: Any, rise: Any, smooth: Any,
             fields: Any, touched: Any) -> None:
    """Work out the smooth picture that covers what is held, and how much of it.

    Args:
        before, held: How far each cell was and is held, 0..1. Shape (rows, columns).
        spent: Where the smooth picture must stand still.
        shown: Light of the frame before. Shape (3, rows, columns).
        mean: What was asked for, averaged over about a second.
        follow: Which part of its way to the mean the smooth picture goes in this frame.
        rise: How bright all may be, 0..1.
        smooth: The smooth picture's light; written.
        fields: By what to multiply, and what to add to each byte. Shape (4, rows, columns); written.
        touched: Which rows of cells are changed; written.
    """
    for j in range(held.shape[0]):
        touched[j] = rise < ONE
        for i in range(held.shape[1]):
            h = held[j, i]
            brightest = NONE
            for c in range(3):
                if h > before[j, i] or h == NONE:  # what is held (again) begins with what was shown
                    smooth[c, j, i] = shown[c, j, i]
                elif not spent[j, i]:
                    smooth[c, j, i] += follow * (mean[c, j, i] - smooth[c, j, i])
                step = np.sqrt(smooth[c, j, i]) * (STEPS - 1) + HALF
                fields[c + 1, j, i] = ENCODED[int64(step)]
                brightest = max(brightest, fields[c + 1, j, i])
            keep = ONE - h * (ONE - LEAK[int64(brightest)])  # type: ignore[call-overload]
            fields[0, j, i] = keep * rise
            for c in range(3):
                fields[c + 1, j, i] *= (ONE - keep) * rise
            touched[j] |= h > NONE


@njit(inline="always")
def _widen(fields: Any, j: int, left: Any, across: Any, first: int, last: int, lines: Any) -> None:
    """Spread the fields of a row of cells over its columns of pixels."""
    for c in range(4):
        cells, line = fields[c, j], lines[j % 2, c, first:last]
        at, share = left[first:last], across[first:last]
        for x in range(line.size):
            here = cells[at[x]]
            line[x] = here + share[x] * (cells[at[x] + uint64(1)] - here)


@njit(inline="always")
def _between(above: Any, below: Any, t: Any, mixed: Any) -> None:
    for x in range(mixed.size):
        mixed[x] = above[x] + t * (below[x] - above[x])


@njit(inline="always")
def _blend_row(row: Any, keep: Any, one: Any, two: Any, three: Any) -> None:
    for x in range(row.size):
        p = row[x]
        a = float32(p & BYTE) * keep[x] + one[x] + HALF
        b = float32((p >> uint32(8)) & BYTE) * keep[x] + two[x] + HALF
        c = float32((p >> uint32(16)) & BYTE) * keep[x] + three[x] + HALF
        row[x] = OPAQUE | uint32(int32(a)) | (uint32(int32(b)) << uint32(8)) | (uint32(int32(c)) << uint32(16))


@njit("void(uint32[::1], uint64[::1], float32[::1], int64[::1], float32[::1], int64, int64, boolean[::1], "
      "float32[:, :, ::1], float32[:, :, ::1])",
      nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def blend(picture: Any, left: Any, across: Any, upper: Any, down: Any, first: int, last: int, touched: Any,
          fields: Any, lines: Any) -> None:
    """Multiply a picture and add to it, in place, by fields that are even between the middles of the cells.

    Args:
        left, across: Under each column the cell to its left, and how far it is on the way to the next. Shape (width,).
        upper, down: The same for each row. Shape (height,).
        first, last: Which columns.
        touched, fields: As `smoothen` leaves them.
        lines: Room for the fields of two rows of cells, and of the row of pixels between them. Shape (3, 4, width).
    """
    width, before = left.size, int64(-2)
    for y in range(upper.size):
        j = upper[y]
        if not (touched[j] or touched[j + 1]):
            continue
        if j != before + 1 and j != before:
            _widen(fields, j, left, across, first, last, lines)
        if j != before:
            _widen(fields, j + 1, left, across, first, last, lines)
        before = j
        for c in range(4):  # one array after another: too many at once, and the compiler takes one pixel at a time
            _between(lines[j % 2, c, first:last], lines[1 - j % 2, c, first:last], down[y], lines[2, c, first:last])
        _blend_row(picture[y * width + first : y * width + last], lines[2, 0, first:last], lines[2, 1, first:last],
                   lines[2, 2, first:last], lines[2, 3, first:last])
