"""Pictures that flash in every way that we could think of, each of one seed: to try the flash guard with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
KINDS = ("cuts", "phases", "waves", "noise", "sparks", "reds")


def wild(kind: str, seed: int, size: tuple[int, int]) -> Callable[[float], Pixels]:
    """Return a film of one kind.

    `cuts`: patterns of patches of any size and place, changed at random. `phases`: each patch flashes at a speed and
    phase of its own. `waves`: gratings of any direction that run. `noise`: each pixel as it likes. `sparks`: small
    squares come and go. `reds`: cuts between saturated colours.

    Args:
        size: (width, height) in pixels.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    y, x = np.mgrid[:height, :width]

    def patches(depth: int) -> NDArray[np.float64]:
        side = int(rng.integers(2, 14))
        left, top = rng.integers(0, side, 2)
        cells = rng.random((height // side + 2, width // side + 2, depth))
        return np.asarray(cells[(y + top) // side, (x + left) // side])

    if kind == "phases":
        hertz, phase, bright = 1 + 9 * patches(1), patches(1), patches(3)
        return lambda time_s: _film(bright * ((time_s * hertz + phase) % 1.0 < 0.5))
    if kind == "waves":
        angle, length, speed = rng.uniform(0, np.pi), rng.uniform(3, 60), rng.uniform(1, 12)
        way, tint = (np.cos(angle) * x + np.sin(angle) * y)[..., None] / length, rng.random(3)
        return lambda time_s: _film(tint * ((way + time_s * speed) % 1.0 < 0.5))
    if kind == "noise":
        return lambda _: _film(np.broadcast_to(rng.random((height, width, 1)) < 0.5, (height, width, 3)))
    if kind == "sparks":
        def sparks(_: float) -> Pixels:
            dots = np.zeros((height, width, 3))
            for left, top in zip(rng.integers(0, width, 12), rng.integers(0, height, 12), strict=True):
                dots[top : top + 5, left : left + 5] = rng.random(3)
            return _film(dots)
        return sparks
    if kind == "reds":
        hues = np.array([(0, 0, 1), (0, 0, 0.75), (0.6, 0, 0.5), (0, 0.3, 0.9), (0, 0, 0)])
        looks = [_film(hues[(patches(1)[..., 0] * 5).astype(int)]) for _ in range(8)]
    else:
        looks = [_film(patches(3) * (patches(1) < 0.6)) for _ in range(12)]
    stay = float(rng.uniform(0.0, 0.7))
    now = [looks[0]]

    def cut(_: float) -> Pixels:
        if rng.random() >= stay:
            now[0] = looks[rng.integers(len(looks))]
        return now[0]
    return cut


def _film(parts: NDArray[np.float64] | NDArray[np.bool_]) -> Pixels:
    """Return an opaque BGRX picture of parts 0..1."""
    picture = np.full((*parts.shape[:2], 4), 255, np.uint8)
    picture[..., :3] = np.rint(np.asarray(parts, np.float64) * 255)
    return picture
