"""Drawing: one picture that verbs paint on, kept from frame to frame so that trails can fade in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.render import areas, brush
from engine.render.layer import BLENDS, Blend

if TYPE_CHECKING:
    import pygame

Pixels = NDArray[np.uint8]
Packed = NDArray[np.uint32]
GONE = 1 / 256


class Drawing:
    """A picture of the canvas's size.

    Attributes:
        pixels: Premultiplied RGBA. Shape (height, width, 4), uint8.
        packed: The same memory, one uint32 a pixel. Shape (height, width).
        open: Whether it was begun in this frame; else it still holds an older one.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        self.packed: Packed = self.pixels.view(np.uint32)[..., 0]
        self.open = False
        self._residue: Packed | None = None
        self._plain: Pixels | None = None
        self._trails = self._glows = False
        self._time = 0.0
        self._surface: pygame.Surface | None = None

    def begin(self, time: float) -> None:
        """Begin this frame's picture with nothing."""
        self.pixels[...] = 0
        self.open, self._time = True, time
        self._trails = self._glows = False

    def begin_faded(self, time: float, seconds: float) -> None:
        """Begin with the older picture, dimmed so that its light is gone in `seconds`."""
        if self._residue is None:
            self._residue = np.zeros(self.packed.size, np.uint32)
        if self._glows and self._plain is not None:
            np.copyto(self.pixels, self._plain)
        past = max(time - self._time, 0.0)
        left = GONE ** (past / seconds) if past < seconds else 0.0
        brush.fade(self.packed.reshape(-1), self._residue, np.uint32(min(round(left * 65536), 65535)))
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

    def lay(self, patch: Packed, left: int, top: int, alpha: float, blend: Blend) -> None:
        """Mix a packed picture at (left, top), clipped."""
        clipped, left, top = _clipped(patch, left, top, self.packed.shape)
        if clipped.size and alpha > 0:
            brush.merge(self.packed, clipped, left, top, np.uint32(round(min(alpha, 1.0) * 255)), BLENDS.index(blend))

    def pour(self, cover: Pixels, left: int, top: int, paint: np.uint32, blend: Blend) -> None:
        """Mix one packed colour through a coverage at (left, top), clipped."""
        clipped, left, top = _clipped(cover, left, top, self.packed.shape)
        if clipped.size and paint:
            areas.pour(self.packed, clipped, left, top, paint, BLENDS.index(blend))

    @property
    def surface(self) -> pygame.Surface:
        """Return a pygame Surface on the same memory, in RGBA order."""
        import pygame

        if self._surface is None:
            memory: Any = self.pixels
            self._surface = pygame.image.frombuffer(memory, self.pixels.shape[1::-1], "RGBA")
        return self._surface


def _clipped(patch: NDArray[Any], left: int, top: int, shape: tuple[int, ...]) -> tuple[NDArray[Any], int, int]:
    height, width = patch.shape
    y0, x0 = max(0, -top), max(0, -left)
    y1, x1 = min(height, shape[0] - top), min(width, shape[1] - left)
    if y1 <= y0 or x1 <= x0:
        return patch[:0], 0, 0
    if (y0, x0, y1, x1) != (0, 0, height, width):
        patch = np.ascontiguousarray(patch[y0:y1, x0:x1])
    return patch, left + x0, top + y0
