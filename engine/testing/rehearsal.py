"""Rehearsal: a whole show in one process on virtual time, with simulated visitors; the same run every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.assembly import scene_parts, stage_size
from engine.clock import Clock, Tick, VirtualClock, monotonic_ns
from engine.crew import Crew
from engine.direct import Direct
from engine.director import Director
from engine.fake.camera import InlineCamera
from engine.fake.mic import InlineMic
from engine.fake.visitors import Visitors
from engine.frame import Frame
from engine.loop import frames
from engine.problems import Problem
from engine.render import kernels as render_kernels
from engine.render.compositor import Compositor
from engine.render.layer import Group, Still
from engine.scene.running import Running
from engine.sense import Room
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.model import Show
from engine.show.views import views
from engine.sound.offline import OfflineSound
from engine.telemetry import Telemetry
from engine.world import EMPTY, Event, Mouse, Now, Signals


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens at a moment of a rehearsal: an event, keys held, or the pointer moved.

    Attributes:
        at_s: When, in seconds.
        event: Source and arguments of a message, such as `("osc:/contact/level", 0.4)`, or None.
        keys: Names of the keys that are held from then on, or None for no change.
        mouse: (x, y) in stage units from then on, or None for no change.
    """

    at_s: float
    event: tuple[str, float] | None = None
    keys: frozenset[str] | None = None
    mouse: tuple[float, float] | None = None


class ScriptedDevices:
    """Devices of a virtual room: simulated cameras and microphones, and acts of a script."""

    def __init__(self, cameras: Mapping[str, InlineCamera], script: Sequence[Act] = (),
                 mics: Mapping[str, InlineMic] = EMPTY) -> None:
        self._cameras, self._mics = cameras, mics
        self._left = sorted(script, key=lambda act: act.at_s)
        self._keys: frozenset[str] = frozenset()
        self._mouse = Mouse()

    def poll(self, tick: Tick) -> Signals:
        """Return what the script and the cameras say at this tick."""
        events, pressed = [], []
        while self._left and self._left[0].at_s <= tick.time + 1e-9:
            act = self._left.pop(0)
            if act.event:
                events.append(Event(act.event[0], (act.event[1],), tick.due_ns))
            if act.keys is not None:
                pressed += sorted(act.keys - self._keys)
                self._keys = act.keys
            if act.mouse:
                self._mouse = Mouse(*act.mouse, inside=True)
        events += [Event(f"key:{key}", (1.0,), tick.due_ns) for key in pressed]
        seen = {}
        for name, camera in self._cameras.items():
            camera.guest(self._mouse.x, self._mouse.y, self._mouse.inside)
            seen[name] = camera.poll(tick.due_ns)
        return Signals(
            tuple(events),
            {name: sighting for name, (sighting, _) in seen.items()},
            {name: matte for name, (_, matte) in seen.items() if matte is not None},
            self._mouse,
            self._keys,
            tuple(pressed),
            {name: mic.poll(tick.due_ns) for name, mic in self._mics.items()},
        )


@dataclass(frozen=True)
class Moment:
    """One rehearsed frame."""

    tick: Tick
    now: Now
    frame: Frame
    compose: Callable[[tuple[Group, ...], Still | None], NDArray[np.uint8]] = field(repr=False)

    @cached_property
    def stage(self) -> NDArray[np.uint8]:
        """Return the picture of the view `stage`, opaque, composed when it is first asked for.

        Returns:
            RGBA. Shape (height, width, 4), uint8; valid until the next frame.
        """
        return self.compose(self.frame.picture.views.get("stage", ()), self.frame.picture.still)


class Rehearsal:
    """A show in one process.

    Args:
        show: Already read; it is furnished and its devices are simulated.
        seconds: How long it plays.
        seed: Of scenes and visitors.
        script: What happens besides the visitors.
        visitors: How many walk about.

    Attributes:
        sound: The speakers of the virtual room.
        director: Cues, Params and problems of the run.
        problems: Everything that went wrong.
    """

    def __init__(
        self,
        show: Show,
        seconds: float,
        *,
        seed: int = 1,
        script: Sequence[Act] = (),
        visitors: int = 2,
        threads: int = 1,
    ) -> None:
        self.show = furnish(replace(show, simulated=True))
        self.problems: list[Problem] = []
        self.printed: list[str] = []
        self.clock = VirtualClock(self.show.stage.fps, frames=round(seconds * self.show.stage.fps))
        people = Visitors(seed, self.show.stage.aspect, visitors)
        cameras = {n: InlineCamera(c, people, seed + i) for i, (n, c) in enumerate(views(self.show.cameras).items())}
        self.sound = OfflineSound(self.show.sound, self.show.speakers, self.show.stage, mics=tuple(self.show.mics),
                                  reverb=self.show.reverb)
        mics = {n: InlineMic(self.sound.memory, i, seed + i) for i, n in enumerate(self.show.mics)}
        self._devices = ScriptedDevices(cameras, script, mics)
        self.director = _director(self.show, seed, self.clock, self.problems.append, self._say)
        self._compositor = Compositor(stage_size(self.show).size_px, render_kernels, Crew(alone=threads < 2))

    def _say(self, scene: str, line: str) -> None:
        self.printed.append(f"{scene}: {line}")

    def frames(self) -> Iterator[Moment]:
        """Play, one frame at a time; sound is rendered along."""
        telemetry = Telemetry(self.clock.now_ns, self.clock.fps)
        room = Room.of(self.show)
        direct = Direct(lambda: room, self.sound.control)
        for tick, now, frame in frames(self.clock, self._devices, lambda: room, self.director, telemetry, direct):
            self.sound.submit(frame.sounds, tick.due_ns)
            yield Moment(tick, now, frame, self._compositor.compose)
            self.sound.advance((tick.frame + 1) / self.clock.fps)

    def play(self) -> Rehearsal:
        """Play to the end for the sound, the problems and the last state alone."""
        for _ in self.frames():
            pass
        return self


def rehearse(
    show: Show | Path, seconds: float, *, seed: int = 1, script: Sequence[Act] = (), visitors: int = 2, threads: int = 1
) -> Rehearsal:
    """Return the rehearsal of a show, a show file, or a single scene.

    Raises:
        ShowError: The show cannot run; carries every problem found.
    """
    checked = read_show(show, simulate=True) if isinstance(show, Path) else show
    return Rehearsal(checked, seconds, seed=seed, script=script, visitors=visitors, threads=threads)


def silent_loop(show: Path) -> Callable[[Clock], None]:
    """Return a loop over a show with nobody there and nothing shown: what remains is the engine's own work."""
    read = read_show(show, simulate=True)
    director = _director(read, 1, VirtualClock(), lambda _: None, lambda *_: None)

    def loop(clock: Clock) -> None:
        devices, room = ScriptedDevices({}), Room.of(read)
        for _ in frames(clock, devices, lambda: room, director, Telemetry(monotonic_ns, clock.fps)):
            pass

    return loop


def _director(
    show: Show, seed: int, clock: Clock, report: Callable[[Problem], None], say: Callable[[str, str], None]
) -> Director:
    parts = scene_parts(show, seed, clock.now_ns, say)
    return Director(show, lambda entry, key: Running(entry, key, parts), report)
