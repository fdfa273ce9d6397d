"""Rings of fixed records from the producers to the sound engine: one writer and one reader each, never a wait."""

from __future__ import annotations

from typing import Any

from numba import boolean, int64, njit

from engine.sound.block import (
    DROPPED,
    H_DROPPED,
    H_LATE,
    H_PENDING,
    H_SEQUENCE,
    PENDING,
    PRODUCERS,
    R_OP,
    R_OWNER,
    R_WHEN,
    READ,
    RECORD,
    RING,
    WRITTEN,
)
from engine.sound.native import load_acquire, memory_at, store_release

R_ORDER = R_OP  # the upper half of the op's word counts arrivals once a record is pending
ORDER = 1 << 32
ANY = 1 << 62


@njit(boolean(int64, int64, int64[::1]), cache=True, nogil=True)
def push(block: int, producer: int, record: Any) -> bool:
    """Append a record to a producer's ring; return False, and count it, when the ring is full."""
    memory = memory_at(block, "cursor ring")
    cursor = memory.cursor[producer]
    written = cursor[WRITTEN]
    if written - load_acquire(cursor, READ) >= RING:
        cursor[DROPPED] += 1
        return False
    place = memory.ring[producer, written % RING]
    for word in range(RECORD):
        place[word] = record[word]
    store_release(cursor, WRITTEN, written + 1)
    return True


@njit(nogil=True, error_model="numpy")
def drain(block: int) -> None:
    """Move what the producers wrote to the pending records; what does not fit is dropped and counted."""
    memory = memory_at(block, "header cursor pending ring")
    header = memory.header
    if header[H_PENDING] == 0:
        header[H_SEQUENCE] = 0
    for producer in range(PRODUCERS):
        cursor = memory.cursor[producer]
        written = load_acquire(cursor, WRITTEN)
        read = max(cursor[READ], written - RING)
        while read < written:
            n = min(max(header[H_PENDING], 0), PENDING)
            if n < PENDING:
                for word in range(RECORD):
                    memory.pending[n, word] = memory.ring[producer, read % RING, word]
                header[H_SEQUENCE] += 1
                memory.pending[n, R_ORDER] = (memory.pending[n, R_OP] & 0xFF) + header[H_SEQUENCE] * ORDER
                header[H_PENDING] = n + 1
            else:
                header[H_DROPPED] += 1
            read += 1
        store_release(cursor, READ, read)


@njit(nogil=True, error_model="numpy")
def due(block: int, until: int) -> int:
    """Return the pending record that comes first before frame `until`, in order of time and arrival; -1 for none."""
    memory = memory_at(block, "pending header")
    pending = memory.pending
    found = -1
    for i in range(min(memory.header[H_PENDING], PENDING)):
        if (pending[i, R_WHEN] < until or pending[i, R_WHEN] == 0) and (
            found < 0
            or pending[i, R_WHEN] < pending[found, R_WHEN]
            or (pending[i, R_WHEN] == pending[found, R_WHEN] and pending[i, R_ORDER] < pending[found, R_ORDER])
        ):
            found = i
    return found


@njit(nogil=True, error_model="numpy")
def forget(block: int, index: int) -> None:
    """Take one record off the pending ones."""
    memory = memory_at(block, "header pending")
    last = memory.header[H_PENDING] - 1
    for word in range(RECORD):
        memory.pending[index, word] = memory.pending[last, word]
    memory.header[H_PENDING] = last


@njit(nogil=True, error_model="numpy")
def forget_owner(block: int, owner: int, order: int) -> None:
    """Take the pending records of an owner that came before `order` off; of everyone if `owner` is -1."""
    memory = memory_at(block, "header pending")
    i = 0
    while i < memory.header[H_PENDING]:
        if memory.pending[i, R_ORDER] < order and (owner < 0 or memory.pending[i, R_OWNER] == owner):
            forget(block, i)
        else:
            i += 1


@njit(nogil=True, error_model="numpy")
def count_late(block: int, when: int, frame: int) -> None:
    """Count a record that came after its frame; 0 means as soon as possible and is never late."""
    memory = memory_at(block, "header")
    if 0 < when < frame:
        memory.header[H_LATE] += 1
