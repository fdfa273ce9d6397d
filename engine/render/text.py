"""Text: words as coverage, in the font that a scene names or the one that is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.render.pictures import Assets, Stamp, stamp

if TYPE_CHECKING:
    from engine.render.lettering import Lettering

FONT = "fonts/Jura-Light.otf"
LINE = 1.25
MOST_LETTERS, MOST_PX = 10_000, 1 << 27


class Texts:
    """Words, drawn once a font and size and then kept."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._fonts: dict[str, tuple[Stamp | None, Lettering]] = {}
        self._looked: set[str] = set()

    def begin(self) -> None:
        """Look at each font's file again when it is next used: once a frame is enough."""
        self._looked.clear()

    def cover(self, words: str, size_px: int, font: str | None, align: str) -> NDArray[np.uint8]:
        """Return the coverage of one or more lines, each `size_px` high. Shape (height, width), uint8."""
        rows = words.split("\n")
        if len(words) > MOST_LETTERS or len(rows) * max(map(len, rows)) * size_px * size_px > MOST_PX:
            raise MixeurError(f"canvas.text: {len(words)} letters {size_px} pixels high are too much to draw; cut them")
        lettering = self._lettering(font or FONT)
        lines = [lettering.mask(line, size_px) for line in rows]
        if len(lines) == 1:
            return lines[0]
        pitch = round(size_px * LINE)
        wide = max(line.shape[1] for line in lines)
        cover = np.zeros((pitch * (len(lines) - 1) + max(line.shape[0] for line in lines), wide), np.uint8)
        for row, line in enumerate(lines):
            left = round((wide - line.shape[1]) * {"left": 0.0, "right": 1.0}.get(align, 0.5))
            target = cover[row * pitch : row * pitch + line.shape[0], left : left + line.shape[1]]
            np.maximum(target, line, out=target)
        return cover

    def _lettering(self, font: str) -> Lettering:
        from engine.render.lettering import Lettering

        if font in self._looked:
            return self._fonts[font][1]
        path = self._assets.find("text", font)
        if font not in self._fonts:
            self._fonts[font] = stamp(path), Lettering(path)
        elif self._fonts[font][0] != stamp(path):
            self._fonts[font] = stamp(path), self._fonts[font][1].renewed(path)
        self._looked.add(font)
        return self._fonts[font][1]
