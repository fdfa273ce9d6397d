"""A card that says which output this is: a number to read from afar, a name, lines that show edges and shape."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.lettering import Lettering
from engine.render.sheet import ACCENT, GREY, PALE, RULE, blank

Pixels = NDArray[np.uint8]


def card(lettering: Lettering, size: tuple[int, int], number: int, name: str,
         place: str = "", note: str = "") -> Pixels:
    """Return the picture of one output. BGRX, shape (height, width, 4), uint8.

    Args:
        size: (width, height) in pixels.
        place: Which display it is on.
        note: What is named elsewhere at this moment, such as a speaker.
    """
    pixels = blank(size)
    width, height = size
    middle, unit = width // 2, min(height / 9, width / 16)
    _draw_frame(pixels, unit)
    lettering.draw(pixels, str(number), middle, height / 2 - unit * 0.9, round(unit * 4), PALE, "centre", width * 0.9)
    lettering.draw(pixels, name, middle, height / 2 + unit * 1.5, round(unit * 0.8), ACCENT, "centre", width * 0.8)
    where = f"{place}   ·   {width} x {height}" if place else f"{width} x {height}"
    lettering.draw(pixels, where, middle, height / 2 + unit * 2.35, round(unit * 0.36), GREY, "centre", width * 0.8)
    if note:
        lettering.draw(pixels, note, middle, height - unit, round(unit * 0.5), PALE, "centre", width * 0.8)
    return pixels


def _draw_frame(pixels: Pixels, unit: float) -> None:
    """Draw the outermost pixels and the corners, a circle that must be round, and crosses at the quarters."""
    height, width = pixels.shape[:2]
    cv2.circle(pixels, (width // 2, height // 2), round(min(width, height) / 2 - unit * 0.3), RULE, 2, cv2.LINE_AA)
    for x in (width // 4, width - width // 4):
        for y in (height // 4, height - height // 4):
            cv2.line(pixels, (x - round(unit / 5), y), (x + round(unit / 5), y), GREY, 1)
            cv2.line(pixels, (x, y - round(unit / 5)), (x, y + round(unit / 5)), GREY, 1)
    cv2.rectangle(pixels, (0, 0), (width - 1, height - 1), ACCENT, 1)
    arm, thick = round(unit * 0.9), max(round(unit * 0.09), 1)
    for x0, x1 in ((0, arm), (width - arm, width)):
        for y0, y1 in ((0, arm), (height - arm, height)):
            left, top = (0 if x0 == 0 else width - thick), (0 if y0 == 0 else height - thick)
            pixels[y0:y1, left : left + thick, :3] = ACCENT
            pixels[top : top + thick, x0:x1, :3] = ACCENT
