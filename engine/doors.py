"""Doors: what is really closed while a scene keeps a gate closed: sockets, cameras, microphones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol


class Door(Protocol):
    """A device that can be let go of while the show runs."""

    def shut(self, on: bool) -> None:
        """Let it go, or take it again; never waits."""


class Doors:
    """The devices behind each gate (`engine/control/gates.py`).

    Args:
        waves: OSC in and out. Lamps stay: their lines are the house's own.
        sounds: Microphones; the loudspeakers fade by themselves.
        others: Cameras.
    """

    def __init__(self, waves: Iterable[Door], sounds: Iterable[Door], others: Iterable[Door]) -> None:
        self._doors = {"waves": tuple(waves), "sounds": tuple(sounds), "others": tuple(others)}
        self._closed: Collection[str] = frozenset()

    def keep(self, closed: Collection[str]) -> None:
        """Close the gates that are named and open all others."""
        if closed == self._closed:
            return
        for gate, doors in self._doors.items():
            if (gate in closed) is not (gate in self._closed):
                for door in doors:
                    door.shut(gate in closed)
        self._closed = frozenset(closed)
