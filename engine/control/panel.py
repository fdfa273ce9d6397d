"""A panel: a rectangle of the operator's picture, and the few marks that everything there is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.lettering import Align, Colour, Lettering
from engine.render.sheet import ACCENT, GREY, GROUND, PALE, RULE

Pixels = NDArray[np.uint8]
# Blue, green, red, like those of the sheets.
RAISED: Colour = (34, 27, 24)
ALARM: Colour = (96, 96, 250)
SHIFT = 4
TEXT = 1.4  # units, the usual size of letters
SMALL = 0.82  # of it
LEAST_PX, LEAST_SMALL_PX = 12, 11  # letters that can still be read in a dark room

__all__ = ["ACCENT", "ALARM", "GREY", "GROUND", "PALE", "RAISED", "RULE", "SMALL", "Panel"]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a picture; all places are in the whole picture's pixels.

    Attributes:
        pixels: The whole picture. BGRX, shape (height, width, 4), uint8.
        unit: One line's height is two of them; everything scales with it.
    """

    pixels: Pixels
    lettering: Lettering
    unit: float
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the y of the lower edge."""
        return self.y + self.height

    def part(self, x: float, y: float, width: float, height: float) -> Panel:
        """Return another rectangle of the same picture."""
        return replace(self, x=x, y=y, width=width, height=height)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a point lies in it."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def text(self, text: str, x: float, y: float, lines: float = 1.0, colour: Colour = PALE,
             align: Align = "left", room: float | None = None) -> None:
        """Write one line; `y` is its middle, `lines` its size against the usual one, `room` its longest width."""
        self.lettering.draw(self.pixels, text, x, y, self._letters(lines), colour, align, room)

    def wide(self, text: str, lines: float = 1.0) -> int:
        """Return how wide a line is, in pixels."""
        return self.lettering.width(text, self._letters(lines))

    def _letters(self, lines: float) -> int:
        return max(round(self.unit * TEXT * lines), LEAST_PX if lines >= 1 else LEAST_SMALL_PX)

    def title(self, text: str, note: str = "") -> None:
        """Head the panel with a name, a note to its right, and a rule."""
        noted = min(self.wide(note), self.width * 0.7) + self.unit if note else 0.0
        self.text(note, self.right, self.y + self.unit * 0.7, 1.0, GREY, "right", noted)
        self.text(text, self.x, self.y + self.unit * 0.7, 1.0, GREY, room=self.width - noted)
        self.box(self.x, self.y + self.unit * 1.8, self.width, 1, RULE)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
        if left < right and top < bottom:
            cv2.rectangle(self.pixels, (left, top), (right - 1, bottom - 1), (*colour, 255), -1)

    def frame(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Draw a rectangle's hair line."""
        corner, far = (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1)
        cv2.rectangle(self.pixels, corner, far, colour, 1)

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, thick: int = 1) -> None:
        """Draw a smooth line."""
        cv2.line(self.pixels, _sub(x0, y0), _sub(x1, y1), colour, thick, cv2.LINE_AA, SHIFT)

    def disc(self, x: float, y: float, radius: float, colour: Colour, thick: int = -1) -> None:
        """Draw a disc, or with `thick` a ring."""
        cv2.circle(self.pixels, _sub(x, y), max(round(radius * 16), 8), colour, thick, cv2.LINE_AA, SHIFT)

    def picture(self, pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
        """Lay in a picture, scaled to a rectangle within the panel."""
        x0, y0, size = round(x), round(y), (round(width), round(height))
        place = self.pixels[y0 : y0 + size[1], x0 : x0 + size[0]]
        if place.shape[:2] == (size[1], size[0]) and min(size) > 0:
            # Averaging costs four times as much as blending neighbours, and only shows beyond a half.
            smaller = pixels.shape[1] > size[0] * 2
            place[:] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def bgr(red: float, green: float, blue: float) -> Colour:
    """Return a colour of parts 0..1 as the panel draws it."""
    blue, green, red = (round(min(max(part, 0.0), 1.0) * 255) for part in (blue, green, red))
    return int(blue), int(green), int(red)


def _sub(x: float, y: float) -> tuple[int, int]:
    return round(x * 16), round(y * 16)
