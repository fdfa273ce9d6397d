"""The key: a picture before its wall becomes people cut out, without the wall's colour in their edges."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numba import extending, njit

from engine.vision.front import Front
from engine.vision.linear import DECODE, ENCODE
from engine.world import Floats, Pixels

LUMA_WEIGHT = 16.0  # chroma comes at half the size and blurred: brightness tells an edge more exactly
CLEAR_FROM, CLEAR_RISE, NOISE_SPREAD, MOST_NOISE = 0.045, 0.36, 3.0, 0.25
SOLID_FROM = 0.95
STEADY, STEADY_REACH = 0.85, 0.30
STILL, MOVED = 12, 28  # a cell's mean alpha, of 255, from one picture to the next
STILLNESS = np.clip((MOVED - np.arange(256)) * (255 / (MOVED - STILL)), 0, 255).astype(np.uint8)


class Keyer:
    """Keys pictures of one camera in order; alpha that trembles is steadied, alpha that moves is not held back.

    Source:
        Vlahos colour difference in linear light, corrected by the projection onto the line from the wall's to the
        nearest solid foreground's colour; foreground by plate subtraction (Smith & Blinn 1996).
    """

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._before: Pixels | None = None
        self._opacity: Pixels | None = None
        self._wide: Floats = np.zeros((0, 0), np.float32)

    def key(self, picture: Pixels, front: Front, detail: Pixels | None) -> Pixels:
        """Cut people out of a coloured wall.

        Args:
            picture: BGR, shape (height, width, 3).
            front: What stands before the wall, as `look_in_front` found it in this picture.
            detail: The wall's paint at each pixel over its coarse grid, 128 where they are equal; None: no clean
                plate was taken. Shape (height, width).

        Returns:
            Premultiplied RGBA. Shape (height, width, 4).
        """
        height, width = picture.shape[:2]
        is_first = self._before is None or self._before.shape != (height, width)
        if is_first:
            self._before = np.zeros((height, width), np.uint8)
        assert self._before is not None
        matte = np.empty((height, width, 4), np.uint8)
        packed = matte.view(np.uint32)[..., 0]  # R first in memory: little-endian, as every machine we run on
        paint = np.zeros((1, 0), np.uint8) if detail is None else detail
        # Made wide here, the kernel reads only neighbours: places to be looked up would keep its loop narrow.
        rows, layers = len(front.clear), self._widened(front, width)
        core = np.asarray(cv2.resize(front.core, (width, len(front.core)), interpolation=cv2.INTER_NEAREST), np.uint8)
        still = np.asarray(cv2.resize(self._stillness(front.opacity), (width, rows), interpolation=cv2.INTER_NEAREST),
                           np.uint8)  # fmt: skip
        _key_rows(picture, layers, front.clear, core, paint, still, self._channel, front.noise, front.step,
                  0.0 if is_first else STEADY, self._before, packed)  # fmt: skip
        return matte

    def _stillness(self, opacity: Pixels) -> Pixels:
        """Return where nothing moved since the last picture, 0 to 255: a cell's mean hardly knows noise."""
        before, self._opacity = self._opacity, opacity
        if before is None or before.shape != opacity.shape:
            return np.zeros_like(opacity)
        change = cv2.dilate(cv2.absdiff(opacity, before), np.ones((3, 3), np.uint8))
        return np.asarray(cv2.LUT(change, STILLNESS), np.uint8)

    def _widened(self, front: Front, width: int) -> Floats:
        """Return the layers at each column of the picture; columns in which all is wall hold anything."""
        rows, columns = front.clear.shape
        cells = front.layers.reshape(7 * rows, columns)
        busy = np.flatnonzero(front.clear.min(axis=0) == 0)
        if width % columns:
            return np.asarray(cv2.resize(cells, (width, 7 * rows)), np.float32)
        if self._wide.shape != (7 * rows, width):
            self._wide = np.zeros((7 * rows, width), np.float32)  # kept: new memory costs more than what is done to it
        if len(busy):
            left, right, times = max(busy[0] - 1, 0), min(busy[-1] + 2, columns), width // columns
            part = cv2.resize(np.ascontiguousarray(cells[:, left:right]), ((right - left) * times, 7 * rows))
            self._wide[:, left * times : right * times] = part
        return self._wide


def cut_out(picture: Pixels, alpha: Pixels) -> Pixels:
    """Return the picture where `alpha` lets it through: premultiplied RGBA, shape (height, width, 4)."""
    matte = np.empty((*picture.shape[:2], 4), np.uint8)
    _cut_rows(picture, alpha, matte)
    return matte


def straight(matte: Pixels) -> Pixels:
    """Return premultiplied RGBA as straight RGBA, as PNG has it."""
    alpha = matte[..., 3:].astype(np.float32)
    colour = np.minimum(matte[..., :3] * np.float32(255) / np.maximum(alpha, 1) + np.float32(0.5), 255)
    return np.dstack([colour.astype(np.uint8), matte[..., 3]])


intrinsic: Any = extending.intrinsic  # its types are wrong


@intrinsic
def _root(context, number):  # type: ignore[no-untyped-def]
    """Return the square root as the processor's instruction: `np.sqrt` is a call, and calls keep a loop narrow."""
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        root = builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type])
        return builder.call(root, arguments)
    return number(number), generate


@njit(nogil=True, error_model="numpy")
def _light(level):  # type: ignore[no-untyped-def]
    return level * level * (np.float32(DECODE[0] / 255**2) + np.float32(DECODE[1] / 255**3) * level)


@njit(nogil=True, error_model="numpy")
def _level(light):  # type: ignore[no-untyped-def]
    r = _root(light)
    return min(r * (np.float32(ENCODE[0]) + r * (np.float32(ENCODE[1]) + r * np.float32(ENCODE[2]))), np.float32(1))


@njit(nogil=True, error_model="numpy")
def _along(m, m_1, m_2, d, d_1, d_2, luma, luma_1, luma_2):  # type: ignore[no-untyped-def]
    """Return how far m lies along d, brightness first, and by which share of d it misses it."""
    weight, zero, one = np.float32(LUMA_WEIGHT), np.float32(0), np.float32(1)
    d_y, m_y = luma * d + luma_1 * d_1 + luma_2 * d_2, luma * m + luma_1 * m_1 + luma_2 * m_2
    d_u, d_v, m_u, m_v = d - d_y, d_2 - d_y, m - m_y, m_2 - m_y
    length = weight * d_y * d_y + d_u * d_u + d_v * d_v + np.float32(1e-6)
    seen = min(max((weight * m_y * d_y + m_u * d_u + m_v * d_v) / length, zero), one)
    off = abs(m - seen * d) + abs(m_1 - seen * d_1) + abs(m_2 - seen * d_2)
    return seen, off / (_root(d * d + d_1 * d_1 + d_2 * d_2) + np.float32(1e-3))


@njit(nogil=True, error_model="numpy")  # a division that may raise would keep the loop narrow
def _key_run(pixels, line, core, paint, has_paint, still, channel, noise, step, steady, before, matte):  # type: ignore[no-untyped-def]
    """Key a run of pixels of one row: from nought up and without branches, so that the compiler makes it wide."""
    c1, c2 = (channel + 1) % 3, (channel + 2) % 3
    shift, shift_1, shift_2 = 8 * (2 - channel), 8 * (2 - c1), 8 * (2 - c2)
    zero, one, half, white = np.float32(0), np.float32(1), np.float32(0.5), np.float32(255)
    luma, luma_1, luma_2 = np.float32(0.114), np.float32(0.587), np.float32(0.299)
    if channel == 1:
        luma, luma_1, luma_2 = luma_1, luma_2, luma
    elif channel == 2:
        luma, luma_1, luma_2 = luma_2, luma, luma_1
    least, rise, solid = np.float32(CLEAR_FROM), np.float32(1 / CLEAR_RISE), np.float32(1 / SOLID_FROM)
    spread, reach, two = np.float32(NOISE_SPREAD), np.float32(2 / STEADY_REACH), np.float32(2)
    hold = steady * np.float32(1 / 255)
    for x in range(matte.shape[0]):
        blue, green, red = np.float32(pixels[3 * x]), np.float32(pixels[3 * x + 1]), np.float32(pixels[3 * x + 2])
        c = _light(blue if channel == 0 else green if channel == 1 else red)
        c_1 = _light(green if channel == 0 else red if channel == 1 else blue)
        c_2 = _light(red if channel == 0 else blue if channel == 1 else green)
        tone = np.float32(paint[x]) * np.float32(1 / 128) if has_paint else one
        b, b_1, b_2 = line[0, x] * tone, line[1, x] * tone, line[2, x] * tone
        full = max(b - max(b_1, b_2), np.float32(0.01))
        alpha = min(max(one - (c - max(c_1, c_2)) / full, zero), one)
        # The same mixture seen from the nearest person's colour.
        seen, miss = _along(c - b, c_1 - b_1, c_2 - b_2, line[3, x] - b, line[4, x] - b_1, line[5, x] - b_2,
                            luma, luma_1, luma_2)  # fmt: skip
        alpha += line[6, x] * max(one - miss, zero) * (seen - alpha)
        alpha = max(alpha, np.float32(core[x]) * np.float32(1 / 255))
        # Little is noise: it fades in, later where the wall is dark.
        lowest = least + min(spread * noise * min(_root(step / full), np.float32(3)), np.float32(MOST_NOISE))
        alpha = min(alpha * solid, one) * min(max((alpha - lowest) * rise, zero), one)
        was = np.float32(before[x]) * np.float32(1 / 255)
        change = was - alpha
        alpha += hold * np.float32(still[x]) * min(max(two - abs(change) * reach, zero), one) * change
        before[x] = np.uint8(alpha * white + half)
        # Out with the wall that shows through, and with its light that lies on people.
        shows = one - alpha
        k, k_1, k_2 = c - shows * b, c_1 - shows * b_1, c_2 - shows * b_2
        spilled = max(k - max(k_1, k_2), zero) / full
        whole, over = one / max(alpha, np.float32(1e-3)), white * alpha
        o = _level(min(max(k - spilled * b, zero), alpha) * whole) * over
        o_1 = _level(min(max(k_1 - spilled * b_1, zero), alpha) * whole) * over
        o_2 = _level(min(max(k_2 - spilled * b_2, zero), alpha) * whole) * over
        word = (
            (np.uint32(o + half) << shift)
            | (np.uint32(o_1 + half) << shift_1)
            | (np.uint32(o_2 + half) << shift_2)
            | (np.uint32(over + half) << 24)
        )
        matte[x] = word


@njit(nogil=True)
def _mix(above, below, share, line):  # type: ignore[no-untyped-def]
    for x in range(above.shape[0]):
        line[x] = above[x] + (below[x] - above[x]) * share


@njit(
    "void(uint8[:,:,::1],float32[:,::1],uint8[:,::1],uint8[:,::1],uint8[:,::1],uint8[:,::1],int64,float32,float32,"
    "float32,uint8[:,::1],uint32[:,::1])",
    nogil=True, cache=True, error_model="numpy",
)  # fmt: skip
def _key_rows(picture, layers, clear, core, paint, still, channel, noise, step, steady, before, matte):  # type: ignore[no-untyped-def]
    """Key the rows; `layers` holds wall (3), foreground (3) and how well that is known, one below the other."""
    height, width = matte.shape
    rows, columns = clear.shape
    line = np.empty((7, width), np.float32)
    flat = picture.reshape(height * width * 3)
    has_paint = paint.shape[0] == height and paint.shape[1] == width
    for cell_y in range(rows):
        top, bottom = cell_y * height // rows, (cell_y + 1) * height // rows
        start = 0
        while start < columns:
            is_clear = clear[cell_y, start] > 0
            end = start + 1
            while end < columns and (clear[cell_y, end] > 0) == is_clear:
                end += 1
            left, right = start * width // columns, end * width // columns
            start = end
            if is_clear:
                matte[top:bottom, left:right] = 0
                before[top:bottom, left:right] = 0
                continue
            for y in range(top, bottom):
                place = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
                above = int(place)
                below = min(above + 1, rows - 1)
                for k in range(7):
                    _mix(layers[k * rows + above, left:right], layers[k * rows + below, left:right],
                         np.float32(place - above), line[k])
                paint_row = paint[y, left:right] if has_paint else paint[0]
                pixels = flat[3 * (y * width + left) : 3 * (y * width + right)]
                _key_run(pixels, line, core[y * core.shape[0] // height, left:right], paint_row, has_paint,
                         still[cell_y, left:right], channel, noise, step, steady, before[y, left:right],
                         matte[y, left:right])


@njit("void(uint8[:,:,::1],uint8[:,::1],uint8[:,:,::1])", nogil=True, cache=True)
def _cut_rows(picture, alpha, matte):  # type: ignore[no-untyped-def]
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            share = np.uint32(alpha[y, x])
            for c in range(3):
                matte[y, x, 2 - c] = np.uint8((np.uint32(picture[y, x, c]) * share + np.uint32(127)) // np.uint32(255))
            matte[y, x, 3] = alpha[y, x]
