"""Where the stage falls in a projector's picture: the place under each projector pixel, and the outline."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.show.profile import Profile, Surface

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
SUB = 4  # a side of a pixel is cut into so many parts to measure how much of it a polygon covers
WHOLE = (0.0, 0.0, 1.0, 1.0)
PATCH_STEPS = 8  # cells along each side of a Bezier patch: a curve of a tenth of its length is missed by 0.2 % of it
MARGIN_PX = 2.0  # the outer cells reach so far beyond the outline, for the pixels that it cuts


def stage_under(profile: Profile) -> tuple[Floats, Floats]:
    """Return the place on the stage under the centre of each projector pixel, 0..1 on both axes.

    Returns:
        u and v, float32. Shape (height, width); NaN where a mesh does not reach.
    Raises:
        MixeurError: The corners lie on a line or cross, or the mesh is not a grid of at least 2 x 2.
    """
    shapes = surfaces_of(profile)
    if len(shapes) == 1 and shapes[0].part == WHOLE:
        return _under(shapes[0], profile.size)
    u = np.full(profile.size[::-1], np.nan, np.float32)
    v = u.copy()
    for shape in shapes:
        left, top, right, bottom = shape.part
        own_u, own_v = _under(shape, profile.size)
        there = (covered([outline_of(shape, profile.size)], profile.size) > 0) & ~np.isnan(own_u)
        u[there] = left + own_u[there].clip(0, 1) * np.float32(right - left)
        v[there] = top + own_v[there].clip(0, 1) * np.float32(bottom - top)
    return u, v


def surfaces_of(profile: Profile) -> tuple[Surface, ...]:
    """Return the surfaces on which a projector shows the stage: the only one, or those that its profile lists."""
    return profile.surfaces or (Surface(corners=profile.corners, mesh=profile.mesh, bezier=profile.bezier),)


def grid_of(shape: Surface, steps: int = PATCH_STEPS) -> Points:
    """Return where an even grid over a surface's part of the stage falls. Shape (rows, columns, 2).

    Args:
        steps: Cells along each side of a Bezier patch; a mesh that is none is returned as it is.
    Raises:
        MixeurError: It is no grid of at least 2 x 2, or no whole Bezier patches.
    """
    rows = shape.mesh or ()
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise MixeurError("mesh: needs at least 2 rows of 2 points, all rows equally long; calibrate again")
    points = np.array(rows, np.float64)
    if not shape.bezier:
        return points
    down, across = (bernstein(count, np.linspace(0, 1, (count - 1) // 3 * steps + 1)) for count in points.shape[:2])
    return np.asarray(np.einsum("rk,klc,sl->rsc", down, points, across))


def bernstein(count: int, places: Points) -> Points:
    """Return the weights of `count` control points at places 0..1 along their cubic curves. Shape (places, count).

    Raises:
        MixeurError: There are not 3 n + 1 of them.
    """
    if count < 4 or count % 3 != 1:
        raise MixeurError("bezier: needs 3 m + 1 by 3 n + 1 points; 4 by 4 are one patch")
    curves = (count - 1) // 3
    curve = np.minimum((places * curves).astype(int), curves - 1)
    t = places * curves - curve
    weights = np.zeros((len(places), count))
    for number, cubic in enumerate(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3)):
        weights[np.arange(len(places)), 3 * curve + number] = cubic
    return weights


def _under(shape: Surface, size: tuple[int, int]) -> tuple[Floats, Floats]:
    if shape.mesh is None:
        return _under_corners(corners_of(shape, size), size)
    return _under_mesh(grid_of(shape), size)


def corners_of(shape: Profile | Surface, size: tuple[int, int]) -> Points:
    """Return the corners of the stage, or of its part, in projector_px, clockwise from its top left. Shape (4, 2)."""
    if shape.corners is not None:
        return np.array(shape.corners, np.float64)
    width, height = size
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def outlines_of(profile: Profile) -> list[Points]:
    """Return the closed outline of each surface in projector_px. Shape (n, 2) each."""
    return [outline_of(shape, profile.size) for shape in surfaces_of(profile)]


def outline_of(shape: Surface, size: tuple[int, int]) -> Points:
    """Return a surface's closed outline in projector_px. Shape (n, 2)."""
    if shape.mesh is None:
        return corners_of(shape, size)
    grid = grid_of(shape)
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


def _under_mesh(grid: Points, size: tuple[int, int]) -> tuple[Floats, Floats]:
    u = np.full(size[::-1], np.nan, np.float32)
    v = u.copy()
    rows, columns = grid.shape[0] - 1, grid.shape[1] - 1
    across, cells = np.arange(columns), cells_of(grid)
    ends = np.stack([across == 0, across == columns - 1, np.zeros(columns, bool), np.zeros(columns, bool)], 1)
    for row in range(rows):
        outer = ends | np.array([False, False, row == 0, row == rows - 1])
        at = np.stack([across, np.full(columns, row)], 1)
        fill_cells(u, v, cells[row], outer, at, (columns, rows))
    return u, v


def cells_of(grid: Points) -> Points:
    """Return the corners of a grid's cells: each cell's rows and columns of points. Shape (rows, columns, 2, 2, 2)."""
    return np.stack([np.stack([grid[:-1, :-1], grid[:-1, 1:]], 2), np.stack([grid[1:, :-1], grid[1:, 1:]], 2)], 2)


def fill_cells(u: Floats, v: Floats, cells: Points, outer: NDArray[np.bool_], at: NDArray[np.int64],
               count: tuple[int, int]) -> None:
    """Write u and v under the pixels of some cells; their sides are straight, their inside is bilinear.

    Args:
        cells: Their points. Shape (n, 2, 2, 2).
        outer: Whether a cell ends the mesh at its left, right, top, bottom; it reaches beyond there. Shape (n, 4).
        at: Their (column, row) in the mesh. Shape (n, 2).
        count: How many (columns, rows) of cells the mesh has.
    """
    margin = MARGIN_PX * np.max(outer, axis=1, keepdims=True)
    low = np.maximum(np.floor(cells.min((1, 2)) - margin), 0).astype(int)
    high = np.minimum(np.ceil(cells.max((1, 2)) + margin), u.shape[::-1]).astype(int)
    spans = np.maximum(high - low, 0)
    pixels = spans.prod(1)
    own = np.repeat(np.arange(len(cells)), pixels)  # the cell of each pixel of its box
    y, x = np.divmod(np.arange(len(own)) - np.repeat(np.cumsum(pixels) - pixels, pixels), spans[own, 0])
    x, y = x + low[own, 0], y + low[own, 1]
    s, t = _inverse_bilinear(cells, own, x + 0.5, y + 0.5)
    reach_s, reach_t = (MARGIN_PX / np.maximum(np.hypot(*side.mean(1).T), 1e-6)
                        for side in (cells[:, :, 1] - cells[:, :, 0], cells[:, 1] - cells[:, 0]))
    low_s, high_s, low_t, high_t = ((reach * is_outer + 1e-6)[own] for reach, is_outer
                                    in zip((reach_s, reach_s, reach_t, reach_t), outer.T, strict=True))
    inside = np.flatnonzero((s >= -low_s) & (s <= 1 + high_s) & (t >= -low_t) & (t <= 1 + high_t))
    there = y[inside], x[inside]
    u[there] = (at[own[inside], 0] + s[inside]) / count[0]
    v[there] = (at[own[inside], 1] + t[inside]) / count[1]


def _inverse_bilinear(cells: Points, own: NDArray[np.int64], x: Points, y: Points) -> tuple[Points, Points]:
    """Return (s, t) with cells[own](s, t) = (x, y), by Newton's method from the middle."""
    corner, along, down = cells[:, 0, 0], cells[:, 0, 1] - cells[:, 0, 0], cells[:, 1, 0] - cells[:, 0, 0]
    twist = cells[:, 1, 1] - cells[:, 0, 1] - down
    start, along, down, twist = (part.T[:, own] for part in (corner, along, down, twist))
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
