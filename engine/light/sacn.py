"""sACN packets (ANSI E1.31-2018) as bytes, both ways. Pure; whatever a network sends is read strictly or refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PORT = 5568
SLOTS = 512
PRIORITY = 100
UNIVERSES = range(1, 64_000)
ENDED, PREVIEW = 0x40, 0x80  # options

_ROOT = struct.Struct(">HH12sHI16s")
_FRAMING = struct.Struct(">HI64sBHBBH")
_DMP = struct.Struct(">HBBHHH")
_SYNC = struct.Struct(">HIBHH")
_ID = b"ASC-E1.17\0\0\0"
_ROOT_DATA, _ROOT_EXTENDED, _FRAMING_DATA, _FRAMING_SYNC, _DMP_SET = 4, 8, 2, 1, 2
_DATA_AT = _ROOT.size + _FRAMING.size + _DMP.size


@dataclass(frozen=True, slots=True)
class Dmx:
    """Values of one universe from one source.

    Attributes:
        cid: Names the source.
        ended: Whether this is the source's last word on the universe.
    """

    universe: int
    cid: bytes
    priority: int
    sequence: int
    sync: int
    ended: bool
    slots: bytes


def dmx(universe: int, sequence: int, slots: bytes, cid: bytes, name: str, priority: int = PRIORITY, sync: int = 0,
        ended: bool = False) -> bytes:
    """Return a data packet of at most 512 slots; receivers wait for `sync`, a universe, unless it is 0."""
    size = _DATA_AT + 1 + len(slots)
    return (
        _ROOT.pack(0x10, 0, _ID, _length(size - 16), _ROOT_DATA, cid)
        + _FRAMING.pack(_length(size - _ROOT.size), _FRAMING_DATA, name.encode()[:63], priority, sync, sequence,
                        ENDED if ended else 0, universe)
        + _DMP.pack(_length(size - _ROOT.size - _FRAMING.size), _DMP_SET, 0xA1, 0, 1, len(slots) + 1)
        + b"\0" + slots
    )  # fmt: skip


def sync(universe: int, sequence: int, cid: bytes) -> bytes:
    """Return a synchronisation packet: receivers show what they were sent for it, all at once."""
    size = _ROOT.size + _SYNC.size
    return (_ROOT.pack(0x10, 0, _ID, _length(size - 16), _ROOT_EXTENDED, cid)
            + _SYNC.pack(_length(size - _ROOT.size), _FRAMING_SYNC, sequence, universe, 0))


def group(universe: int) -> str:
    """Return the multicast address of a universe."""
    return f"239.255.{universe >> 8}.{universe & 255}"


def read_dmx(packet: bytes) -> Dmx | None:
    """Return what a data packet says, or None if it is none, is not whole, or holds no dimmer values."""
    if len(packet) < _DATA_AT + 1:
        return None
    preamble, postamble, name, _, vector, cid = _ROOT.unpack_from(packet)
    if (preamble, postamble, name, vector) != (0x10, 0, _ID, _ROOT_DATA):
        return None
    _, vector, _, priority, synced, sequence, options, universe = _FRAMING.unpack_from(packet, _ROOT.size)
    _, dmp, kind, first, step, count = _DMP.unpack_from(packet, _ROOT.size + _FRAMING.size)
    if (vector, dmp, kind, first, step) != (_FRAMING_DATA, _DMP_SET, 0xA1, 0, 1) or universe not in UNIVERSES:
        return None
    if not 1 <= count <= SLOTS + 1 or len(packet) < _DATA_AT + count or packet[_DATA_AT] or options & PREVIEW:
        return None
    return Dmx(universe, cid, min(priority, 200), sequence, synced, bool(options & ENDED),
               packet[_DATA_AT + 1 : _DATA_AT + count])


def read_sync(packet: bytes) -> int:
    """Return the universe of a synchronisation packet, or 0 if it is none or is not whole."""
    if len(packet) < _ROOT.size + _SYNC.size:
        return 0
    preamble, postamble, name, _, vector, _ = _ROOT.unpack_from(packet)
    _, framing, _, universe, _ = _SYNC.unpack_from(packet, _ROOT.size)
    found = (preamble, postamble, name, vector, framing) == (0x10, 0, _ID, _ROOT_EXTENDED, _FRAMING_SYNC)
    return int(universe) if found and universe in UNIVERSES else 0


def _length(size: int) -> int:
    return 0x7000 | size
