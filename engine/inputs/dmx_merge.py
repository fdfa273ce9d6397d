"""Merge: several senders of one universe become one row of slots. Pure; Art-Net 4 and ANSI E1.31-2018 as they say.

The highest priority counts; among equals the greatest value of each slot does (HTP). Who is silent for too long, or
says that it ends, counts no more. Values that are sent for a synchronisation are kept until it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
SLOTS = 512
MOST_SOURCES = 8  # in one universe; forged ones must not fill the memory
BEHIND = 20  # a packet is late if its number lies so many, or fewer, before the newest (E1.31, 6.7.2)


@dataclass(frozen=True, slots=True)
class Packet:
    """What one sender says of one universe.

    Attributes:
        source: Names the sender.
        sequence: 0..255, or None where it does not count.
        sync: For which synchronisation the values wait; 0 for none.
        ended: Whether it is the sender's last word.
    """

    source: bytes
    slots: bytes
    priority: int = 100
    sequence: int | None = None
    sync: int = 0
    ended: bool = False


@dataclass(slots=True)
class _Source:
    heard_s: float
    sequence: int | None
    priority: int = 100
    slots: Pixels = field(default_factory=lambda: np.zeros(SLOTS, np.uint8))
    sync: int = 0
    synced_s: float = -math.inf
    waiting: bytes | None = None

    def show(self, slots: bytes) -> None:
        self.slots[: len(slots)] = np.frombuffer(slots, np.uint8)
        self.slots[len(slots) :] = 0
        self.waiting = None


class Universe:
    """All that is said of one universe.

    Args:
        timeout_s: After so much silence a sender counts no more.
        sync_timeout_s: After so much silence of a synchronisation values are shown at once again.

    Attributes:
        late: Packets that came after a newer one, and those of senders beyond the eighth.
    """

    def __init__(self, timeout_s: float, sync_timeout_s: float) -> None:
        self.late = 0
        self._timeout_s, self._sync_timeout_s = timeout_s, sync_timeout_s
        self._sources: dict[bytes, _Source] = {}

    def take(self, packet: Packet, time_s: float) -> bool:
        """Take a packet; return whether the universe may have changed."""
        self._forget(time_s)
        if packet.ended:
            return self._sources.pop(packet.source, None) is not None
        source = self._sources.get(packet.source)
        if source is None:
            if len(self._sources) >= MOST_SOURCES:
                self.late += 1
                return False
            source = self._sources[packet.source] = _Source(time_s, None)
        elif _is_behind(packet.sequence, source.sequence):
            self.late += 1
            return False
        source.heard_s, source.sequence, source.priority = time_s, packet.sequence, packet.priority
        if packet.sync != source.sync:
            source.sync, source.synced_s = packet.sync, -math.inf
        if packet.sync and time_s - source.synced_s <= self._sync_timeout_s:
            source.waiting = packet.slots
            return False
        source.show(packet.slots)
        return True

    def sync(self, number: int, time_s: float) -> bool:
        """Show what waits for a synchronisation; return whether anything did."""
        has_changed = False
        for source in self._sources.values():
            if source.sync == number:
                source.synced_s = time_s
                if source.waiting is not None:
                    source.show(source.waiting)
                    has_changed = True
        return has_changed

    def merged(self, time_s: float) -> Pixels | None:
        """Return the slots that count now, or None if nobody speaks. Shape (512,), uint8."""
        self._forget(time_s)
        if not self._sources:
            return None
        highest = max(source.priority for source in self._sources.values())
        counting = [source.slots for source in self._sources.values() if source.priority == highest]
        return np.asarray(np.maximum.reduce(counting), np.uint8)

    def _forget(self, time_s: float) -> None:
        for name in [name for name, each in self._sources.items() if time_s - each.heard_s > self._timeout_s]:
            del self._sources[name]


def _is_behind(sequence: int | None, newest: int | None) -> bool:
    if sequence is None or newest is None:
        return False
    return (newest - sequence) % 256 < BEHIND
