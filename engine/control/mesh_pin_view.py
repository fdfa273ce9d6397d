"""How the mesh pin looks in the light: the picture that follows the hand, or a test grid, with handles over it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.control.mesh_pin import MeshPin
from engine.render.following import following
from engine.render.lettering import Colour, Lettering
from engine.render.mesh import grid_of, surfaces_of
from engine.render.sheet import ACCENT, GREY, PALE, darken
from engine.render.surface import places_of
from engine.show.profile import Point, Profile

Pixels = NDArray[np.uint8]
CELLS = (16, 9)  # of the test grid
MASKED: Colour = (96, 96, 250)
HINTS = (
    "drag a point   ·   arrows 1 px, Shift 10   ·   Tab next   ·   type x,y Enter   ·   U undo, Y again",
    "Page up, down finer, coarser   ·   B Bezier   ·   N new surface, W next, X remove   ·   T masks",
    "N new mask, W next, X remove   ·   F, Shift F feather   ·   T meshes",
    "S snap   ·   G test grid   ·   M corners   ·   Esc done",
)


def draw_mesh(pin: MeshPin, projector: str, frame: Pixels, lit: Profile, lettering: Lettering) -> Pixels:
    """Return a projector's picture with the handles over it, moved to where the points are by now.

    Args:
        frame: BGRX. Shape (height, width, 4), uint8; not changed.
        lit: The profile by which it was made.
    """
    profile = pin.profiles[projector]
    pixels = frame.copy() if pin.shows_grid else following(lit, profile, frame)
    for polygon in profile.mask if profile.mask != lit.mask else ():
        cv2.fillPoly(pixels, [np.rint(np.array(polygon)).astype(np.int32)], (0, 0, 0, 255))
    if pin.shows_grid:
        pixels[...] = (0, 0, 0, 255)
        _test_grid(pin, projector, pixels)
    unit = profile.size[1] / 36
    for number, points in enumerate(pin.items(projector)):
        is_item = projector == pin.projector and number == pin.item
        _lines(pin, projector, number, pixels, PALE if is_item else GREY)
        for place, point in enumerate(points):
            chosen = is_item and place == pin.point
            _handle(pixels, point, unit * (0.8 if chosen else 0.45), ACCENT if chosen else PALE, chosen)
    if projector == pin.projector and pin.held is None:
        _words(pin, pixels, lettering, unit)
    return pixels


def _test_grid(pin: MeshPin, projector: str, pixels: Pixels) -> None:
    """Draw even lines over the stage, and a circle that must look round, as the meshes bend them."""
    profile = pin.profiles[projector]
    even = np.linspace(0, 1, 97)
    round_ = np.linspace(0, 2 * np.pi, 97)
    for shape in surfaces_of(profile):
        lines = [(np.full(97, x), even) for x in np.linspace(0, 1, CELLS[0] + 1)]
        lines += [(even, np.full(97, y)) for y in np.linspace(0, 1, CELLS[1] + 1)]
        lines += [(0.5 + 0.25 * np.cos(round_) * CELLS[1] / CELLS[0], 0.5 + 0.25 * np.sin(round_))]
        for u, v in lines:
            _polyline(pixels, places_of(shape, profile.size, u, v), PALE)


def _lines(pin: MeshPin, projector: str, number: int, pixels: Pixels, colour: Colour) -> None:
    profile = pin.profiles[projector]
    if pin.tool == "mask":
        polygon = np.array(profile.mask[number])
        _polyline(pixels, np.concatenate([polygon, polygon[:1]]), MASKED if colour == PALE else colour)
        return
    shape = surfaces_of(profile)[number]
    if shape.mesh is None:
        ring = np.array([*pin.items(projector)[number]])[[0, 1, 3, 2, 0]]
        _polyline(pixels, ring, colour)
        return
    grid = grid_of(shape)
    step = 8 if shape.bezier else 1
    for line in (*grid[::step], *grid.transpose(1, 0, 2)[::step]):
        _polyline(pixels, line, colour)
    if shape.bezier:  # the points pull from beside the curves
        for row in np.array(shape.mesh):
            _polyline(pixels, row, (70, 60, 56))


def _words(pin: MeshPin, pixels: Pixels, lettering: Lettering, unit: float) -> None:
    height, width = pixels.shape[:2]
    small = max(round(unit * 0.62), 11)
    lines = [HINTS[0], HINTS[2] if pin.tool == "mask" else HINTS[1], HINTS[3]]
    plate = min(max(lettering.width(line, small) for line in lines) + unit * 2, width)
    top = height * 0.5 - unit * 4
    darken(pixels, width / 2 - plate / 2, top, plate, unit * 8)
    shapes = surfaces_of(pin.profile)
    what = f"{pin.projector}   {pin.tool}"
    if pin.tool == "mesh" and len(shapes) > 1:
        what += f"   surface {pin.item + 1} of {len(shapes)}"
    if pin.tool == "mask":
        what += f"   feather {pin.profile.feather_px:g} px"
    lettering.draw(pixels, what, width / 2, top + unit * 1.2, round(unit * 1.1), PALE, "centre", width * 0.95)
    points = pin.items(pin.projector)
    at = points[pin.item][pin.point] if pin.item < len(points) else None
    where = pin.refusal or (f"{pin.typed}_" if pin.typed else "no mask yet: N makes one" if at is None else
                            f"point {pin.point + 1}   {at[0]:g}, {at[1]:g}{'   snap' if pin.snaps else ''}")
    lettering.draw(pixels, where, width / 2, top + unit * 2.9, round(unit * 0.8), ACCENT, "centre", width * 0.95)
    for number, line in enumerate(lines):
        lettering.draw(pixels, line, width / 2, top + unit * (4.6 + number * 1.1), small, GREY, "centre", width * 0.98)


def _handle(pixels: Pixels, at: Point, radius: float, colour: Colour, filled: bool) -> None:
    height, width = pixels.shape[:2]
    x, y = min(max(at[0], 0.0), width - 1.0), min(max(at[1], 0.0), height - 1.0)
    centre = round((x - 0.5) * 16), round((y - 0.5) * 16)
    cv2.circle(pixels, centre, round(radius * 16), (0, 0, 0), 5, cv2.LINE_AA, 4)
    cv2.circle(pixels, centre, round(radius * 16), colour, 2, cv2.LINE_AA, 4)
    if filled:
        cv2.circle(pixels, centre, round(radius * 5), colour, -1, cv2.LINE_AA, 4)


def _polyline(pixels: Pixels, points: NDArray[np.float64], colour: Colour) -> None:
    whole = np.rint((points - 0.5) * 16).clip(-1e6, 1e6).astype(np.int32)
    cv2.polylines(pixels, [whole], False, (*colour, 255), 1, cv2.LINE_AA, 4)
