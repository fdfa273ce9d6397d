"""A sheet of paper with a checkerboard, somewhere in the room, bent as paper is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.lens import Array
from calibration.simulator.surface import NEAREST_M

WHITE, INK = 1.1, 0.09  # what paper and ink send back
RIM = 0.7  # of a square: white paper round the squares


@dataclass(frozen=True)
class Sheet:
    """A checkerboard's sheet.

    Attributes:
        at_m: Its middle.
        turn: From its axes (x right, y down, z away from who reads it) to the room's. Shape (3, 3).
        corners: Inner corners along its two sides.
        square_m: Side of a square.
        bend: Depths of its middle, of its twist, and of a small wave, in squares.
    """

    at_m: Array
    turn: Array
    corners: tuple[int, int]
    square_m: float
    bend: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def half_m(self) -> tuple[float, float]:
        """Half the sides of the paper."""
        a, b = ((count + 1) / 2 + RIM for count in self.corners)
        return a * self.square_m, b * self.square_m

    def depth_m(self, x: Array, y: Array) -> Array:
        """Return how far the paper lies behind its plane."""
        u, v = x / self.half_m[0], y / self.half_m[1]
        bow, twist, wave = self.bend
        return np.asarray(self.square_m * (bow * (1 - u * u) + twist * u * v + wave * np.sin(3 * u + 2 * v)))

    def corners_m(self) -> Array:
        """Return the inner corners in the room, row by row. Shape (n, 3)."""
        a, b = self.corners
        x, y = np.meshgrid((np.arange(a) - (a - 1) / 2) * self.square_m, (np.arange(b) - (b - 1) / 2) * self.square_m)
        own = np.stack([x.ravel(), y.ravel(), self.depth_m(x, y).ravel()], 1)
        return np.asarray(own @ self.turn.T + self.at_m)

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        """As `Surface.hit`, by Newton's method."""
        start, way = (origin_m - self.at_m) @ self.turn, rays @ self.turn
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            length = -start[2] / way[:, 2]
            for _ in range(8):
                at = start + way * length[:, None]
                length = length - (at[:, 2] - self.depth_m(at[:, 0], at[:, 1])) / way[:, 2]
            at = start + way * length[:, None]
            inside = (np.abs(at[:, 0]) <= self.half_m[0]) & (np.abs(at[:, 1]) <= self.half_m[1])
            step = 1e-5
            x, y = at[:, 0], at[:, 1]
            slope = [(self.depth_m(x + dx, y + dy) - self.depth_m(x - dx, y - dy)) / (2 * step)
                     for dx, dy in ((step, 0.0), (0.0, step))]
        normal = np.stack([*slope, -np.ones(len(rays))], 1)
        normal = np.nan_to_num(normal / np.linalg.norm(normal, axis=1, keepdims=True)) @ self.turn.T
        away = (normal * rays).sum(1, keepdims=True) > 0
        return np.where(inside & (length > NEAREST_M), length, np.inf), np.where(away, -normal, normal)

    def paint(self, points_m: Array) -> Array:
        """Return what the paper sends back at each place. Shape (n,)."""
        own = (points_m - self.at_m) @ self.turn
        a, b = self.corners
        column = np.floor(own[:, 0] / self.square_m + (a + 1) / 2)
        row = np.floor(own[:, 1] / self.square_m + (b + 1) / 2)
        is_square = (column >= 0) & (column <= a) & (row >= 0) & (row <= b)
        return np.where(is_square & ((column + row) % 2 == 0), INK, WHITE)
