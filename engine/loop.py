"""The loop: one frame after another, every part passed in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Protocol

from engine.clock import Clock, Tick
from engine.frame import Frame
from engine.sense import Room, SenseState, sense
from engine.telemetry import Telemetry
from engine.world import Event, Now, Signals


class Devices(Protocol):
    """Everything that speaks; never blocks."""

    def poll(self, tick: Tick) -> Signals:
        """Return what was said since the last tick."""


class Direction(Protocol):
    """What decides the frame; never raises."""

    def step(self, now: Now, events: tuple[Event, ...], wall: datetime.datetime) -> Frame:
        """Return the frame's light and sound."""


class Outputs(Protocol):
    """Everything that shows and sounds."""

    finished: bool

    def present(self, frame: Frame, now: Now, tick: Tick) -> None:
        """Show one frame."""


def frames(
    clock: Clock, devices: Devices, room: Callable[[], Room], director: Direction, telemetry: Telemetry
) -> Iterator[tuple[Tick, Now, Frame]]:
    """Yield what is to be shown, one frame after another; `room` is asked in each, since a technician may change it."""
    state = SenseState()
    for tick in clock.ticks():
        telemetry.begin(tick)
        signals = devices.poll(tick)
        telemetry.mark("poll")
        wall = clock.wall()
        now, state = sense(room(), state, signals, tick, wall)
        telemetry.mark("sense")
        frame = director.step(now, signals.events, wall)
        telemetry.mark("scene")
        yield tick, now, frame
        telemetry.mark("present")
        telemetry.end()


def run(
    clock: Clock,
    devices: Devices,
    room: Callable[[], Room],
    director: Direction,
    outputs: Outputs,
    telemetry: Telemetry,
) -> None:
    """Run the show until the clock ends or the outputs are finished."""
    for tick, now, frame in frames(clock, devices, room, director, telemetry):
        outputs.present(frame, now, tick)
        if outputs.finished:
            return
