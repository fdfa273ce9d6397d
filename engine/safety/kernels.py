"""The compiled inner loops of the flash guard. Importing this module compiles them or loads them from the cache.

A pixel is a little-endian uint32 with three bytes of colour; `red` says which of them is red. Cells are the small
areas in which a picture's light is averaged; blocks are squares of 4 x 4 cells, one at every cell; patches, in which
what is held is covered (`cover`), are of 2 x 2.
"""

from __future__ import annotations

from typing import Any

from numba import float32, int32, int64, njit, uint16, uint32, uint64

from engine.safety.limits import (
    CAUTION,
    CHANGE,
    DARK,
    KEPT,
    LIGHT,
    LONG,
    LUMINANCE,
    PALE_RED,
    RED,
    RELEASE_S,
    SLOTS,
    WINDOW_S,
)

# Light of a byte s is s * s * (LIGHT[0] + LIGHT[1] * s) / 2^16 in 16 bits: 16 bytes are decoded at once.
FLAT, STEEP = uint16(LIGHT[0]), uint16(LIGHT[1])
WHITE = (255 * 255 * (LIGHT[0] + 255 * LIGHT[1])) >> 16
MOST_ROWS = 65535 // (4 * WHITE)  # that 16 bits can sum, of four columns
LOW, HIGH = uint16(255), uint16(8)
NONE, ONE = float32(0), float32(1)
SIDE = 4  # cells of a block
CHUNK = 512


@njit(inline="always")
def _light(s: Any) -> Any:
    squared, slope = uint16(s * s), uint16(uint16(s * STEEP) + FLAT)
    return uint16((uint32(squared) * uint32(slope)) >> uint32(16))


@njit(inline="always")
def _fold(sums: Any, parts: Any, byte: Any, total: Any) -> None:
    """Add the pixels of each cell, four at once where four belong together; see `shrink`."""
    size = sums.size // 3
    line, fours, twos = sums[:size], sums[size : 2 * size], sums[2 * size :]
    for x in range(size - 4):
        twos[x] = uint16(line[x] + line[x + 2])
    for x in range(size - 8):
        fours[x] = uint16(twos[x] + twos[x + 4])
    for k in range(parts.shape[0]):
        part = parts[k]
        for i in range(total.size):
            total[i] += float32(sums[part[i] + byte])


@njit("void(uint16[::1], int64, uint64[:, ::1], int64[::1], float32[::1], boolean[::1], uint16[:, ::1], "
      "float32[:, :, ::1])", nogil=True, cache=True, error_model="numpy")
def shrink(picture: Any, width: int, parts: Any, rows: Any, scale: Any, wanted: Any, sums: Any, light: Any) -> None:
    """Average the linear light of a picture in cells.

    Args:
        picture: Pixels, flat, `width` wide, each as two halves.
        parts: What makes up each column of cells: places in a row of `sums`, which holds sums of single pixels, then
            of four, then room. Shape (n, columns).
        rows: Where each row of cells begins, and where the last one ends.
        scale: One over the pixels of each column of cells.
        wanted: Which rows of patches are looked at.
        sums: Room; for the first and third byte, and for the second. Shape (2, 3 * (2 * width + 4)), 0 at first.
        light: Light of each byte's colour, 0..1. Shape (3, rows, columns).
    """
    outer, inner = sums[0, : 2 * width], sums[1, : 2 * width]
    for j in range(rows.size - 1):
        if not wanted[j // 2]:
            continue
        light[:, j, :] = NONE
        y = rows[j]
        while y < rows[j + 1]:
            end = min(y + MOST_ROWS, rows[j + 1])
            outer[:], inner[:] = uint16(0), uint16(0)
            while y + 1 < end:  # two rows at once: half as many sums are loaded and stored
                upper = picture[2 * y * width : 2 * (y + 1) * width]
                lower = picture[2 * (y + 1) * width : 2 * (y + 2) * width]
                for x in range(2 * width):
                    p, q = upper[x], lower[x]
                    outer[x] = uint16(outer[x] + _light(uint16(p & LOW)) + _light(uint16(q & LOW)))
                    inner[x] = uint16(inner[x] + _light(uint16(p >> HIGH)) + _light(uint16(q >> HIGH)))
                y += 2
            if y < end:
                upper = picture[2 * y * width : 2 * (y + 1) * width]
                for x in range(2 * width):
                    p = upper[x]
                    outer[x] = uint16(outer[x] + _light(uint16(p & LOW)))
                    inner[x] = uint16(inner[x] + _light(uint16(p >> HIGH)))
                y += 1
            _fold(sums[0], parts, uint64(0), light[0, j])
            _fold(sums[1], parts, uint64(0), light[1, j])
            _fold(sums[0], parts, uint64(1), light[2, j])
        share = ONE / float32((rows[j + 1] - rows[j]) * WHITE)
        for c in range(3):
            line = light[c, j]
            for i in range(line.size):
                line[i] *= scale[i] * share


@njit(inline="always")
def _redness(red: Any, green: Any, blue: Any) -> Any:
    """Return how much stronger red is than the rest, 0..1, as far as it is saturated (WCAG 2.1)."""
    excess = red - green - blue
    if excess <= NONE:
        return NONE
    return excess * min(max((red / (red + green + blue) - PALE_RED) / (RED - PALE_RED), NONE), ONE)


@njit(inline="always")
def _down(cells: Any, j: int, line: Any) -> None:
    """Add the rows of cells of a row of blocks; one colour at a time, for the compiler's sake."""
    one, two, three, four = cells[j], cells[j + 1], cells[j + 2], cells[j + 3]
    for i in range(line.size):
        line[i] = (one[i] + two[i]) + (three[i] + four[i])


@njit(inline="always")
def _four(line: Any, i: int) -> Any:
    return (line[i] + line[i + 1]) + (line[i + 2] + line[i + 3])


@njit(inline="always")
def _sum(cells: Any) -> Any:
    total = NONE
    for j in range(cells.shape[0]):
        row = cells[j]
        for i in range(row.size):
            total += row[i]
    return total


@njit("void(float32[:, :, ::1], int64, float32[:, ::1], float32[:, ::1])", nogil=True, cache=True,
      error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})
def measure(light: Any, red: int, lines: Any, values: Any) -> None:
    """Return luminance and redness of all blocks, and at the end of the whole picture.

    Args:
        light: As `shrink` leaves it. Shape (3, rows, columns).
        lines: Room. Shape (4, columns).
        values: Shape (2, (rows - 3) * (columns - 3) + 1).
    """
    rows, columns = light.shape[1:]
    r, g, b, luminance = lines[0], lines[1], lines[2], lines[3]
    share, width = ONE / float32(SIDE * SIDE), columns - SIDE + 1
    for j in range(rows - SIDE + 1):
        _down(light[red], j, r)
        _down(light[1], j, g)
        _down(light[2 - red], j, b)
        excess = NONE
        for i in range(columns):
            luminance[i] = (LUMINANCE[0] * r[i] + LUMINANCE[1] * g[i] + LUMINANCE[2] * b[i]) * share
            excess = max(excess, r[i] - g[i] - b[i])
        luminances, rednesses = values[0, j * width : (j + 1) * width], values[1, j * width : (j + 1) * width]
        for i in range(width):
            luminances[i] = _four(luminance, i)
        if excess <= NONE:  # no block is redder than its reddest column of cells
            rednesses[:] = NONE
        else:
            for i in range(width):
                rednesses[i] = _redness(_four(r, i) * share, _four(g, i) * share, _four(b, i) * share)
    part, last = ONE / float32(rows * columns), values.shape[1] - 1
    mean_red, mean_green, mean_blue = _sum(light[red]) * part, _sum(light[1]) * part, _sum(light[2 - red]) * part
    values[0, last] = LUMINANCE[0] * mean_red + LUMINANCE[1] * mean_green + LUMINANCE[2] * mean_blue
    values[1, last] = _redness(mean_red, mean_green, mean_blue)


@njit(inline="always")
def _turns(kind: int, value: Any, rising: Any, low: Any, high: Any, change: Any) -> Any:
    """Return whether a value is a transition against the last one: as far back as counts, and dark enough."""
    if rising:
        return high - value >= change and value < DARK[kind]
    return value - low >= change and low < DARK[kind]


@njit(inline="always")
def _ones(bits: Any) -> Any:
    """Return how many bits are set (Warren, Hacker's Delight, 5-1)."""
    bits = bits - ((bits >> uint64(1)) & uint64(0x5555555555555555))
    bits = (bits & uint64(0x3333333333333333)) + ((bits >> uint64(2)) & uint64(0x3333333333333333))
    bits = (bits + (bits >> uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    return int64((bits * uint64(0x0101010101010101)) >> uint64(56))


@njit(inline="always")
def _widest(row: Any, low: Any, high: Any, rising: Any, dark: Any) -> Any:
    """Take values, and return how far the one has gone that went furthest since it last turned, where it is dark."""
    for i in range(row.size):
        low[i] = min(low[i], row[i])
    for i in range(row.size):
        high[i] = max(high[i], row[i])
    most = NONE
    for i in range(row.size):
        reach = high[i] - row[i] if rising[i] else row[i] - low[i]
        darkest = row[i] if rising[i] else low[i]
        most = max(most, reach if darkest < dark else NONE)
    return most


@njit("float64(float32[:, ::1], float64, int64, int64, int64, float32[:, :, ::1], boolean[:, ::1], float64[:, :, ::1], "
      "float64[:, ::1], uint64[::1], boolean[::1])", nogil=True, cache=True, error_model="numpy",
      fastmath={"reassoc", "nnan", "nsz"})
def count(values: Any, time_s: float, slots: int, allowed: int, warning: int, ends: Any, rising: Any, times: Any,
          until: Any, warned: Any, lasting: Any) -> float:
    """Follow values; note each time that one has gone up or down by a transition since it last turned.

    Returns how long what is allowed is used up by those that turned.

    Args:
        values: Luminance and redness. Shape (2, n).
        time_s: More than `WINDOW_S`.
        slots: How many tenths of a second have begun since the last call.
        allowed, warning: Transitions in a second that use up what is allowed; and that may not go on for long.
        ends: Lowest and highest value since the last transition. Shape (2, 2, n): of each kind low, then high.
        rising: Whether the last transition went up. Shape (2, n).
        times: When the newest transitions were, the newest first, or 0. Shape (2, KEPT, n).
        until: How long `allowed` is used up, and how long `warning` lasts. Shape (2, n).
        warned: In which tenths of a second, the newest lowest, `warning` held. Shape (n,).
        lasting: Whether it held for too long. Shape (n,).
    """
    n, latest = values.shape[1], 0.0
    for kind in range(2):
        row, low, high, is_rising = values[kind], ends[kind, 0], ends[kind, 1], rising[kind]
        for start in range(0, n, CHUNK):
            stop = min(start + CHUNK, n)
            found = _widest(row[start:stop], low[start:stop], high[start:stop], is_rising[start:stop],
                            DARK[kind]) >= CHANGE[kind]
            if found:
                for i in range(start, stop):
                    if _turns(kind, row[i], is_rising[i], low[i], high[i], CHANGE[kind]):
                        is_rising[i] = not is_rising[i]
                        low[i], high[i] = row[i], row[i]
                        for k in range(KEPT - 1, 0, -1):
                            times[kind, k, i] = times[kind, k - 1, i]
                        times[kind, 0, i] = time_s
                        until[0, i] = max(until[0, i], times[kind, allowed - 1, i] + WINDOW_S)
                        until[1, i] = max(until[1, i], times[kind, warning - 1, i] + WINDOW_S)
                        latest = max(latest, until[0, i])
    if slots:
        for i in range(n):
            warned[i] = (warned[i] << uint64(slots)) | uint64(until[1, i] > time_s)
        for i in range(n):
            lasting[i] = warned[i] != uint64(0) and _ones(warned[i] & uint64((1 << SLOTS) - 1)) >= LONG
    return latest


@njit("void(float32[:, ::1], float64, float64, float32[:, :, ::1], boolean[:, ::1], float64[:, ::1], boolean[::1], "
      "float64[:, ::1], boolean[::1], float32[::1], boolean[::1])", nogil=True, cache=True, error_model="numpy")
def judge(values: Any, time_s: float, dt: float, ends: Any, rising: Any, until: Any, lasting: Any, asked: Any,
          asked_lasting: Any, hold: Any, spent: Any) -> None:
    """Decide what is to be held in the frame that comes.

    Args:
        values: What would be shown. Shape (2, n).
        dt: Seconds since the last call.
        ends, rising, until, lasting: As `count` has left them for all that was shown.
        asked, asked_lasting: `until` and `lasting` of all that was asked for.
        hold: How far each is held, 0..1; what is calm again is let go over `RELEASE_S`.
        spent: Whether no transition is left to each now; written.
    """
    n, used = values.shape[1], until[0]
    for start in range(0, n, CHUNK):
        stop, found = min(start + CHUNK, n), int32(0)
        for i in range(start, stop):
            spent[i] = (used[i] > time_s) | lasting[i]
            found |= int32(spent[i]) | int32(hold[i] > NONE)
        if not found:
            continue
        for i in range(start, stop):
            if spent[i] and (
                _turns(0, values[0, i], rising[0, i], ends[0, 0, i], ends[0, 1, i], CAUTION[0])
                or _turns(1, values[1, i], rising[1, i], ends[1, 0, i], ends[1, 1, i], CAUTION[1])
            ):
                hold[i] = ONE
            elif hold[i] == ONE and (spent[i] or asked[0, i] > time_s or asked_lasting[i]):
                pass
            elif hold[i] > NONE:
                hold[i] = max(NONE, hold[i] - float32(dt / RELEASE_S))
