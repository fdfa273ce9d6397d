"""The flash guard: the last stage before a window. It holds a picture back before its fourth flash in a second.

The picture's light is averaged in 384 x 216 cells; every square of 4 x 4 of them, a block of a grid of 96 x 54 in any
of sixteen positions, is followed, and the whole picture too. A block that would flash once too often is covered by a
smooth picture of what it was, which only follows slowly what is asked for, until that is calm again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.safety import cover, kernels
from engine.safety.limits import KEPT, MOST_FLASHES, WARNING
from engine.safety.stripes import Stripes

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
CELLS = (384, 216)
AROUND = 2  # cells around a held block that are covered too
BEFORE_S = 2.0  # on our own clock at the first frame, so that 0 is never
RISE_S = 0.3
MEAN_S, FOLLOW_S = 0.5, 1.0
SLOT_S = 0.1
EDGES = 3
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
    """

    def __init__(self, n: int, allowed: int, warning: int) -> None:
        self._allowed, self._warning = allowed, warning
        self.ends = np.zeros((2, 2, n), np.float32)
        self.rising = np.zeros((2, n), np.bool_)
        self._times = np.zeros((2, KEPT, n))  # memory that is touched only where something flashes
        self.until = np.zeros((2, n))
        self._warned = np.zeros(n, np.uint64)
        self.lasting = np.zeros(n, np.bool_)
        self._busy_until_s = 0.0

    def take(self, values: Floats, time_s: float, slots: int) -> None:
        """Take the values of one frame; `slots`: tenths of a second that have begun since the last one."""
        latest_s = kernels.count(values, time_s, slots, self._allowed, self._warning, self.ends, self.rising,
                                 self._times, self.until, self._warned, self.lasting)
        self._busy_until_s = max(self._busy_until_s, latest_s)

    def is_spent(self, time_s: float) -> bool:
        """Return whether any value may have used up what it is allowed."""
        return self._busy_until_s > time_s or bool(self.lasting.any())


    def become(self, other: Count) -> None:
        """Take all that another count knows: as long as nothing is held, what is shown is what is asked for."""
        for mine, its in ((self.ends, other.ends), (self.rising, other.rising), (self._times, other._times),
                          (self.until, other.until), (self._warned, other._warned), (self.lasting, other.lasting)):
            np.copyto(mine, its)


def counts(n: int, most: int) -> tuple[Count, Count]:
    """Return the counts of what is shown, which may not have more than `most` transitions, and of what is asked for."""
    warning = min(WARNING, most)
    return Count(n, most, warning), Count(n, most + 1, warning)


class FlashGuard:
    """Guards one projector's picture.

    Args:
        order: Of the bytes in a pixel.
        flashes: Allowed in a second, 1..3.
        rise_s: In which the first light comes; until then it is black.

    Attributes:
        verdict: What it did to the last frame.
    """

    def __init__(self, order: Literal["rgba", "bgra"] = "bgra", flashes: int = MOST_FLASHES,
                 rise_s: float = RISE_S) -> None:
        self.verdict = Verdict()
        self._red = 0 if order == "rgba" else 2
        self._most = 2 * min(max(flashes, 1), MOST_FLASHES)
        self._rise_s = rise_s
        self._start_s = self._last_s = -math.inf
        self._shape = (0, 0)
        self._forget(CELLS[1], CELLS[0])
        self._stripes = Stripes()

    def _forget(self, rows: int, columns: int) -> None:
        blocks = (rows - 3) * (columns - 3) + 1  # the last one is the whole picture
        patches = rows // 2, columns // 2
        self._light, self._seen = (np.zeros((3, rows, columns), np.float32) for _ in range(2))
        self._mean, self._smooth = (np.zeros((3, *patches), np.float32) for _ in range(2))
        self._fields = np.empty((4, *patches), np.float32)
        self._touched, self._all = np.empty(patches[0], np.bool_), np.ones(patches[0], np.bool_)
        self._held = np.zeros(patches, np.float32)
        self._lines = np.empty((4, columns), np.float32)
        self._values = np.empty((2, blocks), np.float32)
        self._hold, self._spent = np.zeros(blocks, np.float32), np.zeros(blocks, np.bool_)
        self._shown, self._asked = counts(blocks, self._most)

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
        pixels = picture.reshape(-1).view(np.uint32)
        self._shrink(pixels, self._light, self._all)
        self._judge(now_s, dt)
        holds = bool(self._hold.any() or self._held.any())
        if holds:
            if not self._held.any():
                self._asked.become(self._shown)
            self._asked.take(self._values, now_s, slots)
        if rise < 1.0 or holds:
            self._cover(pixels, dt, rise)
            kernels.measure(self._seen, self._red, self._lines, self._values)
        else:
            self._light, self._seen = self._seen, self._light
        self._shown.take(self._values, now_s, slots)
        self.verdict = Verdict(float(np.count_nonzero(self._held)) / self._held.size,
                               self._stripes.look(self._seen[1, ::2, ::2], time_s))
        return picture

    def _fit(self, height: int, width: int) -> None:
        """Take pictures of another size; what is remembered of each part of the picture stays."""
        self._shape = height, width
        columns, rows = 2 * (min(CELLS[0], width) // 2), 2 * (min(CELLS[1], height) // 2)
        self._columns, self._rows = _bounds(columns, width), _bounds(rows, height)
        left, self._across = _between(self._columns[::2])
        self._left = left.astype(np.uint64)
        self._upper, self._down = _between(self._rows[::2])
        self._parts, self._scale = _parts(self._columns)
        self._sums = np.zeros((2, 3 * (2 * width + 4)), np.uint16)
        self._widened, self._packed = np.empty((3, 4, width), np.float32), np.empty((3, width), np.uint32)
        if self._light.shape[1:] != (rows, columns):
            self._forget(rows, columns)

    def _shrink(self, pixels: NDArray[np.uint32], light: Floats, rows: NDArray[np.bool_]) -> None:
        kernels.shrink(pixels.view(np.uint16), self._shape[1], self._parts, self._rows, self._scale, rows, self._sums,
                       light)

    def _judge(self, now_s: float, dt: float) -> None:
        """Decide which blocks are held, and leave in `_values` what the picture asks for."""
        cover.settle(self._light, 1 - math.exp(-dt / MEAN_S), self._mean)
        shown, asked = self._shown, self._asked
        is_partly = bool(((self._held > 0) & (self._held < 1)).any())
        if is_partly:  # where all is held, whatever is asked for is held on
            held = self._held.repeat(2, axis=0).repeat(2, axis=1)
            smooth = self._smooth.repeat(2, axis=1).repeat(2, axis=2)
            kernels.measure(self._light + held * (smooth - self._light), self._red, self._lines, self._values)
        else:
            kernels.measure(self._light, self._red, self._lines, self._values)
        if shown.is_spent(now_s) or self._hold.any():
            kernels.judge(self._values, now_s, dt, shown.ends, shown.rising, shown.until, shown.lasting, asked.until,
                          asked.lasting, self._hold, self._spent)
        else:
            self._spent[:] = False
        if is_partly:
            kernels.measure(self._light, self._red, self._lines, self._values)

    def _cover(self, pixels: NDArray[np.uint32], dt: float, rise: float) -> None:
        """Blend what is held with the smooth picture, and see what comes of it."""
        before, self._held = self._held, self._spread(self._hold, AROUND)
        for _ in range(EDGES):  # a block at the edge of what is held changes with it: no flash may be left to chance
            if not cover.hold_edges(self._held, self._spent, self._hold):
                break
            self._held = self._spread(self._hold, AROUND)
        cover.smoothen(before, self._held, self._spread(self._spent.astype(np.float32), 0), self._seen, self._mean,
                         1 - math.exp(-dt / FOLLOW_S), rise, self._smooth, self._fields, self._touched)
        np.copyto(self._seen, self._light)
        if not self._touched.any():
            return
        columns = np.flatnonzero((self._held > 0).any(axis=0) | (rise < 1.0))
        bounds = self._columns[::2]
        first, last = bounds[max(columns[0] - 1, 0)], bounds[min(columns[-1] + 2, bounds.size - 1)]
        cover.blend(pixels, self._left, self._across, self._upper, self._down, first, last, self._touched,
                      self._fields, self._widened, self._packed)
        is_whole = _with_neighbours(self._held.min(axis=1) == 1.0, np.logical_and) if rise == 1.0 else ~self._all
        cover.foresee(self._fields, self._light, is_whole, self._seen)
        self._shrink(pixels, self._seen, _with_neighbours(self._touched, np.logical_or) & ~is_whole)

    def _spread(self, blocks: Floats, around: int) -> Floats:
        """Return for each patch the most of any block that lies on it, or so many cells around it."""
        rows, columns = self._light.shape[1:]
        patches = np.empty((rows // 2, columns // 2), np.float32)
        cover.spread(blocks[:-1].reshape(rows - 3, columns - 3), 3 + around, 1 + around, blocks[-1], self._lines[0],
                       patches)
        return patches


def _bounds(cells: int, length_px: int) -> NDArray[np.int64]:
    """Return where each cell begins, and where the last one ends."""
    return np.array([i * length_px // cells for i in range(cells + 1)], np.int64)


def _parts(bounds: NDArray[np.int64]) -> tuple[NDArray[np.uint64], Floats]:
    """Return of what sums each column of cells is made up, as `kernels.shrink` takes them, and one over its pixels.

    A row of sums holds two for each pixel, then four that are 0; then those of each pixel and the three after it.
    """
    size = 2 * int(bounds[-1]) + 4
    found = [[size + 2 * x for x in range(first, last - 3, 4)]
             + [2 * x for x in range(first + (last - first) // 4 * 4, last)]
             for first, last in pairwise(bounds.tolist())]
    most = max(map(len, found))
    parts = [each + [size - 4] * (most - len(each)) for each in found]
    return np.ascontiguousarray(np.array(parts, np.uint64).T), (1 / np.diff(bounds)).astype(np.float32)


def _between(bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Return for each pixel the patch whose middle is before it, and how far it is on the way to the next middle."""
    middles = (bounds[:-1] + bounds[1:]) / 2
    at = np.arange(bounds[-1]) + 0.5
    before = np.clip(np.searchsorted(middles, at, "right") - 1, 0, middles.size - 2)
    share = (at - middles[before]) / (middles[before + 1] - middles[before])
    return before.astype(np.int64), np.clip(share, 0, 1).astype(np.float32)


def _with_neighbours(rows: NDArray[np.bool_], how: np.ufunc) -> NDArray[np.bool_]:
    """Return each row joined with the one above and the one below."""
    joined = rows.copy()
    joined[1:] = how(joined[1:], rows[:-1])
    joined[:-1] = how(joined[:-1], rows[1:])
    return joined
