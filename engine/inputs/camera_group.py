"""Small cameras of one room, seen by scenes as one: a camera of a group that is lost is a gap, and slows no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np

from engine.show.model import Camera
from engine.show.views import members
from engine.stage_view import WHOLE, lay, lay_flow
from engine.vision.handover import Handover
from engine.world import Floats, Matte, Person, Pixels, Sighting


class Looker(Protocol):
    """One camera of a group."""

    camera: Camera

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return the newest sighting and keyed picture."""

    def guest(self, x: float, y: float, present: bool) -> None:
        """Tell a simulated camera where the mouse is."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What one camera saw, laid onto the stage; pixels are those of the group's picture."""

    sighting: Sighting
    people: tuple[Person, ...]
    mask: Pixels | None
    flow_px: Floats | None


class CameraGroup:
    """Joins what the cameras of a group see into the picture of one that sees the whole stage.

    Args:
        name: Of the group.
        links: Its cameras; where their pictures lie on the stage is told by `corners`.
    """

    def __init__(self, name: str, links: Sequence[Looker]) -> None:
        self._name, self._links = name, links
        self._laid: dict[int, Laid] = {}
        self._handover = Handover()
        self._sighting = Sighting(name)
        self._mark: tuple[tuple[int, int], ...] = ()
        self._matte: Matte | None = None
        self._matte_mark: tuple[Any, ...] = ()

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return what the cameras that are live see; the group is live while one of them is."""
        polled = [link.poll(now_ns) for link in self._links]
        live = {number: sighting for number, (sighting, _) in enumerate(polled) if sighting.state == "live"}
        if not live:
            states = [sighting.state for sighting, _ in polled]
            return Sighting(self._name, next((s for s in ("dark", "stale") if s in states), "lost")), None
        mark = tuple((number, sighting.frame) for number, sighting in live.items())
        if mark != self._mark:
            self._mark, self._sighting = mark, self._joined(live, now_ns)
        return self._sighting, self._newest({n: matte for n, (_, matte) in enumerate(polled) if matte is not None})

    def guest(self, x: float, y: float, present: bool) -> None:
        """Tell simulated cameras where the mouse is."""
        for link in self._links:
            link.guest(x, y, present)

    def _joined(self, live: Mapping[int, Sighting], now_ns: int) -> Sighting:
        size = max(sighting.size for sighting in live.values())
        for number, sighting in live.items():
            before = self._laid.get(number)
            if before is None or before.sighting is not sighting:
                self._laid[number] = laid(sighting, self._links[number].camera, size)
        seen = {number: self._laid[number] for number in live}
        people, numbers = self._handover.join({n: each.people for n, each in seen.items()}, size[1], now_ns)
        contacts = {tuple(sorted((numbers[n, a], numbers[n, b]))) for n, s in live.items() for a, b in s.contacts
                    if (n, a) in numbers and (n, b) in numbers}  # fmt: skip
        return Sighting(
            self._name, "live", self._sighting.frame + 1, max(s.captured_ns for s in live.values()), size,
            tuple(replace(person, id=number) for number, person in people.items()),
            union([each.mask for each in seen.values() if each.mask is not None]),
            strongest([each.flow_px for each in seen.values() if each.flow_px is not None]),
            max(s.motion for s in live.values()), tuple((a, b) for a, b in sorted(contacts) if a != b),
        )  # fmt: skip

    def _newest(self, mattes: Mapping[int, Matte]) -> Matte | None:
        """Return the keyed pictures as one, where one of them is new."""
        mark = tuple((number, matte.frame) for number, matte in mattes.items())
        if mark != self._matte_mark:
            self._matte_mark = mark
            pixels = union([matte.pixels for matte in mattes.values()])
            frame = 0 if self._matte is None else self._matte.frame + 1
            captured_ns = max((matte.captured_ns for matte in mattes.values()), default=0)
            self._matte = None if pixels is None else Matte(pixels, captured_ns, frame)
        return self._matte if mattes else None


def gathered(links: Mapping[str, Any]) -> dict[str, Any]:
    """Return what scenes see: cameras that stand alone, and groups."""
    cameras = {name: link.camera for name, link in links.items()}
    return {view: CameraGroup(view, [links[name] for name in names]) if cameras[names[0]].group else links[view]
            for view, names in members(cameras).items()}  # fmt: skip


def laid(sighting: Sighting, camera: Camera, size: tuple[int, int]) -> Laid:
    """Return what a camera saw as it lies on the stage, not mirrored, in a picture of `size` (width, height)."""
    corners = camera.corners or WHOLE
    width, height = size
    matrix = cv2.getPerspectiveTransform(
        (np.array(corners) * sighting.size).astype(np.float32),
        np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32))  # fmt: skip
    mask, flow = sighting.mask, sighting.flow_px
    if mask is not None and camera.corners is not None:
        lay(mask, corners, out := np.empty_like(mask), soft=False)
        mask = out
    if mask is not None and mask.shape != (height, width):
        mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    if flow is not None:
        flow = lay_flow(flow, sighting.size, corners, width / height) * np.float32(height)
    return Laid(sighting, tuple(_person(person, matrix) for person in sighting.people), mask, flow)


def _person(person: Person, matrix: Any) -> Person:
    """Return somebody in the pixels that `matrix` leads to."""
    (x, y), (vx, vy), (left, top, width, height) = person.foot_px, person.velocity_px, person.box_px
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    points = np.concatenate([[(x, y), (x + vx * 0.01, y + vy * 0.01), *corners], person.outline_px])
    moved = cv2.perspectiveTransform(points[None].astype(np.float32), matrix)[0]
    foot, ahead = moved[:2].astype(float)
    (x_0, y_0), (x_1, y_1) = moved[2:6].min(axis=0).tolist(), moved[2:6].max(axis=0).tolist()
    outline = np.ascontiguousarray(moved[6:])
    outline.flags.writeable = False
    velocity = (ahead - foot) * 100
    return Person(person.id, (float(foot[0]), float(foot[1])), (x_0, y_0, x_1 - x_0, y_1 - y_0),
                  (float(velocity[0]), float(velocity[1])), outline)  # fmt: skip


def union(pictures: Sequence[Pixels]) -> Pixels | None:
    """Return the brightest of all pictures at each pixel, as large as the widest one, read-only; None for none."""
    if not pictures:
        return None
    height, width = max((picture.shape[:2] for picture in pictures), key=lambda shape: shape[1])
    whole: Pixels | None = None
    for picture in pictures:
        if picture.shape[:2] != (height, width):
            picture = np.asarray(cv2.resize(picture, (width, height)), np.uint8)
        whole = picture if whole is None else np.asarray(cv2.max(whole, picture), np.uint8)
    assert whole is not None
    whole = whole.view()
    whole.flags.writeable = False
    return whole


def strongest(flows: Sequence[Floats]) -> Floats | None:
    """Return the flow of whoever moves most to either side, read-only; None for none. Shapes (h, w, 2), all alike."""
    if not flows:
        return None
    stack = np.stack(flows)
    whole = np.asarray(np.maximum(stack.max(axis=0), 0) + np.minimum(stack.min(axis=0), 0), np.float32)
    whole.flags.writeable = False
    return whole
