"""Drift: how far projectors have moved since they were calibrated, told from whatever the show happens to show. Pure.

A camera saw each projector when it was calibrated: which of its pixels lights which camera pixel, and how brightly. So
what it must see of a frame is known; by how many pixels each projector's light is off explains what it does see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.blas import one_thread

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
ROUNDS = 7
COARSE_PX, FINE_PX = 2.5, 0.6  # camera_px by which pictures are softened: first to catch far shifts, then to tell near
WALL_PX = 25  # camera_px: what changes more slowly is the room's light, not the picture's
BORDER_PX = 3  # camera_px from a projection's border that are left out
BLOCK_PX = 24  # side of the squares of camera pixels that may be wrong together, as where somebody stands
NOISE = 0.6 / 255  # of the camera's range, the least that is believed
KNOWN_PX = 0.35  # a shift that is less sure than this is not known
FAR_PX = 12.0  # a shift farther than this is not believed
SEEN, FEWEST = 0.3, 400  # likeness of what is seen and predicted, and pixels, below which nothing is said


@dataclass(frozen=True)
class Outlook:
    """How a camera saw one projector when it was calibrated.

    Attributes:
        size: (width, height) of the projector.
        projector_px: Lit at each camera pixel's centre; NaN where its light does not fall. Shape (height, width, 2).
        white: Light of its white above black there. Shape (height, width).
        moved_px: By how much its meshes were shifted since, to make good what it had moved.
    """

    size: tuple[int, int]
    projector_px: Floats
    white: Floats
    moved_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Shown:
    """What a projector showed while the camera looked.

    Attributes:
        light: Of its frame, 0..1, larger or smaller than the projector. Shape (rows, columns).
        restless: Where it did not stand still. Shape (rows, columns); None: nowhere.
    """

    light: Floats
    restless: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a projector's picture has moved on the wall, in projector_px; right and down are above 0.

    Attributes:
        sigma_px: Standard deviation of each, infinite where nothing can be known.
        why: Why it is not known, or nothing.
    """

    x_px: float = 0.0
    y_px: float = 0.0
    sigma_px: float = float("inf")
    why: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it says anything."""
        return not self.why

    @property
    def far_px(self) -> float:
        """How far in all."""
        return float(np.hypot(self.x_px, self.y_px))


def drifts(outlooks: Mapping[str, Outlook], shown: Mapping[str, Shown], seen: Floats) -> dict[str, Drift]:
    """Return how far each projector has moved.

    Args:
        outlooks: By projector, all of one camera.
        shown: What each of them showed.
        seen: The camera's picture as light, 0..1 (its exposure does not matter). Shape (height, width).
    """
    one_thread()
    fits = [_Fit(name, outlook, shown[name]) for name, outlook in outlooks.items()]
    if not fits:
        return {}
    region = np.any([fit.region for fit in fits], axis=0) & ~np.any([fit.restless for fit in fits], axis=0)
    if region.sum() < FEWEST or not seen.any():
        why = "the camera sees nothing of it, or its picture never stands still"
        return {fit.name: Drift(why=why) for fit in fits}
    blocks = _blocks(seen.shape)
    cov = np.empty(0)
    for number in range(ROUNDS):
        soft_px = COARSE_PX if number < ROUNDS // 2 else FINE_PX
        columns = [column for fit in fits for column in fit.columns(soft_px)]
        steps, cov = _step(columns, _high(seen, soft_px), region, blocks)
        for place, fit in enumerate(fits):
            fit.take(steps[3 * place:3 * place + 3])
    return {fit.name: _judged(fit, place, cov, seen) for place, fit in enumerate(fits)}


class _Fit:
    """One projector while its shift is looked for."""

    def __init__(self, name: str, outlook: Outlook, shown: Shown) -> None:
        self.name, self.outlook, self.shift, self.gain = name, outlook, np.zeros(2), 0.0
        known = np.isfinite(outlook.projector_px).all(2)
        around = np.ones((2 * BORDER_PX + 1,) * 2, np.uint8)
        whole = np.asarray(known, np.float32)
        self.region = np.asarray(cv2.erode(whole, around, borderValue=0)) > 0
        at = np.nan_to_num(outlook.projector_px, nan=-1e4) + np.array(outlook.moved_px, np.float32)
        self._white = np.where(known, outlook.white, 0).astype(np.float32)
        across = np.hypot(*np.moveaxis(np.diff(outlook.projector_px, axis=1), 2, 0))
        self.scale = max(float(np.nanmedian(across)) if known.any() else 1.0, 0.1)  # projector_px a camera_px
        rows, columns = shown.light.shape
        self._fine = np.array([columns / outlook.size[0], rows / outlook.size[1]], np.float32)
        self._x, self._y = (np.ascontiguousarray(at[..., axis] * self._fine[axis] - np.float32(0.5)) for axis in (0, 1))
        self._light = cv2.GaussianBlur(shown.light, (0, 0), max(0.45 * self.scale * columns / outlook.size[0], 0.1))
        self.restless = np.zeros(known.shape, bool)
        if shown.restless is not None and shown.restless.any():
            moving = cv2.remap(shown.restless.astype(np.float32), self._x, self._y, cv2.INTER_NEAREST)
            self.restless = cv2.dilate(moving, np.ones((WALL_PX, WALL_PX), np.uint8)) > 0

    def columns(self, soft_px: float) -> list[Floats]:
        """Return what the camera must see, and how that changes with a pixel's shift across and down."""
        step = 0.5 * self.scale
        around = [self._seen_at(self.shift + way) for way in ((0, 0), (step, 0), (-step, 0), (0, step), (0, -step))]
        same, right, left, low, high = (_high(each, soft_px) for each in around)
        return [same, (right - left) / np.float32(2 * step), (low - high) / np.float32(2 * step)]

    def take(self, step: Array) -> None:
        """Go on by a step: gain, and gain times shift."""
        self.gain = float(step[0])
        if self.gain > 1e-6:
            self.shift = self.shift + np.clip(step[1:] / self.gain, -2 * self.scale, 2 * self.scale)
            self.shift = np.clip(self.shift, -2 * FAR_PX, 2 * FAR_PX)

    def _seen_at(self, shift: Array) -> Floats:
        across, down = shift.astype(np.float32) * self._fine
        light = cv2.remap(self._light, self._x + across, self._y + down, cv2.INTER_LINEAR)
        return np.asarray(light * self._white, np.float32)


def _high(picture: Floats, soft_px: float) -> Floats:
    """Return a softened picture without what changes slowly."""
    slow = cv2.blur(cv2.blur(picture, (WALL_PX, WALL_PX)), (WALL_PX, WALL_PX))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), soft_px) - slow, np.float32)


def _step(shown: list[Floats], wanted: Floats, region: NDArray[np.bool_],
          blocks: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the robust least squares of `shown` against `wanted`, and its covariance.

    The covariance takes errors within a block as one (a sandwich), so that somebody who stands there is one error.
    """
    rows = np.stack([column[region] for column in shown], axis=1).astype(np.float64)
    target, block = wanted[region].astype(np.float64), blocks[region]
    weights = np.ones(len(target))
    found = np.zeros(rows.shape[1])
    left, normal = target, np.eye(rows.shape[1])
    scale = np.sqrt((rows ** 2).mean(0)) + 1e-12
    rows = rows / scale
    for _ in range(4):
        weighted = rows * weights[:, None]
        normal = weighted.T @ rows + 1e-9 * len(target) * np.eye(rows.shape[1])
        found = np.linalg.solve(normal, weighted.T @ target)
        left = target - rows @ found
        sigma = max(1.4826 * float(np.median(np.abs(left))), NOISE)
        weights = 1 / (1 + (left / (2 * sigma)) ** 2)
    scores = np.stack([np.bincount(block, row * weights * left) for row in rows.T], axis=1)
    inverse = np.linalg.inv(normal)
    cov = inverse @ (scores.T @ scores) @ inverse + inverse * NOISE ** 2
    return found / scale, cov / np.outer(scale, scale)


def _judged(fit: _Fit, place: int, cov: Array, seen: Floats) -> Drift:
    part = cov[3 * place + 1:3 * place + 3, 3 * place + 1:3 * place + 3]
    sigma_px = float(np.sqrt(max(np.linalg.eigvalsh(part)[-1], 0))) / fit.gain if fit.gain > 1e-6 else float("inf")
    if not sigma_px <= KNOWN_PX:
        return Drift(sigma_px=sigma_px, why="its picture shows too little to tell")
    likeness = _likeness(fit, seen)
    if likeness < SEEN:
        return Drift(sigma_px=sigma_px, why=f"the camera sees something else (likeness {likeness:.2f})")
    if np.hypot(*fit.shift) > FAR_PX:
        return Drift(sigma_px=sigma_px, why=f"it seems to have moved more than {FAR_PX:.0f} px")
    return Drift(-float(fit.shift[0]), -float(fit.shift[1]), sigma_px)


def _likeness(fit: _Fit, seen: Floats) -> float:
    """Return the correlation of what is seen and what must be seen of one projector, in its own region."""
    first, second = (each[fit.region] for each in (fit.columns(FINE_PX)[0], _high(seen, FINE_PX)))
    return float((first * second).sum() / (np.linalg.norm(first) * np.linalg.norm(second) + 1e-12))


def _blocks(shape: tuple[int, ...]) -> NDArray[np.int64]:
    rows, columns = np.arange(shape[0]) // BLOCK_PX, np.arange(shape[1]) // BLOCK_PX
    return np.asarray(rows[:, None] * (int(columns[-1]) + 1) + columns)
