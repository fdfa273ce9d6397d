"""A page of the guided calibration, and how it is drawn: the camera's picture, its figures, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.live_view import LEAST_COVERED, WANTED, Look
from engine.control.panel import ACCENT, ALARM, GREY, PALE, RAISED, RULE, SMALL, Panel
from engine.render.displays import fit
from engine.render.lettering import Lettering
from engine.render.sheet import blank

Pixels = NDArray[np.uint8]
STEPS = ("aim", "room", "check", "scan", "solve", "verify")
GOOD = (140, 200, 120)  # blue, green, red
LEAST_UNIT = 6.0


@dataclass(frozen=True)
class Page:
    """What a person is shown.

    Attributes:
        step: Number of the step in `STEPS`.
        lines: Text, from top to bottom; what begins with `!` is wrong.
        keys: What the keys do: (key, what).
        picture: Of the camera, BGRX; None: none.
        look: Its figures.
        best_sharpness: The greatest sharpness so far.
        done: Share of the step that is done; None: nothing to wait for.
    """

    step: int
    title: str
    lines: Sequence[str] = ()
    keys: Sequence[tuple[str, str]] = ()
    picture: Pixels | None = None
    look: Look | None = None
    best_sharpness: float = 0.0
    done: float | None = None


def draw(page: Page, size: tuple[int, int], lettering: Lettering) -> Pixels:
    """Return a page's picture. BGRX, shape (height, width, 4), uint8."""
    pixels = blank(size)
    unit = max(min(size[0] / 128, size[1] / 72), LEAST_UNIT)
    whole = Panel(pixels, lettering, unit, unit * 3, unit * 2, size[0] - unit * 6, size[1] - unit * 4)
    _head(whole, page)
    _foot(whole, page)
    top, bottom = whole.y + unit * 9, whole.bottom - unit * 5
    left = whole.part(whole.x, top, whole.width * (0.62 if page.picture is not None else 0.0), bottom - top)
    gap = unit * 3 if page.picture is not None else 0.0
    right = whole.part(left.right + gap, top, whole.right - left.right - gap, bottom - top)
    if page.picture is not None:
        _picture(left, page.picture)
    y = right.y + unit
    if page.look is not None:
        y = _figures(right, page.look, page.best_sharpness) + unit * 2
    _lines(right, page.lines, y)
    return pixels


def _head(whole: Panel, page: Page) -> None:
    unit = whole.unit
    x = whole.x
    for number, name in enumerate(STEPS):
        colour = ACCENT if number == page.step else PALE if number < page.step else GREY
        whole.text(f"{number + 1} {name}", x, whole.y + unit, SMALL, colour)
        width = whole.wide(f"{number + 1} {name}", SMALL)
        if number == page.step:
            whole.box(x, whole.y + unit * 2.2, width, max(1, round(unit * 0.2)), ACCENT)
        x += width + unit * 3
    whole.text(page.title, whole.x, whole.y + unit * 5.2, 1.7, PALE, room=whole.width)
    whole.box(whole.x, whole.y + unit * 7.4, whole.width, 1, RULE)
    if page.done is not None:
        whole.box(whole.x, whole.y + unit * 7.4, whole.width * min(max(page.done, 0.0), 1.0), 2, ACCENT)


def _foot(whole: Panel, page: Page) -> None:
    unit, x = whole.unit, whole.x
    whole.box(whole.x, whole.bottom - unit * 3.4, whole.width, 1, RULE)
    for key, what in page.keys:
        whole.text(key, x, whole.bottom - unit * 1.2, 1.0, ACCENT)
        x += whole.wide(key) + unit
        whole.text(what, x, whole.bottom - unit * 1.2, 1.0, GREY)
        x += whole.wide(what) + unit * 3


def _picture(area: Panel, picture: Pixels) -> None:
    x, y, width, height = fit((picture.shape[1], picture.shape[0]),
                              (round(area.x), round(area.y), round(area.width), round(area.height)))
    y = round(area.y)
    area.picture(picture, x, y, width, height)
    area.frame(x - 1, y - 1, width + 2, height + 2, RULE)


def _figures(area: Panel, look: Look, best_sharpness: float) -> float:
    """Draw the histogram and four figures; return where they end."""
    unit, high = area.unit, area.unit * 9
    area.text("brightness", area.x, area.y + unit, SMALL, GREY)
    top = area.y + unit * 2.4
    area.box(area.x, top, area.width, high, RAISED)
    left, right = (area.x + area.width * level / 256 for level in WANTED)
    area.box(left, top + high, right - left, max(2, round(unit * 0.3)), GOOD)
    bar = area.width / len(look.histogram)
    tallest = max(float(np.sqrt(look.histogram[1:]).max()), 1e-6)
    for number, share in enumerate(look.histogram):
        tall = min(np.sqrt(share) / tallest, 1.0) * high
        colour = ALARM if number == len(look.histogram) - 1 else PALE
        area.box(area.x + number * bar, top + high - tall, max(bar - 1, 1), tall, colour)
    y = top + high + unit * 2.4
    is_bright = WANTED[0] <= look.white <= WANTED[1]
    focus = look.sharpness / max(best_sharpness, 1e-9)
    for name, value, good, share in (
        ("white", f"{look.white / 255:.0%} of full", is_bright, look.white / 255),
        ("clipped", f"{look.clipped:.1%} of what is lit", look.clipped <= 0.002, look.clipped),
        ("lit", f"{look.covered:.0%} of the picture", look.covered >= LEAST_COVERED and not look.is_cut_off,
         look.covered),
        ("focus", f"{focus:.0%} of the sharpest so far", focus > 0.95, focus),
    ):
        area.text(name, area.x, y, 1.0, GREY)
        area.text(value, area.right, y, 1.0, GOOD if good else ALARM, "right")
        area.box(area.x, y + unit * 1.3, area.width, max(1, round(unit * 0.25)), RAISED)
        area.box(area.x, y + unit * 1.3, area.width * min(share, 1.0), max(1, round(unit * 0.25)),
                 GOOD if good else ALARM)
        y += unit * 3.4
    return y


def _lines(area: Panel, lines: Sequence[str], y: float) -> None:
    for text in lines:
        colour, words = (ALARM, text[1:]) if text.startswith("!") else (PALE, text)
        for line in _wrapped(area, words):
            if y > area.bottom - area.unit:
                return
            area.text(line, area.x, y, 1.0, colour)
            y += area.unit * 2.1
        y += area.unit * 0.9


def _wrapped(area: Panel, text: str) -> list[str]:
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}".lstrip(" ") if rows[-1] else word
        if rows[-1] and area.wide(longer) > area.width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows
