"""Corner pin: the stage's corners are dragged in the light, on each projector; a pure state machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.lettering import Colour, Lettering
from engine.render.mesh import corners_of
from engine.render.sheet import ACCENT, GREY, PALE, darken
from engine.render.window_input import PointerEvent, WindowInput
from engine.show import forms
from engine.show.profile import Profile

Pixels = NDArray[np.uint8]
Point = tuple[float, float]
Corners = tuple[Point, ...]
GRAB_SHARE = 0.08  # of the picture's height: how near a press must be to take a corner
STEP_PX, LEAP_PX = 1.0, 10.0
LEAST_SHARE = 0.02  # of the picture's area: smaller is a slip of the hand
ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
NAMES = ("top left", "top right", "bottom right", "bottom left")
HINT = "drag a corner   ·   arrows 1 px, Shift 10   ·   Tab next   ·   U undo   ·   M mesh, masks   ·   Esc done"


@dataclass(frozen=True, slots=True)
class CornerPin:
    """Where the corners are, and which is in hand.

    Attributes:
        profiles: Of each projector, as pinned so far.
        projector, corner: The corner that keys move.
        held: From the pointer to the corner it drags, in projector_px; None while none is held.
        undo: (projector, its profile before), oldest first.
        refusal: Why the last move was not made, or empty.
        saved: Projectors whose profile is to be used and saved from now on: a corner was let go, nudged, or put back.
        is_open: False once the person has left.
    """

    profiles: Mapping[str, Profile]
    projector: str
    corner: int = 0
    held: Point | None = None
    undo: tuple[tuple[str, Profile], ...] = ()
    refusal: str = ""
    saved: frozenset[str] = field(default_factory=frozenset)
    is_open: bool = True

    @classmethod
    def begin(cls, profiles: Mapping[str, Profile]) -> CornerPin:
        """Return the pin with the first projector's first corner in hand; `profiles` must not be empty."""
        return cls(dict(profiles), next(iter(profiles)))

    def corners(self, projector: str) -> Corners:
        """Return the stage's corners in projector_px, clockwise from its top left."""
        return _corners(self.profiles[projector])

    def step(self, done: WindowInput) -> CornerPin:
        """Return the pin after what was done at the windows in one frame."""
        pin = replace(self, saved=frozenset())
        for event in done.pointer:
            pin = pin._pointer(event)
        leap = any("shift" in key for key in (*done.keys, *done.pressed))  # a quick hand lets go within the frame
        for key in done.pressed:
            pin = pin._key(key, LEAP_PX if leap else STEP_PX)
        return pin

    def _pointer(self, event: PointerEvent) -> CornerPin:
        if event.kind == "press" and event.window in self.profiles:
            # A window that lost the keyboard's focus may have swallowed the release.
            return (self._end_drag() if self.held else self)._grab(event)
        if self.held is not None and event.kind == "release":
            return self._end_drag()
        if self.held is not None and event.kind == "move" and event.window == self.projector:
            return self._move((event.x_px + self.held[0], event.y_px + self.held[1]))
        return self

    def _grab(self, event: PointerEvent) -> CornerPin:
        corners, size = self.corners(event.window), self.profiles[event.window].size
        shown = [_inside(corner, size) for corner in corners]
        far = [math.dist(place, (event.x_px, event.y_px)) for place in shown]
        nearest = far.index(min(far))
        if far[nearest] > size[1] * GRAB_SHARE:
            return self
        x, y = corners[nearest]
        return replace(self, projector=event.window, corner=nearest, held=(x - event.x_px, y - event.y_px), refusal="",
                       undo=(*self.undo, (event.window, self.profiles[event.window])))

    def _end_drag(self) -> CornerPin:
        name, before = self.undo[-1]
        moved = self.profiles[name] != before
        saved = self.saved | {name} if moved else self.saved
        return replace(self, held=None, refusal="", saved=saved, undo=self.undo if moved else self.undo[:-1])

    def _key(self, key: str, step_px: float) -> CornerPin:
        if key in ("escape", "k"):
            return replace(self._end_drag() if self.held else self, is_open=False)
        if key == "tab" and self.held is None:
            return self._next()
        if key == "u" and self.held is None:
            return self._undo()
        if key in ARROWS and self.held is None:
            x, y = self.corners(self.projector)[self.corner]
            dx, dy = ARROWS[key]
            moved = self._move((x + dx * step_px, y + dy * step_px))
            if moved.refusal:
                return moved
            name = self.projector
            return replace(moved, undo=(*self.undo, (name, self.profiles[name])), saved=self.saved | {name})
        return self

    def _next(self) -> CornerPin:
        if self.corner < 3:
            return replace(self, corner=self.corner + 1, refusal="")
        names = list(self.profiles)
        following = names[(names.index(self.projector) + 1) % len(names)]
        return replace(self, projector=following, corner=0, refusal="")

    def _undo(self) -> CornerPin:
        if not self.undo:
            return replace(self, refusal="nothing to undo")
        *rest, (name, profile) = self.undo
        return replace(self, profiles={**self.profiles, name: profile}, undo=tuple(rest), projector=name, refusal="",
                       saved=self.saved | {name})

    def _move(self, to: Point) -> CornerPin:
        name = self.projector
        profile = self.profiles[name]
        corners = list(self.corners(name))
        corners[self.corner] = _reachable(to, profile.size)
        wrong = _wrong(corners, profile.size)
        if wrong:
            return replace(self, refusal=wrong)
        return replace(self, refusal="", profiles={**self.profiles, name: pinned(profile, tuple(corners))})


def pinned(profile: Profile, corners: Corners) -> Profile:
    """Return a profile with the stage's corners moved; a mesh moves with them as a picture on paper would.

    Args:
        corners: projector_px, a convex quadrilateral clockwise from the stage's top left.
    """
    mesh = profile.mesh
    if mesh is not None:
        before = np.array(_corners(profile), np.float32)
        move = cv2.getPerspectiveTransform(before, np.array(corners, np.float32))
        grid = cv2.perspectiveTransform(np.array(mesh, np.float64), move)
        mesh = tuple(tuple((float(x), float(y)) for x, y in row) for row in grid)
    return replace(profile, corners=corners, mesh=mesh, made="by hand, corner pin", error_px=None)


def draw_corners(pin: CornerPin, projector: str, frame: Pixels, lit: Profile, lettering: Lettering) -> Pixels:
    """Return a projector's picture with the handles over it, moved to where the corners are by now.

    Args:
        frame: BGRX. Shape (height, width, 4), uint8; not changed.
        lit: The profile by which it was made.
    """
    profile, corners = pin.profiles[projector], pin.corners(projector)
    pixels = _following(_corners(lit), corners, frame)
    unit = profile.size[1] / 36
    _draw_grid(pixels, corners)
    for index, corner in enumerate(corners):
        is_chosen = projector == pin.projector and index == pin.corner
        _draw_handle(pixels, _inside(corner, profile.size), unit, ACCENT if is_chosen else PALE, filled=is_chosen)
    text, colour = (pin.refusal, ACCENT) if pin.refusal else (HINT, GREY)
    small = max(round(unit * 0.7), 11)
    middle_x, middle_y = (sum(axis) / 4 for axis in zip(*corners, strict=True))
    plate = max(lettering.width(HINT, small) + unit * 2, unit * 8)
    darken(pixels, middle_x - plate / 2, middle_y - unit * 2.4, plate, unit * 6)
    lettering.draw(pixels, projector, middle_x, middle_y - unit, round(unit * 1.6), PALE, "centre")
    if projector != pin.projector:
        return pixels
    x, y = corners[pin.corner]
    where = f"{NAMES[pin.corner]}   {x:.0f}, {y:.0f}"
    lettering.draw(pixels, where, middle_x, middle_y + unit * 0.8, round(unit * 0.8), ACCENT, "centre")
    lettering.draw(pixels, text, middle_x, middle_y + unit * 2.6, small, colour, "centre")
    return pixels


def _corners(profile: Profile) -> Corners:
    if profile.mesh is not None:
        return profile.mesh[0][0], profile.mesh[0][-1], profile.mesh[-1][-1], profile.mesh[-1][0]
    return tuple((float(x), float(y)) for x, y in corners_of(profile, profile.size))


def _wrong(corners: list[Point], size: tuple[int, int]) -> str:
    """Return in a few words why four corners cannot hold a picture, or an empty text."""
    if forms.corners(corners):
        return "the corners must not cross or dent"
    doubled = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True))
    return "the picture would be too small" if doubled / 2 < LEAST_SHARE * size[0] * size[1] else ""


def _reachable(to: Point, size: tuple[int, int]) -> Point:
    """Return the nearest place within half a picture beyond the edges, to a hundredth of a pixel."""
    x, y = (round(min(max(part, -length / 2), length * 1.5), 2) for part, length in zip(to, size, strict=True))
    return x, y


def _inside(corner: Point, size: tuple[int, int]) -> Point:
    """Return where a corner's handle is shown: at the edge if the corner lies outside the picture."""
    return min(max(corner[0], 0.0), size[0] - 1.0), min(max(corner[1], 0.0), size[1] - 1.0)


def _following(lit: Corners, wanted: Corners, frame: Pixels) -> Pixels:
    """Return a copy of the picture, moved from corners to others.

    Planning a projector's light anew takes several frames at 1080p, this a third of one: so the light is planned
    when a corner is let go, and beside the loop.
    """
    if lit == wanted:
        return frame.copy()
    before, now = (np.array(points, np.float32) - 0.5 for points in (lit, wanted))
    size = (frame.shape[1], frame.shape[0])
    return np.asarray(cv2.warpPerspective(frame, cv2.getPerspectiveTransform(before, now), size), np.uint8)


def _draw_grid(pixels: Pixels, corners: Corners) -> None:
    unit_square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    to_projector = cv2.getPerspectiveTransform(unit_square, np.array(corners, np.float32))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        lines = np.array([[(share, 0), (share, 1)], [(0, share), (1, share)]], np.float64)
        for start, end in cv2.perspectiveTransform(lines, to_projector):
            colour = PALE if share in (0.0, 1.0) else GREY
            cv2.line(pixels, _sub(start), _sub(end), colour, 1, cv2.LINE_AA, 4)


def _draw_handle(pixels: Pixels, at: Point, unit: float, colour: Colour, *, filled: bool) -> None:
    centre, radius = _sub(at), round(unit * 16)
    cv2.circle(pixels, centre, radius, (0, 0, 0), 5, cv2.LINE_AA, 4)
    cv2.circle(pixels, centre, radius, colour, 2, cv2.LINE_AA, 4)
    if filled:
        cv2.circle(pixels, centre, round(unit * 4), colour, -1, cv2.LINE_AA, 4)
    reach = unit * 1.7
    for dx, dy in ((reach, 0.0), (0.0, reach)):
        cv2.line(pixels, _sub((at[0] - dx, at[1] - dy)), _sub((at[0] + dx, at[1] + dy)), colour, 1, cv2.LINE_AA, 4)


def _sub(point: Point) -> tuple[int, int]:
    """Return a point in sixteenths of a pixel, counted from the first pixel's centre, as OpenCV draws."""
    return round((point[0] - 0.5) * 16), round((point[1] - 0.5) * 16)
