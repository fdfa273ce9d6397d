"""Where a projector stands and how its lens is: from points of a known object and the pixels that light them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from calibration.lens import Lens
from engine.problems import MixeurError

Array = NDArray[np.float64]
FEWEST = 6
SOME, STEPS = 60, 30  # points with which the starts are tried, and steps of each
FREE_FROM = 40  # points, from which the lens's distortion is free too
FOCAL_STARTS = (1.0, 1.8, 3.2)  # of the width: short, usual and long throws
SHIFT_STARTS = (-0.6, 0.0, 0.6)  # of the height from the middle: ceiling, no shift, table
FOCAL_SPREAD, SIDE_SPREAD, SHIFT_SPREAD = 1.5, 0.03, 0.8  # priors: of ln focal, of the width, of the height
CLICK_PX = 1.5  # how well a person points
FLAT = 0.02  # of an object's extent: less depth cannot tell distance from focal length


@dataclass(frozen=True)
class Pose:
    """A projector's lens at its place, and how far it may be trusted.

    Attributes:
        residual_px: Of the points, shape (n,).
        sigma: Standard deviation of focal length (px), principal point (px, px) and place (m, m, m).
    """

    lens: Lens
    residual_px: Array
    sigma: Array


def solve_pose(points_m: Array, projector_px: Array, size: tuple[int, int], noise_px: float = CLICK_PX) -> Pose:
    """Return the lens that best throws the points onto the pixels.

    Nine starts of focal length and lens shift, each placed by a linear solution, then robust least squares of all; the
    principal point may lie far outside the picture.

    Args:
        points_m: On the object. Shape (n, 3), n >= 6.
        projector_px: Shape (n, 2).
        noise_px: Of one pixel coordinate.
    Raises:
        MixeurError: Too few points, or all on one plane; with the remedy.
    Source:
        Terzakis and Lourakis 2020 (SQPnP) for the starts; Triggs et al. 2000 for the adjustment.
    """
    _check(points_m)
    best = None
    some = slice(None, None, max(1, len(points_m) // SOME))
    for focal in FOCAL_STARTS:
        for shift in SHIFT_STARTS:
            start = _start(points_m[some], projector_px[some], size, focal * size[0], shift)
            if start is not None:
                found = _refine(start, points_m[some], projector_px[some], size, noise_px, STEPS)
                if best is None or found.cost < best.cost:
                    best = found
    if best is None or not np.isfinite(best.x).all():
        raise MixeurError("pose: no place of the projector fits the points; check that each pixel belongs to its point")
    best = _refine(best.x, points_m, projector_px, size, noise_px, 10 * STEPS)
    lens = _lens(best.x, size)
    residual = np.hypot(*(lens.project(points_m)[0] - projector_px).T)
    return Pose(lens, residual, _sigma(best))


def _check(points_m: Array) -> None:
    if len(points_m) < FEWEST:
        raise MixeurError(f"pose: {len(points_m)} points; give at least {FEWEST}, eight or more are better")
    extents = np.linalg.svd(points_m - points_m.mean(0), compute_uv=False)
    if extents[2] < FLAT * extents[0]:
        raise MixeurError("pose: all points lie on one plane, so distance and focal length cannot be told apart; "
                          "add points that stand out before or behind it")


def _start(points_m: Array, projector_px: Array, size: tuple[int, int], focal: float, shift: float) -> Array | None:
    """Return ln focal, centre, k1, rotation vector and translation; None where nothing lies before the lens."""
    centre = (size[0] / 2, size[1] * (0.5 + shift))
    matrix = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
    found, turn, move = cv2.solvePnP(np.ascontiguousarray(points_m), np.ascontiguousarray(projector_px), matrix, None,
                                     flags=cv2.SOLVEPNP_SQPNP)
    if not found:
        return None
    return np.concatenate([[np.log(focal), *centre, 0.0], np.ravel(turn), np.ravel(move)])


def _refine(start: Array, points_m: Array, projector_px: Array, size: tuple[int, int], noise_px: float,
            steps: int) -> Any:
    is_bent = len(points_m) >= FREE_FROM
    middle = np.array([np.log(1.8 * size[0]), size[0] / 2, size[1] / 2, 0.0])
    spread = np.array([FOCAL_SPREAD, SIDE_SPREAD * size[0], SHIFT_SPREAD * size[1], 0.2 if is_bent else 1e-4])
    if is_bent:
        spread[:3] *= 10

    def left(values: Array) -> Array:
        seen = _project(values, points_m)
        return np.concatenate([((seen - projector_px) / noise_px).ravel(), (values[:4] - middle) / spread])

    return least_squares(left, start, loss="soft_l1", f_scale=2.0, x_scale="jac", max_nfev=steps)


def _project(values: Array, points_m: Array) -> Array:
    turn = cv2.Rodrigues(values[4:7])[0]
    seen = points_m @ np.asarray(turn, np.float64).T + values[7:10]
    depth = np.where(np.abs(seen[:, 2:]) < 1e-6, 1e-6, seen[:, 2:])
    flat = seen[:, :2] / depth
    bent = flat * (1 + values[3] * (flat ** 2).sum(1, keepdims=True))
    wrong = 1e3 * np.minimum(seen[:, 2:], 0)  # behind the lens nothing can be lit
    return np.asarray(bent * np.exp(values[0]) + values[1:3] + wrong)


def _lens(values: Array, size: tuple[int, int]) -> Lens:
    turn = np.asarray(cv2.Rodrigues(values[4:7])[0], np.float64)
    return Lens(size, float(np.exp(values[0])), (float(values[1]), float(values[2])), -turn.T @ values[7:10], turn,
                float(values[3]))


def _sigma(best: Any) -> Array:
    covariance = np.linalg.pinv(best.jac.T @ best.jac)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
    return np.array([deviation[0] * np.exp(best.x[0]), *deviation[1:3], *deviation[7:10]])
