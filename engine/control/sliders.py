"""Sliders: the running scene's Params, one row each, and what a pointer on them sets. Pure."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from engine.colours import hsv
from engine.control.operator_view import ParamMark, SetParam
from engine.control.panel import ACCENT, GREY, PALE, RAISED, RULE, SMALL, Panel, bgr
from engine.render.lettering import Colour

ROW = 4.8  # units
SATURATION, BRIGHTNESS = 0.85, 1.0  # of a colour picked for the first time from grey
DARKENED = 0.62  # strips of colour do not outshine the room
# Black to the last bit, yet its hue is not lost: the way back leads to the same colour.
LEAST = 0.001


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
    """Return whether a press there is meant for a row's slider, not its words; a knob at the end reaches beyond it."""
    top = _track(row).y - row.unit * 0.5
    return row.part(row.x - row.unit, top, row.width + row.unit * 2, row.bottom - top).holds(x, y)


def strip_at(row: Panel, mark: ParamMark, x: float) -> int:
    """Return which strip of a row a press takes: hue, saturation or brightness of a colour, else 0."""
    return sum(x >= strip.x - row.unit * 0.5 for strip in _strips(row, mark)[1:])


def hit(row: Panel, mark: ParamMark, x: float, strip: int = 0, *, pressed: bool) -> SetParam | None:
    """Return what a pointer at `x` sets; switches, choices and triggers answer to a press only."""
    track = _strips(row, mark)[strip]
    share = min(max((x - track.x) / track.width, 0.0), 1.0)
    spec = mark.spec
    if spec.kind in ("number", "whole"):
        return SetParam(mark.address, spec.scaled(share))
    if spec.kind == "colour":
        return SetParam(mark.address, _with_part(mark.value, strip, share))
    if not pressed:
        return None
    if spec.kind == "choice":
        return SetParam(mark.address, spec.choices[min(int(share * len(spec.choices)), len(spec.choices) - 1)])
    return SetParam(mark.address, True if spec.kind == "trigger" else not mark.value)


def _track(row: Panel) -> Panel:
    return row.part(row.x, row.y + row.unit * 2.2, row.width, row.unit * 1.7)


def _strips(row: Panel, mark: ParamMark) -> tuple[Panel, ...]:
    """Return the tracks of a row: three for a colour, hue as wide as the other two."""
    track = _track(row)
    if mark.spec.kind != "colour":
        return (track,)
    gap = row.unit * 2
    width = (track.width - gap * 2) / 4
    second = track.x + width * 2 + gap
    return (
        row.part(track.x, track.y, width * 2, track.height),
        row.part(second, track.y, width, track.height),
        row.part(second + width + gap, track.y, width, track.height),
    )


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
        _draw_colour(row, mark)
    elif spec.kind == "choice":
        _draw_choices(track, mark)
    else:
        _draw_switch(track, mark)


def _words(mark: ParamMark) -> str:
    spec, value = mark.spec, mark.value
    if spec.kind == "number":
        text = f"{value:.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"
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


def _draw_colour(row: Panel, mark: ParamMark) -> None:
    hue, saturation, brightness = colorsys.rgb_to_hsv(*mark.value[:3])
    ways = np.linspace(0.0, 1.0, 64)
    ramps = (hsv(ways, SATURATION, DARKENED), hsv(hue, ways, DARKENED), hsv(hue, saturation, ways * DARKENED))
    for strip, ramp, share in zip(_strips(row, mark), ramps, (hue, saturation, brightness), strict=True):
        _draw_ramp(strip, ramp, share, bgr(*mark.value[:3]))


def _draw_ramp(strip: Panel, ramp: NDArray[np.float32], share: float, colour: Colour) -> None:
    """Draw a strip of colours, RGBA 0..1 of shape (n, 4), with its knob."""
    height = max(round(strip.unit * 0.7), 3)
    top, at = strip.y + strip.height / 2 - height / 2, strip.x + share * strip.width
    pixels = np.rint(ramp[None, :, [2, 1, 0, 3]] * 255).astype(np.uint8)
    strip.picture(pixels, strip.x, top, strip.width, height)
    strip.disc(at, top + height / 2, strip.unit * 0.85, PALE)
    strip.disc(at, top + height / 2, strip.unit * 0.65, colour)


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


def _with_part(colour: tuple[float, ...], part: int, share: float) -> tuple[float, ...]:
    """Return the colour with another hue (0), saturation (1) or brightness (2)."""
    parts = list(colorsys.rgb_to_hsv(*colour[:3]))
    if part == 0 and (parts[1] < 0.05 or parts[2] < 0.05):
        parts = [0.0, SATURATION, BRIGHTNESS]
    parts[part] = min(share, 0.9999) if part == 0 else max(share, LEAST)
    return (*colorsys.hsv_to_rgb(parts[0], parts[1], parts[2]), *colour[3:])
