"""Registration: from what a camera sees of a projector to the mesh by which the stage falls in its picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.fit import CameraMap, Segment
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
    """

    points_px: Array
    lost_px: float
    covered: float


def stage_to_camera(corners_px: Array) -> Array:
    """Return the homography from the unit square to the stage's corners in the camera's picture. Shape (3, 3).

    Args:
        corners_px: Clockwise from the stage's top left, in camera_px. Shape (4, 2).
    Raises:
        MixeurError: They lie on a line or cross.
    """
    sides = np.roll(corners_px, -1, axis=0) - corners_px
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not np.all(turns > 1e-6):
        raise MixeurError("stage: its corners in the camera's picture lie on a line or cross; give them clockwise from "
                          "the stage's top left")
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(unit, corners_px.astype(np.float32)), np.float64)


def view_of(*maps: CameraMap) -> Array:
    """Return the corners of the camera's view of all projections: the stage as it looks from the camera's place."""
    lit = np.any([found.labels > 0 for found in maps], axis=0)
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def mesh_of(found: CameraMap, corners_px: Array) -> Mesh:
    """Return the least mesh over the stage that is nearly as good as the fit, or the densest.

    Args:
        corners_px: The stage in the camera's picture, see `stage_to_camera`.
    """
    to_camera = stage_to_camera(corners_px)
    for columns, rows in DENSITIES:
        points, reached = _grid(found, to_camera, columns, rows)
        finer, finer_reached = _grid(found, to_camera, 2 * columns - 1, 2 * rows - 1)
        straight = _doubled(points)
        own = finer_reached & _in_picture(finer, found.size)
        lost = np.hypot(*np.moveaxis(finer - straight, 2, 0))[own]
        p95 = float(np.percentile(lost, 95)) if len(lost) else 0.0
        if p95 <= MESH_PX:
            break
    if not reached.any():
        raise MixeurError("stage: the projector does not reach it; its corners go clockwise from the top left")
    return Mesh(points, p95, float(reached.mean()))


def profile_of(found: CameraMap, mesh: Mesh, made: str) -> Profile:
    """Return the profile by which the engine warps; its error is that of the fit and of the mesh together."""
    rows = tuple(tuple((float(x), float(y)) for x, y in row) for row in mesh.points_px)
    return Profile(size=found.size, mesh=rows, made=made, error_px=float(np.hypot(found.even_odd_p95_px, mesh.lost_px)))


def _grid(found: CameraMap, to_camera: Array, columns: int, rows: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return projector_px of an even grid over the stage, and which points the projector reaches."""
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    x, y, w = (a * u + b * v + c for a, b, c in to_camera)
    camera = np.stack([x / w, y / w], axis=-1).reshape(-1, 2)
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
