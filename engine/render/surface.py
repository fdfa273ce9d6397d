"""Surfaces by hand: one of a surface's points moved, more points, Bezier patches; lying as it lay. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.mesh import bernstein, corners_of, grid_of, homography
from engine.show.profile import Point, Profile, Surface

Size = tuple[int, int]
Array = NDArray[Any]
Rows = tuple[tuple[Point, ...], ...]
MOST_POINTS = 33  # along a side
MADE = "by hand, mesh"


def rows_of(shape: Surface, size: Size) -> Rows:
    """Return the points by which a surface is held: its mesh, or its corners as two rows."""
    if shape.mesh is not None:
        return shape.mesh
    a, b, c, d = (tuple(map(float, point)) for point in corners_of(shape, size))
    return ((a, b), (d, c))  # type: ignore[return-value]


def moved_to(shape: Surface, size: Size, number: int, to: Point) -> Surface | None:
    """Return a surface with one of its points elsewhere, or None where it would fold."""
    rows = [list(row) for row in rows_of(shape, size)]
    columns = len(rows[0])
    rows[number // columns][number % columns] = to
    if shape.mesh is None:
        changed = replace(shape, corners=(rows[0][0], rows[0][1], rows[1][1], rows[1][0]))
    else:
        changed = replace(shape, mesh=tuple(map(tuple, rows)))
    return None if folds(changed, size) else changed


def folds(shape: Surface, size: Size) -> bool:
    """Return whether some cell of a surface is turned over or dented."""
    grid = np.array(rows_of(shape, size)) if shape.mesh is None else grid_of(shape)
    right, down = np.diff(grid, axis=1), np.diff(grid, axis=0)
    turns = [a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
             for a in (right[:-1], right[1:]) for b in (down[:, :-1], down[:, 1:])]
    return bool(min(float(turn.min()) for turn in turns) <= 0)


def resampled(shape: Surface, size: Size, finer: bool) -> Surface | None:
    """Return the same surface held by twice as many points along each side, or half as many; None beyond the limits.

    Corners become a mesh that lies as they do; a Bezier mesh gets or loses patches.
    """
    if shape.mesh is None:
        return Surface(part=shape.part, mesh=_even(shape, size, 3, 3)) if finer else None
    rows, columns = len(shape.mesh), len(shape.mesh[0])
    step = 3 if shape.bezier else 1
    cells = [(count - 1) // step for count in (rows, columns)]
    wanted = [cell * 2 if finer else cell // 2 for cell in cells]
    if min(wanted) < 1 or max(wanted) * step + 1 > MOST_POINTS or (not finer and any(cell % 2 for cell in cells)):
        return None
    if not shape.bezier:
        return replace(shape, mesh=_even(shape, size, *(count + 1 for count in wanted)))
    return replace(shape, mesh=_patches(shape, size, wanted[0], wanted[1]))


def toggled(shape: Surface, size: Size) -> Surface | None:
    """Return a surface held by Bezier patches instead of straight cells, or the other way round, lying as it lay."""
    if shape.bezier:
        rows, columns = ((len(side) - 1) // 3 * 2 + 1 for side in (shape.mesh or (), (shape.mesh or ((),))[0]))
        return replace(shape, bezier=False, mesh=_even(shape, size, rows, columns))
    rows, columns = (max((count - 1) // 2, 1) for count in np.array(rows_of(shape, size)).shape[:2])
    return Surface(part=shape.part, bezier=True, mesh=_patches(shape, size, rows, columns))


def with_surface(profile: Profile, number: int, shape: Surface) -> Profile:
    """Return a profile with one surface changed; what a camera measured of its light stays, for a touch is small."""
    if profile.surfaces:
        surfaces = (*profile.surfaces[:number], shape, *profile.surfaces[number + 1:])
        return replace(profile, surfaces=surfaces, made=MADE, error_px=None)
    return replace(profile, corners=shape.corners if shape.mesh is None else None, mesh=shape.mesh,
                   bezier=shape.bezier, made=MADE, error_px=None)


def _even(shape: Surface, size: Size, rows: int, columns: int) -> Rows:
    """Return an even grid over a surface as it lies."""
    return _as_rows(places_of(shape, size, *np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))))


def _patches(shape: Surface, size: Size, rows: int, columns: int) -> Rows:
    """Return the control points of Bezier patches through a surface's places at thirds: least squares."""
    across, down = 3 * columns + 1, 3 * rows + 1
    u, v = np.meshgrid(np.linspace(0, 1, 4 * across), np.linspace(0, 1, 4 * down))
    places = places_of(shape, size, u, v)
    left, top = (bernstein(count, np.linspace(0, 1, 4 * count)) for count in (down, across))
    return _as_rows(np.einsum("kr,rsc,ls->klc", np.linalg.pinv(left), places, np.linalg.pinv(top)))


def places_of(shape: Surface, size: Size, u: Array, v: Array) -> Array:
    """Return where places of a surface's part of the stage fall, in projector_px. Shape (*u.shape, 2)."""
    if shape.mesh is None:
        turn = np.linalg.inv(homography(corners_of(shape, size)))
        flat = np.stack([u, v], axis=-1).reshape(-1, 1, 2)
        return np.asarray(cv2.perspectiveTransform(flat, turn)).reshape(*np.shape(u), 2)
    grid = grid_of(shape, 24)
    rows, columns = (count - 1 for count in grid.shape[:2])
    row, column = np.minimum((v * rows).astype(int), rows - 1), np.minimum((u * columns).astype(int), columns - 1)
    t, s = (v * rows - row)[..., None], (u * columns - column)[..., None]
    upper = grid[row, column] * (1 - s) + grid[row, column + 1] * s
    lower = grid[row + 1, column] * (1 - s) + grid[row + 1, column + 1] * s
    return np.asarray(upper * (1 - t) + lower * t)


def _as_rows(places: Array) -> Rows:
    return tuple(tuple((round(float(x), 2), round(float(y), 2)) for x, y in row) for row in places)
