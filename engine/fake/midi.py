"""MIDI without devices: scripted controllers in, and a synthesiser that keeps what it was played."""

from __future__ import annotations

from engine.fake.script import Scripted
from engine.problems import Problem


class ScriptedMidi(Scripted):
    """Stands in for `MidiInput`; sources are written `midi:desk/cc/21`, values 0..1."""


class KeptMidi:
    """Stands in for `MidiOutput`.

    Attributes:
        played: (what, number, level, channel) in order; `panic` has no numbers.
        sounding: (channel, note) of the notes that were not ended.
    """

    def __init__(self) -> None:
        self.state, self.errors = "open", 0
        self.problem: Problem | None = None
        self.played: list[tuple[str, int, float, int]] = []
        self.sounding: set[tuple[int, int]] = set()

    def note(self, note: int, level: float, channel: int = 1) -> None:
        self.played.append(("note", note, level, channel))
        (self.sounding.add if level else self.sounding.discard)((channel, note))

    def control(self, number: int, level: float, channel: int = 1) -> None:
        self.played.append(("control", number, level, channel))

    def panic(self) -> None:
        self.played.append(("panic", 0, 0.0, 0))
        self.sounding.clear()

    def close(self) -> None:
        self.panic()
