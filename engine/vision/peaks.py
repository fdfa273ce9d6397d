"""Tops of a line that stand out: `scipy.signal.find_peaks` with just what heads on a skyline need.

Importing scipy.signal takes 0.9 s of the 2.4 s of CPU that a camera's process needs before it sees again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.world import Floats

Places = NDArray[np.intp]


def tops(line: Floats, height: float, apart: float, prominence: float, width: float) -> list[int]:
    """Return where a line has its tops, in order.

    Args:
        line: Shape (n,).
        height: A top is at least so high.
        apart: Of two tops nearer than this only the higher one stays.
        prominence: So much a top stands above the higher one of the valleys beside it.
        width: So wide it is, at half of its prominence.
    """
    summits = _summits(line)
    found = _far_apart(line, summits[line[summits] >= height], math.ceil(apart))
    return [top for top in found if _stands_out(line, top, prominence, width)]


def _summits(line: Floats) -> Places:
    """Return the middle of each level that is higher than both its neighbours."""
    ends = np.flatnonzero(np.diff(line, append=np.nan))
    starts = np.concatenate(([0], ends[:-1] + 1))
    level = line[starts]
    found = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])) + 1
    return np.asarray((starts[found] + ends[found]) // 2, np.intp)


def _far_apart(line: Floats, found: Places, apart: int) -> list[int]:
    """Return the tops that no higher one is near; of equal ones the last."""
    kept = []
    while found.size:
        highest = int(found[found.size - 1 - np.argmax(line[found][::-1])])
        kept.append(highest)
        found = found[np.abs(found - highest) >= apart]
    return sorted(kept)


def _stands_out(line: Floats, top: int, prominence: float, width: float) -> bool:
    sides = line[top::-1], line[top:]
    valleys = [_valley(side) for side in sides]
    own = line[top] - max(side[valley] for side, valley in zip(sides, valleys, strict=True))
    if own < prominence:
        return False
    half = float(line[top] - own * 0.5)
    return sum(_reach(side, valley, half) for side, valley in zip(sides, valleys, strict=True)) >= width


def _valley(side: Floats) -> int:
    """Return how far the lowest place is from the top, before the line rises above it."""
    higher = np.flatnonzero(side > side[0])
    return int(np.argmin(side[: higher[0]] if higher.size else side))


def _reach(side: Floats, valley: int, half: float) -> float:
    """Return how far from the top the line falls to `half`, between two of its places."""
    lower = np.flatnonzero(side[:valley] <= half)
    end = int(lower[0]) if lower.size else valley
    if side[end] < half:
        return end - (half - float(side[end])) / float(side[end - 1] - side[end])
    return float(end)
