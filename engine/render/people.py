"""People: a camera's matte as a layer of its own, and where people are as a mask."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.world import Matte

Pixels = NDArray[np.uint8]


def newest(mattes: Mapping[str, Matte], camera: str) -> Matte | None:
    """Return a camera's matte, the first camera's if none is named, or None."""
    return mattes.get(camera) if camera else next(iter(mattes.values()), None)


def fit(matte: Pixels, mirror: bool, tint: tuple[float, float, float] | None, out: Pixels) -> None:
    """Write a matte into a canvas-sized picture.

    Args:
        matte: Premultiplied RGBA as the camera sees it. Shape (h, w, 4), uint8.
        mirror: Whether visitors see themselves as in a mirror.
        tint: Colour that the people's light is multiplied with, or None.
        out: Shape (height, width, 4), uint8.
    """
    # What is done to the small picture costs a quarter of what it costs on the canvas.
    if tint is not None:
        shares = np.array((*tint, 1.0), np.float32)
        table = np.rint(np.arange(256)[:, None] * shares).astype(np.uint8)
        matte = np.asarray(cv2.LUT(matte, table[:, None]), np.uint8)
    if matte.shape == out.shape:
        if mirror:
            cv2.flip(matte, 1, dst=out)
        else:
            np.copyto(out, matte)
        return
    if mirror:
        matte = np.asarray(cv2.flip(matte, 1), np.uint8)
    size = out.shape[1::-1]
    cv2.resize(matte, size, dst=out, interpolation=cv2.INTER_AREA if matte.shape[1] > size[0] else cv2.INTER_LINEAR)


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
