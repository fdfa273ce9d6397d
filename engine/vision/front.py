"""What stands before the wall, coarsely: where it is plainly wall, where plainly people, and of which colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.vision.cells import filled, ranges
from engine.vision.linear import DECODE
from engine.vision.plate import Wall
from engine.world import Floats, Pixels

SOLID_ALPHA, BODY_ALPHA = 0.60, 0.90
CLOTH_ALPHA, CLOTH_BRIGHT, BRIGHT_RISE = 0.15, 0.20, 2.4
HUE_TIMES, HUE_MORE, HUE_SCALE, REDDEST = 1.35, 0.05, 6.0, 0.85
LEAST_CLOTH_PX, MARGIN_PX, REACH_PX = 7, 5, 10
BODY = np.clip(np.arange(256) + 128 - 255 * BODY_ALPHA, 0, 255).astype(np.uint8)  # from 128 on it is body
SOFT = np.clip(2 * np.arange(256) - 170, 0, 255).astype(np.uint8)  # a third, as just outside of an edge, is nothing
HELD, SOLID_HELD = 12, 10  # what was inside or solid stays so a little longer, of 255
CLEAR_MEAN, CLEAR_MOST = 0.05, 0.45
NEAR = 4  # cells round the busy ones: as far as colours are guessed
PIXEL_NOISE = 1.6  # a pixel's noise over that of the smaller picture's
Area = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Front:
    """A picture, cell by cell.

    Attributes:
        layers: The wall, the people's colour near each cell (linear, BGR turned so that the key is first), and how
            far that is known. Shape (7, rows, columns).
        clear: 1 where nothing but wall is seen. Shape (rows, columns).
        core: How much the inside of somebody is solid, whatever they wear. Shape of the analysed picture.
        noise: How far the wall's pixels differ from the wall, as a share of its colour difference.
        step: The wall's colour difference in the mean.
        opacity: Mean alpha of each cell, 0..255. Shape (rows, columns).
    """

    layers: Floats
    clear: Pixels
    core: Pixels
    noise: float
    step: float
    opacity: Pixels


class Foreground:
    """Finds in the pictures of one camera, in order, what stands before its wall.

    Args:
        channel: The wall's strongest channel: 0 blue, 1 green, 2 red.
    """

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._core: Pixels | None = None
        self._solid: Pixels | None = None

    def look(self, picture: Pixels, wall: Wall) -> Front:
        """Return what stands before the wall.

        Args:
            picture: As it is analysed. BGR, shape (height, width, 3).
            wall: As `Plate.look` found it in the same picture.
        """
        shape, width = wall.sure.shape, picture.shape[1]
        step, shares = np.empty(shape, np.float32), np.empty((4, *shape), np.float32)
        _weigh(wall.light, wall.shade, step, shares)
        cell_of = (np.arange(width) * shape[1] // width).astype(np.uint32)
        alpha = np.empty(picture.shape[:2], np.uint8)
        _differ(picture, shares, cell_of, self._channel, alpha)
        most, mean = ranges(alpha, shape)[1:]
        clear = _eroded(np.asarray((mean < 255 * CLEAR_MEAN) & (most < 255 * CLEAR_MOST), np.uint8), 3)
        layers = np.zeros((7, *shape), np.float32)
        layers[:3] = wall.light
        busy, core = _bounds(clear == 0), np.zeros_like(alpha)
        if busy is None:
            self._core = self._solid = None
        else:
            area = _scaled(busy, shape, alpha.shape)
            core[area] = self._inside(picture, alpha[area], shares, cell_of, area)
            self._core = core
            solid = self._solid_cells(ranges(np.asarray(cv2.max(alpha, core), np.uint8), shape)[0])
            rows, columns = (slice(max(part.start - NEAR, 0), part.stop + NEAR) for part in busy)
            near = solid[rows, columns]
            colour = filled(wall.seen[rows, columns], np.asarray(near, np.float32), (7, 3))
            layers[3:6, rows, columns] = np.moveaxis(colour, 2, 0)
            layers[6, rows, columns] = _eroded(_dilated(near, 7), 3)
        # Of the wall's noise only the darker half is left in alpha.
        noise = PIXEL_NOISE * 2 / 255 * cv2.mean(mean, np.asarray(wall.sure, np.uint8))[0]
        return Front(layers, clear, core, noise, float(step.mean()), mean)

    def _inside(self, picture: Pixels, alpha: Pixels, shares: Floats, cell_of: NDArray[np.uint32],
                area: Area) -> Pixels:  # fmt: skip
        """Return what of an area lies inside of somebody, 0 to 255; what did before stays so a little longer.

        Args:
            alpha: Of the area alone.
        """
        cloth = np.empty(alpha.shape, np.uint8)
        _find_cloth(picture, shares, cell_of, self._channel, area[0].start, area[1].start, cloth)
        parts = [cv2.blur(cv2.LUT(alpha, BODY), (3, 3)), cv2.blur(cloth, (3, 3))]
        if self._core is not None and self._core.shape == picture.shape[:2]:
            held = cv2.convertScaleAbs(self._core[area], alpha=HELD / 255)
            parts = [cv2.add(part, held) for part in parts]
        body, cloth = (np.asarray(cv2.threshold(part, 127, 255, cv2.THRESH_BINARY)[1], np.uint8) for part in parts)
        # A thin band of this colour is the edge of something else, or its blur; beside wider cloth, corners are cloth.
        wide = _eroded(cloth, LEAST_CLOTH_PX)
        cloth = np.asarray(cv2.min(_dilated(wide, LEAST_CLOTH_PX + REACH_PX), cloth), np.uint8)
        inside = cv2.max(_eroded(np.asarray(cv2.max(body, cloth), np.uint8), MARGIN_PX), cloth)
        return np.asarray(cv2.LUT(cv2.blur(inside, (3, 3)), SOFT), np.uint8)

    def _solid_cells(self, least: Pixels) -> Pixels:
        """Return where a cell is somebody's and nothing of the wall, 1 or 0."""
        if self._solid is not None and self._solid.shape == least.shape:
            least = np.asarray(cv2.add(least, self._solid), np.uint8)
        solid = np.asarray(least > 255 * SOLID_ALPHA, np.uint8)
        self._solid = solid * np.uint8(SOLID_HELD)
        return solid


def _bounds(busy: NDArray[np.bool_]) -> Area | None:
    """Return the rows and columns that hold all busy cells."""
    rows, columns = np.flatnonzero(busy.any(axis=1)), np.flatnonzero(busy.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _scaled(area: Area, shape: tuple[int, ...], to_shape: tuple[int, ...]) -> Area:
    """Return an area of cells in pixels."""
    rows, columns = (slice(part.start * to // of, part.stop * to // of)
                     for part, of, to in zip(area, shape, to_shape, strict=True))  # fmt: skip
    return rows, columns


def _eroded(picture: Pixels, reach: int) -> Pixels:
    return np.asarray(cv2.erode(picture, np.ones((reach, reach), np.uint8)), np.uint8)


def _dilated(picture: Pixels, reach: int) -> Pixels:
    return np.asarray(cv2.dilate(picture, np.ones((reach, reach), np.uint8)), np.uint8)


@njit("void(float32[:,:,::1],float32[:,::1],float32[:,::1],float32[:,:,::1])", nogil=True, cache=True)
def _weigh(light, shade, step, shares):  # type: ignore[no-untyped-def]
    """Find the wall's colour difference in each cell, and by which shares of the wall pixels are judged there.

    Args:
        shares: Of each cell: 255 over the wall's colour difference; 1 over that, and 1 over its light, as they would be
            without shadow; how much of the other two channels there is in the wall's hue at most.
    """
    for y in range(step.shape[0]):
        for x in range(step.shape[1]):
            key, other_1, other_2 = light[0, y, x], light[1, y, x], light[2, y, x]
            difference = max(key - max(other_1, other_2), np.float32(0.01))
            step[y, x] = difference
            shares[0, y, x] = np.float32(255) / difference
            shares[1, y, x] = shade[y, x] / difference
            shares[2, y, x] = shade[y, x] / max(key, np.float32(0.01))
            hue = (other_1 + other_2) / max(key, np.float32(1e-3))
            shares[3, y, x] = np.float32(HUE_TIMES) * hue + np.float32(HUE_MORE)


@njit("void(uint8[:,:,::1],float32[:,:,::1],uint32[::1],int64,uint8[:,::1])",
      nogil=True, cache=True, error_model="numpy")  # fmt: skip
def _differ(picture, shares, columns, channel, alpha):  # type: ignore[no-untyped-def]
    """Find each pixel's alpha by its colour difference, 0..255; `shares` as `_weigh` found them."""
    height, width = alpha.shape
    square, cube = np.float32(DECODE[0] / 255**2), np.float32(DECODE[1] / 255**3)
    zero, white = np.float32(0), np.float32(255)
    flat, line, known = picture.reshape(height * width * 3), np.empty(width, np.float32), -1
    for y in range(height):
        pixels, row, cell_y = flat[3 * y * width : 3 * (y + 1) * width], alpha[y], y * shares.shape[1] // height
        if cell_y != known:
            known = cell_y
            for x in range(width):
                line[x] = shares[0, cell_y, columns[x]]
        for x in range(width):  # a loop of its own: the compiler makes it wide
            blue, green, red = np.float32(pixels[3 * x]), np.float32(pixels[3 * x + 1]), np.float32(pixels[3 * x + 2])
            v = blue if channel == 0 else green if channel == 1 else red
            # The stronger level is the stronger light.
            other = max(green, red) if channel == 0 else max(red, blue) if channel == 1 else max(blue, green)
            difference = v * v * (square + cube * v) - other * other * (square + cube * other)
            row[x] = np.uint8(min(max(white - difference * line[x], zero), white))


@njit("void(uint8[:,:,::1],float32[:,:,::1],uint32[::1],int64,int64,int64,uint8[:,::1])",
      nogil=True, cache=True, error_model="numpy")  # fmt: skip
def _find_cloth(picture, shares, columns, channel, top, left, cloth):  # type: ignore[no-untyped-def]
    """Find how plainly each pixel of an area shows cloth of nearly the wall's colour: from 128 on it does.

    Such cloth is dark and not very opaque by its difference, but not of the wall's hue, however the wall is lit there:
    navy jeans before a wall in deep shadow. A veil is brighter; skin that is blurred by its movement is redder.

    Args:
        shares: As `_weigh` found them.
        top, left: Where in the picture the area begins.
    """
    height, width = picture.shape[:2]
    square, cube = np.float32(DECODE[0] / 255**2), np.float32(DECODE[1] / 255**3)
    zero, one, white, half = np.float32(0), np.float32(1), np.float32(255), np.float32(128)
    least, start, rise = np.float32(CLOTH_ALPHA), np.float32(CLOTH_BRIGHT), np.float32(BRIGHT_RISE)
    scale, reddest = np.float32(HUE_SCALE), np.float32(REDDEST)
    flat, line, known = picture.reshape(height * width * 3), np.empty((3, cloth.shape[1]), np.float32), -1
    for y in range(top, top + cloth.shape[0]):
        cell_y = y * shares.shape[1] // height
        if cell_y != known:
            known = cell_y
            for k in range(3):
                for x in range(cloth.shape[1]):
                    line[k, x] = shares[1 + k, cell_y, columns[left + x]]
        begin, row = 3 * (y * width + left), cloth[y - top]
        pixels, by_step, by_light, most = flat[begin : begin + 3 * len(row)], line[0], line[1], line[2]
        for x in range(row.shape[0]):  # a loop of its own: the compiler makes it wide
            blue, green, red = np.float32(pixels[3 * x]), np.float32(pixels[3 * x + 1]), np.float32(pixels[3 * x + 2])
            blue = blue * blue * (square + cube * blue)
            green = green * green * (square + cube * green)
            red = red * red * (square + cube * red)
            key = blue if channel == 0 else green if channel == 1 else red
            other = max(green, red) if channel == 0 else max(red, blue) if channel == 1 else max(blue, green)
            opaque = one - (key - other) * by_step[x] - least - rise * max(other * by_light[x] - start, zero)
            hue = (blue + green + red - key - most[x] * key) * by_light[x] * scale
            cold = (reddest * green - red) * by_light[x] * scale
            row[x] = np.uint8(min(max(half + white * min(min(opaque, hue), cold), zero), white))
