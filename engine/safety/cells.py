"""The compiled inner loops that average a picture's light. Importing this module compiles them or loads them.

A pixel is a little-endian uint32 with three bytes of colour; `red` says which of them is red. Cells are the small
areas in which a picture's light is averaged; blocks are squares of 4 x 4 cells, one at every cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit, uint16, uint32

from engine.safety.limits import LIGHT, LUMINANCE, RED

# Light of a byte s is s * s * (LIGHT[0] + LIGHT[1] * s) / 2^16 in 16 bits: 16 bytes are decoded at once.
FLAT, STEEP = uint16(LIGHT[0]), uint16(LIGHT[1])
WHITE = (255 * 255 * (LIGHT[0] + 255 * LIGHT[1])) >> 16
MOST_ROWS = 65535 // WHITE  # that 16 bits can sum
BYTE, HALF = uint32(0xFFFF), uint32(16)
LOW, HIGH = uint16(255), uint16(8)
NONE, ONE = float32(0), float32(1)
SIDE = 4  # cells of a block


@njit(inline="always")
def _light(s: Any) -> Any:
    squared, slope = uint16(s * s), uint16(uint16(s * STEEP) + FLAT)
    return uint16((uint32(squared) * uint32(slope)) >> uint32(16))


@njit(inline="always")
def _even(sums: Any, shift: Any, per: int, line: Any) -> None:
    """Add `per` columns at once: a number that is known here makes one fast loop."""
    for i in range(line.size):
        total = (sums[per * i] >> shift) & BYTE
        for x in range(1, per):
            total += (sums[per * i + x] >> shift) & BYTE
        line[i] += float32(total)


@njit(inline="always")
def _uneven(sums: Any, shift: Any, bounds: Any, room: Any, line: Any) -> None:
    total, before = uint32(0), bounds[0]
    for x in range(sums.size):
        total += (sums[x] >> shift) & BYTE
        room[x + 1] = total
    for i in range(line.size):
        line[i] += float32(room[bounds[i + 1] - before] - room[bounds[i] - before])


@njit(inline="always")
def _fold(sums: Any, shift: Any, bounds: Any, room: Any, line: Any) -> None:
    """Add the pixels of each cell of a part of a row, of one colour."""
    per = bounds[1] - bounds[0] if (bounds[1] - bounds[0]) * line.size == sums.size else 0
    if per == 5:
        _even(sums, shift, 5, line)
    elif per == 4:
        _even(sums, shift, 4, line)
    elif per == 3:
        _even(sums, shift, 3, line)
    elif per == 2:
        _even(sums, shift, 2, line)
    elif per == 1:
        _even(sums, shift, 1, line)
    else:
        _uneven(sums, shift, bounds, room, line)


@njit("void(uint16[::1], int64[::1], int64[::1], int64[:, ::1], int64, int64, uint16[:, ::1], uint32[::1], "
      "float32[:, :, ::1])", nogil=True, cache=True, error_model="numpy")
def shrink(picture: Any, columns: Any, rows: Any, spans: Any, top: int, bottom: int, sums: Any, room: Any,
           light: Any) -> None:
    """Average the linear light of a picture in cells.

    Args:
        picture: Pixels, flat, each as two halves.
        columns, rows: Where each column and row of cells begins, and where the last one ends.
        spans: Which part of each row of cells is looked at: first, last + 1. Shape (rows, 2).
        top, bottom: Which rows of cells; callers split a picture among threads.
        sums: Room; for the first and third byte, and for the second. Shape (2, 2 * width).
        room: Shape (width + 1,); its first is 0.
        light: Light of each byte's colour, 0..1. Shape (3, rows, columns).
    """
    width = sums.shape[1] // 2
    for j in range(top, bottom):
        first, last = spans[j, 0], spans[j, 1]
        if first >= last:
            continue
        left, across = columns[first], columns[last] - columns[first]
        bounds = columns[first : last + 1]
        outer, inner = sums[0, : 2 * across], sums[1, : 2 * across]
        outers, inners = outer.view(np.uint32), inner.view(np.uint32)
        light[:, j, first:last] = NONE
        y = rows[j]
        while y < rows[j + 1]:
            end = min(y + MOST_ROWS, rows[j + 1])
            outer[:], inner[:] = uint16(0), uint16(0)
            while y + 1 < end:  # two rows at once: half as many sums are loaded and stored
                upper = picture[2 * (y * width + left) : 2 * (y * width + left + across)]
                lower = picture[2 * ((y + 1) * width + left) : 2 * ((y + 1) * width + left + across)]
                for x in range(2 * across):
                    p, q = upper[x], lower[x]
                    outer[x] = uint16(outer[x] + _light(uint16(p & LOW)) + _light(uint16(q & LOW)))
                    inner[x] = uint16(inner[x] + _light(uint16(p >> HIGH)) + _light(uint16(q >> HIGH)))
                y += 2
            if y < end:
                upper = picture[2 * (y * width + left) : 2 * (y * width + left + across)]
                for x in range(2 * across):
                    p = upper[x]
                    outer[x] = uint16(outer[x] + _light(uint16(p & LOW)))
                    inner[x] = uint16(inner[x] + _light(uint16(p >> HIGH)))
                y += 1
            _fold(outers, uint32(0), bounds, room, light[0, j, first:last])
            _fold(inners, uint32(0), bounds, room, light[1, j, first:last])
            _fold(outers, HALF, bounds, room, light[2, j, first:last])
        share = ONE / float32((rows[j + 1] - rows[j]) * WHITE)
        for c in range(3):
            line = light[c, j, first:last]
            for i in range(line.size):
                line[i] *= share / float32(bounds[i + 1] - bounds[i])


@njit(inline="always")
def _redness(red: Any, green: Any, blue: Any) -> Any:
    return max(red - green - blue, NONE)


@njit(inline="always")
def _saturated(red: Any, green: Any, blue: Any) -> Any:
    return ONE if red >= RED * (red + green + blue) and red > NONE else NONE


@njit(inline="always")
def _down(cells: Any, j: int, heights: Any, widths: Any, line: Any) -> None:
    """Add the rows of cells of a row of blocks; one colour at a time, for the compiler's sake."""
    one, two, three, four = cells[j], cells[j + 1], cells[j + 2], cells[j + 3]
    a, b, c, d = heights[j], heights[j + 1], heights[j + 2], heights[j + 3]
    for i in range(line.size):
        line[i] = widths[i] * ((a * one[i] + b * two[i]) + (c * three[i] + d * four[i]))


@njit(inline="always")
def _four(line: Any, i: int) -> Any:
    return (line[i] + line[i + 1]) + (line[i + 2] + line[i + 3])


@njit(inline="always")
def _mean(cells: Any, heights: Any, widths: Any) -> Any:
    total = NONE
    for j in range(cells.shape[0]):
        row, part = cells[j], NONE
        for i in range(row.size):
            part += widths[i] * row[i]
        total += heights[j] * part
    return total / (np.sum(heights) * np.sum(widths))


@njit("void(float32[:, :, ::1], int64[:, ::1], int64, int64, float32[::1], float32[::1], int64, float32[:, ::1], "
      "float32[:, ::1])", nogil=True, cache=True, error_model="numpy",
      fastmath={"reassoc", "contract", "nnan", "nsz"})
def measure(light: Any, spans: Any, top: int, bottom: int, widths: Any, heights: Any, red: int, lines: Any,
            values: Any) -> None:
    """Return luminance, redness and whether it is saturated of all blocks.

    Args:
        light: As `shrink` leaves it. Shape (3, rows, columns).
        spans: As for `shrink`; rows of blocks that lie in none of them are left as they are.
        top, bottom: Which rows of blocks; callers split them among threads.
        widths, heights: Of the cells, by which they weigh. Shapes (columns,), (rows,).
        lines: Room. Shape (5, columns).
        values: Shape (3, (rows - 3) * (columns - 3) + 1).
    """
    columns = light.shape[2]
    r, g, b, luminance, shares = lines[0], lines[1], lines[2], lines[3], lines[4]
    width = columns - SIDE + 1
    for i in range(width):
        shares[i] = ONE / _four(widths, i)
    for j in range(top, bottom):
        if not (spans[j, 1] or spans[j + 1, 1] or spans[j + 2, 1] or spans[j + 3, 1]):
            continue
        _down(light[red], j, heights, widths, r)
        _down(light[1], j, heights, widths, g)
        _down(light[2 - red], j, heights, widths, b)
        excess, share = NONE, ONE / _four(heights, j)
        for i in range(columns):
            luminance[i] = (LUMINANCE[0] * r[i] + LUMINANCE[1] * g[i] + LUMINANCE[2] * b[i]) * share
            excess = max(excess, r[i] - g[i] - b[i])
        first, last = j * width, (j + 1) * width
        luminances, rednesses, saturated = values[0, first:last], values[1, first:last], values[2, first:last]
        for i in range(width):
            luminances[i] = _four(luminance, i) * shares[i]
        if excess <= NONE:  # no block is redder than its reddest column of cells
            rednesses[:], saturated[:] = NONE, NONE
        else:
            for i in range(width):
                rednesses[i] = _redness(_four(r, i), _four(g, i), _four(b, i)) * (share * shares[i])
            for i in range(width):
                saturated[i] = _saturated(_four(r, i), _four(g, i), _four(b, i))


@njit("void(float32[:, :, ::1], float32[::1], float32[::1], int64, float32[:, ::1])", nogil=True, cache=True,
      error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})
def measure_whole(light: Any, widths: Any, heights: Any, red: int, values: Any) -> None:
    """Return the same of the whole picture, at the end of the values."""
    last = values.shape[1] - 1
    mean_red, mean_green, mean_blue = (_mean(light[red], heights, widths), _mean(light[1], heights, widths),
                                       _mean(light[2 - red], heights, widths))
    values[0, last] = LUMINANCE[0] * mean_red + LUMINANCE[1] * mean_green + LUMINANCE[2] * mean_blue
    values[1, last] = _redness(mean_red, mean_green, mean_blue)
    values[2, last] = _saturated(mean_red, mean_green, mean_blue)
