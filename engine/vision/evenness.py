"""Whether an empty wall is lit evenly enough to be keyed, and where it is not (B8). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.vision.cells import filled
from engine.vision.linear import light_of
from engine.vision.plate import wall_colour
from engine.world import Floats, Pixels

GRID = (32, 18)
PASS_RATIO, REFUSE_RATIO = 2.0, 3.3
PURE = 0.6  # of the usual purity at least
WALL_SHARE = 0.25  # so much of the picture at least must be wall
WORST_SHARE = 1.15  # cells within this of the darkest belong to the worst area
MOVED = 5.0  # levels of a cell's mean: noise moves it by a tenth of that, a passing visitor by fifty
FILL_CELL, FILL_MARGIN = 8, 0.012

Verdict = Literal["pass", "uneven", "refuse"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Evenness:
    """How an empty wall is lit.

    Attributes:
        plate: The mean of the pictures, BGR: the clean plate. It holds nothing but wall: whatever has not its colour
            is filled in from around.
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


def judge(pictures: Iterable[Pixels]) -> Evenness:
    """Judge two seconds of the empty wall.

    Args:
        pictures: BGR, all of one shape (height, width, 3), at least one.

    Raises:
        MixeurError: There is no wall of one strong colour in them, or something moves before it.
    """
    plate, moves = _mean(pictures)
    cells = np.asarray(cv2.resize(plate, GRID, interpolation=cv2.INTER_AREA), np.float32)
    middle = np.median(cells.reshape(-1, 3), axis=0)
    key = "#{:02x}{:02x}{:02x}".format(*(int(value) for value in middle[::-1]))
    wall_colour(key)
    channel = int(np.argmax(middle))
    wanted = PURE * float(_purity(middle[None, None], channel)[0, 0])
    pure = np.asarray(_purity(cells, channel) > wanted, np.uint8)
    is_wall = cv2.morphologyEx(pure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    if is_wall.mean() < WALL_SHARE:
        share = 100 * float(is_wall.mean())
        raise MixeurError(f"wall: only {share:.0f} % of the picture is {key}; turn the camera to the wall")
    if moves.max() > MOVED:
        row, column = np.unravel_index(int(np.argmax(moves)), moves.shape)
        raise MixeurError(f"wall: something moves {where(column / GRID[0], row / GRID[1])}; let nobody be before it")
    light = np.where(is_wall, light_of(cells)[..., channel], 0)
    darkest, brightest = float(light[is_wall].min()), float(light.max())
    ratio = brightest / max(darkest, 1e-4)
    verdict: Verdict = "pass" if ratio <= PASS_RATIO else "uneven" if ratio <= REFUSE_RATIO else "refuse"
    shares = np.asarray(light / brightest, np.float32)
    return Evenness(_only_wall(plate, channel, wanted), key, shares, ratio, verdict, _worst(light, is_wall, darkest))


def where(x: float, y: float) -> str:
    """Return in words where a point lies, x and y in shares of the picture."""
    across = "on the left" if x < 1 / 3 else "in the middle" if x < 2 / 3 else "on the right"
    return f"{'above' if y < 1 / 3 else 'halfway up' if y < 2 / 3 else 'below'}, {across}"


def _mean(pictures: Iterable[Pixels]) -> tuple[Pixels, Floats]:
    """Return the mean of pictures, and by how many levels each cell moved, whatever all lamps did together."""
    total: Floats | None = None
    cells = []
    for picture in pictures:
        total = np.zeros(picture.shape, np.float32) if total is None else total
        cv2.accumulate(picture, total)
        cells.append(np.asarray(cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA), np.float32))
    if total is None:
        raise MixeurError("wall: there is no picture of it")
    seen = np.stack(cells)
    usual = np.median(seen, axis=0)
    lamps = np.median((seen + 1) / (usual + 1), axis=(1, 2, 3), keepdims=True)
    moves = np.abs(seen / lamps - usual).max(axis=(0, 3))
    return np.asarray(np.round(total / len(cells)), np.uint8), np.asarray(moves, np.float32)


def _only_wall(plate: Pixels, channel: int, wanted: float) -> Pixels:
    """Return the plate with all that has not the wall's colour filled in from around: nobody is kept in it."""
    height, width = plate.shape[:2]
    small = max(1, width // FILL_CELL), max(1, height // FILL_CELL)
    cells = np.asarray(cv2.resize(plate, small, interpolation=cv2.INTER_AREA), np.float32)
    margin = 2 * round(FILL_MARGIN * small[0]) + 1
    sure = cv2.erode(np.asarray(_purity(cells, channel) > wanted, np.uint8), np.ones((margin, margin), np.uint8))
    if sure.all() or not sure.any():
        return plate
    usual = np.median(cells[sure > 0], axis=0)
    wall = filled(cells, np.asarray(sure, np.float32), (65, 25, 9, 3), usual)
    share = np.asarray(cv2.resize(np.asarray(sure, np.float32), (width, height)), np.float32)[..., None] > 0.5
    guessed = np.clip(np.round(cv2.resize(wall, (width, height))), 0, 255)
    return np.asarray(np.where(share, plate, guessed), np.uint8)


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
