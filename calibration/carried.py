"""Carried: what a hand did to a solved profile, laid onto the next solve. Pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calibration.register import shown
from engine.render.mesh import surfaces_of
from engine.render.surface import places_of, rows_of
from engine.show.profile import Profile, Surface

Array = NDArray[np.float64]
ROUNDS, STEP = 6, 1e-4  # of Newton's search, and its step in shares of the stage
MADE = ", touched by hand"


def carried(solved: Profile | None, touched: Profile | None, found: Profile) -> Profile | None:
    """Return a new solve with the touch-up of an older one on top; None where there is none.

    A hand puts a place of the stage where light falls on a spot of the wall; so it is that spot that is kept, and where
    the projector was turned since, the touch turns with it.

    Args:
        solved: As the older solve found it.
        touched: As it stood in the end.
        found: What stands for `solved` from now on.
    """
    if solved is None or touched is None or solved.mesh is None or found.mesh is None or touched.size != found.size:
        return None
    if not touched.surfaces and not touched.bezier and touched.mesh == solved.mesh:
        return None
    old, new = np.array(solved.mesh), np.array(found.mesh)

    def moved(points: Array) -> Array:
        return shown(new, *_under(old, points.reshape(-1, 2))).reshape(points.shape)

    if touched.surfaces:
        shapes = tuple(_moved(shape, moved(np.array(rows_of(shape, touched.size)))) for shape in touched.surfaces)
        return replace(found, mesh=None, surfaces=shapes, made=found.made + MADE, error_px=None)
    rows, columns = new.shape[:2]
    places = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    points = moved(places_of(surfaces_of(touched)[0], touched.size, *places))
    return replace(found, mesh=_rows(points), made=found.made + MADE, error_px=None)


def _moved(shape: Surface, points: Array) -> Surface:
    if shape.mesh is not None:
        return replace(shape, mesh=_rows(points))
    (a, b), (d, c) = _rows(points)
    return replace(shape, corners=(a, b, c, d))


def _under(mesh: Array, points: Array) -> tuple[Array, Array]:
    """Return which places of the stage fall on points of the projector's picture; beyond the mesh it goes on straight.

    Args:
        mesh: projector_px. Shape (rows, columns, 2).
        points: projector_px. Shape (n, 2).
    """
    rows, columns = mesh.shape[:2]
    nearest = cKDTree(mesh.reshape(-1, 2)).query(points)[1]
    place = np.stack([nearest % columns / (columns - 1), nearest // columns / (rows - 1)], axis=1)
    for _ in range(ROUNDS):
        u, v = place.T
        left = points - shown(mesh, u, v)
        slopes = [(shown(mesh, u + STEP * (axis == 0), v + STEP * (axis == 1)) -
                   shown(mesh, u - STEP * (axis == 0), v - STEP * (axis == 1))) / (2 * STEP) for axis in (0, 1)]
        place = place + np.linalg.solve(np.stack(slopes, axis=2), left[..., None])[..., 0]
    return place[:, 0], place[:, 1]


def _rows(points: Array) -> tuple[tuple[tuple[float, float], ...], ...]:
    return tuple(tuple((float(x), float(y)) for x, y in row) for row in points)
