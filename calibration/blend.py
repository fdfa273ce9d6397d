"""The blend: how much of the stage's light each projector gives at each place, and how bright the whole may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.grid import Grid

Array = NDArray[np.float64]
Target = Literal["smooth", "strict"]
SLOPE = 0.35  # of the logarithm of light, in a stage's height: what the eye takes for even
TOUCH = 1e-6  # stage heights: where borders cross, both projectors still give light
ROUNDING = 0.02  # stage heights over which the target's creases are softened


def weights_of(inside: Sequence[NDArray[np.bool_]], grid: Grid) -> list[Array]:
    """Return each projector's share of the light at each place, 0..1; where anyone reaches they sum to 1.

    A share depends on how far the place lies inside the borders that fall into other projectors' pictures, and runs
    along a smoothstep, whose slope is 0 at both ends.

    Args:
        inside: Where each projector reaches. Shape (rows, columns) each.
    """
    steps = []
    for number, own in enumerate(inside):
        others = np.any([other for place, other in enumerate(inside) if place != number], axis=0) \
            if len(inside) > 1 else np.zeros_like(own)
        steps.append(np.where(own, _depth(own, others, grid), 0.0))
    total = np.maximum(np.sum(steps, axis=0), 1e-12)
    eased = [_smoothstep(step / total) for step in steps]
    whole = np.sum(eased, axis=0)
    return [np.where(whole > 0, ease / np.maximum(whole, 1e-12), 0.0) for ease in eased]


def target_of(light: Array, covered: NDArray[np.bool_], grid: Grid, target: Target) -> Array:
    """Return how bright each place shall be: nowhere brighter than it can be, and changing slowly.

    Args:
        light: What all projectors can give together, blended. Shape (rows, columns).
        covered: Where any projector reaches.
        target: `strict` is even over the whole stage, and so as dark as its darkest place; `smooth` keeps the light
            that there is, as long as it changes too slowly to be seen.
    Source:
        Majumder and Stevens 2005, "Perceptual photometric seamlessness in projection-based tiled displays".
    """
    if target == "strict":
        return np.full(light.shape, float(np.percentile(light[covered], 0.5)))
    top = np.where(covered, np.log(np.maximum(light, 1e-6)), np.inf)
    below = _below(top, SLOPE * grid.height_step)
    soft = cv2.GaussianBlur(below, (0, 0), ROUNDING / grid.height_step, borderType=cv2.BORDER_REPLICATE)
    soft = np.minimum(soft, below + 0.02)
    return np.asarray(np.exp(soft - max(0.0, float(np.percentile((soft - top)[covered], 99.9)))))


def floor_of(black: Array, covered: NDArray[np.bool_], grid: Grid, target: Target) -> Array:
    """Return how bright black shall be at each place: nowhere darker than it is, and changing slowly.

    Args:
        black: What all projectors' blacks add up to. Shape (rows, columns).
    """
    if target == "strict":
        return np.full(black.shape, float(np.percentile(black[covered], 99)))
    bottom = np.where(covered, -np.log(np.maximum(black, 1e-9)), np.inf)
    return np.asarray(np.exp(-_below(bottom, SLOPE * grid.height_step)))


def _depth(own: NDArray[np.bool_], others: NDArray[np.bool_], grid: Grid) -> Array:
    """Return how far each place lies from the own borders that others cover; 1 where there are none."""
    padded = cv2.copyMakeBorder(own.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    border = (cv2.erode(padded, np.ones((3, 3), np.uint8))[1:-1, 1:-1] == 0) & own & others
    if not border.any():
        return np.ones(own.shape)
    far = cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(far * grid.height_step + TOUCH, np.float64)


def _smoothstep(t: Array) -> Array:
    return t * t * (3 - 2 * t)


def _below(top: Array, step: float) -> Array:
    """Return the highest function under `top` that changes by at most `step` from place to place."""
    found, last = top.copy(), np.full(top.shape, np.nan)
    while not np.allclose(found, last, rtol=0, atol=1e-9):
        last = found.copy()
        for axis in (0, 1):
            for way in (slice(None), slice(None, None, -1)):
                line = np.moveaxis(found, axis, 0)[way]
                ramp = step * np.arange(len(line))[:, None]
                line[:] = np.minimum.accumulate(line - ramp, axis=0) + ramp
        for near, far in ((np.s_[1:, 1:], np.s_[:-1, :-1]), (np.s_[1:, :-1], np.s_[:-1, 1:])):
            found[near] = np.minimum(found[near], found[far] + step * np.sqrt(2))
            found[far] = np.minimum(found[far], found[near] + step * np.sqrt(2))
    return found
