"""Where the stage stands in the camera's picture: flat between four corners, or round a cylinder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from engine.problems import MixeurError

Array = NDArray[np.float64]
CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)  # clockwise from the top left
FOCALS = (0.7, 1.0, 1.6, 2.6)  # of the camera's width: where the search begins
BENDS = (-1.0, 0.01, 1.0)  # radians from the stage's left to its right
LARGEST_PX = 3.0  # rms between the clicked points and the cylinder


class Stage(Protocol):
    """The stage as the camera sees it."""

    def camera_px(self, places: Array) -> Array:
        """Return where places of the stage, 0..1 on both axes, are seen. Shape (n, 2) both."""


@dataclass(frozen=True)
class FlatStage:
    """A stage that is a plane, or is to look like one from where the camera stands.

    Attributes:
        corners_px: Clockwise from the stage's top left, in camera_px. Shape (4, 2).
    """

    corners_px: Array

    def camera_px(self, places: Array) -> Array:
        """Return where places are seen; see `Stage`."""
        u, v = places[:, 0], places[:, 1]
        x, y, w = (a * u + b * v + c for a, b, c in stage_to_camera(self.corners_px))
        return np.stack([x / w, y / w], axis=1)


@dataclass(frozen=True)
class CylinderStage:
    """A stage that runs round an upright cylinder: even steps across it are even steps on the wall.

    Attributes:
        size_m: Along the wall, and its height.
        bend: Radians from its left to its right; above 0 it is hollow towards the camera.
        focal_px, centre_px: The camera's.
        turn, shift_m: From the stage's middle (x right, y down, z away) to the camera. Shapes (3,), rotation vector.
        error_px: What is left between the points that were given and the model, rms.
    """

    size_m: tuple[float, float]
    bend: float
    focal_px: float
    centre_px: tuple[float, float]
    turn: Array
    shift_m: Array
    error_px: float = 0.0

    def camera_px(self, places: Array) -> Array:
        """Return where places are seen; see `Stage`."""
        angle = self.bend * (places[:, 0] - 0.5)
        radius = self.size_m[0] / (self.bend if abs(self.bend) > 1e-9 else 1e-9)
        points = np.stack([radius * np.sin(angle), self.size_m[1] * (places[:, 1] - 0.5),
                           -2 * radius * np.sin(angle / 2) ** 2], axis=1)
        seen = points @ cv2.Rodrigues(self.turn)[0].T + self.shift_m
        depth = np.maximum(seen[:, 2:], 1e-6)
        return np.asarray(seen[:, :2] / depth * self.focal_px + np.array(self.centre_px))


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
    matrix = cv2.getPerspectiveTransform(CORNERS.astype(np.float32), corners_px.astype(np.float32))
    return np.asarray(matrix, np.float64)


def cylinder_of(corners_px: Array, top_px: Array, bottom_px: Array, size_m: tuple[float, float],
                camera_size: tuple[int, int]) -> CylinderStage:
    """Return the cylinder on which the stage lies, and the camera's place and focal length with it.

    Args:
        corners_px: Clockwise from the stage's top left, in camera_px. Shape (4, 2).
        top_px, bottom_px: At least one further point on each of the two round edges. Shape (n, 2).
        size_m: Along the wall, and its height.
        camera_size: (width, height) of its picture, whose middle the lens looks through.
    Raises:
        MixeurError: No cylinder of that size comes near the points.
    Source:
        The idea of Sajadi and Majumder 2010, "Auto-calibration of cylindrical multi-projector systems": a known
        proportion and a vertical surface make up for an unknown camera.
    """
    stage_to_camera(corners_px)
    if not len(top_px) or not len(bottom_px):
        raise MixeurError("stage: a cylinder needs a point more on its top edge and on its bottom edge")
    edges = np.concatenate([top_px, bottom_px])
    v = np.concatenate([np.zeros(len(top_px)), np.ones(len(bottom_px))])
    wanted = np.concatenate([corners_px, edges])
    best: CylinderStage | None = None
    for share in FOCALS:
        for bend in BENDS:
            found = _fitted(share * camera_size[0], bend, wanted, v, size_m, camera_size)
            if best is None or found.error_px < best.error_px:
                best = found
    assert best is not None
    if not best.error_px <= LARGEST_PX:
        raise MixeurError(f"stage: no cylinder of {size_m[0]} x {size_m[1]} m comes nearer to its points than "
                          f"{best.error_px:.0f} px; check the points, and that the size runs along the wall")
    return best


def _fitted(focal_px: float, bend: float, wanted: Array, v: Array, size_m: tuple[float, float],
            camera_size: tuple[int, int]) -> CylinderStage:
    centre = (camera_size[0] / 2, camera_size[1] / 2)
    flat = np.column_stack([(CORNERS - 0.5) * size_m, np.zeros(4)])
    camera = np.array([(focal_px, 0, centre[0]), (0, focal_px, centre[1]), (0, 0, 1)])
    _, turn, shift = cv2.solvePnP(flat, wanted[:4].copy(), camera, None, flags=cv2.SOLVEPNP_IPPE)
    along = np.clip((wanted[4:, 0] - wanted[0, 0]) / (wanted[1, 0] - wanted[0, 0]), 0.05, 0.95)

    def model(x: Array) -> CylinderStage:
        return CylinderStage(size_m, float(x[1]), float(np.exp(x[0])), centre, x[2:5], x[5:8])

    def left(x: Array) -> Array:
        places = np.concatenate([CORNERS, np.column_stack([x[8:], v])])
        return np.asarray((model(x).camera_px(places) - wanted).ravel())

    start = np.concatenate([[np.log(focal_px), bend], turn.ravel(), shift.ravel(), along])
    if not np.isfinite(start).all():  # the corners are no rectangle through such a lens
        return CylinderStage(size_m, bend, focal_px, centre, np.zeros(3), np.zeros(3), np.inf)
    scale = np.concatenate([[0.1, 0.1], np.full(3, 0.05), np.full(3, 0.1 * size_m[0]), np.full(len(v), 0.1)])
    found = least_squares(left, start, x_scale=scale, max_nfev=300)
    fitted = model(found.x)
    error_px = float(np.sqrt(np.mean(found.fun ** 2)))
    return CylinderStage(size_m, fitted.bend, fitted.focal_px, centre, fitted.turn, fitted.shift_m, error_px)
