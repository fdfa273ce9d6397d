"""Displays: which are there, which projector goes to which, and whether one window can span them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.problems import Problem, did_you_mean
from engine.render.sdl import Rect
from engine.show.model import Projector

Mode = Literal["auto", "span", "each"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A window that is wanted.

    Attributes:
        rect: (x, y, width, height) on the desktop.
        displays: What shines in it, by projector.
    """

    rect: Rect
    displays: Mapping[str, Display]


@dataclass(frozen=True, slots=True)
class Display:
    """One output of the machine.

    Attributes:
        index: Its number, from 0.
        name: RANDR's name (`HDMI-1`), or the system's own where there is no RANDR.
        model: What the device calls itself; may equal `name`.
        rect: (x, y, width, height) on the desktop.
        refresh_hz: 0 if unknown.
    """

    index: int
    name: str
    model: str
    rect: Rect
    refresh_hz: int = 60

    @property
    def size(self) -> tuple[int, int]:
        """Return (width, height) in pixels."""
        return self.rect[2], self.rect[3]

    def __str__(self) -> str:
        return f"{self.index} = {self.name} ({self.rect[2]}x{self.rect[3]})"


def find(wanted: str | int, displays: Iterable[Display]) -> Display | None:
    """Return the display of that index, output name or model; None if there is none."""
    for display in displays:
        names = (display.name.lower(), display.model.lower())
        if wanted == display.index or (isinstance(wanted, str) and wanted.lower() in names):
            return display
    return None


def place(projectors: Mapping[str, Projector],
          displays: tuple[Display, ...]) -> tuple[dict[str, Display], tuple[Problem, ...]]:
    """Give each projector that names a display its display, and name every one that cannot have it."""
    placed: dict[str, Display] = {}
    problems = []
    there = ", ".join(map(str, displays)) or "none"
    wanted = {projector.display for projector in projectors.values()}
    for name, projector in projectors.items():
        if projector.display is None:
            continue
        display = find(projector.display, displays)
        holder = next((other for other, taken in placed.items() if taken is display), None)
        if display is None:
            free = [known.name for known in displays if known.name not in wanted]
            near = did_you_mean(str(projector.display), free) or "; is it plugged in and switched on?"
            text = f"no display {projector.display!r}; displays here: {there}{near}"
            problems.append(Problem(f"projector.{name}", 0, text))
        elif holder is not None:
            text = f"display {display} is taken by projector.{holder}; give each its own: {there}"
            problems.append(Problem(f"projector.{name}", 0, text))
        else:
            placed[name] = display
    return placed, tuple(problems)


def spots(placed: Mapping[str, Display], mode: Mode, spanning: Rect | None, others: Iterable[Display]) -> list[Spot]:
    """Return the windows that projectors need: one each, or one over all of them where they lie side by side.

    Args:
        spanning: The window that covers several displays now; while it covers them all and nothing else it stays,
            so that a display that goes or comes moves no picture.
        others: Displays that no projector uses.
    """
    rects = [display.rect for display in placed.values()]
    if spanning and rects and mode != "each" and all(_holds(spanning, rect) for rect in rects) and not any(
            _overlap(spanning, other.rect) for other in others):
        return [Spot(spanning, placed)]
    if len(rects) > 1 and (mode == "span" or (mode == "auto" and can_span(placed.values()))):
        return [Spot(bounding(rects), placed)]
    return [Spot(display.rect, {name: display}) for name, display in placed.items()]


def bounding(rects: Iterable[Rect]) -> Rect:
    """Return the smallest (x, y, width, height) that holds all of them."""
    left, top, width, height = zip(*rects, strict=True)
    x, y = min(left), min(top)
    right = max(a + b for a, b in zip(left, width, strict=True))
    bottom = max(a + b for a, b in zip(top, height, strict=True))
    return x, y, right - x, bottom - y


def can_span(displays: Iterable[Display]) -> bool:
    """Return whether one window covers these displays and nothing else, at one refresh rate."""
    rects = [display.rect for display in displays]
    if len(rects) < 2 or len({display.refresh_hz for display in displays}) > 1:
        return False
    _, _, width, height = bounding(rects)
    apart = all(not _overlap(a, b) for i, a in enumerate(rects) for b in rects[:i])
    return apart and sum(w * h for _, _, w, h in rects) == width * height


def fit(size: tuple[int, int], into: Rect) -> Rect:
    """Return where a picture of `size` lies in `into`: as large as it goes, centred, never distorted."""
    x, y, width, height = into
    scale = min(width / size[0], height / size[1])
    w, h = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
    return x + (width - w) // 2, y + (height - h) // 2, w, h


def _holds(a: Rect, b: Rect) -> bool:
    return a[0] <= b[0] and a[1] <= b[1] and a[0] + a[2] >= b[0] + b[2] and a[1] + a[3] >= b[1] + b[3]


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
