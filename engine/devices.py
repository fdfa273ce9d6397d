"""Devices: everything that speaks in a live show, gathered once a frame; nothing here ever waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.clock import Tick
from engine.world import EMPTY, Event, Matte, Mic, Mouse, Sighting, Signals


class Source(Protocol):
    """A listener with a queue of its own: OSC, MIDI."""

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return what arrived, and what was due by then."""


class Eye(Protocol):
    """The engine's end of a camera."""

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return the newest sighting and keyed picture."""

    def guest(self, x: float, y: float, present: bool) -> None:
        """Tell a simulated camera where the mouse is."""


class Ear(Protocol):
    """The engine's end of a microphone."""

    def poll(self, now_ns: int) -> Mic:
        """Return what is heard now."""


class Hands(Protocol):
    """What people do at the machine."""

    mouse: Mouse
    keys: frozenset[str]
    pressed: tuple[str, ...]

    def poll(self) -> None:
        """Take what was done since the last frame."""


class LiveDevices:
    """Everything that speaks in a live show.

    Args:
        sources: Listeners.
        cameras: By name.
        hands: Windows, mouse and keys.
        mics: By name.
    """

    def __init__(self, sources: Sequence[Source], cameras: Mapping[str, Eye], hands: Hands,
                 mics: Mapping[str, Ear] = EMPTY) -> None:
        self._sources = sources
        self._cameras = cameras
        self._hands = hands
        self._mics = mics

    def poll(self, tick: Tick) -> Signals:
        """Return what was said since the last tick."""
        hands = self._hands
        hands.poll()
        events = [Event(f"key:{key}", (1.0,), tick.due_ns) for key in hands.pressed]
        for source in self._sources:
            events += source.poll(tick.due_ns)
        events.sort(key=lambda event: event.time_ns)
        sightings, mattes = {}, {}
        for name, camera in self._cameras.items():
            camera.guest(hands.mouse.x, hands.mouse.y, hands.mouse.inside)
            sightings[name], matte = camera.poll(tick.due_ns)
            if matte is not None:
                mattes[name] = matte
        heard = {name: mic.poll(tick.due_ns) for name, mic in self._mics.items()}
        return Signals(tuple(events), sightings, mattes, hands.mouse, hands.keys, hands.pressed, heard)
