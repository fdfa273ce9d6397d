"""Brightness over the stage: each projector's own, told apart from the wall's, and what black leaves of it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.grid import Grid
from calibration.spline import Spline

Array = NDArray[np.float64]
KNOTS = 10  # across the stage: a lens's falloff is smoother than this
STIFF = 1.0  # how much a projector's light is held to change as a parabola does; else it takes a mural for its own
CALM = 0.01  # how much the room's light is held to be even, where nothing tells it from a projector's black
SOFT = 0.06  # sigma, of the stage's width, within which a room's light does not change but by the wall
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
    matrix += np.kron(np.eye(len(whites)), STIFF * _bending(like.coefficients.shape))
    found = np.linalg.solve(matrix, right).reshape(len(whites), size)
    return [np.exp(basis @ each).reshape(rows, columns) for each in found]


def wall_of(whites: Sequence[Array], inside: Sequence[NDArray[np.bool_]], own: Sequence[Array]) -> Array:
    """Return what the wall makes of red, green and blue at each place, 1 on average; 1 where nobody lights it.

    Args:
        whites, own: As seen, and as an even wall would send it back. Shape (rows, columns, 3) each.
    """
    total = sum(white / light * there[..., None] for white, light, there in zip(whites, own, inside, strict=True))
    count = np.sum(inside, axis=0)[..., None]
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)


def blacks_of(black: Array, wall: Array, own: Sequence[Array], inside: Sequence[NDArray[np.bool_]],
              outside: Sequence[NDArray[np.bool_]], grid: Grid) -> tuple[Array, Array]:
    """Return each projector's black as a share of its brightness, and the room's own light.

    A projector cannot be switched off by a picture: but where it does not reach, its black is missing. To tell it, the
    room's light is taken to change over the stage as a parabola does, by the camera's falloff and by where its lamps
    hang; what it really is about a place is what the projectors' blacks leave of what is seen there.

    Args:
        black: The room with all projectors black. Shape (rows, columns, 3).
        wall: See `wall_of`.
        inside, outside: Where each surely adds its black, and where it surely does not.
    Returns:
        Shares, shape (projectors, 3), and the room's light before the wall, shape (rows, columns, 3).
    """
    sure = np.all([there | away for there, away in zip(inside, outside, strict=True)], axis=0)
    sure &= np.any(inside, axis=0)
    terms = np.stack([light * there for light, there in zip(own, inside, strict=True)], axis=2)
    seen = black / wall
    found = _even(terms[sure], _parabola(grid)[sure], seen[sure])
    shares, even = np.maximum(found[:len(own)], 0.0), _parabola(grid) @ found[len(own):]
    left = (black - wall * (terms @ shares + even)) * sure[..., None]
    return shares, np.maximum(even + _soft(left) / np.maximum(_soft(wall * sure[..., None]), 1e-9), 0.0)


def _soft(light: Array) -> Array:
    """Return light without a place's noise, which is a tenth of the little there is."""
    return np.asarray(cv2.GaussianBlur(light, (0, 0), SOFT * light.shape[1], borderType=cv2.BORDER_REPLICATE))


def _parabola(grid: Grid) -> Array:
    """Return the terms of a parabola over the stage. Shape (rows, columns, 6)."""
    u, v = grid.u - 0.5, grid.v - 0.5
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=2)


def _even(terms: Array, parabola: Array, seen: Array) -> Array:
    """Return what of each term, then of a nearly flat parabola, makes up what is seen, by least squares."""
    count = terms.shape[1] + parabola.shape[1]
    calm = CALM * np.sqrt(len(seen)) * np.eye(count)[terms.shape[1] + 1:]
    design = np.concatenate([np.concatenate([terms, parabola], axis=1), calm])
    wanted = np.concatenate([seen, np.zeros((len(calm), seen.shape[1]))])
    return np.asarray(np.linalg.lstsq(design, wanted, rcond=None)[0])


def _bending(shape: tuple[int, int]) -> Array:
    """Return the matrix of squared third differences of coefficients along both axes; parabolas have none."""
    third = [np.diff(np.eye(count), 3, axis=0) for count in shape]
    down, across = (part.T @ part for part in third)
    return np.asarray(np.kron(down, np.eye(shape[1])) + np.kron(np.eye(shape[0]), across))
