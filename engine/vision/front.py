"""What stands before the wall, coarsely: where it is plainly wall, where plainly people, and of which colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from engine.vision.linear import DECODE, light_of
from engine.vision.plate import Wall, extremes, filled
from engine.world import Floats, Pixels

SOLID_ALPHA, CORE_ALPHA, CORE_PX = 0.60, 0.48, 5
CLEAR_MEAN, CLEAR_MOST = 0.05, 0.45
THREE = np.ones((3, 3), np.uint8)
PIXEL_NOISE = 1.6  # a pixel's noise over that of the smaller picture's


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
    """

    layers: Floats
    clear: Pixels
    core: Pixels
    noise: float
    step: float


def look_in_front(picture: Pixels, wall: Wall, channel: int) -> Front:
    """Return what stands before a wall.

    Args:
        picture: As it is analysed. BGR, shape (height, width, 3).
        wall: As `Plate.look` found it in the same picture.
        channel: The wall's strongest channel: 0 blue, 1 green, 2 red.
    """
    light = np.ascontiguousarray(np.roll(light_of(wall.colour), -channel, axis=2))
    step: Floats = np.maximum(light[..., 0] - np.maximum(light[..., 1], light[..., 2]), np.float32(0.01))
    alpha = np.empty(picture.shape[:2], np.uint8)
    width = picture.shape[1]
    columns = (np.arange(width) * wall.sure.shape[1] // width).astype(np.uint32)
    _differ(picture, 255 / step, columns, channel, alpha)
    least, most = extremes(alpha, step.shape)
    mean = np.asarray(cv2.resize(alpha, (step.shape[1], step.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
    clear = cv2.erode(np.asarray((mean < 255 * CLEAR_MEAN) & (most < 255 * CLEAR_MOST), np.uint8), THREE)
    solid = np.asarray(least > 255 * SOLID_ALPHA, np.float32)
    core = cv2.threshold(alpha, round(CORE_ALPHA * 255), 255, cv2.THRESH_BINARY)[1]
    core = cv2.blur(cv2.erode(core, np.ones((CORE_PX, CORE_PX), np.uint8)), (3, 3))
    layers = np.empty((7, *step.shape), np.float32)
    colour = filled(np.roll(light_of(wall.cells), -channel, axis=2), solid, (7, 3))
    for c in range(3):
        layers[c], layers[3 + c] = light[..., c], colour[..., c]
    layers[6] = cv2.erode(np.asarray(cv2.blur(solid, (7, 7)) > 1e-3, np.float32), THREE)
    # Of the wall's noise only the darker half is left in alpha.
    noise = PIXEL_NOISE * 2 / 255 * float(mean[wall.sure > 0].mean()) if wall.sure.any() else 0.0
    return Front(layers, np.asarray(clear, np.uint8), np.asarray(core, np.uint8), noise, float(step.mean()))


@njit("void(uint8[:,:,::1],float32[:,::1],uint32[::1],int64,uint8[:,::1])", nogil=True, cache=True)
def _differ(picture, share, columns, channel, alpha):  # type: ignore[no-untyped-def]
    """Find each pixel's alpha by its colour difference, 0..255; `share` is 255 over the wall's, cell by cell."""
    height, width = alpha.shape
    square, cube = np.float32(DECODE[0] / 255**2), np.float32(DECODE[1] / 255**3)
    zero, white = np.float32(0), np.float32(255)
    flat, line = picture.reshape(height * width * 3), np.empty(width, np.float32)
    for y in range(height):
        pixels, shares, row = flat[3 * y * width : 3 * (y + 1) * width], share[y * share.shape[0] // height], alpha[y]
        for x in range(width):
            line[x] = shares[columns[x]]
        for x in range(width):  # a loop of its own: the compiler makes it wide
            blue, green, red = np.float32(pixels[3 * x]), np.float32(pixels[3 * x + 1]), np.float32(pixels[3 * x + 2])
            v = blue if channel == 0 else green if channel == 1 else red
            # The stronger level is the stronger light.
            other = max(green, red) if channel == 0 else max(red, blue) if channel == 1 else max(blue, green)
            difference = v * v * (square + cube * v) - other * other * (square + cube * other)
            row[x] = np.uint8(min(max(white - difference * line[x], zero), white))
