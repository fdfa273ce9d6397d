"""The operator's window: stage, room, Params, cues, figures and the last error on one calm sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.control import cue_list, plan, sliders
from engine.control.operator_view import (
    Action,
    CueMark,
    FireCue,
    LampMark,
    OperatorView,
    ParamMark,
    Pixels,
    Press,
    Reading,
    SetParam,
    SpeakerMark,
    VisitorMark,
)
from engine.control.panel import ALARM, GREY, PALE, RAISED, RULE, SMALL, Panel
from engine.render.displays import fit
from engine.render.lettering import Lettering
from engine.render.sheet import blank
from engine.render.window_input import PointerEvent

__all__ = [
    "Action", "CueMark", "FireCue", "LampMark", "Operator", "OperatorView", "ParamMark", "Press", "Reading",
    "SetParam", "SpeakerMark", "VisitorMark",
]  # fmt: skip

LEAST_UNIT = 7.0
LEAST_SIZE = (320, 200)  # a smaller window stays empty
HEAD, FOOT = 5.0, 3.6  # units
ALARM_GROUND = (36, 28, 52)  # blue, green, red


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the window: where it lies, what it shows (None: never twice the same), and how it is drawn."""

    area: Panel
    shows: Any
    paint: Callable[[], None]


class Operator:
    """Draws the window and reads the pointer in it; keeps only which slider is held and how far they are scrolled.

    A part whose content has not changed is not drawn again.
    """

    def __init__(self, lettering: Lettering) -> None:
        self._lettering = lettering
        self._held, self._strip = "", 0
        self._scroll = 0
        self._pixels = self._desk = blank((0, 0))
        self._shown: dict[int, Any] = {}

    def draw(self, view: OperatorView, size: tuple[int, int]) -> Pixels:
        """Return the window's picture.

        Args:
            size: (width, height) in pixels.
        Returns:
            BGRX. Shape (height, width, 4), uint8; valid until the next call.
        """
        if size[0] < LEAST_SIZE[0] or size[1] < LEAST_SIZE[1]:
            return blank(size)
        if self._pixels.shape[1::-1] != size:
            # Drawn on the one, shown on the other: what leaves its part is cut off on the way.
            self._pixels, self._desk, self._shown = blank(size), blank(size), {}
        for index, part in enumerate(self._parts(view, size)):
            if part.shows is None or self._shown.get(index) != part.shows:
                self._shown[index] = part.shows
                place = _place(part.area)
                # Whole pixels at once: numpy fills and copies them eight times as fast as parts of four.
                self._desk.view(np.uint32)[place] = blank((1, 1)).view(np.uint32)
                part.paint()
                self._pixels.view(np.uint32)[place] = self._desk.view(np.uint32)[place]
        return self._pixels

    def _parts(self, view: OperatorView, size: tuple[int, int]) -> tuple[_Part, ...]:
        head, stage, room, params, cues, foot = _areas(self._whole(size, self._desk))
        order = (view.cues, view.cue, view.standby, view.progress, view.held, view.blackout)
        marks = (view.aspect, view.size_m, view.visitors, view.lamps, view.speakers)
        picture = (view.aspect, view.blackout) if view.picture is None else None
        turned = (view.scene, view.params, self._scroll, self._held)
        return (
            _Part(head, (view.name, view.readings), lambda: _draw_head(head, view)),
            _Part(stage, picture, lambda: _draw_stage(stage, view)),
            _Part(room, marks, lambda: plan.draw(room, view)),
            _Part(params, turned, lambda: sliders.draw(params, *turned)),
            _Part(cues, order, lambda: cue_list.draw(cues, view)),
            _Part(foot, (view.problem, view.problems), lambda: _draw_foot(foot, view)),
        )

    def hit(self, view: OperatorView, size: tuple[int, int], event: PointerEvent) -> Action | None:
        """Return what the pointer does there, if anything; a slider that was pressed follows it until the release."""
        _, _, _, params, cues, _ = _areas(self._whole(size, self._desk))
        if event.kind == "release":
            self._held = ""
            return None
        if event.kind == "wheel" and params.holds(event.x_px, event.y_px):
            shown = len(sliders.rows(params, view.params, self._scroll))
            self._scroll = min(max(self._scroll - event.wheel, 0), max(len(view.params) - shown, 0))
            return None
        for mark, row in sliders.rows(params, view.params, self._scroll):
            if event.kind == "press" and sliders.takes(row, event.x_px, event.y_px):
                self._held, self._strip = mark.address, sliders.strip_at(row, mark, event.x_px)
                return sliders.hit(row, mark, event.x_px, self._strip, pressed=True)
            if event.kind == "move" and mark.address == self._held:
                return sliders.hit(row, mark, event.x_px, self._strip, pressed=False)
        return cue_list.hit(cues, view, event.x_px, event.y_px) if event.kind == "press" else None

    def _whole(self, size: tuple[int, int], pixels: Pixels) -> Panel:
        unit = max(min(size[1] / 72, size[0] / 116), LEAST_UNIT)
        return Panel(pixels, self._lettering, unit, 0, 0, *size)


def _place(area: Panel) -> tuple[slice, slice]:
    """Return the rows and columns of a part, with the margin that its knobs and rules reach into."""
    margin = area.unit * 0.9
    rows = slice(max(round(area.y - margin), 0), max(round(area.bottom + margin), 0))
    return rows, slice(max(round(area.x - margin), 0), max(round(area.right + margin), 0))


def _areas(whole: Panel) -> tuple[Panel, Panel, Panel, Panel, Panel, Panel]:
    """Return head, stage, room, Params, cues and foot."""
    unit, gap = whole.unit, whole.unit * 3
    inner = whole.width - gap * 2
    top, bottom = unit * (HEAD + 1.2), whole.height - unit * (FOOT + 1.2)
    left = round((inner - gap * 2) * 0.46)
    middle = round((inner - gap * 2) * 0.30)
    right = inner - gap * 2 - left - middle
    stage = min(left * 9 / 16, (bottom - top) * 0.56)
    room_top = top + stage + unit * 2
    return (
        whole.part(gap, 0, inner, unit * HEAD),
        whole.part(gap, top, left, stage),
        whole.part(gap, room_top, left, bottom - room_top),
        whole.part(gap * 2 + left, top, middle, bottom - top),
        whole.part(gap * 3 + left + middle, top, right, bottom - top),
        whole.part(gap, whole.height - unit * FOOT, inner, unit * FOOT),
    )


def _draw_head(area: Panel, view: OperatorView) -> None:
    middle, unit = area.y + area.height / 2, area.unit
    area.box(area.x, area.bottom - 1, area.width, 1, RULE)
    x = area.right
    for reading in reversed(view.readings):
        width = max(area.wide(reading.text), area.wide(reading.label, SMALL)) + unit * 2.6
        if x - width < area.x + area.width * 0.3:
            break
        area.text(reading.text, x, middle - unit * 0.8, 1.0, ALARM if reading.alarm else PALE, "right")
        area.text(reading.label, x, middle + unit * 1.0, SMALL, GREY, "right")
        x -= width
    area.text(view.name, area.x, middle, 1.9, PALE, room=x - area.x - unit * 2)


def _picture_rect(area: Panel, view: OperatorView) -> tuple[int, int, int, int]:
    size = (round(1000 * view.aspect), 1000)
    return fit(size, (round(area.x), round(area.y), round(area.width), round(area.height)))


def _draw_stage(area: Panel, view: OperatorView) -> None:
    x, y, width, height = _picture_rect(area, view)
    if view.picture is None:
        area.box(x, y, width, height, RAISED)
        area.text("no picture", x + width / 2, y + height / 2, 1.0, GREY, "centre")
    else:
        area.picture(view.picture, x, y, width, height)
    area.frame(x - 1, y - 1, width + 2, height + 2, RULE)
    if view.blackout:
        area.text("blackout", x + width / 2, y + height / 2, 1.9, ALARM, "centre")


def _draw_foot(area: Panel, view: OperatorView) -> None:
    middle, unit = area.y + area.height / 2, area.unit
    area.box(area.x, area.y, area.width, 1, RULE)
    if not view.problem:
        area.text("no problems", area.x, middle, 1.0, GREY)
        return
    area.box(area.x, area.y, area.width, area.height - unit * 0.6, ALARM_GROUND)
    area.box(area.x, area.y, unit * 0.4, area.height - unit * 0.6, ALARM)
    middle -= unit * 0.3
    count = f"{view.problems} problems" if view.problems > 1 else ""
    room = area.width - unit * 2.4 - (area.wide(count) + unit * 2 if count else 0)
    area.text(view.problem.replace("\n", "   "), area.x + unit * 1.4, middle, 1.0, PALE, room=room)
    area.text(count, area.right - unit, middle, 1.0, GREY, "right", area.width * 0.3)
