"""The coloured wall behind visitors, as it is lit in this very frame: a plate learnt slowly, a gain found at once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from engine.problems import MixeurError
from engine.vision.cells import CELL, filled, gather
from engine.vision.linear import DECODE, light_of
from engine.world import Floats, Pixels

NAMED = {"blue": (200, 70, 25), "green": (60, 180, 50)}
SAME_HUE = 0.72
LEARN_S = 4.0
DARKEST, BRIGHTEST = 0.38, 1.7
UNEVEN, RING_REACH = 0.6, 0.27
PAINT_BLUR_PX = 0.6
SAMPLED = 4  # every fourth cell is enough for medians
LAMP_QUANTILE, FAILED, FAILED_S = 0.25, 0.5, 1.0
USUAL_UP_S, USUAL_DOWN_S = 20.0, 3600.0
LAMP = "the wall has {} % of its usual light; has a lamp failed?"


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


@dataclass(frozen=True, slots=True)
class Wall:
    """The wall as it is lit in one picture.

    Attributes:
        light: Its colour, also behind people: linear, BGR turned so that the key is first. Shape (3, rows, columns).
        sure: 1 where it was seen and not guessed. Shape (rows, columns).
        seen: What the picture has there, likewise linear and turned. Shape (rows, columns, 3).
        shade: Its light as a share of what it would be without a shadow, at most 1. Shape (rows, columns).
    """

    light: Floats
    sure: Floats
    seen: Floats
    shade: Floats


class Lamps:
    """Whether the wall is still lit as it usually is (B9); a visitor's shadow is too small to say otherwise."""

    def __init__(self, fps: float) -> None:
        self._up, self._down = 1 / (USUAL_UP_S * fps), 1 / (USUAL_DOWN_S * fps)
        self._patience = round(FAILED_S * fps)
        self._usual, self._dim = 0.0, 0
        self.note = ""

    def see(self, level: float) -> None:
        """Take how bright the darker part of the wall is in a picture, in levels, as a share of the plate."""
        if self._usual == 0.0:
            self._usual = level
        self._usual += (self._up if level > self._usual else self._down) * (level - self._usual)
        light = (level / max(self._usual, 1e-3)) ** 2.2
        self._dim = self._dim + 1 if light < FAILED else 0
        self.note = LAMP.format(round(100 * light)) if self._dim > self._patience else ""


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
        self._lamps = Lamps(fps)

    @property
    def note(self) -> str:
        """Return what the operator should know of the wall's light, or nothing."""
        return self._lamps.note

    def forget(self) -> None:
        """Learn the wall anew from the next picture."""
        self._plate, self._level = None, 1.0

    def look(self, picture: Pixels) -> Wall:
        """Return the wall in this frame.

        Args:
            picture: As it is analysed. BGR, shape (height, width, 3).
        """
        height, width = picture.shape[:2]
        shape = (-(-height // CELL), -(-width // CELL))
        cells, ripple = np.empty((*shape, 3), np.float32), np.empty(shape, np.float32)
        gather(picture, self.channel, cells, ripple)
        if self._plate is None or self._plate.shape != cells.shape:
            self._start(cells)
        assert self._plate is not None and self._seen is not None
        gain, sure = np.empty(shape, np.float32), np.empty(shape, np.uint8)
        _survey(cells, ripple, self._plate, self.channel, SAME_HUE, DARKEST * self._level, BRIGHTEST * self._level,
                gain, sure)  # fmt: skip
        inner = _inner(sure)
        balance = np.ones(3, np.float32)
        seen = np.flatnonzero(inner)[::SAMPLED]
        if len(seen) * SAMPLED > 0.02 * inner.size:
            light = gain.reshape(-1)[seen]
            ordered = np.sort(light)
            self._level += 0.3 * (float(ordered[len(ordered) // 2]) - self._level)
            self._lamps.see(float(ordered[int(LAMP_QUANTILE * len(ordered))]))
            few = seen[::SAMPLED]
            drift = (cells.reshape(-1, 3)[few] + 1) / ((self._plate.reshape(-1, 3)[few] + 1) * light[::SAMPLED, None])
            balance = np.sort(drift, axis=0)[len(few) // 2].astype(np.float32)
        lit = filled(gain, inner, (25, 9, 3), self._level)
        _keep_own(gain, sure, inner, lit)
        wall, front, shade = np.empty((3, *shape), np.float32), np.empty((*shape, 3), np.float32), np.empty_like(lit)
        _lighten(self._plate, lit, balance, cells, self.channel, max(self._level, 0.1), wall, front, shade)
        _learn(cells, gain, inner, self._level, self._rate, self._plate, self._seen)
        return Wall(wall, inner, front, shade)

    def _start(self, cells: Floats) -> None:
        """Take the cells that look like the wanted colour for the wall, and fill the rest from them."""
        hue, wanted = self._hue(cells), self._hue(self._prior[None, None])
        wall = hue > 0.6 * wanted
        colour = np.median(cells[wall], axis=0) if wall.mean() > 0.01 else self._prior
        close = wall & (np.abs(hue - self._hue(colour[None, None])) < 0.2)
        self._seen = _inner(close.astype(np.uint8))
        self._plate = filled(cells, self._seen, (25, 9, 3), colour)

    def _hue(self, cells: Floats) -> Floats:
        """Return how purely each cell has the key's colour, whatever its brightness: 1 is pure."""
        key = cells[..., self.channel]
        others = np.max(np.delete(cells, self.channel, axis=2), axis=2)
        return np.asarray((key - others) / np.maximum(key, 12.0), np.float32)


@njit(
    "void(float32[:,:,::1],float32[:,::1],float32[:,:,::1],int64,float32,float32,float32,float32[:,::1],uint8[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _survey(cells, ripple, plate, channel, same_hue, darkest, brightest, gain, sure):  # type: ignore[no-untyped-def]
    """Find each cell's light, and whether it plainly shows wall: of its hue, even, neither too dark nor too bright.

    Dark hair before the wall has the hue of wall in shadow; but a shadow is even, and hair is not.
    """
    first, second = (channel + 1) % 3, (channel + 2) % 3
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            key, plate_key = cells[y, x, channel], max(plate[y, x, channel], np.float32(1.0))
            hue = (key - max(cells[y, x, first], cells[y, x, second])) / max(key, np.float32(12.0))
            plate_hue = (plate_key - max(plate[y, x, first], plate[y, x, second])) / max(plate_key, np.float32(12.0))
            gain[y, x] = key / plate_key
            is_even = ripple[y, x] < np.float32(UNEVEN) * key + np.float32(6.0)
            sure[y, x] = hue > same_hue * plate_hue and darkest < gain[y, x] < brightest and is_even


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


@njit(nogil=True)
def _light(v):  # type: ignore[no-untyped-def]
    return v * v * (np.float32(DECODE[0]) + np.float32(DECODE[1]) * v)


@njit("void(float32[:,:,::1],float32[:,::1],float32[::1],float32[:,:,::1],int64,float32,float32[:,:,::1],"
      "float32[:,:,::1],float32[:,::1])", nogil=True, cache=True)  # fmt: skip
def _lighten(plate, gain, balance, cells, channel, level, wall, seen, shade):  # type: ignore[no-untyped-def]
    """Find the wall, the picture and the shadows on the wall in linear light, as `Wall` holds them."""
    for y in range(gain.shape[0]):
        for x in range(gain.shape[1]):
            for k in range(3):
                c = (channel + k) % 3
                wall[k, y, x] = _light(plate[y, x, c] * gain[y, x] * balance[c] * np.float32(1 / 255))
                seen[y, x, k] = _light(cells[y, x, c] * np.float32(1 / 255))
            shade[y, x] = _light(min(gain[y, x] / level, np.float32(1)))


def _inner(cells: Pixels) -> Floats:
    """Return the cells whose neighbours are wall too: those at a person's edge hold a mixture."""
    return np.asarray(cv2.erode(cells, np.ones((3, 3), np.uint8)), np.float32)


@njit("void(float32[:,::1],uint8[:,::1],float32[:,::1],float32[:,::1])", nogil=True, cache=True)
def _keep_own(gain, sure, inner, lit):  # type: ignore[no-untyped-def]
    """Let a cell that shows wall keep its own light; one beside a person only as far as it is near its neighbours'."""
    for y in range(gain.shape[0]):
        for x in range(gain.shape[1]):
            if inner[y, x] > 0:
                lit[y, x] = gain[y, x]
            elif sure[y, x] > 0:
                near = np.float32(1) - abs(gain[y, x] / lit[y, x] - np.float32(1)) * np.float32(1 / RING_REACH)
                lit[y, x] += max(near, np.float32(0)) * (gain[y, x] - lit[y, x])


def paint_of(plate: Pixels, wall: Wall) -> Pixels:
    """Return a clean plate's paint at each pixel over its coarse grid, 128 where they are equal.

    Args:
        plate: The empty wall, the mean of some pictures. BGR, shape (height, width, 3).
        wall: As `Plate.look` found it in the plate.
    """
    light = light_of(plate.astype(np.float32)).sum(axis=2)
    smooth = cv2.resize(np.asarray(wall.light.sum(axis=0)), plate.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    fine = cv2.GaussianBlur(light, (0, 0), PAINT_BLUR_PX)  # what is smaller is the sensor's noise
    return np.asarray(np.clip(128 * fine / np.maximum(smooth, 1e-3) + 0.5, 1, 255), np.uint8)
