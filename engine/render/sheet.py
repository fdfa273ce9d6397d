"""Sheets: the pictures the engine itself draws, calm and dark: the start, and the table of keys. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.render.lettering import Colour, Lettering

Pixels = NDArray[np.uint8]
# Blue, green, red.
GROUND: Colour = (20, 15, 13)
RULE: Colour = (58, 48, 44)
PALE: Colour = (236, 230, 226)
GREY: Colour = (164, 152, 144)
ACCENT: Colour = (120, 180, 255)


def blank(size: tuple[int, int], colour: Colour = GROUND) -> Pixels:
    """Return a picture of one colour. BGRX, shape (height, width, 4), uint8."""
    one = np.array((*colour, 255), np.uint8).view(np.uint32)[0]
    return np.full((size[1], size[0]), one, np.uint32).view(np.uint8).reshape(size[1], size[0], 4)


def box(pixels: Pixels, x: float, y: float, width: float, height: float, colour: Colour) -> None:
    """Fill a rectangle in place; what lies outside is cut off."""
    x0, y0 = max(round(x), 0), max(round(y), 0)
    pixels[y0 : max(round(y + height), y0), x0 : max(round(x + width), x0), :3] = colour


def preparing_sheet(lettering: Lettering, size: tuple[int, int], name: str,
                    done: int, total: int, what: str) -> Pixels:
    """Return the picture of a show that is about to begin. BGRX, shape (height, width, 4), uint8."""
    pixels = blank(size)
    width, height = size
    unit = min(width / 16, height / 9)
    middle, line_y = width / 2, height / 2 + unit * 0.55
    lettering.draw(pixels, name, middle, height / 2 - unit * 0.3, round(unit * 0.62), PALE, "centre", width * 0.9)
    length = round(unit * 5)
    left, thick = round(middle - length / 2), max(round(unit * 0.03), 1)
    box(pixels, left, line_y, length, thick, RULE)
    box(pixels, left, line_y, length * min(done / max(total, 1), 1), thick, ACCENT)
    small = max(round(unit * 0.24), 11)
    lettering.draw(pixels, f"preparing, {done} of {total}", left, line_y + unit * 0.34, small, GREY)
    lettering.draw(pixels, what, left + length, line_y + unit * 0.34, small, GREY, "right", length * 0.55)
    return pixels


def help_overlay(lettering: Lettering, frame: Pixels, rows: Sequence[tuple[str, str]], title: str = "Keys") -> Pixels:
    """Return the picture with a table of keys over it.

    Args:
        frame: BGRX. Shape (height, width, 4), uint8; not changed.
        rows: (key, what it does) from top to bottom.
    """
    pixels = frame.copy()
    height, width = frame.shape[:2]
    widest = max((lettering.width(meaning, 72) for _, meaning in rows), default=0) / 97 + 7.6  # in units
    unit = max(min(height / (len(rows) + 7), height / 22, width / (widest + 2)), 10.0)
    panel_width, panel_height = min(unit * widest, width), unit * (len(rows) * 1.35 + 3.4)
    left, top = (width - panel_width) / 2, (height - panel_height) / 2
    darken(pixels, left, top, panel_width, panel_height)
    text = round(unit * 0.72)
    lettering.draw(pixels, title, left + unit * 1.4, top + unit * 1.4, round(unit * 0.9), PALE)
    box(pixels, left + unit * 1.4, top + unit * 2.15, panel_width - unit * 2.8, 1, RULE)
    for index, (key, meaning) in enumerate(rows):
        y = top + unit * (3.1 + index * 1.35)
        lettering.draw(pixels, key, left + unit * 1.4, y, text, ACCENT, room_px=unit * 4.4)
        lettering.draw(pixels, meaning, left + unit * 6, y, text, PALE, room_px=panel_width - unit * 7.4)
    return pixels


def darken(pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
    """Make a rectangle of a picture dark enough to read on, in place; what lies outside is cut off."""
    x0, y0 = max(round(x), 0), max(round(y), 0)
    part = pixels[y0 : max(round(y + height), y0), x0 : max(round(x + width), x0), :3]
    part[...] = part // 6 + np.array(GROUND, np.uint8)
