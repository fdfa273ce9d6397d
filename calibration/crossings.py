"""Sub-pixel marks: places between two camera pixels where a stripe's edge passes, whose coordinate is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from calibration.decode import Codes, Decoded, Picture, Scan
from calibration.patterns import AXES, Axis, Pattern
from calibration.waves import aligned, at_turn, finest

Array = NDArray[np.float64]
USED_BITS = 4  # the finest usable ones: each edge of the code belongs to exactly one bit
LEAST_STRIPE_PX = 1.25  # in the camera's picture; finer ones are seen as others than they are
LEAST_SLOPE = 0.08  # of the normalised difference from one pixel to the next
MOST_LIT = 0.97  # of the normalised difference, from which on it says nothing of an edge's distance
SCALE_REACH_PX = 8
ENOUGH, MOST_THINNED = 500_000, 4  # lit pixels whose edges are looked for, and one line of so many at least


@dataclass(frozen=True)
class Marks:
    """Places in the camera's picture where one projector coordinate is known.

    Attributes:
        index: Flat number of the camera pixel before the place.
        step: 1 where the place lies towards the next column, the picture's width where towards the next row.
        share: How far between the centres of the two pixels, 0..1.
        projector_px: The coordinate there.
        weight: How well it is known against others of its group.
        group: Number of the kind of mark, each of which has a noise of its own: the bit of the stripe. Ascending.
        period_px: Length of the wave that the marks are read from, 0 for stripes.
        bits: Of the groups of stripes.
        shift_px: Where the picture stood while each group was seen, against the others. Shape (groups, 2).
    """

    index: NDArray[np.int64]
    step: int
    share: Array
    projector_px: Array
    weight: Array
    group: NDArray[np.int64]
    period_px: float = 0.0
    bits: tuple[int, ...] = ()
    shift_px: Array = field(default_factory=lambda: np.zeros((1, 2)))

    def of(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Marks:
        """Return some of the marks."""
        return Marks(self.index[chosen], self.step, self.share[chosen], self.projector_px[chosen], self.weight[chosen],
                     self.group[chosen], self.period_px, self.bits, self.shift_px)


def marks_of(scan: Scan, decoded: Decoded, codes: tuple[Codes, Codes], labels: NDArray[np.int32], axis: Axis) -> Marks:
    """Return where the coordinate of an axis is known exactly, on all segments.

    Args:
        codes: Smoothed.
        labels: Segments, 0 for none; a mark never lies between two of them.
    """
    if any(pattern.role == "step" and pattern.axis == axis for pattern in scan.plan.patterns):
        return _waves(scan, decoded, codes, labels, axis)
    code = codes[AXES.index(axis)]
    is_across = _runs_across(code, labels)
    thin = _thinned(labels)
    lines = np.s_[::thin] if is_across else np.s_[:, ::thin]
    code, number = np.ascontiguousarray(code[lines]), np.ascontiguousarray(labels[lines])
    here, there = (np.s_[:, :-1], np.s_[:, 1:]) if is_across else (np.s_[:-1], np.s_[1:])
    same = (number[here] == number[there]) & (number[here] > 0)
    contrast = np.ascontiguousarray(decoded.contrast[lines])
    scale = _scale(codes[AXES.index(axis)], is_across)[lines]
    bits = _usable_bits(scan, axis, float(np.median(scale[number > 0])))
    found = []
    for bit in bits:
        pair = [np.ascontiguousarray(picture[lines]) for picture in scan.pair(axis, bit)]
        where = same & (scale[here] <= _stripe_px(scan, bit) / LEAST_STRIPE_PX)
        found.append(_edges(scan, pair, contrast, axis, bit, code, where))
    row, column, share, exact, weight = (np.concatenate(parts) for parts in zip(*found, strict=True))
    group = np.repeat(np.arange(len(bits)), [len(part[0]) for part in found])
    index = (row * thin if is_across else row) * labels.shape[1] + (column if is_across else column * thin)
    return Marks(index, 1 if is_across else labels.shape[1], share, exact, weight, group, bits=bits)


def _thinned(labels: NDArray[np.int32]) -> int:
    """Return of how many lines of the picture one is looked at, so that marks are enough and not too many."""
    return int(np.clip(round(cv2.countNonZero(labels) / ENOUGH), 1, MOST_THINNED))


def _stripe_px(scan: Scan, bit: int) -> float:
    """Return how wide the stripes of a bit are on the projector."""
    return float((2 << bit) * scan.plan.cell_px)


def _usable_bits(scan: Scan, axis: Axis, scale: float) -> tuple[int, ...]:
    """Return the finest bits that the camera can tell apart on most of the picture."""
    bits = [bit for bit in scan.plan.bits(axis) if scan.plan.kind != "xor" or bit <= scan.plan.xor_bit]
    fine = [bit for bit in bits if _stripe_px(scan, bit) >= LEAST_STRIPE_PX * scale]
    return tuple((fine or bits)[-USED_BITS:])


def _scale(code: Codes, is_across: bool) -> NDArray[np.float32]:
    """Return how many projector pixels a step to the next camera pixel is. Shape of the code."""
    kernel = np.zeros(2 * SCALE_REACH_PX + 1, np.float32)
    kernel[0], kernel[-1] = -0.5 / SCALE_REACH_PX, 0.5 / SCALE_REACH_PX
    mean = np.full(5, 0.2, np.float32)
    x, y = (kernel, mean) if is_across else (mean, kernel)
    return np.abs(cv2.sepFilter2D(code, cv2.CV_32F, x, y))


def _runs_across(code: Codes, labels: NDArray[np.int32]) -> bool:
    """Return whether a coordinate changes more from column to column of the camera's picture than from row to row."""
    some = labels[:-4:7, :-4:7] > 0
    across = np.abs(code[:-4:7, 4::7].astype(np.int32) - code[:-4:7, :-4:7])[some]
    down = np.abs(code[4::7, :-4:7].astype(np.int32) - code[:-4:7, :-4:7])[some]
    return bool(np.minimum(across, 40).sum() >= np.minimum(down, 40).sum())


def _edges(scan: Scan, pair: Sequence[Picture], contrast: Picture, axis: Axis, bit: int, code: Codes,
           where: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array, Array]:
    """Return row, column, share, coordinate and weight of each edge of one bit's stripes.

    A blurred edge is an error function; the inverse of that function makes it straight, so that the place between two
    pixels follows by the rule of three.
    """
    shown, inverse = pair
    is_across = where.shape[1] < code.shape[1]
    lit = cv2.compare(shown, inverse, cv2.CMP_GT)
    there = lit[:, 1:] if is_across else lit[1:]
    row, column = np.divmod(np.flatnonzero(where & (lit[:where.shape[0], :where.shape[1]] != there)), where.shape[1])
    index = row * code.shape[1] + column
    after = index + (1 if is_across else code.shape[1])
    full = 1.0 if scan.is_paired else 0.5
    before_n, after_n = (_normalised(shown, inverse, contrast, at) / full for at in (index, after))
    slope = np.abs(before_n - after_n)
    middle = code.ravel()[index].astype(np.int64) + code.ravel()[after] + 1  # twice the coordinate
    exact = _nearest_edges(scan, axis, bit)[np.clip(middle, 0, 2 * scan.plan.size[AXES.index(axis)])]
    good = (slope > LEAST_SLOPE) & (np.abs(exact - 0.5 * middle) < max(2.5, 1 << bit))
    before_s, after_s = (ndtri(0.5 + 0.5 * np.clip(n[good], -MOST_LIT, MOST_LIT)) for n in (before_n, after_n))
    return row[good], column[good], before_s / (before_s - after_s), exact[good], np.minimum(slope[good], 1.0) ** 2


def _normalised(shown: Picture, inverse: Picture, contrast: Picture, at: NDArray[np.int64]) -> Array:
    difference = shown.ravel()[at].astype(np.float64) - inverse.ravel()[at]
    return np.asarray(difference / np.maximum(contrast.ravel()[at], 1))


def _nearest_edges(scan: Scan, axis: Axis, bit: int) -> Array:
    """Return the edge of a pattern that is nearest to each half pixel of its axis."""
    line = scan.plan.line(Pattern("bit", axis, bit))
    edges = np.flatnonzero(np.diff(line.astype(np.int16))) + 1
    if not len(edges):
        return np.full(2 * len(line) + 1, -1e9)
    halves = np.arange(2 * len(line) + 1) / 2
    place = np.searchsorted((edges[1:] + edges[:-1]) / 2, halves)
    return edges[place].astype(np.float64)


def _waves(scan: Scan, decoded: Decoded, codes: tuple[Codes, Codes], labels: NDArray[np.int32], axis: Axis) -> Marks:
    """Return the coordinate of each lit pixel by the phase of the shortest wave."""
    index = np.flatnonzero(labels)
    coarse = codes[AXES.index(axis)].ravel()[index] + 0.5
    turns, strength = aligned(scan, axis, coarse, index)
    length = scan.plan.waves_px[AXES.index(axis)][finest(scan, axis)]
    exact = at_turn(turns, length, coarse)
    weight = np.minimum(2 * strength / np.maximum(decoded.contrast.ravel()[index], 1), 1.0) ** 2
    return Marks(index, 1, np.zeros(len(index)), exact, weight, np.zeros(len(index), np.int64), length)
