"""Whether two people seen from above are joined: how surely what lies between them is somebody, not shaded floor.

Each pixel between two trunks has some figures that light hardly changes: how its colour differs from the floor's under
the light around, how grainy it is, how far it is from both trunks. A small net of rectified units weighs them. It was
taught on simulated floors by `tests/teach_touch.py`, with other visitors, clothes and lights than any test or figure.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.world import Floats, Pixels

WEIGHTS = Path(__file__).with_name("touch.npz")
AROUND, MORE = 12, 8  # pixels beside the line from trunk to trunk that are asked; and more whose light is looked at
LIGHT_AROUND = (17, 17)
GAP = 3  # pixels: so far beside where floor is known nobody is
LEAST_LEVEL = np.float32(4)
THIRDS = np.full((1, 3), 1 / 3, np.float32)
FIGURES = 14
LOGARITHMS = np.log(np.arange(256, dtype=np.float32) + LEAST_LEVEL)
DISTANT = np.float32(5)  # 20 cm weigh as much as one level of other figures
CORE = 0.5  # of a trunk's radius: within it a pixel is surely somebody
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95)  # how surely all along the way is somebody
Area = tuple[slice, slice]
Point = tuple[int, int]
Layers = list[tuple[Floats, Floats]]  # weights and offsets of each


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the floor in one picture.

    Attributes:
        picture: The picture with its noise averaged away, BGR. Shape (height, width, 3), uint8.
        floor: As it was learnt, BGR. Same shape, float32.
        known: 1 where the picture shows floor, else 0. Shape (height, width), uint8.
        noise: Of the camera, standard deviation.
    """

    picture: Pixels
    floor: Floats
    known: Pixels
    noise: float


@dataclass(frozen=True, slots=True)
class Trunk:
    """Where somebody stands, and how large they are from above: the radius of a disc of their area. Pixels."""

    x: float
    y: float
    radius: float


def surely_joined(one: Trunk, other: Trunk, ground: Ground, px_per_m: float) -> float:
    """Return how surely two are joined by more than floor: one of `LEVELS`."""
    told, is_asked, area = figures(one, other, ground, px_per_m)
    body = np.zeros(is_asked.shape, np.float32)
    body[is_asked] = weigh(told, _layers())
    return _least_sure(body, one, other, area)


def _between(one: Trunk, other: Trunk, shape: tuple[int, ...]) -> tuple[Area, Area]:
    """Return the box around both trunks' middles in a picture, and a larger one to know the light there."""
    boxes = []
    for margin in (AROUND, AROUND + MORE):
        spans = []
        for low, high, size in ((min(one.y, other.y), max(one.y, other.y), shape[0]),
                                (min(one.x, other.x), max(one.x, other.x), shape[1])):  # fmt: skip
            start = min(max(round(low) - margin, 0), size - 1)
            spans.append(slice(start, max(min(round(high) + margin + 1, size), start + 1)))
        boxes.append((spans[0], spans[1]))
    return boxes[0], boxes[1]


def figures(one: Trunk, other: Trunk, ground: Ground, px_per_m: float) -> tuple[Floats, NDArray[np.bool_], Area]:
    """Return what is told to the net of the pixels around two trunks and between that may be somebody.

    Returns:
        Shape (n, 14), float32; which pixels of an area they are, shape (height, width); rows and columns of that area.
    """
    inner, outer = _between(one, other, ground.known.shape)
    top, left = inner[0].start - outer[0].start, inner[1].start - outer[1].start
    here = slice(top, top + inner[0].stop - inner[0].start), slice(left, left + inner[1].stop - inner[1].start)
    asked = 1 - cv2.erode(ground.known[outer], np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8))[here]
    for trunk in (one, other):
        cv2.circle(asked, _within(trunk, inner), _core(trunk), 0, -1)
    is_asked = asked.view(np.bool_)
    y, x = np.nonzero(is_asked)
    place = (y + top) * (outer[1].stop - outer[1].start) + (x + left)
    told = np.empty((FIGURES, len(place)), np.float32)
    for row, plane in zip(told, _planes(ground, outer), strict=False):
        np.take(plane.reshape(-1), place, out=row)
    told[-3:] = _distances(one, other, x + np.float32(inner[1].start), y + np.float32(inner[0].start))
    told[-3:] *= DISTANT / np.float32(px_per_m)
    return np.copysign(np.log1p(np.abs(told)), told).T, is_asked, inner


def _within(trunk: Trunk, area: Area) -> Point:
    """Return the pixel of an area that is nearest to a trunk's middle."""
    rows, columns = area
    return (min(max(round(trunk.x), columns.start), columns.stop - 1) - columns.start,
            min(max(round(trunk.y), rows.start), rows.stop - 1) - rows.start)  # fmt: skip


def _core(trunk: Trunk) -> int:
    """Return the radius within which pixels are surely somebody."""
    return max(4, round(CORE * trunk.radius))


def _planes(ground: Ground, area: Area) -> list[Floats]:
    """Return what is told of each pixel of an area whoever stands there."""
    seen = np.asarray(cv2.LUT(ground.picture[area], LOGARITHMS), np.float32)
    bare = np.asarray(cv2.log(ground.floor[area] + LEAST_LEVEL), np.float32)
    known = ground.known[area].astype(np.float32)
    around = np.asarray(cv2.blur(known, LIGHT_AROUND), np.float32)
    ratio = seen - bare
    light = cv2.blur(cv2.multiply(ratio, cv2.merge((known,) * 3)), LIGHT_AROUND)
    off = np.asarray(ratio - cv2.divide(light, cv2.merge((np.maximum(around, np.float32(1e-3)),) * 3)), np.float32)
    smooth = np.asarray(cv2.blur(off, (3, 3)), np.float32)
    grey, smooth_grey, seen_grey, bare_grey = (_mean(values) for values in (off, smooth, seen, bare))
    certain = np.asarray(cv2.exp(seen_grey), np.float32) / np.float32(ground.noise)
    return [grey, smooth_grey, np.minimum(grey, 0), _colourful(off, grey) * certain,
            _colourful(smooth, smooth_grey) * certain, cv2.blur(known, (5, 5)), around, _spread(ratio, 3) * certain,
            _spread(ratio, 7) * certain, _spread(seen, 3) * certain,
            _same_grain(seen_grey, bare_grey) * certain**2]  # fmt: skip


def _mean(values: Floats) -> Floats:
    """Return the mean of three channels."""
    return np.asarray(cv2.transform(values, THIRDS), np.float32)


def _colourful(values: Floats, mean: Floats) -> Floats:
    """Return how far three channels are from their mean, in all."""
    return np.asarray(cv2.sqrt(np.maximum(3 * (_mean(values * values) - mean * mean), 0)), np.float32)


def _spread(values: Floats, size: int) -> Floats:
    """Return the standard deviation in a window, the mean of three channels."""
    mean = np.asarray(cv2.blur(values, (size, size)), np.float32)
    square = np.asarray(cv2.blur(values * values, (size, size)), np.float32)
    return _mean(np.asarray(cv2.sqrt(np.maximum(square - mean * mean, 0)), np.float32))


def _same_grain(seen: Floats, bare: Floats) -> Floats:
    """Return how much more the grain around is the floor's than nobody's, in squares of the logarithm."""
    wanted, grain = (np.asarray(values - cv2.blur(values, (5, 5)), np.float32) for values in (bare, seen))
    return np.asarray(cv2.boxFilter(wanted * (grain - wanted / 2), cv2.CV_32F, (7, 7), normalize=False), np.float32)


def _distances(one: Trunk, other: Trunk, x: Floats, y: Floats) -> Floats:
    """Return how far points are outside the nearer trunk, outside the farther one, and from the line between both."""
    ax, ay, bx, by = x - np.float32(one.x), y - np.float32(one.y), x - np.float32(other.x), y - np.float32(other.y)
    outside = np.hypot(ax, ay) - np.float32(one.radius), np.hypot(bx, by) - np.float32(other.radius)
    ahead_x, ahead_y = np.float32(other.x - one.x), np.float32(other.y - one.y)
    share = np.clip((ax * ahead_x + ay * ahead_y) / max(ahead_x**2 + ahead_y**2, np.float32(1)), 0, 1)
    beside = np.hypot(ax - share * ahead_x, ay - share * ahead_y)
    return np.stack((np.minimum(*outside), np.maximum(*outside), beside))


@cache
def _layers() -> Layers:
    with np.load(WEIGHTS) as kept:
        return [(kept[f"weights{k}"], kept[f"offsets{k}"]) for k in range(len(kept) // 2)]


def weigh(values: Floats, layers: Layers) -> Floats:
    """Return how surely each pixel is somebody, 0 to 1, by its figures. Shape (n,), float32."""
    *hidden, (weights, offsets) = layers
    for share, offset in hidden:
        values = np.maximum(values @ share + offset, 0)
    return np.asarray(1 / (1 + np.exp(-(values @ weights + offsets)[:, 0])), np.float32)


def _least_sure(body: Floats, one: Trunk, other: Trunk, inner: Area) -> float:
    """Return the highest of `LEVELS` at which a way of pixels leads from one to the other."""
    ends = [_within(trunk, inner) for trunk in (one, other)]
    for trunk, end in zip((one, other), ends, strict=True):
        cv2.circle(body, end, _core(trunk), 1.0, -1)
    return LEVELS[bisect_left(LEVELS, True, key=lambda level: level > 0 and not _leads(body >= level, *ends)) - 1]


def _leads(ways: NDArray[np.bool_], start: Point, end: Point) -> bool:
    """Return whether true pixels lead from one to another."""
    _, labels = cv2.connectedComponents(ways.view(np.uint8), connectivity=4, ltype=cv2.CV_16U)
    return bool(labels[start[::-1]] == labels[end[::-1]])
