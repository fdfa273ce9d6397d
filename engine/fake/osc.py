"""OSC without a network: scripted messages in, and a peer that keeps what it was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from engine.clock import Clock
from engine.fake.script import Line, Scripted
from engine.inputs.osc import OscCounters
from engine.world import Event


class ScriptedOsc(Scripted):
    """Stands in for `OscListener`; sources are written `osc:/contact/level`."""

    def __init__(self, script: Iterable[Line], clock: Clock) -> None:
        super().__init__(script, clock)
        self.port = 0
        self._received = 0

    @property
    def counters(self) -> OscCounters:
        return OscCounters(received=self._received)

    def poll(self, until_ns: int | None = None) -> list[Event]:
        due = super().poll(until_ns)
        self._received += len(due)
        return due


class KeptOsc:
    """Stands in for `OscSender`.

    Attributes:
        messages: (peer, address, arguments) of everything that was sent.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, tuple[Any, ...]]] = []
        self.lost: dict[str, str] = {}
        self.errors: Counter[str] = Counter()

    @property
    def sent(self) -> int:
        return len(self.messages)

    def send(self, name: str, address: str, *args: Any) -> None:
        self.messages.append((name, address, args))

    def close(self) -> None:
        """Keep what was sent."""
