"""Faults of the room: a thing that is taken away for a while, by the rig or by a person's own commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from engine.problems import MixeurError
from engine.stress.faults import Kind
from engine.stress.venue import Plug, Venue

LONGEST_COMMAND_S = 20.0
TAKES = {"sound": frozenset({"sound"}), "projector": frozenset({"picture"}), "display": frozenset({"picture"})}
# no output is switched while its server is gone, and nobody saves an edit while the disk is full
HOLDS = {"display": "plug display", "projector": "plug display", "disk": "files"}


class CommandPlug:
    """A plug that two commands of the shell pull and push: `systemctl stop camera`, `systemctl start camera`."""

    def __init__(self, name: str, off: str, on: str) -> None:
        self.name, self._off, self._on = name, off, on

    def pull(self) -> None:
        """Take it away."""
        self._run(self._off)

    def push(self) -> None:
        """Give it back."""
        self._run(self._on)

    def _run(self, command: str) -> None:
        try:
            done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=LONGEST_COMMAND_S)
        except subprocess.TimeoutExpired:
            raise MixeurError(f"--plug {self.name}: '{command}' takes longer than {LONGEST_COMMAND_S:.0f} s") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
            raise MixeurError(f"--plug {self.name}: '{command}': {last}")


def kinds(plugs: Sequence[Plug]) -> Iterator[Kind]:
    """Yield the faults of what can be pulled; `NAME: HOW` names several ways to pull one thing."""
    for plug in plugs:
        thing, _, how = plug.name.partition(": ")
        takes = TAKES.get(thing.partition(".")[0], frozenset())
        named, pull = (f"{thing}: {how}", "") if how else (f"{thing}: pulled", thing)
        holds = HOLDS.get(thing.partition(".")[0], f"plug {thing}")
        yield Kind(named, _Pulled(plug), (1.0, 6.0), holds, takes, pull=pull)


class _Pulled:
    def __init__(self, plug: Plug) -> None:
        self._plug = plug

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        self._plug.pull()
        try:
            yield "until it is put back"
        finally:
            self._plug.push()
