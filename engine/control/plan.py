"""The plan: the room from above, with visitors, lamps in their colours, and speakers with their levels. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.control.operator_view import LampMark, OperatorView, SpeakerMark, VisitorMark
from engine.control.panel import ACCENT, ALARM, GREY, PALE, RAISED, RULE, SMALL, Panel, bgr

MARGIN = 0.12  # stage units around everything
LOOK_AHEAD_S = 0.8  # length of a velocity's line
QUIET_DB, LOUD_DB = -60.0, -3.0

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class _Scale:
    """From stage units to the picture's pixels."""

    x_px: float
    y_px: float
    px: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x_px + x * self.px, self.y_px + y * self.px


def draw(panel: Panel, view: OperatorView) -> None:
    """Draw the plan."""
    panel.title("room from above", _size_words(view))
    area = panel.part(panel.x, panel.y + panel.unit * 2.4, panel.width, panel.height - panel.unit * 2.4)
    unplaced = [lamp for lamp in view.lamps if lamp.at is None]
    if unplaced:
        _draw_unplaced(area, unplaced)
        area = area.part(area.x, area.y, area.width, area.height - area.unit * 2.4)
    if min(area.width, area.height) < area.unit * 4:
        return
    scale = _scale(area, view)
    _draw_floor(area, scale, view)
    marks = [(speaker.name, _draw_speaker(area, scale, speaker)) for speaker in view.speakers]
    marks += [(lamp.name, _draw_lamp(area, scale, lamp.at, lamp)) for lamp in view.lamps if lamp.at]
    _name(area, marks)
    for visitor in view.visitors:
        _draw_visitor(area, scale, visitor)


def _size_words(view: OperatorView) -> str:
    people = f"{len(view.visitors)} visitor{'' if len(view.visitors) == 1 else 's'}"
    return f"{people}   ·   {view.size_m[0]:g} x {view.size_m[1]:g} m" if view.size_m else people


def _scale(area: Panel, view: OperatorView) -> _Scale:
    """Return the scale at which the stage and everything placed around it are seen."""
    placed = [lamp.at for lamp in view.lamps if lamp.at] + [(speaker.x, speaker.y) for speaker in view.speakers]
    xs = [0.0, view.aspect, *(x for x, _ in placed)]
    ys = [0.0, 1.0, *(y for _, y in placed)]
    left, right, top, bottom = min(xs) - MARGIN, max(xs) + MARGIN, min(ys) - MARGIN, max(ys) + MARGIN
    px = min(area.width / (right - left), area.height / (bottom - top))
    x_px = area.x + (area.width - (right - left) * px) / 2 - left * px
    y_px = area.y + (area.height - (bottom - top) * px) / 2 - top * px
    return _Scale(x_px, y_px, px)


def _draw_floor(area: Panel, scale: _Scale, view: OperatorView) -> None:
    left, top = scale.at(0, 0)
    right, bottom = scale.at(view.aspect, 1)
    area.box(left, top, right - left, bottom - top, RAISED)
    step = 1.0 / view.size_m[1] if view.size_m else 0.25  # a metre, or a quarter of the height
    while step * scale.px < area.unit:
        step *= 2
    for i in range(1, math.ceil(view.aspect / step - 1e-6)):
        x = scale.at(i * step, 0)[0]
        area.box(x, top, 1, bottom - top, RULE)
    for i in range(1, math.ceil(1 / step - 1e-6)):
        y = scale.at(0, i * step)[1]
        area.box(left, y, right - left, 1, RULE)


def _draw_visitor(area: Panel, scale: _Scale, visitor: VisitorMark) -> None:
    x, y = scale.at(visitor.x, visitor.y)
    to_x, to_y = scale.at(visitor.x + visitor.vx * LOOK_AHEAD_S, visitor.y + visitor.vy * LOOK_AHEAD_S)
    if not (area.holds(x, y) and math.isfinite(to_x) and math.isfinite(to_y)):
        return
    if math.dist((x, y), (to_x, to_y)) > area.unit:
        area.line(x, y, min(max(to_x, area.x), area.right), min(max(to_y, area.y), area.bottom), ACCENT, 2)
    radius = area.unit * 0.85
    if visitor.player:
        area.disc(x, y, radius, ACCENT)
        area.text(str(visitor.id), x, y, SMALL, (20, 15, 13), "centre", radius * 2)
    else:
        area.disc(x, y, radius, RAISED)
        area.disc(x, y, radius, GREY, 1)
        area.text(str(visitor.id), x, y, SMALL, GREY, "centre", radius * 2)


def _draw_lamp(area: Panel, scale: _Scale, at: tuple[float, float], lamp: LampMark) -> Box:
    x, y = scale.at(*at)
    radius = area.unit * 0.75
    area.disc(x, y, radius, bgr(*lamp.colour))
    area.disc(x, y, radius, GREY, 1)
    return x - radius, y - radius, x + radius, y + radius


def _draw_unplaced(area: Panel, lamps: list[LampMark]) -> None:
    """Draw lamps without a place in a row at the lower left."""
    x, y = area.x + area.unit, area.bottom - area.unit
    for lamp in lamps:
        width = area.wide(lamp.name, SMALL) + area.unit * 3.2
        if x + width > area.right:
            return
        area.disc(x, y, area.unit * 0.6, bgr(*lamp.colour))
        area.disc(x, y, area.unit * 0.6, GREY, 1)
        area.text(lamp.name, x + area.unit * 1.1, y, SMALL, GREY)
        x += width


def _draw_speaker(area: Panel, scale: _Scale, speaker: SpeakerMark) -> Box:
    x, y = scale.at(speaker.x, speaker.y)
    share = min(max((speaker.level_db - QUIET_DB) / -QUIET_DB, 0.0), 1.0)
    half, tall = area.unit * 0.55, area.unit * 2.6
    area.box(x - half, y - tall / 2, half * 2, tall, RULE)
    colour = ALARM if speaker.level_db > LOUD_DB else PALE
    area.box(x - half, y + tall / 2 - tall * share, half * 2, tall * share, colour)
    return x - half, y - tall / 2, x + half, y + tall / 2


def _name(area: Panel, marks: list[tuple[str, Box]]) -> None:
    """Write the names of marks below, above or beside them, where they cover nothing; else not at all."""
    taken = [box for _, box in marks]
    for name, (left, top, right, bottom) in marks:
        width, height, gap = area.wide(name, SMALL), area.unit * 1.3, area.unit * 0.3
        middle = (left + right - width) / 2
        level = (top + bottom - height) / 2
        for x, y in ((middle, bottom + gap), (middle, top - gap - height), (right + gap, level),
                     (left - gap - width, level)):
            place = x, y, x + width, y + height
            if _is_free(area, place, taken):
                area.text(name, x, y + height / 2, SMALL, GREY)
                taken.append(place)
                break


def _is_free(area: Panel, place: Box, taken: list[Box]) -> bool:
    left, top, right, bottom = place
    if left < area.x or right > area.right or top < area.y or bottom > area.bottom:
        return False
    return all(right <= x0 or x1 <= left or bottom <= y0 or y1 <= top for x0, y0, x1, y1 in taken)
