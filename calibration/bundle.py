"""Bundle adjustment: camera, projector, the board's poses and its shape, all found together from its corners."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse import coo_matrix

from calibration.blas import one_thread

Array = NDArray[np.float64]
OPTICS = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")
ASPECT, TANGENTIAL = 0.005, 0.01  # priors: spread of fx / fy and of p1, p2
RADIAL = (0.5, 0.5, 0.5)  # of k1, k2, k3: what the corners do not tell stays 0
ASIDE, SHIFTED = 0.1, 0.8  # of the principal point, in shares of the picture; a projector's lens may be shifted far
IN_PLANE, OUT_OF_PLANE = 0.02, 0.1  # of a released board's points, in squares; they fix its place and size too
ROBUST = 3.0  # sigmas, from which on a point counts less and less
ROUNDS, ENOUGH = 60, 1e-6  # of the cost: what a round must gain to be followed by another
RESCALED = (0, 3, 7)  # rounds before which the corners' noise is judged anew


@dataclass(frozen=True)
class Stereo:
    """A camera, a projector and a board in several poses; lengths in squares of the board.

    Attributes:
        optics: Of camera and projector, see `OPTICS`, in pixels whose centres are at halves. Shape (2, 9).
        turn, move: From the camera's axes to the projector's. Shapes (3, 3) and (3,).
        turns, moves: From the board to the camera. Shapes (p, 3, 3) and (p, 3).
        board: Its corners. Shape (n, 3).
    """

    optics: Array
    turn: Array
    move: Array
    turns: Array
    moves: Array
    board: Array

    def project(self) -> Array:
        """Return where all corners fall in the camera's and the projector's picture. Shape (2, p, n, 2)."""
        camera = self.in_camera()
        projector = camera @ self.turn.T + self.move
        return np.stack([projected(self.optics[0], camera), projected(self.optics[1], projector)])

    def in_camera(self) -> Array:
        """Return all corners in the camera's axes. Shape (p, n, 3)."""
        return np.asarray(np.einsum("pij,nj->pni", self.turns, self.board) + self.moves[:, None])

    @property
    def fixed_count(self) -> int:
        """How many unknowns there are before those of the board's shape."""
        return 24 + 6 * len(self.turns)


@dataclass(frozen=True)
class Adjusted:
    """What an adjustment found.

    Attributes:
        residual_px: Found less seen, nan where nothing was seen. Shape (2, p, n, 2).
        sigma: Standard deviations of camera optics, projector optics, turn and move. Shape (24,).
    """

    rig: Stereo
    residual_px: Array
    sigma: Array


def adjust(start: Stereo, seen_px: Array, sizes: Array, is_released: bool) -> Adjusted:
    """Return the arrangement that comes nearest to all corners seen, by Levenberg and Marquardt's method.

    Args:
        seen_px: Of camera and projector, nan where not seen. Shape (2, p, n, 2).
        sizes: Of the two pictures. Shape (2, 2).
        is_released: Whether the board's points may leave their plane and their grid; priors hold the whole in place.
    Source:
        Triggs et al. 2000, "Bundle adjustment: a modern synthesis"; Strobl and Hirzinger 2011 for the board's shape.
    """
    one_thread()
    rig, damping = start, 1e-4
    nominal = start.board
    count = rig.fixed_count + (rig.board.size if is_released else 0)
    scales = np.ones(2)
    for round_number in range(ROUNDS):
        if round_number in RESCALED:
            scales = _scales(rig, seen_px)
        cost = _cost(rig, seen_px, scales, sizes, nominal)
        normal, slope = _normal(rig, seen_px, scales, sizes, nominal, count)
        better = None
        while better is None and damping < 1e12:
            step = _solved(normal, slope, damping)
            trial = _moved(rig, step) if step is not None else None
            gained = cost - _cost(trial, seen_px, scales, sizes, nominal) if trial is not None else -np.inf
            if trial is not None and gained >= 0:
                better, damping = trial, max(damping / 5, 1e-12)
            else:
                damping *= 8
        if better is None:
            break
        rig = better
        if gained <= ENOUGH * cost and round_number > RESCALED[-1]:
            break
    normal, _ = _normal(rig, seen_px, scales, sizes, nominal, count)
    covariance = np.linalg.pinv(normal, hermitian=True)
    return Adjusted(rig, rig.project() - seen_px, np.sqrt(np.maximum(np.diag(covariance)[:24], 0)))


def projected(optics: Array, points: Array) -> Array:
    """Return where points before a lens fall. Shape (..., 2)."""
    return _lens(optics, points)[0]


def distances(residual_px: Array) -> Array:
    """Return how far found and seen corners lie apart, nan where not seen. Shape (2, p, n)."""
    return np.asarray(np.hypot(residual_px[..., 0], residual_px[..., 1]))


def rms(distance: Array) -> float:
    """Return the root of the mean square of the distances that are known."""
    known = distance[np.isfinite(distance)]
    return float(np.sqrt(np.mean(known ** 2))) if len(known) else float("nan")


def _lens(optics: Array, points: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return pixels, the flat places x and y, the distorted ones (..., 2), and their derivative (..., 2, 2)."""
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = optics
    depth = np.where(np.abs(points[..., 2]) < 1e-9, 1e-9, points[..., 2])
    x, y = points[..., 0] / depth, points[..., 1] / depth
    r2 = x * x + y * y
    swell = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = 2 * (k1 + r2 * (2 * k2 + 3 * r2 * k3))
    bent = np.stack([x * swell + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
                     y * swell + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], -1)
    mixed = x * y * slope + 2 * p1 * x + 2 * p2 * y
    by_flat = np.stack([np.stack([swell + x * x * slope + 2 * p1 * y + 6 * p2 * x, mixed], -1),
                        np.stack([mixed, swell + y * y * slope + 6 * p1 * y + 2 * p2 * x], -1)], -2)
    return bent * (fx, fy) + (cx, cy), x, y, bent, by_flat


def _by_point(optics: Array, points: Array, by_flat: Array) -> Array:
    """Return the derivative of pixels by points. Shape (..., 2, 3)."""
    depth = points[..., 2]
    zero = np.zeros_like(depth)
    flat = np.stack([np.stack([1 / depth, zero, -points[..., 0] / depth ** 2], -1),
                     np.stack([zero, 1 / depth, -points[..., 1] / depth ** 2], -1)], -2)
    return np.asarray(np.array([[optics[0]], [optics[1]]]) * (by_flat @ flat))


def _by_optics(x: Array, y: Array, bent: Array, optics: Array) -> Array:
    """Return the derivative of pixels by the optics. Shape (..., 2, 9)."""
    fx, fy = optics[:2]
    r2 = x * x + y * y
    zero, one = np.zeros_like(x), np.ones_like(x)
    across = [bent[..., 0], zero, one, zero, fx * x * r2, fx * x * r2 ** 2, 2 * fx * x * y, fx * (r2 + 2 * x * x),
              fx * x * r2 ** 3]
    down = [zero, bent[..., 1], zero, one, fy * y * r2, fy * y * r2 ** 2, fy * (r2 + 2 * y * y), 2 * fy * x * y,
            fy * y * r2 ** 3]
    return np.stack([np.stack(across, -1), np.stack(down, -1)], -2)


def _cross(vectors: Array) -> Array:
    """Return the matrices of the cross product. Shape (..., 3, 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([np.stack([zero, -z, y], -1), np.stack([z, zero, -x], -1), np.stack([-y, x, zero], -1)], -2)


def _scales(rig: Stereo, seen_px: Array) -> Array:
    """Return the robust sigma of each picture's corners; neither outweighs the other by more than two."""
    distance = distances(rig.project() - seen_px)
    sigma = np.array([np.nanmedian(part) / 1.1774 for part in distance])
    return np.asarray(np.maximum(sigma, max(0.5 * sigma.max(), 1e-4)))


def _weights(distance: Array, scales: Array) -> Array:
    """Return the weight of each corner, after Cauchy; 0 where not seen. Shape (2, p, n)."""
    weight = 1 / (1 + (distance / (ROBUST * scales[:, None, None])) ** 2)
    return np.asarray(np.nan_to_num(weight / scales[:, None, None] ** 2))


def _cost(rig: Stereo, seen_px: Array, scales: Array, sizes: Array, nominal: Array) -> float:
    distance = distances(rig.project() - seen_px) / scales[:, None, None]
    if not (rig.in_camera()[..., 2] > 0).all():
        return float("inf")
    left, _ = _priors(rig, sizes, nominal)
    return float(ROBUST ** 2 * np.nansum(np.log1p((distance / ROBUST) ** 2)) + (left ** 2).sum())


def _priors(rig: Stereo, sizes: Array, nominal: Array) -> tuple[Array, Array]:
    """Return what is left of the priors, and their derivative by optics and board as rows of (prior, unknown)."""
    left, rows = [], []
    for device, (optics, size) in enumerate(zip(rig.optics, sizes, strict=True)):
        base = 9 * device
        down = SHIFTED if device else ASIDE
        parts = [((0, 1), (1, -1), 0.0, ASPECT * optics[1]), ((2,), (1,), size[0] / 2, ASIDE * size[0]),
                 ((3,), (1,), size[1] / 2, down * size[1]), ((4,), (1,), 0.0, RADIAL[0]), ((5,), (1,), 0.0, RADIAL[1]),
                 ((8,), (1,), 0.0, RADIAL[2]), ((6,), (1,), 0.0, TANGENTIAL), ((7,), (1,), 0.0, TANGENTIAL)]
        for which, signs, middle, spread in parts:
            left.append((sum(s * optics[w] for w, s in zip(which, signs, strict=True)) - middle) / spread)
            row = np.zeros(18)
            row[[base + w for w in which]] = np.array(signs) / spread
            rows.append(row)
    spreads = np.array([IN_PLANE, IN_PLANE, OUT_OF_PLANE])
    return np.concatenate([left, ((rig.board - nominal) / spreads).ravel()]), np.array(rows)


def _normal(rig: Stereo, seen_px: Array, scales: Array, sizes: Array, nominal: Array,
            count: int) -> tuple[Array, Array]:
    """Return the normal equations' matrix (count, count) and right side (count,)."""
    residual = rig.project() - seen_px
    weight = np.sqrt(_weights(distances(residual), scales))
    normal, slope = np.zeros((count, count)), np.zeros(count)
    for device in (0, 1):
        jacobian = _jacobian(rig, device, weight[device], count)
        error = (np.nan_to_num(residual[device]) * weight[device][..., None]).ravel()
        normal += (jacobian.T @ jacobian).toarray()
        slope += jacobian.T @ error
    left, rows = _priors(rig, sizes, nominal)
    normal[:18, :18] += rows.T @ rows
    slope[:18] += rows.T @ left[:len(rows)]
    if count > rig.fixed_count:
        spreads = np.tile([IN_PLANE, IN_PLANE, OUT_OF_PLANE], len(rig.board))
        place = np.arange(rig.fixed_count, count)
        normal[place, place] += 1 / spreads ** 2
        slope[place] += left[len(rows):] / spreads
    return normal, slope


def _jacobian(rig: Stereo, device: int, weight: Array, count: int) -> coo_matrix:
    """Return the derivative of one picture's corners by all unknowns, weighed. Shape (2 p n, count), sparse."""
    poses, corners = weight.shape
    turned = np.einsum("pij,nj->pni", rig.turns, rig.board)
    camera = turned + rig.moves[:, None]
    points = camera if device == 0 else camera @ rig.turn.T + rig.move
    optics = rig.optics[device]
    _, x, y, bent, by_flat = _lens(optics, points)
    by_point = _by_point(optics, points, by_flat)
    by_camera = by_point if device == 0 else by_point @ rig.turn
    pose_columns = 24 + 6 * np.arange(poses)[:, None]
    blocks = [(_by_optics(x, y, bent, optics), np.full((poses, corners), 9 * device)),
              (-by_camera @ _cross(turned), np.broadcast_to(pose_columns, weight.shape)),
              (by_camera, np.broadcast_to(pose_columns + 3, weight.shape))]
    if device == 1:
        blocks += [(-by_point @ _cross(points - rig.move), np.full((poses, corners), 18)),
                   (by_point, np.full((poses, corners), 21))]
    if count > rig.fixed_count:
        by_board = by_camera @ rig.turns[:, None]
        blocks.append((by_board, np.broadcast_to(rig.fixed_count + 3 * np.arange(corners), weight.shape)))
    rows = 2 * np.arange(poses * corners).reshape(poses, corners, 1, 1) + np.arange(2)[:, None]
    data, across, down = [], [], []
    for block, first in blocks:
        data.append((block * weight[..., None, None]).ravel())
        across.append(np.broadcast_to(first[..., None, None] + np.arange(block.shape[-1]), block.shape).ravel())
        down.append(np.broadcast_to(rows, block.shape).ravel())
    shape = (2 * poses * corners, count)
    return coo_matrix((np.concatenate(data), (np.concatenate(down), np.concatenate(across))), shape).tocsr()


def _solved(normal: Array, slope: Array, damping: float) -> Array | None:
    damped = normal + damping * np.diag(np.maximum(np.diag(normal), 1e-12))
    try:
        return np.asarray(-cho_solve(cho_factor(damped, check_finite=False), slope, check_finite=False))
    except LinAlgError:
        return None


def _moved(rig: Stereo, step: Array) -> Stereo:
    poses = len(rig.turns)
    own = step[24:24 + 6 * poses].reshape(poses, 6)
    turns = np.stack([_rotation(one[:3]) @ turn for one, turn in zip(own, rig.turns, strict=True)])
    shape = step[rig.fixed_count:]
    return replace(rig, optics=rig.optics + step[:18].reshape(2, 9), turn=_rotation(step[18:21]) @ rig.turn,
                   move=rig.move + step[21:24], turns=turns, moves=rig.moves + own[:, 3:],
                   board=rig.board + shape.reshape(rig.board.shape) if len(shape) else rig.board)


def _rotation(vector: Array) -> Array:
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)
