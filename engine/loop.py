"""The loop: one frame after another, every part passed in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from engine.clock import Clock, Tick
from engine.direct import Direct
from engine.frame import Frame
from engine.moment import Moments
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
    clock: Clock,
    devices: Devices,
    room: Callable[[], Room],
    director: Direction,
    telemetry: Telemetry,
    direct: Direct | None = None,
) -> Iterator[tuple[Tick, Now, Frame]]:
    """Yield what is to be shown, one frame after another.

    Args:
        room: Asked in each frame, since a technician may change it.
        direct: Told what each frame knows, for the sounds that follow a sensor.
    """
    state, moments = SenseState(), Moments()
    for tick in clock.ticks():
        telemetry.begin(tick)
        signals = devices.poll(tick)
        telemetry.mark("poll")
        wall = clock.wall()
        now, state = sense(room(), state, signals, tick, wall)
        if direct:
            direct.frame(now, state.touches, signals.events, tick.due_ns)
        telemetry.mark("sense")
        frame = director.step(now, signals.events, wall)
        moment_ns = moments.of(signals.events, now.touches, state.touches, tick)
        telemetry.mark("scene")
        yield tick, now, replace(frame, moment_ns=moment_ns) if moment_ns != tick.due_ns else frame
        telemetry.mark("present")
        telemetry.end()


def run(
    clock: Clock,
    devices: Devices,
    room: Callable[[], Room],
    director: Direction,
    outputs: Outputs,
    telemetry: Telemetry,
    direct: Direct | None = None,
) -> None:
    """Run the show until the clock ends or the outputs are finished."""
    for tick, now, frame in frames(clock, devices, room, director, telemetry, direct):
        outputs.present(frame, now, tick)
        if outputs.finished:
            return
