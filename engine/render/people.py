"""People: a camera's matte as a layer of its own, and where people are as a mask."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.layer import Box
from engine.world import Matte

Pixels = NDArray[np.uint8]


def newest(mattes: Mapping[str, Matte], camera: str) -> Matte | None:
    """Return a camera's matte, the first camera's if none is named, or None."""
    return mattes.get(camera) if camera else next(iter(mattes.values()), None)


class Guest:
    """One people layer's picture, as large as the canvas; only where people are is it written, and cleared again.

    Attributes:
        pixels: Premultiplied RGBA. Shape (height, width, 4), uint8.
        box: Outside it every pixel is clear.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.pixels: Pixels = np.zeros((size[1], size[0], 4), np.uint8)
        self.box: Box = (0, 0, 0, 0)

    def fit(self, matte: Pixels, mirror: bool, tint: tuple[float, float, float] | None) -> None:
        """Write a matte, stretched over the canvas.

        Args:
            matte: Premultiplied RGBA as the camera sees it. Shape (h, w, 4), uint8.
            mirror: Whether visitors see themselves as in a mirror.
            tint: Colour that the people's light is multiplied with, or None.
        """
        left, top, right, bottom = self.box
        self.pixels[top:bottom, left:right] = 0
        height, width = self.pixels.shape[:2]
        steps = tuple(a // math.gcd(a, b) for a, b in zip(matte.shape[1::-1], (width, height), strict=True))
        source = _box(matte, steps)
        # What is done to the small picture costs a part of what it costs on the canvas.
        part = matte[source[1] : source[3], source[0] : source[2]]
        self.box = left, top, right, bottom = _scaled(source, matte.shape, (width, height), mirror)
        if not part.size:
            return
        if tint is not None:
            shares = np.array((*tint, 1.0), np.float32)
            table = np.rint(np.arange(256)[:, None] * shares).astype(np.uint8)
            part = np.asarray(cv2.LUT(part, table[:, None]), np.uint8)
        if mirror:
            part = np.asarray(cv2.flip(part, 1), np.uint8)
        way = cv2.INTER_AREA if matte.shape[1] > width else cv2.INTER_LINEAR
        cv2.resize(part, (right - left, bottom - top), dst=self.pixels[top:bottom, left:right], interpolation=way)


def _box(matte: Pixels, steps: tuple[int, ...]) -> Box:
    """Return what of a matte is not clear, with a clear edge, in steps that are whole pixels of the canvas too."""
    left, top, wide, high = cv2.boundingRect(cv2.extractChannel(matte, 3))
    if not wide:
        return 0, 0, 0, 0
    low = [(start - 1) // step * step for start, step in zip((left, top), steps, strict=True)]
    high_ends = zip((left + wide, top + high), steps, matte.shape[1::-1], strict=True)
    right, bottom = (min(-(-(end + 1) // step) * step, size) for end, step, size in high_ends)
    return max(low[0], 0), max(low[1], 0), right, bottom


def _scaled(box: Box, shape: tuple[int, ...], size: tuple[int, int], mirror: bool) -> Box:
    """Return where a box of a matte lies on the canvas."""
    left, right = (edge * size[0] // shape[1] for edge in box[::2])
    top, bottom = (edge * size[1] // shape[0] for edge in box[1::2])
    return (size[0] - right, top, size[0] - left, bottom) if mirror else (left, top, right, bottom)


def cover(mask: Pixels | None, out: Pixels, soft_px: float, invert: bool) -> None:
    """Write a mask, stretched over the canvas, into a coverage; without one nothing is covered.

    Args:
        mask: 0..255. Shape (h, w), uint8, or None.
        out: Shape (height, width), uint8.
        soft_px: How far its edge is blurred.
    """
    if mask is None:
        out[...] = 0
    else:
        cv2.resize(mask, out.shape[::-1], dst=out, interpolation=cv2.INTER_LINEAR)
        if soft_px >= 1:
            small = cv2.resize(out, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
            cv2.resize(cv2.GaussianBlur(small, (0, 0), max(soft_px / 8, 0.5)), out.shape[::-1], dst=out)
    if invert:
        cv2.bitwise_not(out, dst=out)
