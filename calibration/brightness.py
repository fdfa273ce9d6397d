"""Brightness over the stage: each projector's own, told apart from the wall's, and what black leaves of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.grid import Grid
from calibration.spline import Spline

Array = NDArray[np.float64]
KNOTS = 10  # across the stage: a lens's falloff is smoother than this
WALL, NOISE = 0.1, 0.004  # how much walls vary (rms of the logarithm), and a place's measurement


def brightness_of(whites: Sequence[Array], inside: Sequence[NDArray[np.bool_]], grid: Grid) -> list[Array]:
    """Return each projector's brightness over the stage, smooth, without the wall's own spots.

    Where two projectors light one place they see the same wall, so there their proportion is as exact as the
    measurement; how bright one of them is compared with its neighbours is told only by what is smooth.

    Args:
        whites: Light of each, above black. Shape (rows, columns) each.
        inside: Where it is to be trusted.
    Source:
        Generalised least squares with a random effect for each place of the wall; Henderson 1975.
    """
    spacing = 1 / KNOTS
    rows, columns = grid.u.shape
    like = Spline.flat((0.0, 0.0), (1.0, 1.0), spacing)
    across, down = like.bases(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    basis = np.einsum("rk,cl->rckl", down, across).reshape(rows * columns, -1)
    count = np.sum(inside, axis=0).ravel()
    rho = WALL ** 2 / (NOISE ** 2 + count * WALL ** 2)
    size = basis.shape[1]
    matrix, right = np.zeros((len(whites) * size,) * 2), np.zeros(len(whites) * size)
    logs = [np.log(np.maximum(white, 1e-3)).ravel() for white in whites]
    for i, own in enumerate(inside):
        for j, other in enumerate(inside):
            weight = (float(i == j) - rho) * (own & other).ravel()
            used = weight != 0
            weighed = basis[used] * weight[used, None]
            matrix[i * size:(i + 1) * size, j * size:(j + 1) * size] += basis[used].T @ weighed
            right[i * size:(i + 1) * size] += weighed.T @ logs[j][used]
    stiff = _bending(like.coefficients.shape) * 1e-3
    matrix += np.kron(np.eye(len(whites)), stiff)
    found = np.linalg.solve(matrix, right).reshape(len(whites), size)
    return [np.exp(basis @ each).reshape(rows, columns) for each in found]


def wall_of(whites: Sequence[Array], inside: Sequence[NDArray[np.bool_]], own: Sequence[Array]) -> Array:
    """Return what the wall makes of the light at each place, 1 on average; 1 where nobody lights it."""
    total = sum(white / light * there for white, light, there in zip(whites, own, inside, strict=True))
    count = np.sum(inside, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)


def blacks_of(black: Array, wall: Array, own: Sequence[Array], inside: Sequence[NDArray[np.bool_]],
              outside: Sequence[NDArray[np.bool_]]) -> tuple[Array, Array]:
    """Return each projector's black as a share of its brightness, and the room's own light.

    A projector cannot be switched off by a picture: but where it does not reach, its black is missing.

    Args:
        black: The room with all projectors black. Shape (rows, columns, 3).
        inside, outside: Where each surely adds its black, and where it surely does not.
    Returns:
        Shares, shape (projectors, 3), and the room's light before the wall, shape (3,).
    """
    sure = np.all([there | away for there, away in zip(inside, outside, strict=True)], axis=0)
    sure &= np.any(inside, axis=0)
    terms = [(light * there)[sure] for light, there in zip(own, inside, strict=True)]
    design = np.stack([*terms, np.ones(int(sure.sum()))], axis=1)
    found = np.linalg.lstsq(design, black[sure] / wall[sure][:, None], rcond=None)[0]
    return np.maximum(found[:-1], 0.0), np.maximum(found[-1], 0.0)


def _bending(shape: tuple[int, int]) -> Array:
    """Return the matrix of squared second differences of coefficients along both axes."""
    second = [np.diff(np.eye(count), 2, axis=0) for count in shape]
    down, across = (part.T @ part for part in second)
    return np.asarray(np.kron(down, np.eye(shape[1])) + np.kron(np.eye(shape[0]), across))
