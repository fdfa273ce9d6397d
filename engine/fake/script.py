"""Scripted events on any clock: what a controller would have said, at the times the script names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine.clock import NS, Clock
from engine.world import Event

Line = tuple[float, str, tuple[Any, ...]]
"""(seconds since the start, source, arguments)"""


class Scripted:
    """Events handed out when their time has come; the interface of the real inputs.

    Attributes:
        state: Always `open`.
        problem: Always None.
    """

    def __init__(self, script: Iterable[Line], clock: Clock) -> None:
        """Take a script in order of time; it is read as it is needed, and may be endless."""
        self.state, self.problem = "open", None
        self._clock = clock
        self._events = self._dated(script, clock.now_ns())
        self._next = next(self._events, None)

    @staticmethod
    def _dated(script: Iterable[Line], start_ns: int) -> Iterator[Event]:
        for time_s, source, args in script:
            yield Event(source, args, start_ns + round(time_s * NS))

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return the events whose time came by `until_ns` (the clock's now, if None)."""
        if until_ns is None:
            until_ns = self._clock.now_ns()
        due = []
        while self._next and self._next.time_ns <= until_ns:
            due.append(self._next)
            self._next = next(self._events, None)
        return due

    def close(self) -> None:
        """End the script."""
        self._next = None
