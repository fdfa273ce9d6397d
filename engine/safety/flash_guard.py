"""The flash guard: the last stage before a window. It holds a picture back before its fourth flash in a second.

The picture's light is averaged in 384 x 216 cells; every square of 4 x 4 of them, a block of a grid of 96 x 54 in any
of sixteen positions, is followed, and the whole picture too. A block that would flash once too often is dimmed: it may
get darker, but not brighter by a transition, until what is asked for is calm again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.safety import cells, dimmer, kernels
from engine.safety.limits import KEPT, LARGE, MOST_FLASHES, RELEASE_S, WARNING, WILD
from engine.safety.stripes import Stripes

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Spans = NDArray[np.int64]  # of each row of cells the first and the last + 1. Shape (rows, 2)
CELLS = (384, 216)
BEFORE_S = 2.0  # on our own clock at the first frame, so that 0 is never
RISE_S = 0.3
SLOT_S = 0.1
CHEAP, DEAR = 2, 4  # pixels that are measured for what one drawn pixel costs, and drawn for what counting a value costs
ROUNDS = 4  # in which what is dimmed is made to hold every block
LONGEST_S = 0.25  # between two frames, for what moves smoothly


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard did to the last frame.

    Attributes:
        held: Which part of the picture is held back, 0..1.
        stripes: How many pairs of bright and dark stripes stand in it, or 0.
    """

    held: float = 0.0
    stripes: int = 0


class Count:
    """The transitions of many values: what was shown, or what was asked for.

    Args:
        allowed: Transitions in a second, from which no more is allowed.
        warning: Transitions in a second that may not go on for long.
        crew: The threads that count.
    """

    def __init__(self, n: int, allowed: int, warning: int, crew: Crew) -> None:
        self._allowed, self._warning, self._crew = allowed, warning, crew
        self.way, self.end = np.ones((2, n), np.float32), np.zeros((2, n), np.float32)
        self._was_red = np.zeros(n, np.float32)
        self._start, self._last = np.zeros((2, n), np.float32), np.zeros((2, n), np.float32)
        self._times = np.zeros((2, n, KEPT))  # memory that is touched only where something flashes
        self.until = np.zeros((3, n))
        self._warned = np.zeros(n, np.uint64)
        self.lasting = np.zeros(n, np.bool_)
        self._rests, self.every = np.zeros(chunks_of(n), np.bool_), np.ones(chunks_of(n), np.bool_)
        self._followed = np.zeros(chunks_of(n), np.bool_)
        self._busy_until_s = 0.0

    def take(self, values: Floats, time_s: float, slots: int, chunks: Bools | None = None) -> None:
        """Take the values of one frame; `slots`: tenths of a second that have begun since the last one."""
        wanted = self.every if chunks is None else chunks
        latest_s = [self._busy_until_s]
        share(self._crew, wanted, lambda top, bottom: latest_s.append(kernels.count(
            values, wanted, top, bottom, time_s, slots, self._allowed, self._warning, self.way, self.end, self._start,
            self._was_red, self._last, self._times, self.until, self._warned, self.lasting, self._rests)))
        self._busy_until_s = max(latest_s)

    def is_spent(self, time_s: float) -> bool:
        """Return whether any value may have used up what it is allowed."""
        return self._busy_until_s > time_s or bool(self.lasting.any())

    def rest(self) -> None:
        """Follow nothing until `follow`."""
        self._followed[:] = False

    def follow(self, other: Count, chunks: Bools) -> None:
        """Follow some chunks only; of those that are new take what another count knows.

        As long as nothing is held, what is shown is what is asked for.
        """
        new = chunks & ~self._followed
        np.copyto(self._followed, chunks)
        edges = np.flatnonzero(np.diff(new, prepend=False, append=False)).reshape(-1, 2)
        for first, last in edges:
            self._rests[first:last] = other._rests[first:last]
            part = slice(first * kernels.CHUNK, last * kernels.CHUNK)
            for mine, its in ((self.way, other.way), (self.end, other.end), (self._start, other._start),
                              (self._was_red, other._was_red), (self._last, other._last), (self.until, other.until),
                              (self._warned, other._warned), (self.lasting, other.lasting)):
                mine[..., part] = its[..., part]
            self._times[:, part] = other._times[:, part]


def chunks_of(n: int) -> int:
    """Return in how many chunks the kernels look at so many values."""
    return n // kernels.CHUNK + 1


def share(crew: Crew, chunks: Bools, work: Callable[[int, int], object]) -> None:
    """Have chunks worked on, `work(first, last)` for each band of them."""
    crew.share(0, chunks.size, DEAR * kernels.CHUNK * int(np.count_nonzero(chunks)), work)


def counts(n: int, most: int, crew: Crew) -> tuple[Count, Count]:
    """Return the counts of what is shown, which may not have more than `most` transitions, and of what is asked for."""
    warning = min(WARNING, most)
    return Count(n, most, warning, crew), Count(n, most + 1, warning, crew)


class FlashGuard:
    """Guards one projector's picture.

    Args:
        order: Of the bytes in a pixel.
        flashes: Allowed in a second, 1..3.
        rise_s: In which the first light comes; until then it is black.
        crew: The threads that share a picture; None: the caller's.

    Attributes:
        verdict: What it did to the last frame.
    """

    def __init__(self, order: Literal["rgba", "bgra"] = "bgra", flashes: int = MOST_FLASHES,
                 rise_s: float = RISE_S, crew: Crew | None = None) -> None:
        self.verdict = Verdict()
        self._crew = crew or Crew(alone=True)
        self._red = 0 if order == "rgba" else 2
        self._most = 2 * min(max(flashes, 1), MOST_FLASHES)
        self._rise_s = rise_s
        self._start_s = self._last_s = -math.inf
        self._shape = (0, 0)
        self._forget(CELLS[1], CELLS[0])
        self._stripes = Stripes()

    def _forget(self, rows: int, columns: int) -> None:
        blocks = (rows - 3) * (columns - 3) + 1  # the last one is the whole picture
        self._light, self._seen = (np.zeros((3, rows, columns), np.float32) for _ in range(2))
        self._cells, self._fields = (np.empty((rows, columns), np.float32) for _ in range(2))
        self._spans, self._all = np.empty((rows, 2), np.int64), np.tile(np.array([0, columns]), (rows, 1))
        self._keeps, self._padded = np.empty(columns, np.float32), np.empty(columns + 2 * dimmer.PAD, np.float32)
        self._values, self._through = (np.empty((3, blocks), np.float32) for _ in range(2))
        self._held, self._spent = np.zeros(blocks, np.bool_), np.zeros((2, blocks), np.bool_)
        self._gain, self._stirs = np.ones(blocks, np.float32), np.zeros(chunks_of(blocks), np.bool_)
        self._holds = False
        self._shown, self._asked = counts(blocks, self._most, self._crew)

    def apply(self, picture: Pixels, time_s: float) -> Pixels:
        """Return what may be shown.

        Args:
            picture: Opaque. Shape (height, width, 4), uint8, C-contiguous, at least 4 x 4; changed in place.
            time_s: When it is shown, on a clock that never goes back.
        """
        if picture.shape[:2] != self._shape:
            self._fit(*picture.shape[:2])
        if math.isinf(self._last_s):
            self._start_s = self._last_s = time_s
        dt = min(max(time_s - self._last_s, 0.0), LONGEST_S)
        slots = min(max(math.floor(time_s / SLOT_S) - math.floor(self._last_s / SLOT_S), 0), 63)
        rise = min((time_s - self._start_s) / self._rise_s, 1.0) if self._rise_s else 1.0
        self._last_s = time_s
        now_s = time_s - self._start_s + BEFORE_S
        halves = picture.reshape(-1).view(np.uint16)
        self._shrink(halves, self._all, self._light)
        self._measure(self._light, self._all, self._values)
        through, share = self._values, 0.0
        if self._judge(now_s, dt, slots) or rise < 1.0:
            share, through = self._foresee(rise), self._through
            self._dim(halves)
            self._correct(halves)
        else:
            self._light, self._seen = self._seen, self._light
        self._shown.take(through, now_s, slots)
        self.verdict = Verdict(share, self._stripes.look(self._seen[1, ::2, ::2], time_s))
        return picture

    def _fit(self, height: int, width: int) -> None:
        """Take pictures of another size; what is remembered of each part of the picture stays."""
        self._shape = height, width
        columns, rows = min(CELLS[0], width), min(CELLS[1], height)
        self._columns, self._rows = _bounds(columns, width), _bounds(rows, height)
        self._widths, self._heights = (np.diff(bounds).astype(np.float32) for bounds in (self._columns, self._rows))
        left, self._across = _between(self._columns)
        self._left = left.astype(np.uint64)
        self._upper, self._down = _between(self._rows)
        self._beside = np.float32(1 / 8 if width >= 2 * columns and height >= 2 * rows else 0)
        self._opaque = np.tile(np.array([0, 0xFF00], np.uint16), width)
        if self._light.shape[1:] != (rows, columns):
            self._forget(rows, columns)

    def _share(self, first: int, last: int, spans: Spans, work: Callable[[int, int], None]) -> None:
        """Have rows worked on, of cells or of blocks, for what they hold of some spans of cells."""
        pixels = int((spans[:, 1] - spans[:, 0]).sum()) * self._left.size * self._upper.size / self._cells.size
        self._crew.share(first, last, pixels / CHEAP, work)

    def _shrink(self, halves: NDArray[np.uint16], spans: Spans, light: Floats) -> None:
        width = self._shape[1]
        self._share(0, len(spans), spans, lambda top, bottom: cells.shrink(
            halves, self._columns, self._rows, spans, top, bottom, np.empty((2, 2 * width), np.uint16),
            np.zeros(width + 1, np.uint32), light))

    def _measure(self, light: Floats, spans: Spans, values: Floats) -> None:
        columns = light.shape[2]
        self._share(0, len(spans) - 3, spans, lambda top, bottom: cells.measure(
            light, spans, top, bottom, self._widths, self._heights, self._red, np.empty((5, columns), np.float32),
            values))
        cells.measure_whole(light, self._widths, self._heights, self._red, values)

    def _touched(self) -> Spans:
        """Return which part of each row of cells is dimmed, or lies beside what is."""
        columns, (first, last) = self._cells.shape[1], self._spans.T
        first = _least(np.where(last > 0, first, columns))
        last = -_least(-last)
        is_touched = last > 0
        return np.stack((np.maximum(first - 1, 0) * is_touched, np.minimum(last + 1, columns) * is_touched), 1)

    def _judge(self, now_s: float, dt: float, slots: int) -> bool:
        """Decide by what each block is multiplied; return whether any is held or still dimmed."""
        shown, asked = self._shown, self._asked
        if not (self._holds or shown.is_spent(now_s)):
            asked.rest()
            return False
        step = dt / float(np.interp(self.verdict.held, (0, LARGE), RELEASE_S))
        held: list[int] = []
        share(self._crew, shown.every, lambda top, bottom: held.append(kernels.judge(
            self._values, top, bottom, now_s, step, shown.way, shown.end, shown.until, shown.lasting, asked.until,
            asked.lasting, self._held, self._spent, self._gain, self._stirs)))
        asked.follow(shown, self._stirs)
        asked.take(self._values, now_s, slots, self._stirs)
        self._holds = sum(held) > 0
        return self._holds

    def _foresee(self, rise: float) -> float:
        """Work out by what the picture is multiplied, and what is then seen; return which part of it is held."""
        np.copyto(self._through, self._values)
        for _ in range(ROUNDS):
            self._spread(self._gain, rise)
            share = float(np.count_nonzero(self._cells < 1)) / self._cells.size
            dimmer.foresee(self._fields, self._spans, self._light, self._padded, self._keeps, self._beside, self._seen)
            self._measure(self._seen, self._touched(), self._through)
            if not self._tighten():
                break
        return share

    def _spread(self, gain: Floats, rise: float = 1.0) -> None:
        """Work out by what bytes are multiplied, of what blocks and the whole picture are."""
        rows, columns = self._cells.shape
        dimmer.spread(gain[:-1].reshape(rows - 3, columns - 3), gain[-1], int(self.verdict.held > WILD), self._padded,
                      self._cells, self._spans)
        dimmer.soften(self._cells, rise, self._padded, self._spans, self._fields)

    def _tighten(self) -> bool:
        """Lower the gain of what would show a transition too many; return whether there was any."""
        shown = self._shown
        return self._holds and kernels.tighten(self._through, shown.way, shown.end, self._spent, self._held,
                                               self._gain) > 0

    def _dim(self, halves: NDArray[np.uint16]) -> None:
        """Dim a picture, and measure what is seen then."""
        width, touched = self._shape[1], self._touched()
        starts = np.searchsorted(self._upper, np.arange(len(touched)))  # the rows of pixels under each row of cells
        self._share(0, len(touched) - 1, touched, lambda top, bottom: dimmer.dim(
            halves, self._left, self._across, self._upper, self._down, starts[top], starts[bottom], self._columns,
            self._fields, self._spans, np.empty((2, width), np.float32), np.empty(width, np.uint32), self._opaque))
        self._shrink(halves, touched, self._seen)
        self._measure(self._seen, touched, self._through)

    def _correct(self, halves: NDArray[np.uint16]) -> None:
        """Dim once more what shows a transition too many although it was foreseen otherwise."""
        for _ in range(ROUNDS):
            before = self._gain.copy()
            if not self._tighten():
                break
            self._spread(self._gain / before)
            self._dim(halves)


def _bounds(cells: int, length_px: int) -> NDArray[np.int64]:
    """Return where each cell begins, and where the last one ends."""
    return np.array([i * length_px // cells for i in range(cells + 1)], np.int64)


def _between(bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Return for each pixel the cell whose middle is before it, and how far it is on the way to the next middle."""
    middles = (bounds[:-1] + bounds[1:]) / 2
    at = np.arange(bounds[-1]) + 0.5
    before = np.clip(np.searchsorted(middles, at, "right") - 1, 0, middles.size - 2)
    share = (at - middles[before]) / (middles[before + 1] - middles[before])
    return before.astype(np.int64), np.clip(share, 0, 1).astype(np.float32)


def _least(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the least of each value and of those beside it."""
    least = values.copy()
    np.minimum(least[1:], values[:-1], out=least[1:])
    np.minimum(least[:-1], values[1:], out=least[:-1])
    return least
