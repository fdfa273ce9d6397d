"""Shapes: from an artist's numbers in stage units to the brush's numbers in pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.problems import MixeurError
from engine.render import areas, brush, marks, pen
from engine.render.drawing import Drawing, Pixels
from engine.render.layer import BLENDS, Blend

Points = NDArray[np.float64]
PORTION = 2000
ALONE_PX = 160  # the radius up to which one disc is not worth sharing out
ONE = frozenset((float, int, np.float64, np.float32))


class Shapes:
    """Draws shapes of one canvas size, with the memory that this needs."""

    def __init__(self, size: tuple[int, int], crew: Crew) -> None:
        width, height = size
        self._size, self._crew = size, crew
        self._scale = height
        self._cover: Pixels = np.zeros(width * height, np.uint8)
        self._area = np.zeros((width + 2) * height, np.float32)
        self._edges = np.zeros(areas.blocks_of(width) * height, np.bool_)
        self._traced: Pixels = np.zeros(width * height, np.uint8)
        self._tiles = np.zeros((-(-height // brush.DOWN), -(-width // brush.ACROSS)), np.bool_)
        self._disc = np.zeros((1, 4), np.float32)
        self._line = np.zeros((1, 5), np.float32)
        self._paint = np.zeros(1, np.uint32)

    def discs(
        self,
        drawing: Drawing,
        verb: str,
        x: Any,
        y: Any,
        radius: Any,
        colour: Any,
        width: Any,
        alpha: Any,
        blend: Blend,
        soft: float,
    ) -> None:
        """Draw discs, or rings of a line width."""
        mode, softness = marks.blend_index(verb, blend), marks.share(verb, "soft", soft)
        if _single(x, y, radius, alpha, 0.0 if width is None else width):
            shapes, paints = self._one_disc(verb, x, y, radius, width), self._paint
            paints[0] = marks.paint(verb, colour, alpha)
        else:
            values = marks.numbers(verb, x=x, y=y, radius=radius, width=-1.0 if width is None else width)
            shapes = self._many_discs(values, width is not None)
            paints = _paints(verb, colour, alpha, len(shapes))
        if len(shapes) == 1 and shapes[0, 2] < ALONE_PX:
            brush.stamp(drawing.packed, drawing.touched, shapes, paints, softness, mode, 0)
            return
        reach = shapes[:, 2] + 2
        across = 2 * np.minimum(reach, self._scale)
        work = across * (across if width is None else 32 + 2 * (shapes[:, 2] - shapes[:, 3]))
        rows = shapes[:, 1] - reach, shapes[:, 1] + reach
        self._draw(brush.stamp, drawing, shapes, paints, softness, mode, rows, float(work.sum()))

    def lines(
        self,
        drawing: Drawing,
        x0: Any,
        y0: Any,
        x1: Any,
        y1: Any,
        colour: Any,
        width: Any,
        alpha: Any,
        blend: Blend,
        soft: float,
    ) -> None:
        """Draw lines that stand alone."""
        mode, softness = marks.blend_index("line", blend), marks.share("line", "soft", soft)
        if _single(x0, y0, x1, y1, width, alpha):
            lines, paints = self._one_line(x0, y0, x1, y1, width), self._paint
            paints[0] = marks.paint("line", colour, alpha)
        else:
            ends = np.stack(marks.numbers("line", x0=x0, y0=y0, x1=x1, y1=y1, width=width), axis=1)
            paints = _paints("line", colour, alpha, len(ends))
            lines = marks.in_pixels(ends, self._scale).astype(np.float32)
            lines[:, 4] = np.clip(ends[:, 4] * self._scale / 2, 0, marks.FAR_PX)
        if len(lines) == 1 and lines[0, 4] < ALONE_PX / 8:
            pen.strokes(drawing.packed, drawing.touched, lines, paints, softness, mode, 0)
            return
        reach, across = lines[:, 4] + 2, np.abs(lines[:, 2:4] - lines[:, :2]).sum(axis=1)
        rows = np.minimum(lines[:, 1], lines[:, 3]) - reach, np.maximum(lines[:, 1], lines[:, 3]) + reach
        work = (np.minimum(across, 2 * self._scale) + 2 * reach) * (8 + 2 * reach)
        self._draw(pen.strokes, drawing, lines, paints, softness, mode, rows, float(work.sum()))

    def path(
        self,
        drawing: Drawing,
        verb: str,
        points: Any,
        colour: Any,
        width: float,
        closed: bool,
        alpha: Any,
        blend: Blend,
        soft: float,
    ) -> None:
        """Draw a line through points, or many through as many points each."""
        marks.blend_index(verb, blend)
        softness = marks.share(verb, "soft", soft)
        half = min(max(marks.number(verb, "width", width) * self._scale / 2, 0.5), marks.FAR_PX)
        many = marks.paths(verb, points)
        if len(many) == 1:
            paints = np.array([marks.paint(verb, colour, alpha)])
        else:
            paints = _paints(verb, colour, alpha, len(many))
        if not many.size:
            return
        corners = marks.in_pixels(many, self._scale)
        boxes = np.array(self._boxes(corners, half + 1))
        each = max(PORTION // corners.shape[1], 1)
        try:
            for k in range(0, len(corners), each):
                for some in _portions(corners.shape[1]):
                    pen.paths(drawing.packed, drawing.touched, self._traced, self._tiles, corners[k : k + each],
                              boxes[k : k + each], paints[k : k + each], half, closed, softness, BLENDS.index(blend),
                              some.start, some.stop)  # fmt: skip
        except BaseException:  # a scene is stopped between two portions
            self._traced.fill(0)
            self._tiles.fill(False)
            raise

    def polygon(self, drawing: Drawing, points: Any, colour: Any, alpha: float, blend: Blend) -> None:
        """Draw one filled shape."""
        mode = marks.blend_index("polygon", blend)
        paint = marks.paint("polygon", colour, alpha)
        corners = marks.in_pixels(marks.points("polygon", points), self._scale)
        patch = self._patch(corners, 1.0)
        if patch is not None:
            cover, left, top = patch
            high, wide = cover.shape
            area, edges = self._filled(corners - (left, top), cover.shape)
            try:
                self._crew.share(top, top + high, wide * high, lambda first, last: areas.flood(
                    drawing.packed, drawing.touched, area[first - top : last - top], edges[first - top : last - top],
                    left, first, paint, mode))
            except BaseException:  # a scene is stopped before a band
                area.fill(0)
                edges.fill(False)
                raise

    def filled(self, verb: str, points: Any) -> Pixels:
        """Return the coverage of one filled shape. Shape (height, width); holds until the next shape."""
        cover = self._cover.reshape(self._size[::-1])
        self._fill(marks.in_pixels(marks.points(verb, points), self._scale), cover)
        return cover

    def patch_cover(self, corners: Points, wide: int, high: int) -> Pixels:
        """Return the coverage of a shape in a patch that it is given in the pixels of; holds until the next shape."""
        cover = self._cover[: wide * high].reshape(high, wide)
        self._fill(corners, cover)
        return cover

    def _draw(self, kernel: Callable[..., None], drawing: Drawing, shapes: NDArray[np.float32],
              paints: NDArray[np.uint32], softness: float, mode: int, rows: tuple[Any, Any], pixels: float) -> None:
        """Draw shapes by a kernel, all in their order, in bands of the rows that they cover."""
        if not len(shapes):
            return
        top, bottom = max(int(rows[0].min()), 0), min(int(rows[1].max()) + 1, self._scale)
        share = min(PORTION / len(shapes), 1.0)
        for some in _portions(len(shapes)):
            self._crew.share(top, bottom, share * pixels, partial(
                _draw_band, kernel, drawing, shapes[some], paints[some], softness, mode))

    def _one_disc(self, verb: str, x: float, y: float, radius: float, width: float | None) -> NDArray[np.float32]:
        if not math.isfinite(x + y + radius + (width or 0.0)):
            marks.numbers(verb, x=x, y=y, radius=radius, width=width or 0.0)
        far = marks.FAR_PX / self._scale
        radius, half = min(radius, far), min(max(width or 0.0, 0.0), far) / 2
        self._disc[0] = (
            min(max(x, -far), far) * self._scale - 0.5,
            min(max(y, -far), far) * self._scale - 0.5,
            max(radius + half, 0.0) * self._scale,
            max(radius - half, 0.0) * self._scale if width is not None else -1.0,
        )
        return self._disc

    def _one_line(self, x0: float, y0: float, x1: float, y1: float, width: float) -> NDArray[np.float32]:
        if not math.isfinite(x0 + y0 + x1 + y1 + width):
            marks.numbers("line", x0=x0, y0=y0, x1=x1, y1=y1, width=width)
        far = marks.FAR_PX / self._scale
        self._line[0, :4] = [min(max(part, -far), far) * self._scale - 0.5 for part in (x0, y0, x1, y1)]
        self._line[0, 4] = min(max(width, 0.0), far) * self._scale / 2
        return self._line

    def _many_discs(self, values: list[Points], ring: bool) -> NDArray[np.float32]:
        x, y, radius, width = values
        shapes = np.empty((len(x), 4), np.float32)
        shapes[:, 0], shapes[:, 1] = marks.in_pixels(x, self._scale), marks.in_pixels(y, self._scale)
        half = np.maximum(width, 0.0) / 2 if ring else 0.0
        shapes[:, 2] = np.clip((radius + half) * self._scale, 0, marks.FAR_PX)
        shapes[:, 3] = np.clip((radius - half) * self._scale, 0, marks.FAR_PX) if ring else -1
        return shapes

    def _patch(self, corners: Points, margin: float) -> tuple[Pixels, int, int] | None:
        """Return memory for the part of the canvas that a shape may cover, and where it lies."""
        return self._room(*self._boxes(corners[None], margin)[0]) if len(corners) else None

    def _boxes(self, shapes: Points, margin: float) -> list[list[int]]:
        """Return left, top, right and bottom of the part of the canvas that each shape may cover."""
        along = np.ascontiguousarray(shapes.transpose(0, 2, 1))  # a sixth of what pairs of numbers take
        low = np.maximum(np.floor(along.min(axis=2) - margin), 0)
        high = np.minimum(np.ceil(along.max(axis=2) + margin) + 1, self._size)
        boxes: list[list[int]] = np.concatenate((low, high), axis=1).astype(int).tolist()
        return boxes

    def _room(self, left: int, top: int, right: int, bottom: int) -> tuple[Pixels, int, int] | None:
        wide, high = right - left, bottom - top
        if wide <= 0 or high <= 0:
            return None
        return self._cover[: wide * high].reshape(high, wide), left, top

    def _fill(self, corners: Points, cover: Pixels) -> None:
        areas.settle(*self._filled(corners, cover.shape), cover)

    def _filled(self, corners: Points, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the signed areas of a shape in a patch, and which blocks of each row may hold one; see `areas`."""
        high, wide = shape
        blocks = areas.blocks_of(wide)
        area = self._area[: (wide + 2) * high].reshape(high, wide + 2)
        edges = self._edges[: blocks * high].reshape(high, blocks)
        areas.fill(area, edges, corners.astype(np.float32))
        return area, edges


def _draw_band(kernel: Callable[..., None], drawing: Drawing, shapes: NDArray[np.float32], paints: NDArray[np.uint32],
               softness: float, mode: int, top: int, bottom: int) -> None:
    kernel(drawing.packed[:bottom], drawing.touched, shapes, paints, softness, mode, top)


def _portions(count: int) -> Iterable[slice]:
    """Yield parts of so many shapes, each drawn in one go: between two of them a scene can be stopped."""
    return (slice(first, first + PORTION) for first in range(0, count, PORTION))


def _single(*values: Any) -> bool:
    return all(type(value) in ONE for value in values)


def _paints(verb: str, colour: Any, alpha: Any, count: int) -> NDArray[np.uint32]:
    """Return one packed colour for each of `count` shapes."""
    paints = marks.paints(verb, colour, alpha)
    if len(paints) not in (1, count):
        raise MixeurError(f"canvas.{verb}: {len(paints)} colours for {count} shapes")
    return paints if len(paints) == count else np.full(count, paints[0])
