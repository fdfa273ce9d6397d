"""People: a camera's matte as a layer of its own, and where people are as a mask."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.render.layer import Box
from engine.world import Matte

Pixels = NDArray[np.uint8]
FAINTEST = 1 << 24  # a packed pixel of the least alpha
APART = 4  # columns of a matte between two people that are drawn one by one


def newest(mattes: Mapping[str, Matte], camera: str) -> Matte | None:
    """Return a camera's matte, the first camera's if none is named, or None."""
    return mattes.get(camera) if camera else next(iter(mattes.values()), None)


class Guest:
    """One people layer's picture, as large as the canvas; only where people are is it written, and cleared again.

    Attributes:
        pixels: Premultiplied RGBA. Shape (height, width, 4), uint8.
        box: Outside it every pixel is clear.
    """

    def __init__(self, size: tuple[int, int], crew: Crew) -> None:
        self._crew = crew
        self._fitted: tuple[Any, ...] = ()
        self.pixels: Pixels = np.zeros((size[1], size[0], 4), np.uint8)
        self.box: Box = (0, 0, 0, 0)
        self._packed = self.pixels.view(np.uint32)[..., 0]
        self._written: list[Box] = []

    def fit(self, matte: Pixels, mirror: bool, tint: tuple[float, float, float] | None) -> None:
        """Write a matte, stretched over the canvas.

        Args:
            matte: Premultiplied RGBA as the camera sees it. Shape (h, w, 4), uint8.
            mirror: Whether visitors see themselves as in a mirror.
            tint: Colour that the people's light is multiplied with, or None.
        """
        if self._fitted and self._fitted[0]() is matte and self._fitted[1:] == (mirror, tint):
            return  # the show has more frames than the camera
        self._fitted = weakref.ref(matte), mirror, tint
        height, width = self.pixels.shape[:2]
        steps = tuple(a // math.gcd(a, b) for a, b in zip(matte.shape[1::-1], (width, height), strict=True))
        sources = _boxes(matte, steps)
        before, self._written = self._written, [
            _scaled(source, matte.shape, (width, height), mirror) for source in sources]
        for left, top, right, bottom in _left_over(before, sorted(self._written)):
            self._packed[top:bottom, left:right] = 0
        lefts, tops, rights, bottoms = zip(*self._written, strict=True) if sources else ((0,),) * 4
        self.box = min(lefts), min(tops), max(rights), max(bottoms)
        way = cv2.INTER_AREA if matte.shape[1] > width else cv2.INTER_LINEAR
        self._crew.run([partial(self._write, matte, source, target, mirror, tint, way)
                        for source, target in zip(sources, self._written, strict=True)])

    def _write(self, matte: Pixels, source: Box, target: Box, mirror: bool, tint: tuple[float, float, float] | None,
               way: int) -> None:
        """Write one box of a matte; what is done to the small picture costs a part of what it costs on the canvas."""
        left, top, right, bottom = target
        part = matte[source[1] : source[3], source[0] : source[2]]
        if tint is not None:
            shares = np.array((*tint, 1.0), np.float32)
            table = np.rint(np.arange(256)[:, None] * shares).astype(np.uint8)
            part = np.asarray(cv2.LUT(part, table[:, None]), np.uint8)
        if mirror:
            part = np.asarray(cv2.flip(part, 1), np.uint8)
        cv2.resize(part, (right - left, bottom - top), dst=self.pixels[top:bottom, left:right], interpolation=way)


def _boxes(matte: Pixels, steps: tuple[int, ...]) -> list[Box]:
    """Return what of a matte is not clear: a box for each that stands apart from the others, left to right."""
    packed = np.ascontiguousarray(matte).view("<u4")[..., 0]  # alpha is highest: no channel need be picked out
    columns = np.flatnonzero(packed.max(axis=0) >= FAINTEST)
    if not columns.size:
        return []
    gaps = np.flatnonzero(np.diff(columns) > APART + 2 * steps[0])
    firsts, lasts = columns[np.r_[0, gaps + 1]], columns[np.r_[gaps, columns.size - 1]]
    return [_box(packed, int(first), int(last) + 1, steps) for first, last in zip(firsts, lasts, strict=True)]


def _box(packed: NDArray[np.uint32], left: int, right: int, steps: tuple[int, ...]) -> Box:
    """Return what of some columns is not clear, with a clear edge, in steps that are whole pixels of the canvas too."""
    rows = np.flatnonzero(packed[:, left:right].max(axis=1) >= FAINTEST)
    low = [max((start - 1) // step * step, 0) for start, step in zip((left, int(rows[0])), steps, strict=True)]
    high_ends = zip((right, int(rows[-1]) + 1), steps, packed.shape[::-1], strict=True)
    high = [min(-(-(end + 1) // step) * step, size) for end, step, size in high_ends]
    return low[0], low[1], high[0], high[1]


def _left_over(before: Iterable[Box], now: Sequence[Box]) -> Iterator[Box]:
    """Yield what of some boxes others, side by side from left to right, do not cover; empty parts among it."""
    for left, top, right, bottom in before:
        for west, north, east, south in now:
            if west < right and left < east:
                yield left, top, west, bottom
                yield max(left, west), top, min(right, east), min(north, bottom)
                yield max(left, west), max(south, top), min(right, east), bottom
                left = max(left, min(right, east))
        yield left, top, right, bottom


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
