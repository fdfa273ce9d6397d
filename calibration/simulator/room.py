"""The simulated room as data, and where each ray of a camera ends: what lights that place, and how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.lens import Array, Lens
from calibration.simulator.surface import Plane, Surface, nearest

WAVES = 8  # of a wall's texture
CHUNK = 16_384  # rays that are followed at once: what is known of them stays in the cache
SHADOW = 1e-6  # share of the way by which something must stand before a place to throw a shadow on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Projector:
    """A projector's optics.

    Attributes:
        lumen: Brightness against the others.
        gamma: Its response.
        contrast: White against black.
        blur_px: Sigma of a pixel's spot; a pixel is never sharper than a tent of one pixel.
        vignetting: Share of light that is lost in the corners.
        gammas: Responses of red, green and blue where colour matters; None: all as `gamma`.
        s_curve: How far the response bends like an S, 0..1, as in cinema modes.
        primaries: What a camera's red, green and blue (rows) see of full red, green and blue (columns).
    """

    lens: Lens
    lumen: float = 1.0
    gamma: float = 2.2
    contrast: float = 800.0
    blur_px: float = 0.45
    vignetting: float = 0.2
    gammas: tuple[float, float, float] | None = None
    s_curve: float = 0.0
    primaries: tuple[tuple[float, float, float], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera's optics and sensor.

    Attributes:
        blur_px: Sigma of its spot.
        vignetting: Share of light that is lost in the corners.
        white_dn: What the brightest part of a white frame lifts the picture by, of 255.
        well_e, read_e: Electrons at 255, and noise of reading.
        gamma: The picture is encoded with 1/gamma.
        bits: Of its numbers; up to 8 they are uint8, else uint16.
    """

    lens: Lens
    blur_px: float = 0.5
    vignetting: float = 0.3
    white_dn: float = 120.0
    well_e: float = 10_000.0
    read_e: float = 4.0
    gamma: float = 1.0
    bits: int = 8


@dataclass(frozen=True, kw_only=True)
class Room:
    """Surfaces, projectors, cameras, and what disturbs them.

    Attributes:
        ambient: Light of the room, in shares of a projector's brightest white.
        texture: How much the walls' colour varies (rms).
        bounce: Share of light that the walls send back to each other; 0: none.
        gloss: Share of light that flat walls mirror.
        banding: Amplitude of the brightness waves that a colour wheel and a rolling shutter leave.
        seed: Of texture and noise.
        paint: Which shares of red, green and blue the walls send back, shape (n, 3), at places (n, 3); None: all alike.
    """

    surfaces: Sequence[Surface]
    projectors: Mapping[str, Projector]
    cameras: Mapping[str, Camera]
    ambient: float = 0.05
    texture: float = 0.08
    bounce: float = 0.0
    gloss: float = 0.0
    banding: float = 0.0
    seed: int = 0
    paint: Callable[[Array], Array] | None = None


@dataclass(frozen=True)
class Sight:
    """What rays of a camera see.

    Attributes:
        points_m: Where they end, nan where nowhere. Shape (n, 3).
        normals: Shape (n, 3).
        owner: Number of the surface, or -1.
    """

    origin_m: Array
    points_m: Array
    normals: Array
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """What is really so at the centre of each camera pixel.

    Attributes:
        projector_px: Shape (height, width, 2); nan where no surface is.
        is_lit: Whether the projector's light gets there, as a whole pixel. Shape (height, width).
        points_m: Shape (height, width, 3).
        owner: Number of the surface. Shape (height, width).
    """

    projector_px: Array
    is_lit: NDArray[np.bool_]
    points_m: Array
    owner: NDArray[np.int64]


def grid_px(size: tuple[int, int], fine: int = 1) -> Array:
    """Return the places of fine x fine even samples of each pixel. Shape (height * fine, width * fine, 2)."""
    x = (np.arange(size[0] * fine) + 0.5) / fine
    y = (np.arange(size[1] * fine) + 0.5) / fine
    return np.stack(np.meshgrid(x, y), axis=-1)


def look(room: Room, camera: Lens, px: Array) -> Sight:
    """Follow the rays of camera pixels (n, 2) into the room."""
    rays = camera.rays(px)
    length, normals, owner = nearest(room.surfaces, camera.at_m, rays)
    with np.errstate(invalid="ignore"):
        points = camera.at_m + rays * np.where(np.isfinite(length), length, np.nan)[:, None]
    return Sight(camera.at_m, points, normals, owner)


def lighting(room: Room, sight: Sight, projector: Projector) -> tuple[Array, Array]:
    """Return which projector pixel lights each place, and how brightly full light would.

    Returns:
        Projector pixels, shape (n, 2), and light, 0 in the shadow and outside the picture, shape (n,).
    """
    lens = projector.lens
    px, depth = lens.project(sight.points_m)
    way = sight.points_m - lens.at_m
    distance = np.sqrt(np.einsum("ij,ij->i", way, way))
    cosine = -np.einsum("ij,ij->i", way, sight.normals) / distance
    width, height = lens.size
    with np.errstate(invalid="ignore"):
        # half a pixel more, for the blur of the outermost ones
        reached = ((depth > 0) & (cosine > 0) & (px[:, 0] > -2) & (px[:, 1] > -2)
                   & (px[:, 0] < width + 2) & (px[:, 1] < height + 2))
    seen = np.flatnonzero(reached)
    if len(seen):
        length, _, _ = nearest(room.surfaces, lens.at_m, way[seen])
        reached[seen] = length > 1 - SHADOW
    corner = np.hypot(px[:, 0] / width - 0.5, px[:, 1] / height - 0.5) / np.sqrt(0.5)
    fall = 1 - projector.vignetting * corner ** 2
    light = np.where(reached, projector.lumen * cosine * fall / np.maximum(distance, 1e-6) ** 2, 0.0)
    return px, np.nan_to_num(light)


def mirrored(room: Room, sight: Sight) -> Sight:
    """Return what flat walls mirror to the camera; where nothing is mirrored the owner is -1."""
    points, normals = np.full_like(sight.points_m, np.nan), np.zeros_like(sight.normals)
    owner = np.full_like(sight.owner, -1)
    for number, surface in enumerate(room.surfaces):
        its = np.flatnonzero(sight.owner == number)
        others = [other for other in room.surfaces if other is not surface]
        if not isinstance(surface, Plane) or not len(its) or not others:
            continue
        normal = np.array(surface.normal) / np.linalg.norm(surface.normal)
        origin = sight.origin_m - 2 * np.dot(sight.origin_m - np.array(surface.at_m), normal) * normal
        rays = sight.points_m[its] - origin  # of length 1 at the mirror
        length, its_normals, its_owner = nearest(others, origin, rays)
        beyond = np.isfinite(length) & (length > 1 + SHADOW)
        points[its[beyond]] = origin + rays[beyond] * length[beyond][:, None]
        normals[its[beyond]], owner[its[beyond]] = its_normals[beyond], its_owner[beyond]
    return Sight(sight.origin_m, points, normals, owner)


def albedo(room: Room, sight: Sight) -> Array:
    """Return how much light each place sends back, 1 on average where nothing is painted. Shape (n,)."""
    total = _texture(room, sight.points_m)
    for number, surface in enumerate(room.surfaces):
        paint = getattr(surface, "paint", None)
        if paint is not None:
            own = sight.owner == number
            total[own] = paint(sight.points_m[own])
    return total


def _texture(room: Room, points_m: Array) -> Array:
    if not room.texture:
        return np.ones(len(points_m))
    rng = np.random.default_rng([room.seed, 1])
    directions = rng.normal(size=(WAVES, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = directions * (2 * np.pi / np.geomspace(0.012, 0.8, WAVES))[:, None]
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    total = np.zeros(len(points_m))
    for wave, phase in zip(waves, phases, strict=True):
        total += np.sin(points_m @ wave + phase)
    return np.asarray(np.nan_to_num(np.maximum(1 + room.texture * np.sqrt(2 / WAVES) * total, 0.05), nan=0.0))
