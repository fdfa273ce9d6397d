"""The entry of the process that sends a MIDI clock: there no scene and no picture has the lock when a pulse is due."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from engine.inputs.midi import MidiOutput
from engine.inputs.midi_clock import MidiClock
from engine.music.tempo import Tempo
from engine.show.model import MidiDevice


class ClockOutput(MidiOutput):
    """A device's output for its clock alone: the notes on it are the engine's."""

    def panic(self) -> None:
        """Leave its notes."""


def main(plan: Mapping[str, Any]) -> int:
    """Send the beat to one device until the engine closes its end.

    Args:
        plan: `name`, `output` and `clock_offset_ms` of the device.
    """
    device = MidiDevice(name=plan["name"], output=plan["output"], clock="out")
    output = ClockOutput(device)
    clock = MidiClock(output, plan["clock_offset_ms"], device.name)
    try:
        for line in sys.stdin.buffer:
            told = json.loads(line)
            tempo = Tempo(tuple(map(tuple, told["points"])), jumps=told["jumps"])
            clock.follow(tempo, 0.0, told["base_ns"])
    finally:
        clock.close()
        output.close()
    return 0
