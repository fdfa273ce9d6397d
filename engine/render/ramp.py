"""What a projector may light: soft edges, masks and black level, in light, and the tables that encode it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.mesh import covered
from engine.show.profile import Profile, Ramp

Floats = NDArray[np.float32]
DARK_PX = 4.5  # at a feathered edge: what resampling spreads by half a pixel stays dark


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
        dark = covered([np.array(polygon, np.float64) for polygon in profile.mask], profile.size)
        light *= 1 - dark if not profile.feather_px else _around_masks(dark, profile.feather_px)
    return light


def feathered(inside: NDArray[np.uint8], share: float) -> Floats:
    """Return light that falls to nothing at the edge of a picture, so that no rectangle is seen on glass or gauze.

    Args:
        inside: Where the stage's picture lies, 1 or 0. Shape (height, width).
        share: Of the picture's width over which it falls; the outermost `DARK_PX` stay dark.
    """
    framed = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    from_edge_px = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    wide = max(share * np.ptp(np.flatnonzero(inside.any(0))) - DARK_PX, 1.0) if inside.any() else 1.0
    t = np.clip((from_edge_px - DARK_PX) / wide, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _around_masks(dark: Floats, feather_px: float) -> Floats:
    """Return the light around masked pixels: 0 on them, full from `feather_px` beyond."""
    beyond = cv2.distanceTransform((dark < 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    t = np.clip(beyond / np.float32(feather_px), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


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
