"""Standing people in the mask of a fixed camera: boxes of a person's size at each place, as few as explain the mask.

How tall a person is at a row of the picture is learnt from the video: a straight line over the row of the feet.

Source:
    The idea of explaining a mask by people of known size: Fleuret et al. 2008, "Multicamera people tracking with a
    probabilistic occupancy map"; here greedily, with one camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from engine.vision.people import Box
from engine.world import Floats, Pixels

WIDTH, TRUNK = 0.40, 0.30  # of a person's height: the whole box, and what is mostly body
PENALTY = 0.9
LEAST_FILLED, LEAST_NEW = 0.42, 0.22
MOST_IN_PIECE = 12


@dataclass(frozen=True, slots=True)
class Stature:
    """How tall people look: `base + slope * y` pixels with the feet at row `y`."""

    base: float
    slope: float
    least: float

    def at(self, y: float) -> float:
        """Return the height in pixels of a person whose feet are at row `y`."""
        return max(self.base + self.slope * y, self.least)


def learn_stature(boxes: Sequence[Box], height: int, seed: int = 0) -> Stature:
    """Return how tall people look, from the boxes of pieces that may be one person each.

    Pieces of people are shorter, crowds are taller: the line is the one that most boxes agree with (RANSAC).

    Args:
        boxes: (left, top, width, height) of pieces with a person's shape.
        height: Of the picture.
    """
    least = height / 30
    if len(boxes) < 8:
        middle = float(np.median([box[3] for box in boxes])) if boxes else height / 5
        return Stature(middle, 0.0, least)
    feet = np.array([box[1] + box[3] for box in boxes], np.float64)
    tall = np.array([box[3] for box in boxes], np.float64)
    rng, best, line = np.random.default_rng(seed), -1.0, (float(np.median(tall)), 0.0)
    spread = np.percentile(feet, 90) - np.percentile(feet, 10)
    for _ in range(400):
        a, b = rng.integers(0, len(feet), 2)
        if abs(feet[a] - feet[b]) < max(0.3 * spread, 8):
            continue
        slope = (tall[a] - tall[b]) / (feet[a] - feet[b])
        if not 0.0 <= slope <= 2.0:
            continue
        base = tall[a] - slope * feet[a]
        wanted = np.maximum(base + slope * feet, least)
        off = np.abs(tall / wanted - 1)
        # Taller ones that agree count more: most wrong pieces are parts of somebody.
        score = float(np.sum(np.maximum(0.0, 1 - off / 0.15))) - 0.3 * float(np.sum(tall > 1.25 * wanted))
        if score > best:
            best, line = score, (base, slope)
    near = np.abs(tall / np.maximum(line[0] + line[1] * feet, least) - 1) < 0.15
    if near.sum() >= 8 and spread > 20:
        slope, base = np.polyfit(feet[near], tall[near], 1)
        if 0.0 <= slope <= 2.0:
            line = (float(base), float(slope))
    return Stature(line[0], line[1], least)


@dataclass(frozen=True, slots=True)
class Standing:
    """One person found.

    Attributes:
        box: (left, top, width, height), pixels.
        sure: How well the mask agrees, 0..1.
        alone: Whether nobody else is in the same piece, which then tells the box better than the stature does.
        colours: Of the clothes: histograms of the upper and the lower body. Shape (2, 64), float32.
    """

    box: Box
    sure: float
    alone: bool
    colours: Floats


def find_standing(mask: Pixels, picture: Pixels, stature: Stature) -> list[Standing]:
    """Return the people who explain a mask.

    Args:
        mask: 0 or 255, shape (height, width).
        picture: BGR of the same size.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_joined(mask, stature), connectivity=8)
    found: list[Standing] = []
    for label in range(1, count):
        left, top, width, height, _ = (int(v) for v in stats[label])
        tall = stature.at(top + height)
        if height < 0.35 * tall or width < 0.12 * tall:
            continue
        own = (labels[top : top + height, left : left + width] == label) & (
            mask[top : top + height, left : left + width] > 0)  # fmt: skip
        if own.sum() < 0.06 * tall * tall:
            continue
        found += _explain(own, (left, top), picture, stature)
    return found


def _joined(mask: Pixels, stature: Stature) -> Pixels:
    """Return the mask with the fragments of a person joined: heads and feet lie above each other."""
    tall = stature.at(mask.shape[0] / 2)
    kernel = np.ones((max(3, round(0.14 * tall) | 1), max(1, round(0.04 * tall) | 1)), np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), np.uint8)


def _explain(own: Pixels, corner: tuple[int, int], picture: Pixels, stature: Stature) -> list[Standing]:
    left, top = corner
    height, width = own.shape
    margin = int(0.6 * stature.at(top + height)) + 2
    value = np.full((height + 2 * margin, width + 2 * margin), -PENALTY, np.float32)
    inside = (slice(margin, margin + height), slice(margin, margin + width))
    value[inside][own > 0] = 1.0
    origin = left - margin, top - margin
    chosen: list[tuple[float, float, float, float]] = []
    for _ in range(MOST_IN_PIECE):
        gain = np.asarray(cv2.integral(value, sdepth=cv2.CV_64F))
        new = np.asarray(cv2.integral((value > 0).astype(np.float32), sdepth=cv2.CV_64F))
        x, foot, tall, sure = _best(gain, new, origin[0], origin[1], stature.base, stature.slope, stature.least, TRUNK,
                                    LEAST_NEW)  # fmt: skip
        if tall <= 0 or sure < (LEAST_FILLED * 0.5 if chosen else 0.12):
            break
        chosen.append((x, foot, tall, sure))
        rows = slice(max(0, round(foot - tall) - origin[1]), max(0, round(foot) - origin[1]))
        half = 0.5 * WIDTH * tall
        columns = slice(max(0, round(x - half) - origin[0]), max(0, round(x + half) - origin[0]))
        area = value[rows, columns]
        area[area > 0] = 0.0
    alone = len(chosen) == 1
    found = []
    for x, foot, tall, sure in chosen:
        box = (x - 0.5 * WIDTH * tall, foot - tall, WIDTH * tall, tall)
        if alone:
            box = _fitted((float(left), float(top), float(width), float(height)), box)
        found.append(Standing(box, min(1.0, sure), alone, _clothes(picture, box, own, corner)))
    return found


def _fitted(piece: Box, box: Box) -> Box:
    """Return a lone person's own box, as far as it has a person's size."""
    low, high = 0.8 * box[3], 1.25 * box[3]
    if low <= piece[3] <= high and piece[2] <= 0.75 * piece[3]:
        middle, wide = piece[0] + piece[2] / 2, min(max(piece[2], 0.3 * piece[3]), 0.55 * piece[3])
        return (middle - wide / 2, piece[1], wide, piece[3])
    return box


def _clothes(picture: Pixels, box: Box, own: Pixels, corner: tuple[int, int]) -> Floats:
    """Return coarse colour histograms of the upper and lower body, over the pixels of the mask."""
    height, width = picture.shape[:2]
    found = np.zeros((2, 64), np.float32)
    left, right = max(0, round(box[0])), min(width, round(box[0] + box[2]))
    for part, (start, end) in enumerate(((0.12, 0.5), (0.5, 0.92))):
        top, bottom = max(0, round(box[1] + start * box[3])), min(height, round(box[1] + end * box[3]))
        if right - left < 2 or bottom - top < 2:
            continue
        seen = np.zeros((bottom - top, right - left), np.uint8)
        y0, x0 = max(top, corner[1]), max(left, corner[0])
        y1, x1 = min(bottom, corner[1] + own.shape[0]), min(right, corner[0] + own.shape[1])
        if y1 > y0 and x1 > x0:
            body = own[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]]
            seen[y0 - top : y1 - top, x0 - left : x1 - left] = body
        area = np.ascontiguousarray(picture[top:bottom, left:right])
        histogram = cv2.calcHist([area], [0, 1, 2], seen, [4, 4, 4], [0, 256, 0, 256, 0, 256]).ravel()
        found[part] = np.sqrt(histogram / max(float(histogram.sum()), 1.0))
    return found


@njit(
    "UniTuple(float64,4)(float64[:,::1],float64[:,::1],int64,int64,float64,float64,float64,float64,float64)",
    nogil=True, cache=True,
)  # fmt: skip
def _best(gain, new, left, top, base, slope, least, trunk, least_new):  # type: ignore[no-untyped-def]
    """Return the person who explains most that is new: middle x, foot y, height, and how full their trunk is."""
    rows, columns = gain.shape[0] - 1, gain.shape[1] - 1
    best, found_x, found_y, found_tall, found_sure = 0.0, 0.0, 0.0, 0.0, 0.0
    for foot in range(4, rows + 1, 2):
        tall = max(base + slope * (foot + top), least)
        head = foot - tall
        y0 = max(0, int(head + 0.5))
        if foot - y0 < 0.5 * tall:
            continue
        half = max(1, int(0.5 * trunk * tall + 0.5))
        full = 2.0 * half * tall
        for x in range(half, columns - half, 2):
            total = gain[foot, x + half] - gain[y0, x + half] - gain[foot, x - half] + gain[y0, x - half]
            if total <= 0.0:
                continue
            fresh = new[foot, x + half] - new[y0, x + half] - new[foot, x - half] + new[y0, x - half]
            if fresh < least_new * full:
                continue
            # As much gain by a smaller person says more: heads and feet that stick out count against a box.
            worth = total / full
            if worth * tall > best:
                best = worth * tall
                found_x, found_y, found_tall, found_sure = float(x + left), float(foot + top), tall, worth
    return found_x, found_y, found_tall, found_sure
