"""The stage as a grid of places, and what the camera's pictures and the projectors' meshes say there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.register import shown
from calibration.stage import Stage
from engine.render.ramp import allowed_light
from engine.show.profile import Profile

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
FINE = 3  # samples along each side of a place


@dataclass(frozen=True)
class Grid:
    """Even places over the stage, from border to border.

    Attributes:
        u, v: 0..1. Shape (rows, columns).
        x, y: Samples of the camera's picture around each place, as `cv2.remap` counts. Shape (rows * n, columns * n).
    """

    u: Array
    v: Array
    x: Floats
    y: Floats

    @property
    def height_step(self) -> float:
        """Distance between places in stage heights."""
        return 1 / (len(self.u) - 1)

    def seen(self, picture: NDArray[Any]) -> Floats:
        """Return the mean of a picture, grey or coloured, around each place. Shape (rows, columns[, channels])."""
        sampled = cv2.remap(np.asarray(picture, np.float32), self.x, self.y, cv2.INTER_LINEAR)
        return np.asarray(cv2.resize(sampled, self.u.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)

    def under(self, field: Array, u: Floats, v: Floats) -> Floats:
        """Return a field over the grid at places of the stage, straight between its values; 0 where u is NaN."""
        rows, columns = self.u.shape
        x, y = (np.nan_to_num(axis, nan=-9.0) * np.float32(count - 1) for axis, count in ((u, columns), (v, rows)))
        inside = cv2.remap(field.astype(np.float32), x.clip(0, columns - 1), y.clip(0, rows - 1), cv2.INTER_LINEAR)
        return np.where(np.isnan(u), np.float32(0), inside)


def grid_of(stage: Stage, aspect: float, columns: int) -> Grid:
    """Return the grid of a stage that is `aspect` times as wide as it is high."""
    rows = max(9, round((columns - 1) / aspect) + 1)
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    across, down = (_fine(count) for count in (columns, rows))
    fine = np.stack([axis.ravel() for axis in np.meshgrid(across, down)], axis=1)
    camera = stage.camera_px(fine).reshape(len(down), len(across), 2).astype(np.float32) - np.float32(0.5)
    return Grid(u, v, np.ascontiguousarray(camera[..., 0]), np.ascontiguousarray(camera[..., 1]))


def reach_of(profile: Profile, grid: Grid) -> Array:
    """Return how far inside a projector's picture each place falls, in projector_px; below 0 it lies outside.

    What the profile masks counts as outside.
    """
    px = shown(np.array(profile.mesh), grid.u.ravel(), grid.v.ravel())
    width, height = profile.size
    inside = np.minimum(px, np.array(profile.size) - px).min(axis=1)
    free = allowed_light(profile)
    at = np.floor(px.clip(0, (width - 1, height - 1))).astype(int)
    return np.where(free[at[:, 1], at[:, 0]] > 0.5, inside, -1.0).reshape(grid.u.shape)


def _fine(count: int) -> Array:
    step = 1 / (count - 1)
    return np.asarray((np.arange(count * FINE) + 0.5) / FINE * step - step / 2)
