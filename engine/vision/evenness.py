"""Whether an empty wall is lit evenly enough to be keyed, and where it is not (B8). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.vision.linear import light_of
from engine.vision.plate import wall_colour
from engine.world import Floats, Pixels

GRID = (32, 18)
PASS_RATIO, REFUSE_RATIO = 2.0, 3.3
WALL_SHARE = 0.25  # so much of the picture at least must be wall
WORST_SHARE = 1.15  # cells within this of the darkest belong to the worst area

Verdict = Literal["pass", "uneven", "refuse"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Evenness:
    """How an empty wall is lit.

    Attributes:
        plate: The mean of the pictures, BGR: the clean plate.
        key: The wall's colour, #rrggbb.
        light: Light of each cell as a share of the brightest, 0 where no wall is. Shape (18, 32).
        ratio: Of the brightest to the darkest cell, in light.
        verdict: `pass` up to 2:1, `refuse` over 3.3:1.
        worst: The darkest area: left, top, width, height in shares of the picture.
    """

    plate: Pixels
    key: str
    light: Floats
    ratio: float
    verdict: Verdict
    worst: Box

    def marked(self) -> Pixels:
        """Return the plate with the worst area marked. BGR."""
        height, width = self.plate.shape[:2]
        sides = (width, height, width, height)
        left, top, wide, high = (round(share * side) for share, side in zip(self.worst, sides, strict=True))
        thick = max(2, height // 180)
        return np.asarray(cv2.rectangle(self.plate.copy(), (left, top), (left + wide, top + high), (0, 0, 255), thick))


def judge(pictures: Sequence[Pixels]) -> Evenness:
    """Judge two seconds of the empty wall.

    Args:
        pictures: BGR, all of one shape (height, width, 3).

    Raises:
        MixeurError: There is no wall of one strong colour in them.
    """
    plate = np.asarray(np.round(np.mean(np.stack(pictures), axis=0)), np.uint8)
    cells = np.asarray(cv2.resize(plate, GRID, interpolation=cv2.INTER_AREA), np.float32)
    middle = np.median(cells.reshape(-1, 3), axis=0)
    key = "#{:02x}{:02x}{:02x}".format(*(int(value) for value in middle[::-1]))
    wall_colour(key)
    channel = int(np.argmax(middle))
    purity, wanted = _purity(cells, channel), float(_purity(middle[None, None], channel)[0, 0])
    pure = np.asarray(purity > 0.6 * wanted, np.uint8)
    is_wall = cv2.morphologyEx(pure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    if is_wall.mean() < WALL_SHARE:
        share = 100 * float(is_wall.mean())
        raise MixeurError(f"wall: only {share:.0f} % of the picture is {key}; turn the camera to the wall")
    light = np.where(is_wall, light_of(cells)[..., channel], 0)
    darkest, brightest = float(light[is_wall].min()), float(light.max())
    ratio = brightest / max(darkest, 1e-4)
    verdict: Verdict = "pass" if ratio <= PASS_RATIO else "uneven" if ratio <= REFUSE_RATIO else "refuse"
    shares = np.asarray(light / brightest, np.float32)
    return Evenness(plate, key, shares, ratio, verdict, _worst(light, is_wall, darkest))


def _purity(cells: Floats, channel: int) -> Floats:
    others = np.max(np.delete(cells, channel, axis=2), axis=2)
    return np.asarray((cells[..., channel] - others) / np.maximum(cells[..., channel], 12), np.float32)


def _worst(light: Floats, is_wall: NDArray[np.bool_], darkest: float) -> Box:
    """Return the piece of nearly darkest cells that holds the darkest one."""
    dark = np.asarray(is_wall & (light <= darkest * WORST_SHARE), np.uint8)
    _, labels = cv2.connectedComponents(dark)
    row, column = np.unravel_index(int(np.argmin(np.where(is_wall, light, np.inf))), light.shape)
    x, y, wide, high = cv2.boundingRect(np.asarray(labels == labels[row, column], np.uint8))
    return x / GRID[0], y / GRID[1], wide / GRID[0], high / GRID[1]
