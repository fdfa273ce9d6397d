"""Drawing: one picture that verbs paint on, kept from frame to frame so that trails can fade in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.render import areas, brush, tiles
from engine.render.layer import BLENDS, Blend, Box

if TYPE_CHECKING:
    import pygame

Pixels = NDArray[np.uint8]
Packed = NDArray[np.uint32]
GONE = 1 / 256


class Drawing:
    """A picture of the canvas's size; what was not drawn on since it was begun is not cleared again.

    Attributes:
        pixels: Premultiplied RGBA. Shape (height, width, 4), uint8.
        packed: The same memory, one uint32 a pixel. Shape (height, width).
        touched: Which tiles were drawn on; others hold one colour; see `tiles.wipe`.
        open: Whether it was begun in this frame; else it still holds an older one.
    """

    def __init__(self, size: tuple[int, int], crew: Crew) -> None:
        width, height = size
        self._crew = crew
        self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        self.packed: Packed = self.pixels.view(np.uint32)[..., 0]
        self.touched = np.zeros((-(-height // brush.DOWN), -(-width // brush.ACROSS)), np.bool_)
        self.open = False
        self._ground = np.uint32(0)
        self._residue: Packed | None = None
        self._plain: Pixels | None = None
        self._trails = self._glows = False
        self._time = 0.0
        self._surface: pygame.Surface | None = None

    def begin(self, time: float, clear: bool = True) -> None:
        """Begin this frame's picture with nothing; `clear` is false where all of it is written at once."""
        if clear:
            self.fill(np.uint32(0))
        self.open, self._time = True, time
        self._trails = self._glows = False

    def fill(self, paint: np.uint32) -> None:
        """Write one packed colour everywhere."""
        if self._surface is not None:  # who keeps it may have drawn on it unseen
            self.touched.fill(True)
        if paint == self._ground:
            self._by_tiles(lambda rows, touched, _: tiles.wipe(rows, touched, paint), 8)
            return
        self.packed.fill(paint)
        self.touched.fill(False)
        self._ground = paint

    def copy(self, picture: Pixels) -> None:
        """Write a picture of the same shape everywhere."""
        self._crew.share(0, len(picture), self.packed.size / 4,
                         lambda first, last: np.copyto(self.pixels[first:last], picture[first:last]))
        self.touched.fill(True)

    def begin_faded(self, time: float, seconds: float) -> None:
        """Begin with the older picture, dimmed so that its light is gone in `seconds`."""
        if self._residue is None:
            self._residue = np.zeros_like(self.packed)
        if self._ground or self._surface is not None:
            self.touched.fill(True)
            self._ground = np.uint32(0)
        if self._glows and self._plain is not None:
            np.copyto(self.pixels, self._plain)
        past = max(time - self._time, 0.0)
        left = GONE ** (past / seconds) if past < seconds else 0.0
        share = np.uint32(min(round(left * 65536), 65535))
        residue = self._residue
        self._by_tiles(lambda rows, touched, at: tiles.fade(rows, touched, residue[at], share), 1)
        self.open, self._time = True, time
        self._trails, self._glows = True, False

    def before_glow(self) -> None:
        """Remember the picture for the next trail: light that fed on its own glow would grow without end."""
        if not self._trails or self._glows:
            return
        if self._plain is None:
            self._plain = np.empty_like(self.pixels)
        np.copyto(self._plain, self.pixels)
        self._glows = True

    @property
    def box(self) -> Box | None:
        """Return what was drawn on, as left, top, right and bottom; None where it stands on a colour."""
        if self._ground or self._surface is not None:
            return None
        rows, columns = np.flatnonzero(self.touched.any(axis=1)), np.flatnonzero(self.touched.any(axis=0))
        if not len(rows):
            return 0, 0, 0, 0
        height, width = self.packed.shape
        return (int(columns[0]) * brush.ACROSS, int(rows[0]) * brush.DOWN,
                min((int(columns[-1]) + 1) * brush.ACROSS, width), min((int(rows[-1]) + 1) * brush.DOWN, height))

    def lay(self, patch: Packed, left: int, top: int, alpha: float, blend: Blend) -> None:
        """Mix a packed picture at (left, top), clipped."""
        clipped, left, top = _clipped(patch, left, top, self.packed.shape)
        if clipped.size and alpha > 0:
            strength = np.uint32(round(min(alpha, 1.0) * 255))
            self._by_rows(brush.merge, clipped, left, top, strength, BLENDS.index(blend))

    def pour(self, cover: Pixels, left: int, top: int, paint: np.uint32, blend: Blend) -> None:
        """Mix one packed colour through a coverage at (left, top), clipped."""
        clipped, left, top = _clipped(cover, left, top, self.packed.shape)
        if clipped.size and paint:
            self._by_rows(areas.pour, clipped, left, top, paint, BLENDS.index(blend))

    def keep(self, cover: Pixels) -> None:
        """Weigh every pixel with a coverage of the same shape."""
        self._crew.share(0, len(cover), cover.size,
                         lambda first, last: areas.keep(self.packed[first:last], cover[first:last]))

    @property
    def surface(self) -> pygame.Surface:
        """Return a pygame Surface on the same memory, in RGBA order."""
        import pygame

        if self._surface is None:
            memory: Any = self.pixels
            self._surface = pygame.image.frombuffer(memory, self.pixels.shape[1::-1], "RGBA")
            self.touched.fill(True)
        return self._surface

    def _by_rows(self, kernel: Callable[..., None], patch: NDArray[Any], left: int, top: int, *rest: Any) -> None:
        """Have a patch that lies inside mixed in, in bands where it is large."""
        self._crew.share(top, top + len(patch), patch.size, lambda first, last: kernel(
            self.packed, self.touched, patch[first - top : last - top], left, first, *rest))

    def _by_tiles(self, work: Callable[[Packed, NDArray[np.bool_], slice], None], pixels_cheap: int) -> None:
        """Have all rows worked on, in bands of tiles; `pixels_cheap` of them cost what one drawn pixel does."""
        size = np.count_nonzero(self.touched) * brush.ACROSS * brush.DOWN / pixels_cheap
        self._crew.share(0, len(self.packed), size, lambda first, last: work(
            self.packed[first:last], self.touched[first // brush.DOWN : -(-last // brush.DOWN)], slice(first, last)))


def _clipped(patch: NDArray[Any], left: int, top: int, shape: tuple[int, ...]) -> tuple[NDArray[Any], int, int]:
    height, width = patch.shape
    y0, x0 = max(0, -top), max(0, -left)
    y1, x1 = min(height, shape[0] - top), min(width, shape[1] - left)
    if y1 <= y0 or x1 <= x0:
        return patch[:0], 0, 0
    if (y0, x0, y1, x1) != (0, 0, height, width):
        patch = np.ascontiguousarray(patch[y0:y1, x0:x1])
    return patch, left + x0, top + y0
