"""A map of any scene, however rough: which projector place each small square of a camera's picture sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.crossings import Marks, marks_of
from calibration.decode import Scan, decode
from calibration.patterns import AXES
from calibration.segments import jump_of, segments_of, smoothed
from engine.problems import MixeurError

Array = NDArray[np.float64]
BINS_PX = ((1.5e6, 2), (6e6, 3), (1e12, 4))  # side of the squares, by the pixels of the picture
REACH = 1.3  # sigma of a square's neighbourhood, in squares
FEWEST = 5.0  # marks of a neighbourhood
LEAST_SPREAD = 0.3  # of the marks of a neighbourhood, in squares: along a line they tell no slope
ROUNDS, OUTLIER = 3, 3.0
ROUGH_PX = 0.35  # of the marks about a square's plane: there an edge passes through


@dataclass(frozen=True)
class LocalMap:
    """What the squares of a picture see that see one surface.

    Attributes:
        camera_px: Middles of the squares. Shape (n, 2).
        projector_px: What they see. Shape (n, 2).
        slope: Derivative of projector_px by camera_px. Shape (n, 2, 2).
        side_px: Of a square.
    """

    camera_px: Array
    projector_px: Array
    slope: Array
    side_px: int


def local_map(scan: Scan) -> LocalMap:
    """Return the map of a scene, each square by the plane that its own and its neighbours' marks lie on.

    Raises:
        MixeurError: No code is seen.
    """
    decoded = decode(scan)
    codes = (smoothed(decoded.codes[0]), smoothed(decoded.codes[1]))
    labels = segments_of(decoded, codes, jump_of(codes, decoded.is_lit))
    if not labels.any():
        raise MixeurError("the pictures hold light but no code; are `order`, `first`, `inverse` and `projector` right?")
    side = next(side for pixels, side in BINS_PX if labels.size <= pixels)
    planes = [_planes(marks_of(scan, decoded, codes, labels, axis), labels.shape, side) for axis in AXES]
    good = planes[0][1] & planes[1][1]
    rows, columns = np.nonzero(good)
    middles = np.asarray(np.stack([columns, rows], 1) * float(side) + side / 2, np.float64)
    values = np.stack([plane[0][:, good].T for plane in planes], 1)  # (n, axis, (value, by x, by y))
    return LocalMap(middles, values[:, :, 0], values[:, :, 1:], side)


def _planes(marks: Marks, shape: Sequence[int], side: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return value and slopes of a plane through the marks about each square's middle, and where it can be trusted.

    Source:
        Cleveland 1979, local linear regression; with outliers left out in rounds.
    """
    row, column = np.divmod(marks.index, shape[1])
    x = column + 0.5 + (marks.share if marks.step == 1 else 0.0)
    y = row + 0.5 + (0.0 if marks.step == 1 else marks.share)
    bins = (-(-shape[0] // side), -(-shape[1] // side))
    i, j = np.minimum((y / side).astype(np.int64), bins[0] - 1), np.minimum((x / side).astype(np.int64), bins[1] - 1)
    own = i * bins[1] + j
    dx, dy = x - (j + 0.5) * side, y - (i + 0.5) * side
    weight = marks.weight.copy()
    for _ in range(ROUNDS):
        found, total = _regressed(own, dx, dy, marks.projector_px, weight, bins, side)
        value, by_x, by_y = (part.ravel()[own] for part in found)
        error = marks.projector_px - value - by_x * dx - by_y * dy
        known = np.isfinite(error)
        sigma = max(1.4826 * float(np.median(np.abs(error[known]))), 0.01) if known.any() else 1.0
        weight = np.where(known & (np.abs(error) < OUTLIER * max(sigma, 0.05)), marks.weight, 0.0)
    every = np.where(known, np.minimum(np.abs(np.nan_to_num(error)), 5.0) ** 2, 25.0)
    rough = _around(np.bincount(own, marks.weight * every, bins[0] * bins[1]).reshape(bins))
    rough /= np.maximum(_around(np.bincount(own, marks.weight, bins[0] * bins[1]).reshape(bins)), 1e-9)
    here = cv2.boxFilter(np.bincount(own, minlength=bins[0] * bins[1]).reshape(bins).astype(np.float64), -1, (3, 3)) > 0
    return found, np.isfinite(found[0]) & (total > 0) & (rough < ROUGH_PX ** 2) & here


def _regressed(own: NDArray[np.int64], dx: Array, dy: Array, value: Array, weight: Array, bins: tuple[int, int],
               side: int) -> tuple[Array, Array]:
    """Return value and slopes at each square's middle, nan where the marks do not tell, and the marks' weight there."""
    size = bins[0] * bins[1]
    rows, columns = np.divmod(own, bins[1])
    x, y = dx / side + columns, dy / side + rows  # in squares
    sums = [np.bincount(own, weight * part, size).reshape(bins) for part in
            (np.ones_like(x), x, y, x * x, x * y, y * y, value, x * value, y * value)]
    w, sx, sy, sxx, sxy, syy, sv, sxv, syv = (_around(part) for part in sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        mx, my, mv = sx / w, sy / w, sv / w
        cxx, cxy, cyy = sxx / w - mx * mx, sxy / w - mx * my, syy / w - my * my
        cxv, cyv = sxv / w - mx * mv, syv / w - my * mv
        det = cxx * cyy - cxy * cxy
        by_x, by_y = (cxv * cyy - cyv * cxy) / det, (cyv * cxx - cxv * cxy) / det
        jj, ii = np.meshgrid(np.arange(bins[1]), np.arange(bins[0]))
        at = mv + by_x * (jj - mx) + by_y * (ii - my)
    count = _around(np.bincount(own, weight > 0, size).reshape(bins)) * 2 * np.pi * REACH ** 2
    good = (count >= FEWEST) & (det > LEAST_SPREAD ** 4)
    return np.where(good, np.stack([at, by_x / side, by_y / side]), np.nan), w


def _around(values: NDArray[Any]) -> Array:
    """Return the sums over each square's neighbourhood."""
    return np.asarray(cv2.GaussianBlur(values.astype(np.float64), (9, 9), REACH, borderType=cv2.BORDER_CONSTANT))
