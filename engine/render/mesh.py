"""Where the stage falls in a projector's picture: the place under each projector pixel, and the outline."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.show.profile import Profile

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
SUB = 4  # a side of a pixel is cut into so many parts to measure how much of it a polygon covers
MARGIN_PX = 2.0  # the outer cells reach so far beyond the outline, for the pixels that it cuts


def stage_under(profile: Profile) -> tuple[Floats, Floats]:
    """Return the place on the stage under the centre of each projector pixel, 0..1 on both axes.

    Returns:
        u and v, float32. Shape (height, width); NaN where a mesh does not reach.
    Raises:
        MixeurError: The corners lie on a line or cross, or the mesh is not a grid of at least 2 x 2.
    """
    if profile.mesh is None:
        return _under_corners(corners_of(profile), profile.size)
    return _under_mesh(_grid(profile), profile.size)


def corners_of(profile: Profile) -> Points:
    """Return the stage's corners in projector_px, clockwise from its top left. Shape (4, 2)."""
    if profile.corners is not None:
        return np.array(profile.corners, np.float64)
    width, height = profile.size
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def outline_of(profile: Profile) -> Points:
    """Return the stage's closed outline in projector_px. Shape (n, 2)."""
    if profile.mesh is None:
        return corners_of(profile)
    grid = _grid(profile)
    return np.concatenate([grid[0], grid[1:, -1], grid[-1, -2::-1], grid[-2:0:-1, 0]])


def covered(polygons: Sequence[Points], size: tuple[int, int]) -> Floats:
    """Return how much of each projector pixel the polygons cover, 0..1. Shape (height, width)."""
    width, height = size
    fine = np.zeros((height * SUB, width * SUB), np.uint8)
    shift = 4
    for polygon in polygons:
        points = np.rint((polygon * SUB - 0.5) * (1 << shift)).astype(np.int32)
        cv2.fillPoly(fine, [points], 255, lineType=cv2.LINE_8, shift=shift)
    return cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)


def homography(corners: Points) -> Points:
    """Return the homography projector_px -> (u, v), which takes the corners to those of the unit square.

    Args:
        corners: Clockwise from the stage's top left. Shape (4, 2).
    Returns:
        Shape (3, 3), float64, last element 1 at the first corner's side of the horizon.
    Raises:
        MixeurError: The corners lie on a line, or their sides cross.
    Source:
        Heckbert 1989, "Fundamentals of Texture Mapping and Image Warping", section 2.2.
    """
    if not _is_convex(corners):
        raise MixeurError("corners: lie on a line or cross; drag them apart, clockwise from the stage's top left")
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, unit, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)


def _is_convex(corners: Points) -> bool:
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    return bool(np.all(turns > 1e-6) or np.all(turns < -1e-6))


def _under_corners(corners: Points, size: tuple[int, int]) -> tuple[Floats, Floats]:
    matrix = homography(corners)
    x = (np.arange(size[0]) + 0.5).astype(np.float32)[None, :]
    y = (np.arange(size[1]) + 0.5)[:, None]
    u, v, w = (np.float32(a) * x + (b * y + c).astype(np.float32) for a, b, c in matrix)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(u, w, out=u), np.divide(v, w, out=v)


def _grid(profile: Profile) -> Points:
    rows = profile.mesh or ()
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise MixeurError("mesh: needs at least 2 rows of 2 points, all rows equally long; calibrate again")
    return np.array(rows, np.float64)


def _under_mesh(grid: Points, size: tuple[int, int]) -> tuple[Floats, Floats]:
    u = np.full(size[::-1], np.nan, np.float32)
    v = u.copy()
    rows, columns = grid.shape[0] - 1, grid.shape[1] - 1
    for row in range(rows):
        for column in range(columns):
            cell = grid[row:row + 2, column:column + 2]
            outer = (column == 0, column == columns - 1, row == 0, row == rows - 1)
            _fill_cell(u, v, cell, outer, (column, row), (columns, rows))
    return u, v


def _fill_cell(u: Floats, v: Floats, cell: Points, outer: tuple[bool, bool, bool, bool], at: tuple[int, int],
               cells: tuple[int, int]) -> None:
    """Write u and v under the pixels of one cell; its sides are straight, its inside is bilinear."""
    height, width = u.shape
    left, top = np.maximum(np.floor(cell.min((0, 1)) - MARGIN_PX), 0).astype(int)
    right, bottom = np.minimum(np.ceil(cell.max((0, 1)) + MARGIN_PX), (width, height)).astype(int)
    if left >= right or top >= bottom:
        return
    x, y = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
    s, t = _inverse_bilinear(cell, x, y)
    reach_s = MARGIN_PX / max(np.hypot(*(cell[:, 1] - cell[:, 0]).mean(0)), 1e-6)
    reach_t = MARGIN_PX / max(np.hypot(*(cell[1] - cell[0]).mean(0)), 1e-6)
    low_s, high_s, low_t, high_t = (reach * is_outer + 1e-6 for reach, is_outer
                                    in zip((reach_s, reach_s, reach_t, reach_t), outer, strict=True))
    inside = (s >= -low_s) & (s <= 1 + high_s) & (t >= -low_t) & (t <= 1 + high_t)
    u[top:bottom, left:right][inside] = (at[0] + s[inside]) / cells[0]
    v[top:bottom, left:right][inside] = (at[1] + t[inside]) / cells[1]


def _inverse_bilinear(cell: Points, x: Points, y: Points) -> tuple[Points, Points]:
    """Return (s, t) with cell(s, t) = (x, y), by Newton's method from the middle."""
    start, along, down = cell[0, 0], cell[0, 1] - cell[0, 0], cell[1, 0] - cell[0, 0]
    twist = cell[1, 1] - cell[0, 1] - down
    s, t = np.full_like(x, 0.5), np.full_like(y, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(5):
            sx, sy = along[0] + twist[0] * t, along[1] + twist[1] * t
            tx, ty = down[0] + twist[0] * s, down[1] + twist[1] * s
            dx = x - (start[0] + along[0] * s + tx * t)
            dy = y - (start[1] + along[1] * s + ty * t)
            determinant = sx * ty - sy * tx
            s, t = s + (dx * ty - dy * tx) / determinant, t + (sx * dy - sy * dx) / determinant
    return s, t
