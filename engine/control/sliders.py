"""Sliders: the running scene's Params, one row each, and what a pointer on them sets. Pure."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from engine.control.operator_view import ParamMark, SetParam
from engine.control.panel import ACCENT, GREY, PALE, RAISED, RULE, SMALL, Panel, bgr

ROW = 4.4  # units
SATURATION, BRIGHTNESS = 0.85, 1.0  # of a colour picked for the first time from grey
STRIP_BRIGHTNESS = 0.62


def rows(panel: Panel, params: tuple[ParamMark, ...], scroll: int = 0) -> list[tuple[ParamMark, Panel]]:
    """Return the Params that there is room for, and where each lies."""
    pitch = panel.unit * ROW
    top = panel.y + panel.unit * 2.6
    count = max(int((panel.bottom - top) / pitch), 1)
    first = max(min(scroll, len(params) - count), 0)
    shown = params[first : first + count]
    return [(mark, panel.part(panel.x, top + i * pitch, panel.width, pitch)) for i, mark in enumerate(shown)]


def draw(panel: Panel, scene: str, params: tuple[ParamMark, ...], scroll: int = 0, held: str = "") -> None:
    """Draw all rows; `held` is the address of the one that is being dragged."""
    shown = rows(panel, params, scroll)
    note = f"{len(shown)} of {len(params)}" if len(shown) < len(params) else ""
    panel.title(scene or "no scene", note)
    if not params:
        panel.text("nothing to turn here", panel.x, panel.y + panel.unit * 3.6, 1.0, GREY)
    for mark, row in shown:
        _draw_row(row, mark, mark.address == held)


def takes(row: Panel, x: float, y: float) -> bool:
    """Return whether a press there is meant for a row; a knob at its end reaches beyond it."""
    return row.part(row.x - row.unit, row.y, row.width + row.unit * 2, row.height).holds(x, y)


def hit(row: Panel, mark: ParamMark, x: float, *, pressed: bool) -> SetParam | None:
    """Return what a pointer at `x` sets; switches, choices and triggers answer to a press only."""
    track = _track(row)
    share = min(max((x - track.x) / track.width, 0.0), 1.0)
    spec = mark.spec
    if spec.kind in ("number", "whole"):
        return SetParam(mark.address, spec.scaled(share))
    if spec.kind == "colour":
        return SetParam(mark.address, _with_hue(mark.value, share))
    if not pressed:
        return None
    if spec.kind == "choice":
        return SetParam(mark.address, spec.choices[min(int(share * len(spec.choices)), len(spec.choices) - 1)])
    return SetParam(mark.address, True if spec.kind == "trigger" else not mark.value)


def _track(row: Panel) -> Panel:
    return row.part(row.x, row.y + row.unit * 2.1, row.width, row.unit * 1.5)


def _draw_row(row: Panel, mark: ParamMark, held: bool) -> None:
    spec, track = mark.spec, _track(row)
    middle = row.y + row.unit * 1.0
    row.text(spec.name, row.x, middle, 1.0, ACCENT if held else PALE, room=row.width * 0.45)
    name_width = row.wide(spec.name)
    value = _words(mark)
    value_width = row.wide(value)
    row.text(value, row.right, middle, 1.0, PALE, "right", row.width * 0.5)
    room = row.width - name_width - value_width - row.unit * 2.4
    if spec.help and room > row.unit * 6:
        row.text(spec.help, row.x + name_width + row.unit * 1.2, middle, SMALL, GREY, room=room)
    if spec.kind in ("number", "whole"):
        _draw_bar(track, _share(mark), held)
    elif spec.kind == "colour":
        _draw_hues(track, mark)
    elif spec.kind == "choice":
        _draw_choices(track, mark)
    else:
        _draw_switch(track, mark)


def _words(mark: ParamMark) -> str:
    spec, value = mark.spec, mark.value
    if spec.kind == "number":
        text = f"{value:.3g}"
    elif spec.kind == "bool":
        text = "on" if value else "off"
    elif spec.kind == "colour":
        text = "#" + "".join(f"{round(min(max(part, 0.0), 1.0) * 255):02x}" for part in value[:3])
    elif spec.kind == "trigger":
        text = ""
    else:
        text = str(value)
    return f"{text} {spec.unit}".strip()


def _share(mark: ParamMark) -> float:
    low = 0.0 if mark.spec.low is None else mark.spec.low
    high = 1.0 if mark.spec.high is None else mark.spec.high
    return min(max((float(mark.value) - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def _draw_bar(track: Panel, share: float, held: bool) -> None:
    thick = max(round(track.unit * 0.3), 2)
    y = round(track.y + track.height / 2 - thick / 2)
    track.box(track.x, y, track.width, thick, RULE)
    track.box(track.x, y, track.width * share, thick, ACCENT)
    track.disc(track.x + track.width * share, y + thick / 2, track.unit * (0.75 if held else 0.6), ACCENT)


def _draw_hues(track: Panel, mark: ParamMark) -> None:
    hue = colorsys.rgb_to_hsv(*mark.value[:3])[0]
    width, height = round(track.width), max(round(track.unit * 0.7), 3)
    hues = np.zeros((1, width, 3), np.float32)
    hues[..., 0] = np.linspace(0, 360, width)
    hues[..., 1:] = SATURATION, STRIP_BRIGHTNESS
    strip = cv2.cvtColor(cv2.cvtColor(hues, cv2.COLOR_HSV2RGB), cv2.COLOR_RGB2BGRA)
    top = track.y + track.height / 2 - height / 2
    track.picture(np.repeat((strip * 255).astype(np.uint8), height, axis=0), track.x, top, width, height)
    at = track.x + hue * width
    track.disc(at, top + height / 2, track.unit * 0.85, PALE)
    track.disc(at, top + height / 2, track.unit * 0.65, bgr(*mark.value[:3]))


def _draw_choices(track: Panel, mark: ParamMark) -> None:
    choices = mark.spec.choices
    width = track.width / len(choices)
    for index, choice in enumerate(choices):
        chosen = choice == mark.value
        left = track.x + index * width
        track.box(left, track.y, width - 2, track.height, ACCENT if chosen else RAISED)
        colour = (20, 15, 13) if chosen else GREY
        track.text(choice, left + width / 2, track.y + track.height / 2, SMALL, colour, "centre", width - track.unit)


def _draw_switch(track: Panel, mark: ParamMark) -> None:
    lit = bool(mark.value)
    if mark.spec.kind == "trigger":
        width = track.unit * 6
        track.box(track.x, track.y, width, track.height, ACCENT if lit else RAISED)
        colour = (20, 15, 13) if lit else PALE
        track.text("fire", track.x + width / 2, track.y + track.height / 2, SMALL, colour, "centre")
        return
    radius = track.height / 2
    width = track.unit * 3.0
    ground = ACCENT if lit else RULE
    middle = track.y + radius
    track.disc(track.x + radius, middle, radius - 0.5, ground)
    track.disc(track.x + width - radius, middle, radius - 0.5, ground)
    track.box(track.x + radius, middle - radius + 0.5, width - 2 * radius, 2 * radius - 1, ground)
    track.disc(track.x + (width - radius if lit else radius), middle, radius * 0.62, (20, 15, 13) if lit else GREY)


def _with_hue(colour: tuple[float, ...], hue: float) -> tuple[float, ...]:
    _, saturation, brightness = colorsys.rgb_to_hsv(*colour[:3])
    if saturation < 0.05 or brightness < 0.05:
        saturation, brightness = SATURATION, max(brightness, BRIGHTNESS)
    return (*colorsys.hsv_to_rgb(min(hue, 0.9999), saturation, brightness), *colour[3:])
