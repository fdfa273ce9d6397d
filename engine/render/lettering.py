"""Text into pictures: each word is drawn once and kept as a mask."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path
from typing import Literal

import numpy as np
import pygame
import pygame.font
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]
Align = Literal["left", "centre", "right"]
KEPT, KEPT_BYTES = 1024, 1 << 26
FONT = "assets/fonts/Jura-Medium.otf"
SHIPPED = (Path(__file__).parents[2], Path(sys.prefix) / "share/mixeur/sample")


class Lettering:
    """A typeface at any size, drawn onto BGRX pictures.

    Args:
        font: A font file; None: the engine's own, or pygame's where that is not installed.
    """

    def __init__(self, font: Path | None = None) -> None:
        pygame.font.init()
        own = next((folder / FONT for folder in SHIPPED if (folder / FONT).is_file()), None)
        self._font = str(font or own) if font or own else None
        self._fonts: dict[int, pygame.font.Font] = {}
        self._masks: OrderedDict[tuple[str, int], Pixels] = OrderedDict()
        self._masks_bytes = 0

    def renewed(self, font: Path) -> Lettering:
        """Return the typeface of a file that changed; this one while that cannot be read."""
        fresh = Lettering(font)
        try:
            fresh.width("x", 16)
        except (OSError, pygame.error):
            return self
        return fresh

    def width(self, text: str, size_px: int) -> int:
        """Return how wide the text is, in pixels."""
        return self._at(size_px).size(text)[0]

    def mask(self, text: str, size_px: int) -> Pixels:
        """Return the coverage of a line of text. Shape (h, w), uint8."""
        key = (text, size_px)
        if key in self._masks:
            self._masks.move_to_end(key)
            return self._masks[key]
        font, words = self._at(size_px), text.replace("\0", "")
        mask = np.zeros((font.get_height(), 0), np.uint8)
        if font.size(words)[0]:  # pygame refuses what has no width
            surface = font.render(words, True, (255, 255, 255))
            mask = np.ascontiguousarray(pygame.surfarray.array_alpha(surface).T)
        self._masks[key] = mask
        self._masks_bytes += mask.nbytes
        while len(self._masks) > KEPT or self._masks_bytes > KEPT_BYTES:
            self._masks_bytes -= self._masks.popitem(last=False)[1].nbytes
        return mask

    def draw(self, pixels: Pixels, text: str, x: float, y: float, size_px: int, colour: Colour,
             align: Align = "left", room_px: float | None = None) -> None:
        """Draw one line in place.

        Args:
            pixels: BGRX. Shape (height, width, 4), uint8.
            x, y: The left, middle or right of the line, and its vertical middle.
            colour: In the order of the picture: (blue, green, red).
            room_px: Longest width; what is longer is cut and ends in an ellipsis.
        """
        if room_px is not None:
            text = self.cut(text, size_px, room_px)
        if not text:
            return
        mask = self.mask(text, size_px)
        left = round(x - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * mask.shape[1])
        top = round(y - mask.shape[0] / 2)
        lay(pixels, mask, left, top, colour)

    def cut(self, text: str, size_px: int, room_px: float) -> str:
        """Return the text, shortened to the room it has."""
        if self.width(text, size_px) <= room_px:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle] + "…", size_px) <= room_px:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…" if low else ""

    def _at(self, size_px: int) -> pygame.font.Font:
        if size_px not in self._fonts:
            self._fonts[size_px] = pygame.font.Font(self._font, size_px)
        return self._fonts[size_px]


def lay(pixels: Pixels, mask: Pixels, left: int, top: int, colour: Colour) -> None:
    """Lay a colour onto a picture through a mask, in place; what lies outside is cut off.

    Args:
        pixels: BGRX. Shape (height, width, 4), uint8.
        mask: Coverage. Shape (h, w), uint8.
    """
    height, width = pixels.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    cover = mask[y0 - top : y1 - top, x0 - left : x1 - left]
    under = pixels[y0:y1, x0:x1]
    if "cv2" in sys.modules:
        _lay_bytes(under, cover, colour)
    else:  # the first sheet must be seen before anything slow to load is there
        share = cover[..., None] / 255
        under[..., :3] = np.rint(under[..., :3] * (1 - share)) + np.rint(share * colour)


def _lay_bytes(under: Pixels, mask: Pixels, colour: Colour) -> None:
    """Do the same five times as fast."""
    import cv2

    cover = cv2.cvtColor(mask, cv2.COLOR_GRAY2BGRA)
    cover[..., 3] = 0
    kept = cv2.multiply(under, cv2.bitwise_not(cover), scale=1 / 255)
    under[...] = cv2.add(kept, cv2.multiply(cover, np.array((*colour, 0.0)), scale=1 / 255))
