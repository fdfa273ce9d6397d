"""Outputs: where a live show's frames go; sound first, because it is due soonest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.clock import Tick
from engine.frame import Frame
from engine.light.levels import LampLevel
from engine.render.stage import LightOutput
from engine.sound.events import Sounds
from engine.world import Now

Pixels = NDArray[np.uint8]
DARK_EVERY = 6  # frames without any light, as in a closed house, of which one is presented


class Speakers(Protocol):
    """The engine's end of the sound process."""

    def submit(self, sounds: Sequence[Sounds], time_ns: int, moment_ns: int | None = None) -> None:
        """Play what is asked for in the frame that is due at `time_ns` and answers to what arrived at `moment_ns`."""


class Lamps(Protocol):
    """The fixtures of the room."""

    def submit(self, levels: Sequence[LampLevel], dt: float) -> None:
        """Take what a frame of `dt` seconds asks of the lamps."""


class Screens(Protocol):
    """Windows behind their guard, or what stands in for them."""

    def memory(self) -> Mapping[str, Pixels]:
        """Return where pictures may be made, by projector."""

    def present(self, frames: Mapping[str, Pixels], time_s: float) -> None:
        """Show pictures, by projector, due at a time."""


class Desk(Protocol):
    """The person at the machine."""

    leaving: bool

    def overlay(self, frames: Mapping[str, Pixels]) -> Mapping[str, Pixels]:
        """Return the pictures with what the operator has laid over them."""


class LiveOutputs:
    """Everything that shows and sounds in a live show.

    Args:
        shown: Called after each frame, with the number of frames shown so far, and its tick.
        stopping: Whether the show is asked to end.

    Attributes:
        finished: True once the show is to end.
    """

    def __init__(
        self,
        light: LightOutput,
        speakers: Speakers,
        lamps: Lamps,
        screens: Screens,
        desk: Desk,
        shown: Callable[[int, Now, Frame, Tick], None],
        stopping: Callable[[], bool],
    ) -> None:
        self.finished = False
        self._light, self._speakers, self._lamps, self._screens, self._desk = light, speakers, lamps, screens, desk
        self._shown, self._stopping = shown, stopping
        self._count = 0

    def present(self, frame: Frame, now: Now, tick: Tick) -> None:
        """Sound, then light one frame."""
        self._speakers.submit(frame.sounds, tick.due_ns, frame.moment_ns)
        self._lamps.submit(frame.lamps, tick.dt)
        if frame.picture.views or frame.picture.still or self._count % DARK_EVERY == 0:
            frames = self._light.render(frame.picture, tick.dt, self._screens.memory())
            self._screens.present(self._desk.overlay(frames), tick.time)
        self._count += 1
        self._shown(self._count, now, frame, tick)
        self.finished = self._desk.leaving or self._stopping()
