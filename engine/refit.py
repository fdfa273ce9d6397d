"""Refit: the parts that run are fitted to another version of the show; what cannot be asks for a new start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.aside import Job, Steps
from engine.assembly import profile_path, room_of
from engine.inputs.dmx import wanted
from engine.inputs.serial import devices
from engine.problems import MixeurError, Problem
from engine.scene.parts import Parts
from engine.show.model import Camera, Projector, Show, Sound, Speaker, Stage, Tempo
from engine.show.profile import Profile
from engine.show.references import sources

PLAN_LIMIT_S = 10.0
WHOLE = ("stage", "flashes", "tempo", "cameras", "projectors", "speakers", "sound", "mics", "midi", "osc", "sends",
         "rooms")
LIVE: Mapping[type, frozenset[str]] = {  # what changes while the show runs; the rest needs new processes
    Stage: frozenset({"fallback"}),
    Tempo: frozenset({"bpm", "beats", "swing", "source", "low", "high"}),
    Camera: frozenset({"mirror", "corners", "lost"}),
    Projector: frozenset({"profile", "flip", "feather"}),
    Speaker: frozenset({"at_m", "trim_db", "delay_ms", "highpass_hz", "lowpass_hz", "eq"}),
    Sound: frozenset({"level_db", "lost", "panning", "centre_m", "blur", "rolloff_db", "falloff_db",
                      "pink_spl_db", "max_laeq15_db", "max_lceq15_db", "max_laeq8h_db"}),
}


class Direction(Protocol):
    """What the director does with another version."""

    def reloads(self, changed: Collection[Path]) -> Mapping[str, Steps[Problem | None]]: ...
    def adoption(self, show: Show, parts: Parts | None = None) -> Steps[Problem | None]: ...


class Speakers(Protocol):
    """What the sound does with another version."""

    def adopt(self, show: Show) -> None: ...
    def renew(self, changed: Collection[Path]) -> None: ...


class Cameras(Protocol):
    """What a camera's link does with another version."""

    camera: Camera


class Light(Protocol):
    """What the light does with another version."""

    def profiles(self) -> Mapping[str, Profile]: ...
    def planned(self, projector: Projector, path: Path) -> Any: ...
    def take(self, name: str, plan: Any) -> None: ...


class Refit:
    """The running show as its files say.

    Args:
        make_parts: Returns what scenes are built with.
        anew: Called once when the show must be started anew; the reason in words.
        say: Where a line for the operator goes.

    Attributes:
        show: As its files say; `room` is its room.
    """

    def __init__(self, show: Show, director: Direction, sound: Speakers, cameras: Mapping[str, Cameras], light: Light,
                 make_parts: Callable[[Show], Parts], anew: Callable[[str], None], say: Callable[[str], None]) -> None:
        self.show, self.room = show, room_of(show, light.profiles())
        self._director, self._sound, self._cameras, self._light = director, sound, cameras, light
        self._ports = _ports(show)
        self._make_parts, self._anew, self._say = make_parts, anew, say

    def reloads(self, changed: Collection[Path]) -> Mapping[str, Steps[Any]]:
        """Return the steps that take changed files: scenes, and projectors' profiles. Samples are read at once."""
        self._sound.renew(changed)
        steps: dict[str, Steps[Any]] = dict(self._director.reloads(changed))
        for projector in self.show.projectors.values():
            path = profile_path(self.show, projector)
            if path.resolve() in changed and path.exists():
                steps[f"projector.{projector.name}"] = self._place(projector)
        return steps

    def adoption(self, show: Show) -> Steps[Problem | None]:
        """Take another version of the show; return why it is not taken."""
        whole = [name for name in WHOLE if _fixed(getattr(show, name)) != _fixed(getattr(self.show, name))]
        if show.simulated != self.show.simulated:
            whole.append("room.toml")
        if _ports(show) != self._ports:
            whole.append("serial and DMX inputs")
        if whole:
            self._anew(", ".join(whole))
            return None
        problem = yield from self._director.adoption(show, self._make_parts(show))
        if problem is not None:
            return problem
        before, self.show, self.room = self.show, show, room_of(show, self._light.profiles())
        self._sound.adopt(show)
        for name, link in self._cameras.items():
            link.camera = show.cameras[name]
        for name, projector in show.projectors.items():
            if projector != before.projectors[name]:
                yield from self._place(projector)
        return None

    def _place(self, projector: Projector) -> Steps[None]:
        plan = yield Job(lambda: self._planned(projector), PLAN_LIMIT_S)
        if isinstance(plan, BaseException):
            self._say(f"projector.{projector.name}: {plan} (the light stays as it was)")
        else:
            self._light.take(projector.name, plan)
            self.room = room_of(self.show, self._light.profiles())

    def _planned(self, projector: Projector) -> Any:
        try:
            return self._light.planned(projector, profile_path(self.show, projector))
        except (MixeurError, OSError) as error:
            return error


def _ports(show: Show) -> tuple[object, ...]:
    """Return the devices that only a new start opens."""
    named = [source for _, source in sources(show)]
    return set(devices(named)), wanted(named)


def _fixed(part: Any) -> Any:
    """Return what of a part of the show cannot change while it runs."""
    if isinstance(part, Mapping):
        return {name: _fixed(each) for name, each in part.items()}
    live = LIVE.get(type(part), frozenset())
    return {item.name: getattr(part, item.name) for item in dataclasses.fields(part) if item.name not in live}
