"""Warp maps: the place on the stage under each projector pixel, and the mesh that makes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from calibration.register import DENSITIES, Array, Mesh, shown
from engine.problems import MixeurError
from engine.render.mesh import covered, outlines_of, stage_under
from engine.show.profile import Profile

Floats = NDArray[np.float32]
SAMPLES, ENOUGH = 24, 50_000  # of the map: for each cell of the mesh; in all, fewer are not thinned out
STIFF = 1e-7  # against one sample: points that no sample holds lie as straight on as their neighbours allow
EXACT_PX, BROKEN_PX = 0.004, 0.5  # lost at 95 of 100 places: fine enough, and no smooth surface
LEAST = 64  # pixels that must show the stage


def map_of(profile: Profile) -> Floats:
    """Return the place on the stage, 0..1, under the centre of each pixel; NaN off the stage. Shape (height, width, 2).

    Raises:
        MixeurError: The profile cannot be projected.
    """
    places = np.stack(stage_under(profile), axis=2)
    places[covered(outlines_of(profile), profile.size) <= 0] = np.nan
    return places


def mesh_under(places: Floats, size: tuple[int, int]) -> Mesh:
    """Return the least mesh by which the stage falls as a map says, or the densest.

    Straight cells are linear in their points, so least squares finds the points also where a cell is half seen.

    Args:
        places: u and v, 0..1, at the centres of an even grid over the picture; NaN off the stage. Shape (m, n, 2).
        size: (width, height) of the projector's picture.
    Raises:
        MixeurError: The map shows no stage, shows it mirrored, or is no smooth surface.
    """
    at, px = _known(places, size)
    for columns, rows in DENSITIES:
        step = max(1, len(at) // max(ENOUGH, SAMPLES * columns * rows))
        points = _fitted(at[::step], px[::step], columns, rows)
        lost = np.hypot(*(shown(points, *at[step // 2::step].T) - px[step // 2::step]).T)
        lost_px = float(np.percentile(lost, 95))
        if lost_px <= EXACT_PX:
            break
    if not lost_px <= BROKEN_PX:
        raise MixeurError(f"its map is no smooth surface: a mesh misses it by {lost_px:.1f} px; give each projector "
                          "one surface")
    _refuse_mirrored(points, size)
    inside = ((points >= 0) & (points <= size)).all(-1)
    return Mesh(points, lost_px, float(inside.mean()), np.asarray(inside))


def _known(places: Floats, size: tuple[int, int]) -> tuple[Array, Array]:
    """Return the places that a map knows, in an order without one, and where they fall. Shape (k, 2) both."""
    height, width = places.shape[:2]
    known = np.isfinite(places).all(2) & (np.abs(places) < 4).all(2) & (places != 0).any(2)
    if known.sum() < LEAST:
        raise MixeurError("its map shows no part of the stage; was the right region exported?")
    rows, columns = np.nonzero(known)
    order = np.random.default_rng(0).permutation(len(rows))
    rows, columns = rows[order], columns[order]
    px = np.stack([(columns + 0.5) * size[0] / width, (rows + 0.5) * size[1] / height], axis=1)
    return places[rows, columns].astype(np.float64), px


def _fitted(at: Array, px: Array, columns: int, rows: int) -> Array:
    """Return the points of the mesh that shows places where they fall. Shape (rows, columns, 2)."""
    column = np.clip((at[:, 0] * (columns - 1)).astype(int), 0, columns - 2)
    row = np.clip((at[:, 1] * (rows - 1)).astype(int), 0, rows - 2)
    s, t = at[:, 0] * (columns - 1) - column, at[:, 1] * (rows - 1) - row
    first = row * columns + column
    points = np.stack([first, first + 1, first + columns, first + columns + 1], axis=1)
    weights = np.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], axis=1)
    seen = sparse.csr_array((weights.ravel(), points.ravel(), np.arange(0, points.size + 1, 4)),
                            shape=(len(at), rows * columns))
    normal = seen.T @ seen + STIFF * _bending(columns, rows)
    found = splu(sparse.csc_matrix(normal)).solve(seen.T @ px)
    return np.asarray(found.reshape(rows, columns, 2))


def _bending(columns: int, rows: int) -> Any:
    """Return the matrix of a grid's squared second differences."""
    across, down = (sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(count - 2, count))
                    for count in (columns, rows))
    slope_x, slope_y = (sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(count - 1, count))
                        for count in (columns, rows))
    parts = (sparse.kron(sparse.eye_array(rows), across), sparse.kron(down, sparse.eye_array(columns)),
             sparse.kron(slope_y, slope_x))
    return sum(part.T @ part for part in parts)


def _refuse_mirrored(points: Array, size: tuple[int, int]) -> None:
    along, under = np.diff(points, axis=1)[:-1], np.diff(points, axis=0)[:, :-1]
    turns = along[..., 0] * under[..., 1] - along[..., 1] * under[..., 0]
    seen = ((points[:-1, :-1] >= 0) & (points[:-1, :-1] <= size)).all(-1)
    if np.median(turns[seen] if seen.any() else turns) < 0:
        raise MixeurError("its map is a mirror image: the program that wrote it counts rows, or places, from the "
                          "bottom; try --flip rows, else --flip places")
