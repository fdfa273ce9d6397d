"""What a projector may light: soft edges, masks and black level, in light, and the tables that encode it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.render.mesh import covered
from engine.show.profile import Profile, Ramp

Floats = NDArray[np.float32]


def edge_light(ramp: Ramp, size: tuple[int, int]) -> Floats:
    """Return the light that soft edges leave of each pixel, 0..1; two facing ramps of one width sum to 1.

    The curve is 3t^2 - 2t^3 over the ramp's width: its slope is 0 at both ends, so the eye finds no line.
    """
    width, height = size
    across = _side(width, ramp.left) * _side(width, ramp.right)[::-1]
    down = _side(height, ramp.top) * _side(height, ramp.bottom)[::-1]
    return np.outer(down, across).astype(np.float32)


def _side(length: int, ramp_px: float) -> NDArray[np.float64]:
    if ramp_px <= 0:
        return np.ones(length)
    t: NDArray[np.float64] = np.clip((np.arange(length) + 0.5) / ramp_px, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def allowed_light(profile: Profile) -> Floats:
    """Return the light that masks and unmeasured soft edges leave of each pixel, 0..1. Shape (height, width)."""
    light = edge_light(Ramp() if profile.light else profile.ramp, profile.size)
    if profile.mask:
        light *= 1 - covered([np.array(polygon, np.float64) for polygon in profile.mask], profile.size)
    return light


def encode(light: NDArray[np.floating], gamma: float) -> NDArray[np.float64]:
    """Return the signal, 0..1, that makes a projector of this response shine with `light`."""
    return np.power(np.clip(np.asarray(light, np.float64), 0.0, 1.0), 1 / gamma)


def black_tables(profile: Profile) -> NDArray[np.uint8]:
    """Return signal -> signal, unchanged where projectors overlap, lifted by the black level where one shines alone.

    Returns:
        Shape (2, 3, 256): overlapped and alone; red, green, blue.
    """
    light = (np.arange(256) / 255) ** profile.gamma
    black = np.array(profile.black_level)[:, None]
    alone = encode(light * (1 - black) + black, profile.gamma) * 255
    unchanged = np.broadcast_to(np.arange(256.0), (3, 256))
    tables: NDArray[np.uint8] = np.rint(np.stack([unchanged, alone])).astype(np.uint8)
    return tables
