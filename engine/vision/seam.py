"""Where the pixels of two people meet: whether somebody is there, or only shaded floor between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.world import Floats, Pixels

REACH, AROUND = 6, 10  # pixels to both sides of a seam that are asked; and around these for light and clothes
FLOOR_AROUND, CLOTHES_AROUND = (17, 17), (21, 21)
LIKE_FLOOR = (2.0, 3.0)  # squares of the noise: what is better explained as floor than as somebody is floor up to here
CLOTHES_NEAR, DISGUISED, UNTOLD = 9, 0.15, 0.8  # pixels; share of clothes beside a seam that pass for floor; then
FLOOR_UNEVEN, CLOTHES_UNEVEN = 0.03, 0.08
DEEPEST_SHADE, WORST, FEWEST = 0.6, 20.0, 6
Area = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the floor in one picture.

    Attributes:
        floor: As it was learnt, BGR. Shape (height, width, 3), float32.
        light: The factor on it, where known. Same shape.
        known: 1 where the picture shows floor, else 0. Shape (height, width), uint8.
        noise: Of the camera, standard deviation.
    """

    floor: Floats
    light: Floats
    known: Pixels
    noise: float


@dataclass(frozen=True, slots=True)
class Seam:
    """Where the pixels of two meet.

    Attributes:
        owners: 1 and 2 for theirs, else 0, in the box of their piece. Shape (height, width), uint8.
        left, top: Of that box in the picture.
    """

    owners: Pixels
    left: int
    top: int


def bond(seam: Seam, picture: Pixels, ground: Ground) -> float:
    """Return how surely two are joined by more than floor: 0, a half or 1, and `UNTOLD` if it cannot be told.

    A pixel beside the seam is floor if the light around, less any grey shade, explains it better than the clothes
    beside it do. Shade takes from all channels alike, for what a projector throws stays. Without those pixels
    the two are still one piece, or they are two. If one of them is dressed like shaded floor, colour says nothing
    and the mask, in which they are joined, decides.
    """
    own = np.pad(seam.owners, AROUND + REACH)
    zone = cv2.dilate((own == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) & (own == 2)
    there, here = _around(zone, seam, picture.shape)
    own = own[here]
    zone = cv2.dilate(np.ascontiguousarray(zone[here]), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
    near = np.asarray(cv2.dilate(zone, np.ones((CLOTHES_NEAR, CLOTHES_NEAR), np.uint8)), np.uint8)
    seen = picture[there].astype(np.float32)
    as_floor = _unlike_floor(seen, ground.floor[there], ground.light[there], ground.known[there], ground.noise)
    inside = np.asarray(cv2.erode((own > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) & (zone == 0), np.uint8)
    if any(_is_like_floor(as_floor, inside & near & (own == owner)) for owner in (1, 2)):
        return UNTOLD
    is_floor = (zone > 0) & (as_floor < _unlike_clothes(seen, own * inside, ground.noise))
    return sum(_are_joined(own, is_floor & (as_floor < most)) for most in LIKE_FLOOR) / len(LIKE_FLOOR)


def _is_like_floor(as_floor: Floats, clothes: NDArray[Any]) -> bool:
    """Return whether pixels of somebody would pass for floor."""
    return bool(clothes.any()) and float((as_floor[clothes > 0] < LIKE_FLOOR[0]).mean()) > DISGUISED


def _around(zone: Pixels, seam: Seam, shape: tuple[int, ...]) -> tuple[Area, Area]:
    """Return the surroundings of a seam in the picture, and in its piece's padded box."""
    pad = AROUND + REACH
    left, top, width, height = cv2.boundingRect(zone)
    there: list[slice] = []
    here: list[slice] = []
    for start, length, offset, end in ((top, height, seam.top, shape[0]), (left, width, seam.left, shape[1])):
        first, last = max(start - pad, pad - offset, 0), min(start + length + pad, end + pad - offset)
        here.append(slice(first, min(last, zone.shape[len(here)])))
        there.append(slice(first + offset - pad, here[-1].stop + offset - pad))
    return (there[0], there[1]), (here[0], here[1])


def _unlike_floor(seen: Floats, floor: Floats, light: Floats, known: Pixels, noise: float) -> Floats:
    """Return how badly the floor, in any shade, explains each pixel, in squares of the noise."""
    off = seen - floor * _mean(light, known.astype(np.float32), FLOOR_AROUND)[0]
    shade = np.clip(-(off * floor).sum(axis=2) / np.maximum((floor * floor).sum(axis=2), 1.0), -0.05, DEEPEST_SHADE)
    off += cv2.medianBlur(shade.astype(np.float32), 3)[..., None] * floor
    return _weighed(off, seen, noise, FLOOR_UNEVEN)


def _unlike_clothes(seen: Floats, clothed: Pixels, noise: float) -> Floats:
    """Return how badly the clothes of either of two explain each pixel, in squares of the noise."""
    least = np.full(clothed.shape, WORST, np.float32)
    for owner in (1, 2):
        clothes, count = _mean(seen, (clothed == owner).astype(np.float32), CLOTHES_AROUND)
        off = _weighed(seen - clothes, seen, noise, CLOTHES_UNEVEN)
        least = np.where(count < FEWEST, least, np.minimum(least, off))
    return np.asarray(least, np.float32)


def _mean(values: Floats, weight: Floats, window: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the weighed mean around each pixel, and the weight's sum."""
    share = np.asarray(cv2.blur(weight, window), np.float32)
    total = np.asarray(cv2.blur(values * weight[..., None], window), np.float32)
    mean = total / np.maximum(share, np.float32(1e-3))[..., None]
    return np.asarray(mean, np.float32), np.asarray(share * np.float32(window[0] * window[1]), np.float32)


def _weighed(off: Floats, seen: Floats, noise: float, uneven: float) -> Floats:
    misfit = (off * off / (noise**2 + 0.5 + (uneven * seen) ** 2)).mean(axis=2)
    return np.asarray(cv2.blur(np.minimum(misfit, np.float32(WORST)), (3, 3)), np.float32)


def _are_joined(owners: Pixels, is_floor: NDArray[np.bool_]) -> bool:
    """Return whether the largest parts of both are one piece without the floor."""
    count, labels = cv2.connectedComponents(np.where(is_floor, 0, owners), connectivity=4)
    largest = []
    for owner in (1, 2):
        sizes = np.bincount(labels[owners == owner], minlength=count)
        sizes[0] = 0
        largest.append(int(sizes.argmax()) if sizes.any() else -owner)
    return largest[0] == largest[1]
