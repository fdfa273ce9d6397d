"""Leased slots: the newest picture of a writer process, read without a copy by others.

One writer, up to four readers. The writer never waits: it takes the oldest slot that nobody holds. A reader
leases the newest slot, reads it where it is, and gives it back when it leases the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.supervise.memory import Block

READERS = 4
SLOTS = READERS + 2
HEADER = 64
_LATEST, _WRITTEN, _LEASES = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Leased:
    """A slot's content, valid until the reader's next `newest()`: `data` is uint8, read-only."""

    number: int
    data: NDArray[np.uint8]


def slots_size(payload: int) -> int:
    """Return the bytes that the slots of one writer need."""
    return HEADER + SLOTS * (HEADER + _aligned(payload))


def _aligned(size: int) -> int:
    return (size + HEADER - 1) // HEADER * HEADER


class Slots:
    """The memory of one writer and its readers. A slot's number is odd while it is written, as in a seqlock."""

    def __init__(self, block: Block, payload: int, offset: int = 0) -> None:
        stride = HEADER + _aligned(payload)
        self.header = block.array(np.int64, HEADER // 8, offset)
        starts = [offset + HEADER + index * stride for index in range(SLOTS)]
        self.numbers = [block.array(np.int64, 2, start) for start in starts]
        self.data = [block.array(np.uint8, payload, start + HEADER) for start in starts]


class SlotWriter:
    """The only writer of `Slots`."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def begin(self) -> NDArray[np.uint8]:
        """Return the bytes of a slot that nobody reads, to be filled and then published."""
        header, numbers = self._slots.header, self._slots.numbers
        held = {int(lease) - 1 for lease in header[_LEASES : _LEASES + READERS]}
        free = [i for i in range(SLOTS) if i not in held and i != header[_LATEST] - 1]
        self._index = min(free, key=lambda i: int(numbers[i][0]))
        numbers[self._index][0] |= 1
        return self._slots.data[self._index]

    def publish(self, length: int) -> None:
        """Make the slot begun last the newest one; `length` bytes of it count."""
        header, number = self._slots.header, self._slots.numbers[self._index]
        header[_WRITTEN] += 1
        number[1] = length
        number[0] = header[_WRITTEN] * 2
        header[_LATEST] = self._index + 1


class SlotReader:
    """One of at most four readers of `Slots`; `seat` is its own number, 0..3."""

    def __init__(self, slots: Slots, seat: int) -> None:
        self._slots = slots
        self._seat = _LEASES + seat
        self._last: Leased | None = None

    def newest(self) -> Leased | None:
        """Lease the newest slot and give the previous one back; None before the first is published."""
        header = self._slots.header
        for _ in range(SLOTS):
            index = int(header[_LATEST]) - 1
            if index < 0:
                return None
            number = int(self._slots.numbers[index][0])
            if self._last is not None and number // 2 == self._last.number:
                return self._last
            header[self._seat] = index + 1
            if not number & 1 and number == int(self._slots.numbers[index][0]):
                data = self._slots.data[index][: int(self._slots.numbers[index][1])]
                data.flags.writeable = False
                self._last = Leased(number // 2, data)
                return self._last
        return self._last

    def release(self) -> None:
        """Give back what is leased; the data of the last lease must no longer be read."""
        self._slots.header[self._seat] = 0
        self._last = None
