"""Vantage: how the picture of one of several cameras lies in a common one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from calibration.lens import Array, Lens
from calibration.stage import Stage
from engine.show.schema import limits

ENTRY = limits(-1e6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Vantage:
    """How a camera's picture lies in the common one, which is the first camera's, straightened.

    Attributes:
        size: (width, height) of its picture.
        k1: Radial distortion of its lens, in widths of its picture.
        matrix: From the straightened picture, in widths, to the common one. Rows of 3.
    """

    size: tuple[int, int] = field(metadata=limits(16, 65_536, "px"))
    k1: float = field(default=0.0, metadata=limits(-10, 10))
    matrix: tuple[tuple[float, float, float], ...] = field(default=(), metadata=ENTRY)

    @cached_property
    def _lens(self) -> Lens:
        width, height = self.size
        return Lens(self.size, float(width), (width / 2, height / 2), np.zeros(3), np.eye(3), self.k1)

    def common_px(self, camera_px: Array) -> Array:
        """Return where points of the camera's picture lie in the common one. Shape (n, 2) both."""
        there = self._lens.rays(camera_px) @ np.array(self.matrix).T
        return np.asarray(there[:, :2] / there[:, 2:])

    def camera_px(self, common_px: Array) -> Array:
        """Return where points of the common picture are in the camera's. Shape (n, 2) both."""
        rays = np.concatenate([common_px, np.ones((len(common_px), 1))], axis=1) @ np.linalg.inv(self.matrix).T
        return self._lens.project(rays)[0]


@dataclass(frozen=True)
class SeenStage:
    """A stage of the common picture, as one camera sees it."""

    stage: Stage
    vantage: Vantage

    def camera_px(self, places: Array) -> Array:
        """Return where places are seen; see `Stage`."""
        return self.vantage.camera_px(self.stage.camera_px(places))
