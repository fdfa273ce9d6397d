"""The compiled inner loops of what covers a picture where it is held. Importing this module compiles them too.

Pixels, cells, blocks and patches are those of `kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, int64, njit, uint32, uint64

from engine.safety.kernels import NONE, ONE, SIDE, WHITE
from engine.safety.limits import ENCODED, LEAK, LIGHT, STEPS

BYTE, OPAQUE = uint32(255), uint32(0xFF000000)
EVEN, GREEN, EIGHT = uint32(0x00FF00FF), uint32(0x0000FF00), uint32(8)
HALF, ROUND = float32(0.5), float32(128)


@njit("void(float32[:, ::1], int64, int64, float32, float32[::1], float32[:, ::1])", nogil=True, cache=True,
      error_model="numpy")
def spread(blocks: Any, before: int, after: int, least: float, line: Any, patches: Any) -> None:
    """Return for each patch the most of the blocks that begin up to `before` cells before it or `after` cells after.

    Args:
        blocks: Shape (rows - 3, columns - 3).
        least: Of all patches.
        line: Room. Shape (columns,).
        patches: Shape (rows / 2, columns / 2); written.
    """
    rows, columns = blocks.shape
    for j in range(patches.shape[0]):
        first, last = max(2 * j - before, 0), min(2 * j + after + 1, rows)
        line[:] = least
        for k in range(first, last):
            for i in range(columns):
                line[i] = max(line[i], blocks[k, i])
        for i in range(patches.shape[1]):
            most = least
            for k in range(max(2 * i - before, 0), min(2 * i + after + 1, columns)):
                most = max(most, line[k])
            patches[j, i] = most


@njit("int64(float32[:, ::1], boolean[::1], float32[::1])", nogil=True, cache=True, error_model="numpy")
def hold_edges(held: Any, spent: Any, hold: Any) -> int:
    """Hold each block that has no transition left and meets a patch that is held; return how many there were."""
    found, width = 0, 2 * held.shape[1] - SIDE + 1
    for i in range(hold.size - 1):
        if not spent[i] or hold[i] == ONE:
            continue
        row, column = i // width, i % width
        most = NONE
        for j in range(row // 2, (row + SIDE - 1) // 2 + 1):
            for k in range(column // 2, (column + SIDE - 1) // 2 + 1):
                most = max(most, held[j, k])
        if most > NONE:
            hold[i] = ONE
            found += 1
    return found


@njit(inline="always")
def _patch(light: Any, c: int, j: int, i: int) -> Any:
    """Return the mean light of the four cells of a patch."""
    return ((light[c, 2 * j, 2 * i] + light[c, 2 * j, 2 * i + 1])
            + (light[c, 2 * j + 1, 2 * i] + light[c, 2 * j + 1, 2 * i + 1])) * float32(0.25)


@njit("void(float32[:, :, ::1], float32, float32[:, :, ::1])", nogil=True, cache=True, error_model="numpy")
def settle(light: Any, share: float, mean: Any) -> None:
    """Move the mean of each patch a share of its way to what is asked for."""
    for c in range(3):
        for j in range(mean.shape[1]):
            for i in range(mean.shape[2]):
                mean[c, j, i] += share * (_patch(light, c, j, i) - mean[c, j, i])


@njit("void(float32[:, ::1], float32[:, ::1], float32[:, ::1], float32[:, :, ::1], float32[:, :, ::1], float32, "
      "float32, float32[:, :, ::1], float32[:, :, ::1], boolean[::1])", nogil=True, cache=True, error_model="numpy")
def smoothen(before: Any, held: Any, spent: Any, shown: Any, mean: Any, follow: Any, rise: Any, smooth: Any,
             fields: Any, touched: Any) -> None:
    """Work out the smooth picture that covers what is held, and how much of it.

    Args:
        before, held: How far each patch was and is held, 0..1. Shape (rows, columns) of patches.
        spent: Where the smooth picture must stand still: more than 0.
        shown: Light of the frame before, in cells. Shape (3, 2 * rows, 2 * columns).
        mean: What was asked for, averaged over about a second.
        follow: Which part of its way to the mean the smooth picture goes in this frame.
        rise: How bright all may be, 0..1.
        smooth: The smooth picture's light; written.
        fields: 256 times by what to multiply, and what to add to each byte. Shape (4, rows, columns); written.
        touched: Which rows of patches are changed; written.
    """
    for j in range(held.shape[0]):
        touched[j] = rise < ONE
        for i in range(held.shape[1]):
            h = held[j, i]
            if h == NONE:
                fields[0, j, i] = float32(256) * rise
                fields[1, j, i], fields[2, j, i], fields[3, j, i] = NONE, NONE, NONE
                continue
            brightest = NONE
            for c in range(3):
                if h > before[j, i]:  # what is held (again) begins with what was shown
                    smooth[c, j, i] = _patch(shown, c, j, i)
                elif spent[j, i] == NONE:
                    smooth[c, j, i] += follow * (mean[c, j, i] - smooth[c, j, i])
                step = np.sqrt(smooth[c, j, i]) * (STEPS - 1) + HALF
                fields[c + 1, j, i] = ENCODED[int64(step)]
                brightest = max(brightest, fields[c + 1, j, i])
            keep = ONE - h * (ONE - LEAK[int64(brightest)])  # type: ignore[call-overload]
            fields[0, j, i] = float32(256) * keep * rise
            for c in range(3):
                fields[c + 1, j, i] *= float32(256) * (ONE - keep) * rise
            touched[j] = True


@njit(inline="always")
def _widen(fields: Any, j: int, left: Any, across: Any, first: int, last: int, lines: Any) -> None:
    """Spread the fields of a row of patches over its columns of pixels."""
    for c in range(4):
        cells, line = fields[c, j], lines[j % 2, c, first:last]
        at, share = left[first:last], across[first:last]
        for x in range(line.size):
            here = cells[at[x]]
            line[x] = here + share[x] * (cells[at[x] + uint64(1)] - here)


@njit(inline="always")
def _between(above: Any, below: Any, t: Any, more: Any, mixed: Any) -> None:
    for x in range(mixed.size):
        mixed[x] = above[x] + t * (below[x] - above[x]) + more


@njit(inline="always")
def _whole(line: Any, words: Any) -> None:
    for x in range(words.size):
        words[x] = uint32(int32(line[x]))


@njit(inline="always")
def _paired(low: Any, high: Any, words: Any) -> None:
    for x in range(words.size):
        words[x] = uint32(uint32(int32(low[x])) | uint32(uint32(int32(high[x])) << uint32(16)))


@njit(inline="always")
def _blend_row(row: Any, keep: Any, outer: Any, inner: Any) -> None:
    for x in range(row.size):
        p, k = row[x], keep[x]
        one = uint32(uint32(uint32(p & EVEN) * k) + outer[x])
        two = uint32(uint32(uint32(uint32(p >> EIGHT) & BYTE) * k) + inner[x])
        row[x] = uint32(uint32(uint32(one >> EIGHT) & EVEN) | uint32(two & GREEN) | OPAQUE)


@njit("void(uint32[::1], uint64[::1], float32[::1], int64[::1], float32[::1], int64, int64, boolean[::1], "
      "float32[:, :, ::1], float32[:, :, ::1], uint32[:, ::1])",
      nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def blend(picture: Any, left: Any, across: Any, upper: Any, down: Any, first: int, last: int, touched: Any,
          fields: Any, lines: Any, packed: Any) -> None:
    """Multiply a picture and add to it, in place, by fields that are even between the middles of the patches.

    Args:
        left, across: Under each column the patch to its left, and how far it is on the way to the next. Shape (width,).
        upper, down: The same for each row. Shape (height,).
        first, last: Which columns.
        touched, fields: As `smoothen` leaves them.
        lines: Room for the fields of two rows of patches, and of the row of pixels between them. Shape (3, 4, width).
        packed: Room for those of a row of pixels. Shape (3, width).
    """
    width, before, rest = left.size, int64(-2), 0
    keep, outer, inner = packed[0, first:last], packed[1, first:last], packed[2, first:last]
    for y in range(upper.size):
        j = upper[y]
        if not (touched[j] or touched[j + 1]):
            rest = 0
            continue
        if j != before + 1 and j != before:
            _widen(fields, j, left, across, first, last, lines)
        if j != before:
            _widen(fields, j + 1, left, across, first, last, lines)
            rest = 0
        before = j
        if rest == 0:  # the fields are so smooth that two rows of pixels can share them
            for c in range(4):  # one array after another: too many at once, and the compiler takes one pixel at a time
                more = NONE if c == 0 else ROUND
                _between(lines[j % 2, c, first:last], lines[1 - j % 2, c, first:last], down[y], more,
                         lines[2, c, first:last])
            _whole(lines[2, 0, first:last], keep)
            _paired(lines[2, 1, first:last], lines[2, 3, first:last], outer)
            _whole(lines[2, 2, first:last], inner)
        rest = 1 - rest
        _blend_row(picture[y * width + first : y * width + last], keep, outer, inner)


@njit(inline="always")
def _light_of(byte: Any) -> Any:
    return byte * byte * (float32(LIGHT[0]) + float32(LIGHT[1]) * byte) * float32(1 / (WHITE << 16))


@njit("void(float32[:, :, ::1], float32[:, :, ::1], boolean[::1], float32[:, :, ::1])", nogil=True, cache=True,
      error_model="numpy", fastmath={"contract"})
def foresee(fields: Any, light: Any, rows: Any, seen: Any) -> None:
    """Work out what is seen where all is held, within the little that shows through.

    Args:
        fields: As `smoothen` leaves them.
        light: Of what is asked for. Shape (3, rows, columns).
        rows: Of patches, which.
        seen: Light; written.
    """
    byte = float32(1 / 256)
    for j in range(fields.shape[1]):
        if not rows[j]:
            continue
        for c in range(3):
            for i in range(fields.shape[2]):
                dark = fields[c + 1, j, i] * byte
                low = _light_of(dark)
                span = _light_of(dark + fields[0, j, i] * float32(255 / 256)) - low
                for k in range(2 * j, 2 * j + 2):
                    seen[c, k, 2 * i] = low + span * light[c, k, 2 * i]
                    seen[c, k, 2 * i + 1] = low + span * light[c, k, 2 * i + 1]
