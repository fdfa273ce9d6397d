"""Two views of one scene: points that both cameras see in one projector light, and the geometry that holds them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from calibration.local_map import LocalMap
from engine.problems import MixeurError

Array = NDArray[np.float64]
FEWEST = 200  # matches
SOME = 20_000  # matches that are enough to find a geometry
NEAR = 1.5  # squares of the second picture, within which a match's neighbour must lie
RANSAC_PX, SOFT_PX = 1.0, 0.2
BENT = 0.2  # prior: spread of the lens's distortion at the picture's corner
FLAT_PX = 0.5  # of nearly all matches from one plane's: no geometry can be told from it


@dataclass(frozen=True)
class TwoViews:
    """How two views of a scene belong together.

    Attributes:
        fundamental: Takes points of the first picture, made straight, to lines of the second. Shape (3, 3).
        bent: Of each lens: how far its distortion changes the radius at the picture's corner.
        matches: How many points both see.
        distance_px: Sampson distances of all matches.
        is_flat: Whether one plane holds the matches as well: then the geometry is one of many.
    """

    fundamental: Array
    bent: tuple[float, float]
    matches: int
    distance_px: Array
    is_flat: bool


def matched(first: LocalMap, second: LocalMap) -> tuple[Array, Array]:
    """Return where both views see the same projector places, in camera_px of each. Shapes (n, 2)."""
    tree = cKDTree(second.projector_px)
    _, near = tree.query(first.projector_px, workers=2)
    slope = second.slope[near]
    det = slope[:, 0, 0] * slope[:, 1, 1] - slope[:, 0, 1] * slope[:, 1, 0]
    good = np.abs(det) > 1e-6
    rest = first.projector_px - second.projector_px[near]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.stack([slope[:, 1, 1] * rest[:, 0] - slope[:, 0, 1] * rest[:, 1],
                         slope[:, 0, 0] * rest[:, 1] - slope[:, 1, 0] * rest[:, 0]], 1) / det[:, None]
    good &= np.hypot(*np.nan_to_num(step, nan=1e9).T) < NEAR * second.side_px
    return first.camera_px[good], second.camera_px[near[good]] + step[good]


def two_views(one_px: Array, other_px: Array, sizes: tuple[tuple[int, int], tuple[int, int]]) -> TwoViews:
    """Return the geometry of two views that holds their matches best.

    Raises:
        MixeurError: Too few matches, or none that any geometry holds.
    Source:
        Barath et al. 2019 (MAGSAC++); Sampson 1982; Fitzgibbon 2001 for the lenses' distortion.
    """
    if len(one_px) < FEWEST:
        raise MixeurError(f"views: only {len(one_px)} points are seen by both; do both cameras look at one part of the "
                          "projection, and do their pictures belong to the same scan?")
    some = np.random.default_rng(1).permutation(len(one_px))[:SOME]
    one, other = one_px[some], other_px[some]
    start, _ = cv2.findFundamentalMat(one, other, cv2.USAC_MAGSAC, RANSAC_PX, 0.9999, 20_000)
    if start is None or start.shape != (3, 3):
        raise MixeurError("views: no geometry holds the matches; do both folders hold the same scene, unmoved?")
    normal = [_normaliser(size) for size in sizes]
    inverse = [np.linalg.inv(matrix) for matrix in normal]
    u, s, vt = np.linalg.svd(inverse[1].T @ start @ inverse[0])
    sides = [_homogeneous(px) @ matrix.T for px, matrix in ((one, normal[0]), (other, normal[1]))]
    scale = 2 / np.hypot(*sizes[0])

    def left(values: Array) -> Array:
        found = _fundamental(values, u, vt)
        own = _sampson(found, _straight(sides[0], values[7]), _straight(sides[1], values[8])) / scale
        return np.concatenate([own / SOFT_PX, values[7:] / BENT])

    first = np.array([0, 0, 0, 0, 0, 0, s[1] / s[0], 0, 0])
    best = least_squares(left, first, loss="soft_l1", x_scale="jac", max_nfev=60)
    found = _fundamental(best.x, u, vt)
    every = [_straight(_homogeneous(px) @ matrix.T, k)
             for px, matrix, k in ((one_px, normal[0], best.x[7]), (other_px, normal[1], best.x[8]))]
    distance = np.abs(_sampson(found, *every)) / scale
    return TwoViews(normal[1].T @ found @ normal[0], (float(best.x[7]), float(best.x[8])), len(one_px), distance,
                    _is_flat(one, other))


def _is_flat(one: Array, other: Array) -> bool:
    """Return whether one plane holds all matches, so that any geometry does."""
    matrix, _ = cv2.findHomography(one, other, cv2.USAC_MAGSAC, 1.0)
    if matrix is None:
        return False
    apart = np.hypot(*(cv2.perspectiveTransform(one[None], matrix)[0] - other).T)
    return bool(np.percentile(apart, 95) < FLAT_PX)


def _normaliser(size: tuple[int, int]) -> Array:
    """Return the matrix that takes a picture's middle to 0 and its corners to a distance of 1."""
    scale = 2 / np.hypot(*size)
    return np.array([[scale, 0, -scale * size[0] / 2], [0, scale, -scale * size[1] / 2], [0, 0, 1]])


def _homogeneous(px: Array) -> Array:
    return np.column_stack([px, np.ones(len(px))])


def _straight(points: Array, bent: float) -> Array:
    """Return points without the lens's distortion (division model)."""
    square = (points[:, :2] ** 2).sum(1)
    return np.column_stack([points[:, :2] / (1 + bent * square)[:, None], points[:, 2]])


def _fundamental(values: Array, u: Array, vt: Array) -> Array:
    """Return the matrix of rank 2 that seven numbers describe."""
    turns = [np.asarray(cv2.Rodrigues(part)[0], np.float64) for part in (values[:3], values[3:6])]
    return np.asarray(u @ turns[0] @ np.diag([1.0, values[6], 0.0]) @ turns[1].T @ vt)


def _sampson(fundamental: Array, one: Array, other: Array) -> Array:
    """Return the distances of matches from a geometry, with their signs."""
    lines, back = one @ fundamental.T, other @ fundamental
    below = np.sqrt((lines[:, :2] ** 2).sum(1) + (back[:, :2] ** 2).sum(1))
    return np.asarray((other * lines).sum(1) / np.maximum(below, 1e-15))
