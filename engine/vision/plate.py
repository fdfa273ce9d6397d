"""The coloured wall behind visitors, as it is lit in this very frame: a plate learnt slowly, a gain found at once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.world import Floats, Pixels

CELL = 8
NAMED = {"blue": (200, 70, 25), "green": (60, 180, 50)}
SAME_HUE = 0.72
LEARN_S = 4.0
DARKEST, BRIGHTEST = 0.38, 1.7


def wall_colour(key: str) -> tuple[int, int, int]:
    """Return a key colour as BGR.

    Raises:
        MixeurError: It is no colour, or too grey to be told from people.
    """
    colour = NAMED.get(key)
    if colour is None:
        try:
            red, green, blue = bytes.fromhex(key.removeprefix("#"))
        except ValueError:
            raise MixeurError(f"key '{key}': is not blue, green, none or #rrggbb") from None
        colour = (blue, green, red)
    if max(colour) - sorted(colour)[1] < 24:
        raise MixeurError(f"key '{key}': too grey or mixed to key; choose blue or green, or none for an ordinary room")
    return colour


class Plate:
    """The wall on a grid of 8 px cells.

    Each frame every cell that plainly shows wall tells how bright the wall is there now; cells behind people take
    it from their neighbours. So shadows, uneven light and failing lamps are light on the wall, not people.

    Source:
        Clean plate with a gain found again for each frame; the idea of Foundry's IBK and of Smith & Blinn 1996.
    """

    def __init__(self, key: str, fps: float) -> None:
        colour = wall_colour(key)
        self.channel = int(np.argmax(colour))
        self._prior = np.array(colour, np.float32)
        self._rate = 1 / (LEARN_S * fps)
        self._plate: Floats | None = None
        self._seen: Floats | None = None
        self._level = 1.0

    def look(self, picture: Pixels) -> Floats:
        """Return the wall's colour in this frame, also behind people.

        Args:
            picture: BGR, shape (height, width, 3).

        Returns:
            Shape (rows, columns, 3), float32; a cell is about 8 px wide and high.
        """
        height, width = picture.shape[:2]
        grid = (-(-width // CELL), -(-height // CELL))
        cells = np.asarray(cv2.resize(picture, grid, interpolation=cv2.INTER_AREA), np.float32)
        if self._plate is None or self._plate.shape != cells.shape:
            self._start(cells)
        assert self._plate is not None and self._seen is not None
        gain = np.asarray(cells[..., self.channel] / np.maximum(self._plate[..., self.channel], 1.0), np.float32)
        alike = self._hue(cells) > SAME_HUE * self._hue(self._plate)
        sure = _inner(alike & (gain > DARKEST * self._level) & (gain < BRIGHTEST * self._level))
        if sure.mean() > 0.02:
            self._level += 0.3 * (float(np.median(gain[sure > 0])) - self._level)
        self._learn(cells, sure)
        return np.asarray(self._plate * _filled(gain, sure, self._level)[..., None], np.float32)

    def _hue(self, cells: Floats) -> Floats:
        """Return how purely each cell has the key's colour, whatever its brightness: 1 is pure."""
        key = cells[..., self.channel]
        others = np.max(np.delete(cells, self.channel, axis=2), axis=2)
        return np.asarray((key - others) / np.maximum(key, 12.0), np.float32)

    def _start(self, cells: Floats) -> None:
        wall = self._hue(cells) > 0.6 * float(self._hue(self._prior[None, None])[0, 0])
        colour = np.median(cells[wall], axis=0) if wall.mean() > 0.01 else self._prior
        close = wall & (np.abs(self._hue(cells) - float(self._hue(colour[None, None])[0, 0])) < 0.2)
        self._seen = _inner(close)
        self._plate = np.stack([_filled(cells[..., c], self._seen, float(colour[c])) for c in range(3)], axis=2)

    def _learn(self, cells: Floats, sure: Floats) -> None:
        """Move the plate towards what is seen; a cell seen for the first time is taken as it is."""
        assert self._plate is not None and self._seen is not None
        fresh = (sure > 0) & (self._seen == 0)
        self._plate[fresh] = cells[fresh] / max(self._level, 0.1)
        self._seen[fresh] = 1.0
        self._plate += (self._rate * sure)[..., None] * (cells / max(self._level, 0.1) - self._plate)


def _inner(cells: NDArray[np.bool_]) -> Floats:
    """Return the cells whose neighbours are wall too: those at a person's edge hold a mixture."""
    return np.asarray(cv2.erode(cells.astype(np.uint8), np.ones((3, 3), np.uint8)), np.float32)


def _filled(values: Floats, sure: Floats, otherwise: float) -> Floats:
    """Return values where sure, and elsewhere the mean of the nearest sure neighbours (normalised convolution)."""
    result = np.full(values.shape, otherwise, np.float32)
    known = values * sure
    for reach in (33, 15, 7, 3):
        weight = cv2.blur(sure, (reach, reach))
        mean = cv2.blur(known, (reach, reach)) / np.maximum(weight, 1e-6)
        trust = np.minimum(weight * (reach * reach / 4.0), 1.0)
        result += trust * (mean - result)
    return result
