"""Registration: from what a camera sees of a projector to the mesh by which the stage falls in its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.fit import CameraMap, Segment
from calibration.shake import shifts_between
from calibration.stage import Stage
from engine.problems import MixeurError
from engine.show.profile import Profile

Array = NDArray[np.float64]
DENSITIES = ((17, 10), (33, 19), (65, 37), (129, 73))  # columns and rows of points, until a mesh is as good as the fit
MESH_PX = 0.02  # what straight cells may lose of the fit, at 95 of 100 places
OUTERMOST = 1e5  # projector_px


@dataclass(frozen=True)
class Mesh:
    """Where an even grid over the stage falls in a projector's picture.

    Attributes:
        points_px: projector_px. Shape (rows, columns, 2).
        lost_px: What the straight cells lose of the fit, at 95 of 100 places.
        covered: Share of the grid's points that the projector reaches.
        reached: Which these are. Shape (rows, columns).
    """

    points_px: Array
    lost_px: float
    covered: float
    reached: NDArray[np.bool_]


def view_of(*maps: CameraMap) -> Array:
    """Return the corners of the camera's view of all projections: the stage as it looks from the camera's place."""
    lit = np.any([found.labels > 0 for found in maps], axis=0)
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def steadied(maps: Sequence[CameraMap], lights: Sequence[NDArray[np.float32]]) -> list[CameraMap]:
    """Return maps of one camera that trembled as if its picture had stood at one place in the mean of each scan.

    Args:
        lights: `steady_light` of each.
    """
    if all(found.tremble is None for found in maps):
        return list(maps)
    shifts = shifts_between(lights, [found.labels > 0 for found in maps])
    return [found.moved(shift) for found, shift in zip(maps, shifts, strict=True)]


def mesh_of(found: CameraMap, stage: Stage, densities: Sequence[tuple[int, int]] = DENSITIES) -> Mesh:
    """Return the least mesh over the stage that is nearly as good as the fit, or the densest.

    Raises:
        MixeurError: The projector does not reach the stage.
    """
    for columns, rows in densities:
        points, reached = _grid(found, stage, columns, rows)
        finer, finer_reached = _grid(found, stage, 2 * columns - 1, 2 * rows - 1)
        straight = _doubled(points)
        own = finer_reached & _in_picture(finer, found.size)
        lost = np.hypot(*np.moveaxis(finer - straight, 2, 0))[own]
        p95 = float(np.percentile(lost, 95)) if len(lost) else 0.0
        if p95 <= MESH_PX:
            break
    if not reached.any():
        raise MixeurError("stage: the projector does not reach it; its corners go clockwise from the top left")
    return Mesh(points, p95, float(reached.mean()), reached)


def profile_of(found: CameraMap, mesh: Mesh, made: str) -> Profile:
    """Return the profile by which the engine warps; its error is that of the fit and of the mesh together."""
    rows = tuple(tuple((float(x), float(y)) for x, y in row) for row in mesh.points_px)
    return Profile(size=found.size, mesh=rows, made=made, error_px=float(np.hypot(found.even_odd_p95_px, mesh.lost_px)))


def shown(points_px: Array, u: Array, v: Array) -> Array:
    """Return where places of the stage, 0..1, fall by a mesh of straight cells, as the engine draws it."""
    rows, columns, _ = points_px.shape
    column = np.clip((u * (columns - 1)).astype(int), 0, columns - 2)
    row = np.clip((v * (rows - 1)).astype(int), 0, rows - 2)
    s, t = (u * (columns - 1) - column)[:, None], (v * (rows - 1) - row)[:, None]
    upper = points_px[row, column] * (1 - s) + points_px[row, column + 1] * s
    lower = points_px[row + 1, column] * (1 - s) + points_px[row + 1, column + 1] * s
    return np.asarray(upper * (1 - t) + lower * t)


def _grid(found: CameraMap, stage: Stage, columns: int, rows: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return projector_px of an even grid over the stage, and which points the projector reaches."""
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    camera = stage.camera_px(np.stack([u.ravel(), v.ravel()], axis=1))
    height, width = found.labels.shape
    inside = ((camera >= 0) & (camera < (width, height))).all(1)
    number = np.zeros(len(camera), np.int32)
    at = np.floor(camera[inside]).astype(int)
    number[inside] = found.labels[at[:, 1], at[:, 0]]
    points = np.zeros_like(camera)
    for segment in found.segments:
        own = (number == segment.number) | ((number == 0) & (segment is found.segments[0]))
        points[own] = extended(segment, camera[own])
    return points.reshape(rows, columns, 2).clip(-OUTERMOST, OUTERMOST), (number > 0).reshape(rows, columns)


def extended(segment: Segment, camera_px: Array) -> Array:
    """Return projector_px, also beyond the segment: there it goes on straight, so that a mesh never folds back."""
    left, top, right, bottom = segment.box
    near = np.clip(camera_px, (left + 1.0, top + 1.0), (right - 1.0, bottom - 1.0))
    at = segment.at(near)
    beyond = camera_px - near
    if beyond.any():
        for axis, step in enumerate(((1.0, 0.0), (0.0, 1.0))):
            slope = (segment.at(near + step) - segment.at(near - np.array(step))) / 2
            at = at + slope * beyond[:, axis:axis + 1]
    return at


def _doubled(points: Array) -> Array:
    """Return a mesh with a point more between any two, on the straight line."""
    rows, columns, _ = points.shape
    fine = np.zeros((2 * rows - 1, 2 * columns - 1, 2))
    fine[::2, ::2] = points
    fine[::2, 1::2] = (points[:, :-1] + points[:, 1:]) / 2
    fine[1::2] = (fine[:-1:2] + fine[2::2]) / 2
    return fine


def _in_picture(points: Array, size: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray(((points >= 0) & (points <= size)).all(-1))
