"""The flash guard: the last stage before a window. It holds a picture back before its fourth flash in a second.

The picture's light is averaged in 192 x 108 cells; every square of 2 x 2 of them, a block of a grid of 96 x 54 in any
of four positions, is followed, and the whole picture too. A block that would flash once too often is covered by a
smooth picture of what it was, which only follows slowly what is asked for, until that is calm again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.safety import kernels
from engine.safety.limits import KEPT, MOST_FLASHES
from engine.safety.stripes import Stripes

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
CELLS = (192, 108)
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
    """The transitions of many values: what was shown, or what was asked for."""

    def __init__(self, n: int) -> None:
        self.ends = np.zeros((2, 2, n), np.float32)
        self.rising = np.zeros((2, n), np.bool_)
        self.times = np.full((2, KEPT, n), -np.inf)
        self.warned = np.zeros(n, np.uint64)

    def take(self, values: Floats, time_s: float, slots: int, most: int) -> None:
        """Take the values of one frame."""
        kernels.count(values, time_s, slots, most, self.ends, self.rising, self.times, self.warned)


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
        blocks = (rows - 1) * (columns - 1) + 1  # the last one is the whole picture
        cells = (3, rows, columns)
        self._light, self._seen = np.zeros(cells, np.float32), np.zeros(cells, np.float32)
        self._mean, self._smooth = np.zeros(cells, np.float32), np.zeros(cells, np.float32)
        self._fields = np.empty((4, rows, columns), np.float32)
        self._touched = np.empty(rows, np.bool_)
        self._held = np.zeros((rows, columns), np.float32)
        self._values = np.empty((2, blocks), np.float32)
        self._hold, self._spent = np.zeros(blocks, np.float32), np.zeros(blocks, np.bool_)
        self._shown, self._asked = Count(blocks), Count(blocks)

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
        pixels = picture.reshape(-1).view(np.uint32)
        self._shrink(pixels, self._light, 0, self._held.shape[0])
        self._judge(time_s, dt)
        self._asked.take(self._values, time_s, slots, self._most)
        if rise < 1.0 or self._hold.any() or self._held.any():
            self._cover(pixels, dt, rise)
            kernels.measure(self._seen, self._red, self._values)
        else:
            self._light, self._seen = self._seen, self._light
        self._shown.take(self._values, time_s, slots, self._most)
        self.verdict = Verdict(float(np.count_nonzero(self._held)) / self._held.size,
                               self._stripes.look(self._seen[1], time_s))
        return picture

    def _fit(self, height: int, width: int) -> None:
        """Take pictures of another size; what is remembered of each part of the picture stays."""
        self._shape = height, width
        columns, rows = min(CELLS[0], width), min(CELLS[1], height)
        self._columns, self._rows = _bounds(columns, width), _bounds(rows, height)
        left, self._across = _between(self._columns)
        self._left = left.astype(np.uint64)
        self._upper, self._down = _between(self._rows)
        self._total = np.empty((3, width), np.float32)
        self._lines = np.empty((3, 4, width), np.float32)
        if self._held.shape != (rows, columns):
            self._forget(rows, columns)

    def _shrink(self, pixels: NDArray[np.uint32], light: Floats, first: int, last: int) -> None:
        kernels.shrink(pixels, self._shape[1], self._columns, self._rows, first, last, self._total, light)

    def _judge(self, time_s: float, dt: float) -> None:
        """Decide which blocks are held, and leave in `_values` what the picture asks for."""
        self._mean += np.float32(1 - math.exp(-dt / MEAN_S)) * (self._light - self._mean)
        is_covered = self._held.any()
        would = self._light + self._held * (self._smooth - self._light) if is_covered else self._light
        kernels.measure(would, self._red, self._values)
        shown, asked = self._shown, self._asked
        kernels.judge(self._values, time_s, dt, self._most, shown.ends, shown.rising, shown.times, shown.warned,
                      asked.times, asked.warned, self._hold, self._spent)
        if is_covered:
            kernels.measure(self._light, self._red, self._values)

    def _cover(self, pixels: NDArray[np.uint32], dt: float, rise: float) -> None:
        """Blend what is held with the smooth picture, and see what comes of it."""
        before, self._held = self._held, _spread(self._hold, self._held.shape, around=True)
        for _ in range(EDGES):  # a block at the edge of what is held changes with it: no flash may be left to chance
            edge = self._spent[:-1] & (_most(self._held) > 0) & (self._hold[:-1] < 1)
            if not edge.any():
                break
            self._hold[:-1][edge] = 1.0
            self._held = _spread(self._hold, self._held.shape, around=True)
        spent = _spread(self._spent.astype(np.float32), self._held.shape) > 0
        kernels.smoothen(before, self._held, spent, self._seen, self._mean, 1 - math.exp(-dt / FOLLOW_S), rise,
                         self._smooth, self._fields, self._touched)
        columns = np.flatnonzero((self._held > 0).any(axis=0) | (rise < 1.0))
        rows = np.flatnonzero(self._touched)
        np.copyto(self._seen, self._light)
        if not rows.size:
            return
        first, last = self._columns[max(columns[0] - 1, 0)], self._columns[min(columns[-1] + 2, self._columns.size - 1)]
        kernels.blend(pixels, self._left, self._across, self._upper, self._down, first, last, self._touched,
                      self._fields, self._lines)
        self._shrink(pixels, self._seen, max(rows[0] - 1, 0), min(rows[-1] + 2, self._held.shape[0]))


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


def _most(cells: Floats) -> Floats:
    """Return the most of the cells of each block, flat."""
    wide: Floats = np.maximum(cells[:, :-1], cells[:, 1:])
    most: Floats = np.maximum(wide[:-1], wide[1:])
    return most.ravel()


def _spread(blocks: Floats, shape: tuple[int, ...], around: bool = False) -> Floats:
    """Return for each cell the most of any block that it is in, or that lies `around` it."""
    rows, columns = shape
    grid = blocks[:-1].reshape(rows - 1, columns - 1)
    cells = np.zeros((rows, columns), np.float32)
    for part in (cells[:-1, :-1], cells[1:, :-1], cells[:-1, 1:], cells[1:, 1:]):
        np.maximum(part, grid, out=part)
    if around and cells.any():
        cells = np.asarray(cv2.dilate(cells, np.ones((3, 3), np.uint8)), np.float32)
    np.maximum(cells, blocks[-1], out=cells)
    return cells
