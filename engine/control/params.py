"""The tree of Params: one address each (`/scene/embers/hue`), one way to set it, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.control.addresses import argument
from engine.problems import Problem, did_you_mean
from engine.scene.param import ParamError, ParamSpec
from engine.show.model import ParamLink, ParamValue
from engine.world import Event


@dataclass(slots=True)
class ParamEntry:
    """One Param of the show.

    Attributes:
        start: Value that the show file gives it, or its default.
        value: Value now.
        target: Value at the end of the glide under way.
        link: The sensor or controller that drives it, if any.
        turned: Whether a person, a controller or a cue gave it its value; else it follows its start.
    """

    address: str
    spec: ParamSpec
    start: Any
    value: Any
    target: Any
    link: ParamLink | None = None
    origin: Any = None
    length_s: float = 0.0
    left_s: float = 0.0
    turned: bool = False

    def move(self, target: Any, seconds: float = 0.0) -> None:
        """Go to a value, at once or gliding from where it is."""
        self.origin, self.target, self.length_s, self.left_s = self.value, target, seconds, seconds
        if seconds <= 0.0:
            self.value = target

    def step(self, dt: float) -> None:
        """Glide on by `dt` seconds."""
        if self.left_s > 0.0:
            self.left_s -= dt
            share = 1.0 if self.left_s <= 1e-9 else 1.0 - self.left_s / self.length_s
            self.value = self.spec.blend(self.origin, self.target, share)


Entries = dict[str, ParamEntry]


class ParamTree:
    """The Params of all scenes of a show, by the scene's name; those of the show itself by theirs, such as `/tempo`."""

    def __init__(self) -> None:
        self._scenes: dict[str, Entries] = {}
        self._links: dict[str, list[ParamEntry]] = {}
        self._moving: dict[str, ParamEntry] = {}
        self._fired: dict[str, ParamEntry] = {}
        self._before: dict[str, tuple[Entries, Entries]] = {}

    def __iter__(self) -> Iterator[ParamEntry]:
        return (entry for entries in self._scenes.values() for entry in entries.values())

    def values(self, scene: str) -> dict[str, Any]:
        """Return the values of a scene's Params by name."""
        return {name: entry.value for name, entry in self._scenes.get(scene, {}).items()}

    def entry(self, address: str) -> ParamEntry | None:
        """Return the Param of an address, or None."""
        group, _, name = address.rpartition("/")
        known = self._scenes.get(group.removeprefix("/scene/"), {}) if address.startswith("/") else {}
        return known.get(name)

    # -- setting -------------------------------------------------------------------------------

    def set(self, address: str, value: Any, over_s: float = 0.0) -> Problem | None:
        """Set a Param, moved into its range, at once or gliding; return what is wrong if it cannot be.

        Args:
            address: `/scene/NAME/PARAM`.
            value: As `ParamSpec.accept` takes it.
        """
        entry = self.entry(address)
        if entry is None:
            return Problem(
                address, 0, "there is no such Param" + did_you_mean(address, [known.address for known in self])
            )
        try:
            self._move(entry, entry.spec.accept(value), over_s)
        except ParamError as error:
            return Problem(address, 0, str(error))
        return None

    def reset(self, address: str, over_s: float = 0.0) -> None:
        """Let a Param go back to its start and follow it again."""
        entry = self.entry(address)
        if entry is not None:
            self._move(entry, entry.start, over_s)
            entry.turned = False

    def apply(self, event: Event) -> list[Problem]:
        """Move the Params that are linked to the event's source; return what is wrong."""
        problems = []
        for entry in self._links.get(event.source, ()):
            given, link = argument(event), entry.link
            try:
                is_share = isinstance(given, int | float) and not isinstance(given, bool)
                value = (
                    entry.spec.scaled(event.value, link.low, link.high)
                    if is_share and link
                    else entry.spec.accept(given)
                )
                self._move(entry, value)
            except ParamError as error:
                problems.append(Problem(entry.address, 0, f"{event.source}: {error}"))
        return problems

    def step(self, dt: float) -> None:
        """Glide on by `dt` seconds."""
        for entry in list(self._moving.values()):
            entry.step(dt)
            if entry.left_s <= 0.0:
                del self._moving[entry.address]

    def settle(self) -> None:
        """End the frame: triggers are true for one only."""
        for entry in self._fired.values():
            entry.value = entry.target = False
        self._fired.clear()

    # -- scenes come, change and go ------------------------------------------------------------

    def foresee(self, scene: str, specs: Iterable[ParamSpec], given: Mapping[str, ParamValue | ParamLink]) -> Entries:
        """Return what a scene's Params become with these specs and the show file's values, changing nothing.

        What was turned by hand or by a cue stays; what still stands at its start follows a new start. A Param that
        differs from one that is gone in its name only is that one renamed.
        """
        before, wanted = self._scenes.get(scene, {}), {spec.name: spec for spec in specs}
        gone = [entry for name, entry in before.items() if name not in wanted]
        come = [spec for name, spec in wanted.items() if name not in before]
        renamed = {spec.name: _namesake(spec, gone, come) for spec in come}
        return {
            name: _entry(scene, spec, given.get(name), before.get(name) or renamed[name])
            for name, spec in wanted.items()
        }

    def adopt(
        self, scene: str, specs: Iterable[ParamSpec], given: Mapping[str, ParamValue | ParamLink]
    ) -> list[Problem]:
        """Make the Params of a scene what `foresee` says; return what the show file gives them in vain."""
        specs = tuple(specs)
        before, self._scenes[scene] = self._scenes.get(scene, {}), self.foresee(scene, specs, given)
        self._before[scene] = before, {name: replace(entry) for name, entry in self._scenes[scene].items()}
        self._reindex()
        known = {spec.name: spec for spec in specs}
        problems = []
        for name, value in given.items():
            wrong = (
                _fault(known[name], value) if name in known else "there is no such Param" + did_you_mean(name, known)
            )
            if wrong and known:
                problems.append(Problem(_address(scene, name), 0, wrong))
        return problems

    def take_back(self, scene: str) -> None:
        """Return to a scene's Params before the last `adopt`; what was turned since stays turned."""
        before, adopted = self._before.pop(scene, ({}, {}))
        for name, entry in before.items():
            now = self._scenes[scene].get(name)
            if now is not None and (now.target != adopted[name].target or entry.target == adopted[name].target):
                before[name] = _inherited(entry, now)
            else:  # it was gone, or moved into another range
                entry.value, entry.left_s = entry.target, 0.0
        self._scenes[scene] = before
        self._reindex()

    def remove(self, scene: str) -> None:
        """Forget a scene's Params."""
        self._scenes.pop(scene, None)
        self._before.pop(scene, None)
        self._reindex()

    def _move(self, entry: ParamEntry, target: Any, seconds: float = 0.0) -> None:
        is_trigger = entry.spec.kind == "trigger"
        entry.move(target, 0.0 if is_trigger else seconds)
        entry.turned = True
        (self._fired if is_trigger else self._moving)[entry.address] = entry

    def _reindex(self) -> None:
        self._links, self._moving, self._fired = {}, {}, {}
        for entry in self:
            (self._fired if entry.spec.kind == "trigger" else self._moving)[entry.address] = entry
            if entry.link is not None:
                self._links.setdefault(entry.link.source, []).append(entry)


def _entry(scene: str, spec: ParamSpec, given: ParamValue | ParamLink | None, before: ParamEntry | None) -> ParamEntry:
    link = given if isinstance(given, ParamLink) else None
    wanted = link.start if link else given
    try:
        start = spec.default if wanted is None else spec.accept(wanted)
    except ParamError:
        start = spec.default
    fresh = ParamEntry(_address(scene, spec.name), spec, start, start, start, link)
    return fresh if before is None else _inherited(fresh, before)


def _address(scene: str, name: str) -> str:
    return f"{scene}/{name}" if scene.startswith("/") else f"/scene/{scene}/{name}"


def _inherited(fresh: ParamEntry, before: ParamEntry) -> ParamEntry:
    """Return a Param with the value, the glide and the touch of the one before it, where its type allows."""
    spec, numbers = fresh.spec, ("number", "whole")
    if before.spec.kind != spec.kind and not (spec.kind in numbers and before.spec.kind in numbers):
        return fresh
    if not before.turned and before.left_s <= 0.0:
        return fresh
    try:
        value, target = spec.accept(before.value), spec.accept(before.target) if before.turned else fresh.start
        origin = spec.accept(before.value if before.origin is None else before.origin)
    except ParamError:
        return fresh
    return replace(fresh, value=value, target=target, origin=origin, length_s=before.length_s, left_s=before.left_s,
                   turned=before.turned)


def _namesake(spec: ParamSpec, gone: Sequence[ParamEntry], come: Sequence[ParamSpec]) -> ParamEntry | None:
    """Return the one Param gone that was like `spec` in all but the name, if no other has come that is like it too."""
    alike = [entry for entry in gone if replace(entry.spec, name=spec.name) == spec]
    rivals = [other for other in come if replace(other, name=spec.name) == spec]
    return alike[0] if len(alike) == len(rivals) == 1 else None


def _fault(spec: ParamSpec, given: ParamValue | ParamLink) -> str:
    wanted = given.start if isinstance(given, ParamLink) else given
    try:
        if wanted is not None:
            spec.accept(wanted)
    except ParamError as error:
        return str(error)
    return ""
