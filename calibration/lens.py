"""A lens at its place: points of the room to pixels and pixels to rays, for cameras and projectors alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole with radial distortion (Brown), somewhere in the room.

    Pixels are as in a profile: (0, 0) is the outer corner of the top left pixel, whose centre is (0.5, 0.5).

    Attributes:
        size: (width, height) in pixels.
        focal_px: Focal length.
        centre_px: Principal point; a shifted lens has it outside the picture.
        k1, k2: Radial distortion of the ray's tangent.
        at_m: The lens's place in the room.
        turn: Rotation from the room's axes to the lens's: x right, y down, z forward. Shape (3, 3).
    """

    size: tuple[int, int]
    focal_px: float
    centre_px: tuple[float, float]
    at_m: Array
    turn: Array
    k1: float = 0.0
    k2: float = 0.0

    def project(self, points_m: Array) -> tuple[Array, Array]:
        """Return where points of the room fall and how far before the lens they are.

        Returns:
            Pixels, shape (..., 2), and depth in metres, shape (...); a point behind the lens has a depth below 0.
        """
        seen = (points_m - self.at_m) @ self.turn.T
        depth = seen[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = seen[..., :2] / depth[..., None]
        return self._distorted(flat) * self.focal_px + np.array(self.centre_px), depth

    def rays(self, px: Array) -> Array:
        """Return the direction of each pixel's ray in the room, of depth 1. Shape (..., 3)."""
        wanted = (px - np.array(self.centre_px)) / self.focal_px
        flat = wanted
        if self.k1 or self.k2:
            far = wanted[..., 0] ** 2 + wanted[..., 1] ** 2
            share = np.ones(far.shape)
            for _ in range(12):
                square = far * share * share
                share = 1 / (1 + square * (self.k1 + self.k2 * square))
            flat = wanted * share[..., None]
        ahead = np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1)
        return np.asarray(ahead @ self.turn)

    def _distorted(self, flat: Array) -> Array:
        if not (self.k1 or self.k2):
            return flat
        square = flat[..., 0] ** 2 + flat[..., 1] ** 2
        return np.asarray(flat * (1 + square * (self.k1 + self.k2 * square))[..., None])


def looking_at(at_m: tuple[float, float, float], target_m: tuple[float, float, float], roll_deg: float = 0.0) -> Array:
    """Return the rotation of a lens that looks from one point to another; the room's y points down."""
    ahead = np.subtract(target_m, at_m)
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross((0.0, 1.0, 0.0), ahead)
    right = right / np.linalg.norm(right)
    down = np.cross(ahead, right)
    roll = np.deg2rad(roll_deg)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * right + s * down, c * down - s * right, ahead])
