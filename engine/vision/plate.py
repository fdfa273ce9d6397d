"""The coloured wall behind visitors, as it is lit in this very frame: a plate learnt slowly, a gain found at once."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.problems import MixeurError
from engine.world import Floats, Pixels

CELL = 4
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
    """The wall on a grid of 160 x 90 cells (for a picture of that shape).

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
            picture: As it is analysed. BGR, shape (height, width, 3).

        Returns:
            Shape (rows, columns, 3), float32; a cell is about 4 px wide and high.
        """
        height, width = picture.shape[:2]
        grid = (-(-width // CELL), -(-height // CELL))
        cells = np.asarray(cv2.resize(picture, grid, interpolation=cv2.INTER_AREA), np.float32)
        if self._plate is None or self._plate.shape != cells.shape:
            self._start(cells)
        assert self._plate is not None and self._seen is not None
        gain, sure = np.empty(cells.shape[:2], np.float32), np.empty(cells.shape[:2], np.uint8)
        _survey(cells, self._plate, self.channel, SAME_HUE, DARKEST * self._level, BRIGHTEST * self._level, gain, sure)
        inner = _inner(sure)
        if inner.mean() > 0.02:
            self._level += 0.3 * (float(np.median(gain[inner > 0])) - self._level)
        _learn(cells, gain, inner, self._level, self._rate, self._plate, self._seen)
        return np.asarray(self._plate * _filled(gain, inner, self._level)[..., None], np.float32)

    def _start(self, cells: Floats) -> None:
        """Take the cells that look like the wanted colour for the wall, and fill the rest from them."""
        hue, wanted = self._hue(cells), self._hue(self._prior[None, None])
        wall = hue > 0.6 * wanted
        colour = np.median(cells[wall], axis=0) if wall.mean() > 0.01 else self._prior
        close = wall & (np.abs(hue - self._hue(colour[None, None])) < 0.2)
        self._seen = _inner(close.astype(np.uint8))
        self._plate = np.stack([_filled(cells[..., c], self._seen, float(colour[c])) for c in range(3)], axis=2)

    def _hue(self, cells: Floats) -> Floats:
        """Return how purely each cell has the key's colour, whatever its brightness: 1 is pure."""
        key = cells[..., self.channel]
        others = np.max(np.delete(cells, self.channel, axis=2), axis=2)
        return np.asarray((key - others) / np.maximum(key, 12.0), np.float32)


@njit(
    "void(float32[:,:,::1],float32[:,:,::1],int64,float32,float32,float32,float32[:,::1],uint8[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _survey(cells, plate, channel, same_hue, darkest, brightest, gain, sure):  # type: ignore[no-untyped-def]
    """Find each cell's light, and whether it plainly shows wall: the plate's hue, neither too dark nor too bright."""
    first, second = (channel + 1) % 3, (channel + 2) % 3
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            key, plate_key = cells[y, x, channel], max(plate[y, x, channel], np.float32(1.0))
            hue = (key - max(cells[y, x, first], cells[y, x, second])) / max(key, np.float32(12.0))
            plate_hue = (plate_key - max(plate[y, x, first], plate[y, x, second])) / max(plate_key, np.float32(12.0))
            gain[y, x] = key / plate_key
            sure[y, x] = hue > same_hue * plate_hue and darkest < gain[y, x] < brightest


@njit(
    "void(float32[:,:,::1],float32[:,::1],float32[:,::1],float32,float32,float32[:,:,::1],float32[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _learn(cells, gain, sure, level, rate, plate, seen):  # type: ignore[no-untyped-def]
    """Move the plate towards what is seen; a cell seen for the first time is taken as it is."""
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            if sure[y, x] > 0:
                off = abs(gain[y, x] / max(level, np.float32(0.1)) - np.float32(1.0))
                # Who stands long casts a shadow all the time: learnt, it would make a seam around their feet.
                slow = rate if off < np.float32(0.1) else rate * np.float32(0.01)
                share = slow if seen[y, x] > 0 else np.float32(1.0)
                for c in range(3):
                    plate[y, x, c] += share * (cells[y, x, c] / max(level, np.float32(0.1)) - plate[y, x, c])
                seen[y, x] = 1.0


def _inner(cells: Pixels) -> Floats:
    """Return the cells whose neighbours are wall too: those at a person's edge hold a mixture."""
    return np.asarray(cv2.erode(cells, np.ones((3, 3), np.uint8)), np.float32)


def _filled(values: Floats, sure: Floats, otherwise: float) -> Floats:
    """Return values where sure, and elsewhere the mean of the nearest sure neighbours (normalised convolution)."""
    result = np.full(values.shape, otherwise, np.float32)
    known = values * sure
    for reach in (25, 9, 3):
        weight = cv2.blur(sure, (reach, reach))
        mean = cv2.blur(known, (reach, reach)) / np.maximum(weight, 1e-6)
        trust = np.minimum(weight * (reach * reach / 4.0), 1.0)
        result += trust * (mean - result)
    return result
