"""Handover: who is the same person in several cameras of one room. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.clock import NS
from engine.world import Person

NEAR, APART = 0.12, 0.25  # of the stage's height: 30 and 60 cm of a floor 2.5 m deep
APART_S = 0.5
GONE_S = 1.0
CAMERAS = 16  # ids of a group: the member's id times this, and the member's number
STAND_INS = 500_000
Key = tuple[int, int]  # which camera, and the person's id there


@dataclass(slots=True)
class _Known:
    """Somebody in the room: who shows them now, and where they were seen last."""

    shown_by: Key
    person: Person
    seen_ns: int


class Handover:
    """Gives people seen by several cameras one id each, which they keep when they walk from one to the next.

    A person who appears where another camera sees somebody, or lost somebody within the last second, is that somebody,
    unless the camera sees that one too. Two who were taken for one and go apart are two again after half a second.
    """

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._known: dict[int, _Known] = {}
        self._apart_ns: dict[Key, int] = {}

    def join(self, seen: Mapping[int, Sequence[Person]], height_px: float, now_ns: int,
             ) -> tuple[dict[int, Person], dict[Key, int]]:  # fmt: skip
        """Return each person once by their id in the room, and the room's id of each that a camera sees.

        Args:
            seen: People by the camera's number, less than 16, in pixels that all cameras share.
            height_px: The stage's height in them.
            now_ns: When they were seen.
        """
        there = {(camera, person.id): person for camera, people in seen.items() for person in people}
        self._numbers = {key: number for key, number in self._numbers.items() if key in there}
        held = set(self._numbers.values())
        self._known = {number: known for number, known in self._known.items()
                       if number in held or now_ns - known.seen_ns < GONE_S * NS}  # fmt: skip
        self._apart_ns = {key: since_ns for key, since_ns in self._apart_ns.items() if key in self._numbers}
        for key, person in there.items():
            if key not in self._numbers:
                self._numbers[key] = self._nearest(key, person, NEAR * height_px, now_ns) or _number(key)
                self._known.setdefault(self._numbers[key], _Known(key, person, now_ns))
        self._part(there, APART * height_px, now_ns)
        found = {}
        for number, keys in self._keys().items():
            shown_by = self._known[number].shown_by
            key = shown_by if shown_by in keys else keys[0]
            self._known[number] = _Known(key, there[key], now_ns)
            found[number] = there[key]
        return found, dict(self._numbers)

    def _keys(self) -> dict[int, list[Key]]:
        keys: dict[int, list[Key]] = {}
        for key, number in self._numbers.items():
            keys.setdefault(number, []).append(key)
        return keys

    def _nearest(self, key: Key, person: Person, near_px: float, now_ns: int) -> int | None:
        """Return who of those that this camera does not see is near enough to be the person."""
        own = {number for (camera, _), number in self._numbers.items() if camera == key[0]}
        far = {number: _distance(_ahead(known, now_ns), person.foot_px)
               for number, known in self._known.items() if number not in own}  # fmt: skip
        number = min(far, key=lambda each: far[each], default=None)
        return number if number is not None and far[number] < near_px else None

    def _part(self, there: Mapping[Key, Person], apart_px: float, now_ns: int) -> None:
        """Let those be two again who were taken for one."""
        for number, keys in self._keys().items():
            shown_by = self._known[number].shown_by
            for key in keys:
                if key == shown_by or shown_by not in keys:
                    continue
                if _distance(there[shown_by].foot_px, there[key].foot_px) < apart_px:
                    self._apart_ns.pop(key, None)
                elif now_ns - self._apart_ns.setdefault(key, now_ns) >= APART_S * NS:
                    # The room's id is the own one of one of the two at most.
                    other = key if _number(key) != number else shown_by
                    self._numbers[other] = _number(other)
                    self._known[number].shown_by = key if other is shown_by else shown_by
                    self._known.setdefault(_number(other), _Known(other, there[other], now_ns))
                    self._apart_ns.pop(key)
                    break


def _number(key: Key) -> int:
    """Return an id that no other camera's person has, also after an engine that began anew."""
    camera, person = key
    base = STAND_INS if person >= STAND_INS else 0
    return base + (person - base) * CAMERAS + camera


def _ahead(known: _Known, now_ns: int) -> tuple[float, float]:
    """Return where somebody who walks on is now."""
    seconds, (x, y), (vx, vy) = (now_ns - known.seen_ns) / NS, known.person.foot_px, known.person.velocity_px
    return x + vx * seconds, y + vy * seconds


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
