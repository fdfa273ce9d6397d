"""The instruments in the sound block: those of the engine, and those that a scene has made, as rows of numbers."""

from __future__ import annotations

from collections import OrderedDict

from engine.sound.block import H_TICKETS, INSTRUMENTS, P_TICKET, TICKET, Memory
from engine.sound.presets import NAMES, PRESETS
from engine.sound.voice import Voice


class Instruments:
    """The rows of the block's table; a sounding voice has a copy of its own, so that a row can be given to another.

    Each row that is written gets a ticket. A note that comes for a row that has been given away is not played.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        for row, voice in enumerate(PRESETS.values()):
            memory.instrument[row] = voice.patch()
        self._made: OrderedDict[Voice, int] = OrderedDict()

    def find(self, voice: str | Voice) -> int | None:
        """Return what a record says of an instrument, or None for a name that is not known; a new one gets a row."""
        if isinstance(voice, str):
            return NAMES.index(voice) if voice in PRESETS else None
        if voice not in self._made:
            self._made[voice] = self._write(voice)
        self._made.move_to_end(voice)
        return self._made[voice]

    def _write(self, voice: Voice) -> int:
        """Write a voice into a free row, or into that which was asked for the longest ago."""
        row = len(NAMES) + len(self._made)
        if row >= INSTRUMENTS:
            row = self._made.popitem(last=False)[1] % TICKET
        header, table = self._memory.header, self._memory.instrument
        header[H_TICKETS] += 1
        ticket = int(header[H_TICKETS])
        patch = voice.patch()
        patch[P_TICKET] = ticket
        table[row] = patch
        return row + ticket * TICKET
