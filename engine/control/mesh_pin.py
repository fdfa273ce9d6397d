"""The mesh pin: grids, Bezier meshes, several surfaces and masks, dragged in the light; a pure state machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.control.corner_pin import ARROWS, GRAB_SHARE, LEAP_PX, STEP_PX
from engine.render.mesh import surfaces_of
from engine.render.surface import MADE, moved_to, resampled, rows_of, toggled, with_surface
from engine.render.window_input import PointerEvent, WindowInput
from engine.show.profile import Point, Profile, Surface

Tool = Literal["mesh", "mask"]
SNAP_PX = 6.0
FEATHER_PX = 8.0
DIGITS = {**{str(n): str(n) for n in range(10)}, **{f"[{n}]": str(n) for n in range(10)}, ",": ",", ".": ".",
          "[.]": ".", "-": "-", "[-]": "-"}


@dataclass(frozen=True, slots=True)
class MeshPin:
    """What is edited, and which point is in hand.

    Attributes:
        profiles: Of each projector, as edited so far.
        tool: Whether the points of meshes are moved, or those of masks.
        item: Number of the surface, or of the mask's polygon.
        point: Number of the point that keys move.
        held: From the pointer to the point it drags, in projector_px; None while none is held.
        undo, redo: (projector, its profile), the latest last.
        typed: Numbers typed so far, `x,y` in projector_px.
        snaps: Whether points snap to whole pixels, and to points and edges nearby.
        shows_grid: Whether the test grid stands in for the picture.
        saved: Projectors whose profile is to be used and saved from now on.
        is_open: False once the person has left.
    """

    profiles: Mapping[str, Profile]
    projector: str
    tool: Tool = "mesh"
    item: int = 0
    point: int = 0
    held: Point | None = None
    undo: tuple[tuple[str, Profile], ...] = ()
    redo: tuple[tuple[str, Profile], ...] = ()
    typed: str = ""
    snaps: bool = True
    shows_grid: bool = False
    refusal: str = ""
    saved: frozenset[str] = field(default_factory=frozenset)
    is_open: bool = True

    @classmethod
    def begin(cls, profiles: Mapping[str, Profile]) -> MeshPin:
        """Return the pin with the first projector's first point in hand; `profiles` must not be empty."""
        return cls(dict(profiles), next(iter(profiles)))

    @property
    def profile(self) -> Profile:
        """Return the profile of the projector in hand."""
        return self.profiles[self.projector]

    def items(self, projector: str) -> list[list[Point]]:
        """Return the points of each surface or polygon of a projector, in projector_px."""
        profile = self.profiles[projector]
        if self.tool == "mask":
            return [list(polygon) for polygon in profile.mask]
        return [[point for row in rows_of(shape, profile.size) for point in row] for shape in surfaces_of(profile)]

    def step(self, done: WindowInput) -> MeshPin:
        """Return the pin after what was done at the windows in one frame."""
        pin = replace(self, saved=frozenset())
        for event in done.pointer:
            pin = pin._pointer(event)
        shift = any("shift" in key for key in (*done.keys, *done.pressed))
        for key in done.pressed:
            pin = pin._key(key, shift) if pin.held is None or key in ("escape", "k") else pin
        return pin

    # -- the pointer --------------------------------------------------------------------------

    def _pointer(self, event: PointerEvent) -> MeshPin:
        if event.kind == "press" and event.window in self.profiles:
            return (self._let_go() if self.held else self)._grab(event)
        if self.held is not None and event.kind == "release":
            return self._let_go()
        if self.held is not None and event.kind == "move" and event.window == self.projector:
            return self._moved((event.x_px + self.held[0], event.y_px + self.held[1]))
        return self

    def _grab(self, event: PointerEvent) -> MeshPin:
        size = self.profiles[event.window].size
        places = [(math.dist(point, (event.x_px, event.y_px)), item, number, point)
                  for item, points in enumerate(self.items(event.window)) for number, point in enumerate(points)]
        far, item, number, (x, y) = min(places, default=(math.inf, 0, 0, (0.0, 0.0)))
        if far > size[1] * GRAB_SHARE:
            return self
        return replace(self, projector=event.window, item=item, point=number, refusal="", typed="",
                       held=(x - event.x_px, y - event.y_px),
                       undo=(*self.undo, (event.window, self.profiles[event.window])))

    def _let_go(self) -> MeshPin:
        name, before = self.undo[-1]
        if self.profiles[name] == before:
            return replace(self, held=None, undo=self.undo[:-1])
        return replace(self, held=None, redo=(), saved=self.saved | {name})

    # -- the keys -----------------------------------------------------------------------------

    def _key(self, key: str, shift: bool) -> MeshPin:
        if key in ("escape", "k"):
            return replace(self._let_go() if self.held else self, is_open=False)
        if key in ARROWS:
            return self._nudged(ARROWS[key], LEAP_PX if shift else STEP_PX)
        if key in DIGITS or key in ("backspace", "return", "enter"):
            return self._typing(key)
        match key:
            case "tab":
                return self._next(-1 if shift else 1)
            case "w":
                return self._next_item()
            case "t":
                tool: Tool = "mask" if self.tool == "mesh" else "mesh"
                return replace(self, tool=tool, item=0, point=0, refusal="")
            case "s":
                return replace(self, snaps=not self.snaps)
            case "g":
                return replace(self, shows_grid=not self.shows_grid)
            case "u":
                return self._undone()
            case "y":
                return self._redone()
        return self._changed(key, shift)

    def _changed(self, key: str, shift: bool) -> MeshPin:
        """Return the pin after a key that changes the profile by more than one point."""
        profile = self.profile
        if key == "f":
            feather = max(profile.feather_px + (-FEATHER_PX if shift else FEATHER_PX), 0.0)
            return self._with(replace(profile, feather_px=feather))
        if key == "n":
            return self._new_mask() if self.tool == "mask" else self._new_surface()
        if key in ("x", "delete"):
            return self._removed()
        if self.tool == "mesh" and key in ("page up", "page down", "b"):
            shape = surfaces_of(profile)[self.item]
            changed = toggled(shape, profile.size) if key == "b" else resampled(shape, profile.size, key == "page up")
            if changed is None:
                return replace(self, refusal="no finer and no coarser than this")
            return replace(self._with(with_surface(profile, self.item, changed)), point=0)
        return self

    def _nudged(self, way: tuple[int, int], step_px: float) -> MeshPin:
        points = self._points()
        if not points:
            return self
        x, y = points[self.point]
        return self._put((x + way[0] * step_px, y + way[1] * step_px))

    def _typing(self, key: str) -> MeshPin:
        if key == "backspace":
            return replace(self, typed=self.typed[:-1])
        if key in DIGITS:
            return replace(self, typed=(self.typed + DIGITS[key])[:20], refusal="")
        if not self.typed or not self._points():
            return self
        try:
            x, y = (float(part) for part in self.typed.split(","))
        except ValueError:
            return replace(self, typed="", refusal="type x,y in pixels, such as 512.5,300")
        return replace(self._put((x, y)), typed="")

    def _next(self, by: int) -> MeshPin:
        count = len(self._points())
        if 0 <= self.point + by < count:
            return replace(self, point=self.point + by, refusal="", typed="")
        names = list(self.profiles)
        pin = replace(self, projector=names[(names.index(self.projector) + by) % len(names)], item=0, refusal="")
        return replace(pin, point=max(len(pin._points()) - 1, 0) if by < 0 else 0, typed="")

    def _next_item(self) -> MeshPin:
        count = max(len(self.items(self.projector)), 1)
        return replace(self, item=(self.item + 1) % count, point=0, refusal="")

    def _undone(self) -> MeshPin:
        if not self.undo:
            return replace(self, refusal="nothing to undo")
        *rest, (name, profile) = self.undo
        return self._at(name, profile, tuple(rest), (*self.redo, (name, self.profiles[name])))

    def _redone(self) -> MeshPin:
        if not self.redo:
            return replace(self, refusal="nothing to do again")
        *rest, (name, profile) = self.redo
        return self._at(name, profile, (*self.undo, (name, self.profiles[name])), tuple(rest))

    def _at(self, name: str, profile: Profile, undo: tuple[tuple[str, Profile], ...],
            redo: tuple[tuple[str, Profile], ...]) -> MeshPin:
        return replace(self, profiles={**self.profiles, name: profile}, projector=name, item=0, point=0, refusal="",
                       undo=undo, redo=redo, saved=self.saved | {name})

    # -- what is changed ----------------------------------------------------------------------

    def _points(self) -> list[Point]:
        items = self.items(self.projector)
        return items[self.item] if self.item < len(items) else []

    def _with(self, profile: Profile) -> MeshPin:
        """Return the pin with another profile that is used at once and can be taken back."""
        name = self.projector
        return replace(self, profiles={**self.profiles, name: profile}, undo=(*self.undo, (name, self.profile)),
                       redo=(), saved=self.saved | {name}, refusal="")

    def _put(self, to: Point) -> MeshPin:
        """Return the pin with its point at exactly this place, used at once; or why it cannot be there."""
        pin = replace(self, snaps=False)._moved(to)
        return replace(self, refusal=pin.refusal) if pin.refusal else self._with(pin.profile)

    def _moved(self, to: Point) -> MeshPin:
        profile = self.profile
        to = self._snapped(_reachable(to, profile.size))
        if self.tool == "mask":
            polygon = list(profile.mask[self.item])
            polygon[self.point] = to
            mask = (*profile.mask[:self.item], tuple(polygon), *profile.mask[self.item + 1:])
            changed = replace(profile, mask=mask)
        else:
            shape = surfaces_of(profile)[self.item]
            moved = moved_to(shape, profile.size, self.point, to)
            if moved is None:
                return replace(self, refusal="the mesh must not fold")
            changed = with_surface(profile, self.item, moved)
        return replace(self, refusal="", profiles={**self.profiles, self.projector: changed})

    def _snapped(self, to: Point) -> Point:
        if not self.snaps:
            return to
        width, height = self.profile.size
        others = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
        others += [point for item, points in enumerate(self.items(self.projector))
                   for number, point in enumerate(points) if (item, number) != (self.item, self.point)]
        near = min(others, key=lambda point: math.dist(point, to))
        if math.dist(near, to) <= SNAP_PX:
            return near
        x = min((0.0, float(width), float(round(to[0]))), key=lambda edge: _edge(edge, to[0], width))
        y = min((0.0, float(height), float(round(to[1]))), key=lambda edge: _edge(edge, to[1], height))
        return x, y

    def _new_mask(self) -> MeshPin:
        width, height = self.profile.size
        x, y, part = width / 2, height / 2, height / 6
        square = ((x - part, y - part), (x + part, y - part), (x + part, y + part), (x - part, y + part))
        pin = self._with(replace(self.profile, mask=(*self.profile.mask, square)))
        return replace(pin, item=len(self.profile.mask), point=0)

    def _new_surface(self) -> MeshPin:
        width, height = self.profile.size
        known = surfaces_of(self.profile)
        left, top = width * 0.3, height * 0.3
        fresh = Surface(corners=((left, top), (width - left, top), (width - left, height - top), (left, height - top)))
        pin = self._with(replace(self.profile, surfaces=(*known, fresh), corners=None, mesh=None, bezier=False,
                                 light=None, made=MADE, error_px=None))
        return replace(pin, item=len(known), point=0)

    def _removed(self) -> MeshPin:
        profile = self.profile
        if self.tool == "mask":
            if not profile.mask:
                return replace(self, refusal="there is no mask here; N makes one")
            mask = (*profile.mask[:self.item], *profile.mask[self.item + 1:])
            return replace(self._with(replace(profile, mask=mask)), item=0, point=0)
        known = surfaces_of(profile)
        if len(known) < 2:
            return replace(self, refusal="the only surface stays")
        left = (*known[:self.item], *known[self.item + 1:])
        return replace(self._with(replace(profile, surfaces=left, made=MADE)), item=0, point=0)


def _reachable(to: Point, size: tuple[int, int]) -> Point:
    """Return the nearest place within half a picture beyond the edges, to a hundredth of a pixel."""
    x, y = (round(min(max(part, -length / 2), length * 1.5), 2) for part, length in zip(to, size, strict=True))
    return x, y


def _edge(edge: float, at: float, length: int) -> float:
    """Return how far a place is from an edge that it may snap to; whole pixels count only where no edge is near."""
    is_edge = edge in (0.0, float(length))
    return abs(edge - at) if not is_edge else abs(edge - at) - SNAP_PX if abs(edge - at) <= SNAP_PX else math.inf
