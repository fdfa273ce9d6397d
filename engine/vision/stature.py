"""How tall people look at each row of a fixed camera's picture, learnt from a film: a line over the row of the feet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.vision.people import Box

WIDTH = 0.41  # of the height: what the box of a walking person measures, as annotators draw it
LEAST_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Stature:
    """How tall people look: `base + slope * y` pixels with the feet at row `y`."""

    base: float
    slope: float
    least: float

    def at(self, y: float) -> float:
        """Return the height in pixels of a person whose feet are at row `y`."""
        return max(self.base + self.slope * y, self.least)

    def scaled(self, share: float) -> Stature:
        """Return the same for the picture made smaller."""
        return Stature(self.base * share, self.slope, self.least * share)


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
    # Above the rows where people walk the line goes to nothing, and tiny people would explain every head and shoulder.
    farthest = float(np.percentile(feet, 5))
    return Stature(line[0], line[1], max(least, LEAST_SHARE * (line[0] + line[1] * farthest)))
