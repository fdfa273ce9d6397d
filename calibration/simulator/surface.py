"""Surfaces of the simulated room: where a ray meets them, and how they stand there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NEAREST_M = 1e-6


class Surface(Protocol):
    """Something that light falls on."""

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        """Return where rays from one point meet the surface.

        Args:
            origin_m: Shape (3,).
            rays: Shape (n, 3), of any length.
        Returns:
            Lengths of ray, inf where it misses, shape (n,), and unit normals on the side of the origin, shape (n, 3).
        """


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat wall.

    Attributes:
        at_m: Its middle.
        normal: Which way it faces; need not be of length 1.
        half_m: Half its width and height along its own axes, or None for no end.
        across: Its own axis of width.
    """

    at_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    normal: tuple[float, float, float] = (0.0, 0.0, -1.0)
    half_m: tuple[float, float] | None = None
    across: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        normal = np.array(self.normal) / np.linalg.norm(self.normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = np.dot(np.array(self.at_m) - origin_m, normal) / (rays @ normal)
        length = np.where(length > NEAREST_M, length, np.inf)
        if self.half_m is not None:
            across = np.array(self.across) / np.linalg.norm(self.across)
            up = np.cross(normal, across)
            with np.errstate(invalid="ignore"):
                offset = origin_m + rays * np.where(np.isfinite(length), length, 0)[:, None] - np.array(self.at_m)
            inside = (np.abs(offset @ across) <= self.half_m[0]) & (np.abs(offset @ up) <= self.half_m[1])
            length = np.where(inside, length, np.inf)
        return length, _facing(np.broadcast_to(normal, rays.shape), rays)


@dataclass(frozen=True, slots=True)
class Cylinder:
    """An upright cylinder's inner or outer wall, without end.

    Attributes:
        axis_m: Where its axis stands: x and z.
        radius_m: Its radius.
        is_far: Whether the ray's second meeting counts, as in a screen seen from inside.
    """

    axis_m: tuple[float, float]
    radius_m: float
    is_far: bool = True

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        flat, start = rays[:, [0, 2]], origin_m[[0, 2]] - np.array(self.axis_m)
        length = _roots(flat, start, self.radius_m, self.is_far)
        normal = np.zeros_like(rays)
        normal[:, [0, 2]] = (start + flat * np.where(np.isfinite(length), length, 0)[:, None]) / self.radius_m
        return length, _facing(normal, rays)


@dataclass(frozen=True, slots=True)
class Dome:
    """A sphere's inner or outer wall."""

    centre_m: tuple[float, float, float]
    radius_m: float
    is_far: bool = True

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        start = origin_m - np.array(self.centre_m)
        length = _roots(rays, start, self.radius_m, self.is_far)
        normal = (start + rays * np.where(np.isfinite(length), length, 0)[:, None]) / self.radius_m
        return length, _facing(normal, rays)


@dataclass(frozen=True, slots=True)
class Relief:
    """A wall near z = 0 whose depth is a function of the place: z = depth_m(x, y)."""

    depth_m: Callable[[Array, Array], Array]

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            length = -origin_m[2] / rays[:, 2]
            for _ in range(12):
                at = origin_m + rays * length[:, None]
                length = length - (at[:, 2] - self.depth_m(at[:, 0], at[:, 1])) / rays[:, 2]
        at = origin_m + rays * length[:, None]
        step = 1e-5
        slope_x = (self.depth_m(at[:, 0] + step, at[:, 1]) - self.depth_m(at[:, 0] - step, at[:, 1])) / (2 * step)
        slope_y = (self.depth_m(at[:, 0], at[:, 1] + step) - self.depth_m(at[:, 0], at[:, 1] - step)) / (2 * step)
        normal = np.stack([slope_x, slope_y, -np.ones_like(slope_x)], axis=1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return np.where(length > NEAREST_M, length, np.inf), _facing(normal, rays)


@dataclass(frozen=True)
class Mesh:
    """Triangles.

    Attributes:
        points_m: Shape (n, 3).
        triangles: Indices of points. Shape (m, 3).
    Source:
        Möller and Trumbore 1997, "Fast, minimum storage ray-triangle intersection".
    """

    points_m: Array
    triangles: NDArray[np.int64]
    cells: int = field(default=192)

    def hit(self, origin_m: Array, rays: Array) -> tuple[Array, Array]:
        """As `Surface.hit`; rays from one point are sorted into cells of their directions, triangles visit theirs."""
        length, owner = np.full(len(rays), np.inf), np.full(len(rays), -1)
        corners = self.points_m[self.triangles] - origin_m
        ahead = rays.mean(0)
        frame = _frame(ahead / np.linalg.norm(ahead))
        order, starts, low, span = _cells(_flat(rays @ frame.T), self.cells)
        seen = corners @ frame.T
        flat = _flat(seen)
        first = np.clip(np.floor((flat.min(1) - low) / span * self.cells), 0, self.cells - 1).astype(int)
        last = np.clip(np.floor((flat.max(1) - low) / span * self.cells), -1, self.cells - 1).astype(int)
        behind = (seen[..., 2] <= 0).any(1)
        first[behind], last[behind] = 0, self.cells - 1
        for number, triangle in enumerate(corners):
            rows = range(first[number, 1], last[number, 1] + 1)
            left, right = first[number, 0], last[number, 0]
            chosen = [order[starts[row * self.cells + left]:starts[row * self.cells + right + 1]] for row in rows]
            if left <= right and chosen:
                _meet(triangle, rays, np.concatenate(chosen), number, length, owner)
        edges = corners[:, 1:] - corners[:, :1]
        normals = np.cross(edges[:, 0], edges[:, 1])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
        return length, _facing(normals[owner], rays)


def nearest(surfaces: Sequence[Surface], origin_m: Array, rays: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return where rays first meet any of the surfaces: lengths, normals, and the surface's number (-1: none)."""
    length, normal = surfaces[0].hit(origin_m, rays)
    owner = np.where(np.isfinite(length), 0, -1)
    for number, surface in enumerate(surfaces[1:], 1):
        its_length, its_normal = surface.hit(origin_m, rays)
        closer = its_length < length
        length[closer], normal[closer], owner[closer] = its_length[closer], its_normal[closer], number
    return length, normal, owner


def _roots(rays: Array, start: Array, radius: float, is_far: bool) -> Array:
    """Return the lengths of rays from one point, as seen from the middle, to a circle or a sphere about it."""
    square, half = np.einsum("ij,ij->i", rays, rays), rays @ start
    under = half ** 2 - square * (float(start @ start) - radius ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(np.where(under >= 0, under, np.nan))
        length = (-half + (root if is_far else -root)) / square
        return np.where(length > NEAREST_M, length, np.inf)


def _facing(normal: Array, rays: Array) -> Array:
    """Return the normals, turned to where the rays come from."""
    away = np.einsum("ij,ij->i", normal, rays) > 0
    return np.where(away[:, None], -normal, normal)


def _frame(ahead: Array) -> Array:
    side = np.cross(ahead, (0.0, 1.0, 0.0) if abs(ahead[1]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(ahead, side), ahead])


def _flat(seen: Array) -> Array:
    return np.asarray(seen[..., :2] / np.maximum(seen[..., 2:], 1e-9))


def _cells(flat: Array, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """Sort rays into count x count cells: their order, where each cell starts in it, and the cells' place and span."""
    low = flat.min(0)
    span = np.maximum(flat.max(0) - low, 1e-12) * (1 + 1e-9)
    cell = np.minimum(((flat - low) / span * count).astype(int), count - 1)
    number = cell[:, 1] * count + cell[:, 0]
    order = np.argsort(number, kind="stable")
    return order, np.searchsorted(number[order], np.arange(count * count + 1)), low, span


def _meet(triangle: Array, rays: Array, chosen: NDArray[np.int64], number: int, length: Array,
          owner: NDArray[np.int64]) -> None:
    start, along, up = triangle[0], triangle[1] - triangle[0], triangle[2] - triangle[0]
    some = rays[chosen]
    cross = np.cross(some, up)
    across = np.cross(-start, along)
    with np.errstate(divide="ignore", invalid="ignore"):
        over = 1 / (cross @ along)
        a, b = (cross @ -start) * over, (some @ across) * over
        t = float(up @ across) * over
        meets = (a >= -1e-9) & (b >= -1e-9) & (a + b <= 1 + 1e-9) & (t > NEAREST_M) & (t < length[chosen])
    length[chosen[meets]], owner[chosen[meets]] = t[meets], number
