"""The compiled inner loops that count flashes and judge. Importing this module compiles them or loads them.

Values are luminance and redness, kinds 0 and 1, of blocks or of lamps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int32, int64, njit, uint64

from engine.safety.cells import NONE, ONE
from engine.safety.limits import CAUTION, CHANGE, DARK, KEPT, LONG, SLOTS, WINDOW_S

CHUNK = 128
TURN_S = 1024.0  # that times of 32 bits are within


@njit(inline="always")
def _ones(bits: Any) -> Any:
    """Return how many bits are set (Warren, Hacker's Delight, 5-1)."""
    bits = bits - ((bits >> uint64(1)) & uint64(0x5555555555555555))
    bits = (bits & uint64(0x3333333333333333)) + ((bits >> uint64(2)) & uint64(0x3333333333333333))
    bits = (bits + (bits >> uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    return int64((bits * uint64(0x0101010101010101)) >> uint64(56))


@njit(inline="always")
def _reach(row: Any, way: Any, end: Any, start: Any, last: Any, change: Any, time: Any) -> Any:
    """Take values, and return how far the one has gone that went furthest since it last turned."""
    most, back, on = NONE, NONE, NONE
    for i in range(row.size):
        here = way[i] * row[i]
        most, back = max(most, here - end[i]), min(back, here - end[i])
        start[i] = max(start[i], here)
        on = max(on, start[i] - here)
    if back < NONE:
        for i in range(row.size):
            end[i] = min(end[i], way[i] * row[i])
    if on >= change:
        for i in range(row.size):
            last[i] = time if start[i] - way[i] * row[i] >= change else last[i]
        for i in range(row.size):
            start[i] = way[i] * row[i] if last[i] == time else start[i]
    return most


@njit(inline="always")
def _most(row: Any) -> Any:
    most = NONE
    for i in range(row.size):
        most = max(most, row[i])
    return most


@njit(inline="always")
def _rests(was_red: Any, way: Any, end: Any) -> Any:
    """Return whether nothing was red lately: then a chunk that is not red stays as it is until it is."""
    lowest, most = ONE, NONE
    for i in range(way.size):
        most = max(most, abs(was_red[i]) + abs(end[i]))
        lowest = min(lowest, way[i])
    return most == NONE and lowest == ONE


@njit(inline="always")
def _redden(red: Any, saturated: Any, way: Any, was_red: Any) -> None:
    """What has come down to no redness has not come to red."""
    for i in range(red.size):
        was_red[i] = NONE if (red[i] == NONE) & (way[i] > NONE) else max(was_red[i], saturated[i] + saturated[i] - ONE)


@njit(inline="always")
def _settle(times: Any, i: int, last: Any, now: Any, time_s: float) -> None:
    """A transition was as late as so much of it was left."""
    if times[i, 0] > 0:
        ago_s = now - last if now >= last else float32(TURN_S)
        times[i, 0] = max(times[i, 0], time_s - float64(ago_s))


@njit(inline="always")
def _note(times: Any, i: int, time_s: float, kind: int, allowed: int, warning: int, until: Any) -> Any:
    """Note a transition, and return how long what is allowed is used up."""
    for k in range(KEPT - 1, 0, -1):
        times[i, k] = times[i, k - 1]
    times[i, 0] = time_s
    until[kind, i] = times[i, allowed - 1] + WINDOW_S
    until[2, i] = max(until[2, i], times[i, warning - 1] + WINDOW_S)
    return until[kind, i]


@njit(inline="always")
def _note_slots(slots: int, time_s: float, wanted: Any, top: int, bottom: int, until: Any, warned: Any,
                lasting: Any) -> None:
    """Note in which tenths of a second too many transitions stood; where none did there is nothing to note."""
    for start in range(CHUNK * top, min(CHUNK * bottom, warned.size), CHUNK):
        if not wanted[start // CHUNK]:
            continue
        stop = min(start + CHUNK, warned.size)
        latest, any_warned = 0.0, uint64(0)
        for i in range(start, stop):
            latest, any_warned = max(latest, until[i]), any_warned | warned[i]
        if latest <= time_s and any_warned == uint64(0):
            continue
        for i in range(start, stop):
            warned[i] = (warned[i] << uint64(slots)) | uint64(until[i] > time_s)
        for i in range(start, stop):
            lasting[i] = warned[i] != uint64(0) and _ones(warned[i] & uint64((1 << SLOTS) - 1)) >= LONG


@njit(inline="always")
def _wakes(saturated: Any, was_red: Any) -> Any:
    """Return whether any has become red whose newest change did not count."""
    found = int32(0)
    for i in range(was_red.size):
        found |= int32((was_red[i] < NONE) & (saturated[i] > NONE))
    return found != int32(0)


@njit(inline="always")
def _turn(kind: int, values: Any, way: Any, end: Any, start: Any, was_red: Any, last: Any, times: Any, i: int,
          now: Any, time_s: float) -> Any:
    """Turn what has gone far enough the other way, and return whether a transition is to be noted."""
    value, is_red = values[kind, i], kind == 1 and values[2, i] > NONE
    is_open = kind == 1 and was_red[i] < NONE
    if way[kind, i] * value - end[kind, i] < CHANGE[kind] or (kind == 0 and min(value, way[0, i] * end[0, i]) >= DARK):
        return is_open and is_red
    counts = kind == 0 or is_red or was_red[i] > NONE
    if not is_open:
        _settle(times, i, last[kind, i], now, time_s)
    way[kind, i] = -way[kind, i]
    end[kind, i] = start[kind, i] = way[kind, i] * value
    last[kind, i] = now
    if kind:
        was_red[i] = NONE if counts else -ONE
    return counts


@njit("float64(float32[:, ::1], boolean[::1], int64, int64, float64, int64, int64, int64, float32[:, ::1], "
      "float32[:, ::1], float32[:, ::1], float32[::1], float32[:, ::1], float64[:, :, ::1], float64[:, ::1], "
      "uint64[::1], boolean[::1], boolean[::1])", nogil=True, cache=True, error_model="numpy",
      fastmath={"reassoc", "nnan", "nsz"})
def count(values: Any, wanted: Any, top: int, bottom: int, time_s: float, slots: int, allowed: int, warning: int,
          way: Any, end: Any, start: Any, was_red: Any, last: Any, times: Any, until: Any, warned: Any, lasting: Any,
          rests: Any) -> float:
    """Follow values; note each time that one has gone up or down by a transition since it last turned.

    It is noted when it has come so far, and is as late as so much of it is left when it turns again: so no second has
    more of them than were noted in it. Returns how long what is allowed is used up by those that turned.

    Args:
        values: Luminance, redness, and whether it is saturated: 1. Shape (3, n).
        wanted: Which chunks are followed. Shape (n // CHUNK + 1,).
        top, bottom: Of which chunks; callers split them among threads.
        time_s: More than `WINDOW_S`.
        slots: How many tenths of a second have begun since the last call.
        allowed, warning: Transitions in a second that use up what is allowed; and that may not go on for long.
        way: Which way the next transition goes: 1 up, -1 down. Shape (2, n).
        end: What the value has come to the other way since the last one: the lowest, or -1 times the highest.
            Shape (2, n).
        start: From what on it went there since `last`. Shape (2, n).
        was_red: More than 0 if it was saturated since it turned, less if it has turned where nothing was: then it
            counts once it is. Shape (n,).
        last: When as much as a transition was last left to where it came, in seconds before `time_s` of some frame.
            Shape (2, n).
        times: When the newest transitions were, the newest first, or 0. Shape (2, n, KEPT).
        until: How long `allowed` is used up of each kind, and how long `warning` lasts of any. Shape (3, n).
        warned: In which tenths of a second, the newest lowest, `warning` held. Shape (n,).
        lasting: Whether it held for too long. Shape (n,).
        rests: Of which chunks nothing was red lately. Shape (n // CHUNK + 1,).
    """
    n, latest, now = values.shape[1], 0.0, float32(time_s % TURN_S)
    for kind in range(2):
        noted = times[kind]  # a slice in the innermost loop costs more than what is done there
        for first in range(CHUNK * top, min(CHUNK * bottom, n), CHUNK):
            chunk, part = first // CHUNK, slice(first, min(first + CHUNK, n))
            if not wanted[chunk]:
                continue
            is_red = kind == 1 and _most(values[1, part]) > NONE
            if kind and rests[chunk] and not is_red:
                continue
            reach = _reach(values[kind, part], way[kind, part], end[kind, part], start[kind, part], last[kind, part],
                           CHANGE[kind], now)
            if reach >= CHANGE[kind] or (kind and _wakes(values[2, part], was_red[part])):
                for i in range(part.start, part.stop):
                    has_gone = way[kind, i] * values[kind, i] - end[kind, i] >= CHANGE[kind]
                    if ((has_gone or (kind and was_red[i] < NONE))
                            and _turn(kind, values, way, end, start, was_red, last, noted, i, now, time_s)):
                        latest = max(latest, _note(noted, i, time_s, kind, allowed, warning, until))
            if kind:
                _redden(values[1, part], values[2, part], way[1, part], was_red[part])
                rests[chunk] = not is_red and _rests(was_red[part], way[1, part], end[1, part])
    if slots:
        _note_slots(slots, time_s, wanted, top, bottom, until[2], warned, lasting)
    return latest


@njit(inline="always")
def _spend(until: Any, lasting: Any, time_s: float, spent: Any) -> None:
    """Work out which have used up what they are allowed. Few arrays in one loop, or it is not done many at once."""
    for i in range(spent.size):
        spent[i] = (until[i] > time_s) | lasting[i]


@njit(inline="always")
def _hold_on(asked: Any, lasting: Any, time_s: float, held: Any, spent: Any) -> None:
    for i in range(spent.size):
        spent[i] |= held[i] & ((asked[i] > time_s) | lasting[i])


@njit(inline="always")
def _stirs(spent: Any, red_spent: Any, held: Any, gain: Any) -> Any:
    stirs, least = int32(0), ONE
    for i in range(gain.size):
        stirs |= int32(spent[i]) | int32(red_spent[i]) | int32(held[i])
    for i in range(gain.size):
        least = min(least, gain[i])
    return stirs != int32(0) or least < ONE


@njit(inline="always")
def _any(row: Any) -> Any:
    found = int32(0)
    for i in range(row.size):
        found |= int32(row[i])
    return found != int32(0)


@njit(inline="always")
def _cap(kind: int, row: Any, way: Any, end: Any, spent: Any, most: Any) -> None:
    """Lower what each may be multiplied by, where a kind may not rise by a transition; without a branch.

    Where red is used up nothing may redden, saturated or not: it might become so.
    """
    for i in range(row.size):
        counts = (kind == 1) | (min(row[i], end[i]) < DARK)
        rises = spent[i] & (way[i] > NONE) & (row[i] - end[i] >= CAUTION[kind]) & counts
        cap = (end[i] + CAUTION[kind]) / row[i]
        most[i] = min(most[i], cap) if rises else most[i]


@njit("int64(float32[:, ::1], int64, int64, float64, float64, float32[:, ::1], float32[:, ::1], float64[:, ::1], "
      "boolean[::1], float64[:, ::1], boolean[::1], boolean[::1], boolean[:, ::1], float32[::1], boolean[::1])",
      nogil=True, cache=True, error_model="numpy")
def judge(values: Any, top: int, bottom: int, time_s: float, step: float, way: Any, end: Any, until: Any, lasting: Any,
          asked: Any, asked_lasting: Any, held: Any, spent: Any, gain: Any, stirs: Any) -> int:
    """Decide how much of each value may be shown in the frame that comes, and return how many are held.

    Only what would get brighter is held: what gets darker ends a flash that was let through. The last value, the sum
    of all, is left to `tighten`: most often it is calm where its parts are.

    Args:
        values: What is asked for. Shape (3, n).
        top, bottom: Of which chunks; callers split them among threads.
        step: How much of each gain may come back.
        way, end, until, lasting: As `count` has left them for all that was shown.
        asked, asked_lasting: `until` and `lasting` of all that was asked for.
        held: Which were held back, and are until what is asked for is calm.
        spent: Of which kinds each may not rise by a transition now; written. Shape (2, n).
        gain: By what each is multiplied, 0..1; what is calm again comes back by steps.
        stirs: In which chunks any is held, dimmed, or may not rise; written. Shape (n // CHUNK + 1,).
    """
    n, found, most = values.shape[1], 0, np.empty(CHUNK, np.float32)
    for start in range(CHUNK * top, min(CHUNK * bottom, n), CHUNK):
        stop = min(start + CHUNK, n)
        for kind in range(2):
            _spend(until[kind, start:stop], lasting[start:stop], time_s, spent[kind, start:stop])
        stirs[start // CHUNK] = _stirs(spent[0, start:stop], spent[1, start:stop], held[start:stop], gain[start:stop])
        if not stirs[start // CHUNK]:
            continue
        most[:] = ONE
        for kind in range(2):
            _hold_on(asked[kind, start:stop], asked_lasting[start:stop], time_s, held[start:stop],
                     spent[kind, start:stop])
            _cap(kind, values[kind, start:stop], way[kind, start:stop], end[kind, start:stop], spent[kind, start:stop],
                 most)
        if stop == n:
            most[n - 1 - start] = ONE
        for i in range(start, stop):
            held[i] = (spent[0, i] | spent[1, i]) & (held[i] | (most[i - start] < ONE))
            gain[i] = min(most[i - start], gain[i] + float32(step))
            found += int64(held[i] | (gain[i] < ONE))
        if stop == n:
            found += int64(spent[0, n - 1] | spent[1, n - 1])
    return int(found)


@njit("int64(float32[:, ::1], float32[:, ::1], float32[:, ::1], boolean[:, ::1], boolean[::1], float32[::1])",
      nogil=True, cache=True, error_model="numpy")
def tighten(values: Any, way: Any, end: Any, spent: Any, held: Any, gain: Any) -> int:
    """Lower the gain where a transition too many would be shown nevertheless; return how many there were.

    Args:
        values: What would be shown. Shape (3, n).
        way, end, spent, held, gain: As `judge` takes and leaves them.
    """
    found = 0
    for kind in range(2):
        for start in range(0, values.shape[1], CHUNK):
            stop = min(start + CHUNK, values.shape[1])
            if not _any(spent[kind, start:stop]):
                continue
            for i in range(start, stop):
                if (spent[kind, i] and way[kind, i] > NONE and values[kind, i] - end[kind, i] >= CHANGE[kind]
                        and (kind == 1 or min(values[0, i], end[0, i]) < DARK)):
                    gain[i] *= (end[kind, i] + CAUTION[kind]) / values[kind, i]
                    held[i] = True
                    found += 1
    return found
