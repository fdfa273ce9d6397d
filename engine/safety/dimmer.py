"""The compiled inner loops of what dims a picture where it is held. Importing this module compiles them too.

Pixels, cells and blocks are those of `cells`. A span is the part of a row of cells that is dimmed: first, last + 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, int64, njit, uint16, uint32, uint64

from engine.safety.cells import HIGH, LOW, ONE, SIDE
from engine.safety.limits import LIGHT

PAD = SIDE
UPPER = uint16(0xFF00)
TWICE = uint32(0x00010001)
QUARTER = float32(1 / 4)
FULL = float32(256)
FINE_PX = 4
SHALLOW, STEEP = float32(LIGHT[0]), float32(255 * LIGHT[1])


@njit(inline="always")
def _span(line: Any) -> Any:
    """Return the first and behind the last that is below 1."""
    first, last = int64(0), int64(line.size)
    while first < last and line[first] == ONE:
        first += 1
    while last > first and line[last - 1] == ONE:
        last -= 1
    return first, last


@njit(inline="always")
def _least(blocks: Any, j: int, whole: Any, beside: int, line: Any, cells: Any) -> None:
    """Work out for each cell of a row the least gain of the blocks that it lies in, or beside."""
    line[:] = whole
    for k in range(max(j - SIDE + 1 - beside, 0), min(j + beside, blocks.shape[0] - 1) + 1):
        row, part = blocks[k], line[PAD : PAD + blocks.shape[1]]
        for i in range(row.size):
            part[i] = min(part[i], row[i])
    cells[:] = whole
    for shift in range(PAD - SIDE + 1 - beside, PAD + 1 + beside):
        part = line[shift : shift + cells.size]
        for i in range(cells.size):
            cells[i] = min(cells[i], part[i])


@njit("void(float32[:, ::1], float32, int64, float32[::1], float32[:, ::1], int64[:, ::1])", nogil=True, cache=True,
      error_model="numpy")
def spread(blocks: Any, whole: float, beside: int, line: Any, cells: Any, spans: Any) -> None:
    """Return for each cell the least gain of the blocks that it lies in.

    Args:
        blocks: Gains. Shape (rows - 3, columns - 3).
        whole: Gain of all.
        beside: How many cells beside a block have its gain too, 0 or 1.
        line: Room. Shape (columns + 2 * PAD,).
        cells: Shape (rows, columns); written.
        spans: Shape (rows, 2); written.
    """
    rows, columns = cells.shape
    spans[:] = 0
    for j in range(blocks.shape[0]):
        first, last = _span(blocks[j])
        if first < last:
            spans[max(j - beside, 0) : j + SIDE + beside] = columns
    for j in range(rows):
        if whole < ONE or spans[j, 1]:
            _least(blocks, j, whole, beside, line, cells[j])
            spans[j] = _span(cells[j])
        else:
            cells[j] = ONE


@njit(inline="always")
def _mixed(one: Any, two: Any, three: Any, side: Any, line: Any, out: Any) -> None:
    """Average three rows, then three columns, of which those at the side weigh `side`."""
    most = ONE - side - side
    for i in range(out.size):
        line[PAD + i] = side * (one[i] + three[i]) + most * two[i]
    line[PAD - 1], line[PAD + out.size] = line[PAD], line[PAD + out.size - 1]
    left, middle, right = line[PAD - 1 :], line[PAD:], line[PAD + 1 :]
    for i in range(out.size):
        out[i] = side * (left[i] + right[i]) + most * middle[i]


@njit("void(float32[:, ::1], float32, float32[::1], int64[:, ::1], float32[:, ::1])", nogil=True, cache=True,
      error_model="numpy")
def soften(cells: Any, rise: Any, line: Any, spans: Any, fields: Any) -> None:
    """Work out by what the bytes of a picture are multiplied, with soft edges.

    Args:
        cells, spans: As `spread` leaves them; spans are made to cover the edges too.
        rise: By what all bytes are multiplied.
        line: Room. Shape (columns + 2 * PAD,).
        fields: 256 times by what to multiply, in the middle of each cell. Shape (rows, columns); written.
    """
    rows, columns = cells.shape
    before = int64(0)
    for j in range(rows):
        above, below = max(j - 1, 0), min(j + 1, rows - 1)
        here = spans[j, 1]
        dims = before or here or spans[below, 1]
        before = here
        if not dims:
            fields[j] = FULL * rise
            continue
        _mixed(cells[above], cells[j], cells[below], QUARTER, line, fields[j])
        row = fields[j]
        for i in range(columns):  # edges are soft outside of what is held
            row[i] = FULL * rise * np.sqrt(min(row[i], cells[j, i]))
    for j in range(rows):
        first, last = int64(0), int64(columns)
        if rise == ONE:
            row = fields[j]
            while first < last and row[first] == FULL:
                first += 1
            while last > first and row[last - 1] == FULL:
                last -= 1
        spans[j] = (first, last) if first < last else (0, 0)


@njit("void(float32[:, ::1], int64[:, ::1], float32[:, :, ::1], float32[::1], float32[::1], float32, "
      "float32[:, :, ::1])", nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def foresee(fields: Any, spans: Any, light: Any, line: Any, keeps: Any, beside: Any, seen: Any) -> None:
    """Work out what light is left of a picture.

    Args:
        fields, spans: As `soften` leaves them.
        light: Of what is asked for. Shape (3, rows, columns).
        beside: How much of the fields beside it is in a cell's own mean.
        line, keeps: Room. Shapes (columns + 2 * PAD,), (columns,).
        seen: Light; written.
    """
    rows, columns = fields.shape
    for j in range(rows):
        above, below = max(j - 1, 0), min(j + 1, rows - 1)
        for c in range(3):
            seen[c, j] = light[c, j]
        if not (spans[above, 1] or spans[j, 1] or spans[below, 1]):
            continue
        _mixed(fields[above], fields[j], fields[below], beside, line, keeps)
        for c in range(3):
            asked, row = light[c, j], seen[c, j]
            for i in range(columns):
                keep, signal = keeps[i] / FULL, np.sqrt(asked[i])
                row[i] = asked[i] * keep * keep * (SHALLOW + STEEP * keep * signal) / (SHALLOW + STEEP * signal)


@njit(inline="always")
def _widen(cells: Any, left: Any, across: Any, line: Any) -> None:
    """Spread the fields of a row of cells over its columns of pixels."""
    for x in range(line.size):
        here = cells[left[x]]
        line[x] = here + across[x] * (cells[left[x] + uint64(1)] - here)


@njit(inline="always")
def _between(above: Any, below: Any, t: Any, keep: Any) -> None:
    """Work out by what the bytes of a row of pixels are multiplied, for both halves of a pixel at once."""
    for x in range(keep.size):
        keep[x] = uint32(int32(above[x] + t * (below[x] - above[x]))) * TWICE


@njit(inline="always")
def _dim_row(row: Any, keep: Any, opaque: Any) -> None:
    for x in range(row.size):
        p, k = row[x], keep[x]
        row[x] = uint16(uint16(uint16(p & LOW) * k) >> HIGH) | uint16(uint16(uint16(p >> HIGH) * k) & UPPER) | opaque[x]


@njit("void(uint16[::1], uint64[::1], float32[::1], int64[::1], float32[::1], int64, int64, int64[::1], "
      "float32[:, ::1], int64[:, ::1], float32[:, ::1], uint32[::1], uint16[::1])", nogil=True, cache=True,
      error_model="numpy", fastmath={"contract"})
def dim(picture: Any, left: Any, across: Any, upper: Any, down: Any, top: int, bottom: int, bounds: Any, fields: Any,
        spans: Any, lines: Any, keep: Any, opaque: Any) -> None:
    """Multiply the bytes of a picture, in place, by fields that are even between the middles of cells.

    Args:
        picture: Pixels, flat, each as two halves.
        left, across: Under each column the cell to its left, and how far it is on the way to the next. Shape (width,).
        upper, down: The same for each row. Shape (height,).
        top, bottom: Which rows of pixels; those under one row of cells are not split among threads.
        bounds: Where each column of cells begins, and where the last one ends.
        fields, spans: As `soften` leaves them.
        lines: Room for the fields of two rows of cells. Shape (2, width).
        keep: Room for those of a row of pixels. Shape (width,).
        opaque: What each half is joined with. Shape (2 * width,).
    """
    width, columns, before, rest = left.size, fields.shape[1], int64(-2), 0
    halves, is_fine = keep.view(np.uint16), upper.size >= FINE_PX * fields.shape[0]
    first, last = int64(0), int64(0)
    for y in range(top, bottom):
        j = upper[y]
        if j != before:
            rest = 0
            one, two = spans[j], spans[j + 1]
            first = min(one[0] if one[1] else columns, two[0] if two[1] else columns)
            last = max(one[1], two[1])
            if first < last:
                first, last = bounds[max(first - 1, 0)], bounds[min(last + 1, columns)]
                for k in range(2):
                    _widen(fields[j + k], left[first:last], across[first:last], lines[k, first:last])
            before = j
        if first >= last:
            continue
        if rest == 0 or not is_fine:  # the fields are so smooth that two rows of pixels can share them
            _between(lines[0, first:last], lines[1, first:last], down[y], keep[first:last])
        rest = 1 - rest
        _dim_row(picture[2 * (y * width + first) : 2 * (y * width + last)], halves[2 * first : 2 * last],
                 opaque[2 * first : 2 * last])
