"""Art-Net 4 packets as bytes, both ways. Pure; whatever a network sends is read strictly or refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PORT = 6454
ID = b"Art-Net\0"
VERSION = 14
POLL, POLL_REPLY, DMX, SYNC = 0x2000, 0x2100, 0x5000, 0x5200
SLOTS = 512
UNIVERSES = 1 << 15
STYLE_CONTROLLER = 1
ESTA_UNKNOWN = 0x7FF0  # kept free by ESTA for prototypes


@dataclass(frozen=True, slots=True)
class Dmx:
    """Values of one universe; `sequence` is 0 where the sender does not count."""

    universe: int
    sequence: int
    slots: bytes


def dmx(universe: int, sequence: int, slots: bytes) -> bytes:
    """Return an ArtDmx packet of an even number of slots, at most 512."""
    head = struct.pack("<8sH", ID, DMX) + struct.pack(">HBB", VERSION, sequence, 0)
    return head + struct.pack("<H", universe) + struct.pack(">H", len(slots)) + slots


def sync() -> bytes:
    """Return an ArtSync packet: nodes show what they were sent since the last one, all at once."""
    return struct.pack("<8sH", ID, SYNC) + struct.pack(">HBB", VERSION, 0, 0)


def poll() -> bytes:
    """Return an ArtPoll packet, to which every node replies."""
    return struct.pack("<8sH", ID, POLL) + struct.pack(">HBB", VERSION, 0, 0)


def poll_reply(address: str, name: str) -> bytes:
    """Return an ArtPollReply packet of a controller; `address` is our IPv4 address in dots."""
    ip = bytes(int(part) for part in address.split("."))
    text = name.encode("ascii", "replace")
    head = struct.pack("<8sH4sH", ID, POLL_REPLY, ip, PORT)
    body = struct.pack(">HBBHBBH", 0, 0, 0, 0, 0, 0, ESTA_UNKNOWN)
    names = struct.pack("18s64s64s", text[:17], text[:63], b"#0001 [0000] ok")
    return (head + body + names).ljust(200, b"\0") + bytes([STYLE_CONTROLLER]) + b"\0" * 38


def kind(packet: bytes) -> int:
    """Return the operation of a packet, or 0 if it is none of Art-Net."""
    if len(packet) < 10 or packet[:8] != ID:
        return 0
    return int.from_bytes(packet[8:10], "little")


def read_dmx(packet: bytes) -> Dmx | None:
    """Return what an ArtDmx packet says, or None if it is none or is not whole."""
    if kind(packet) != DMX or len(packet) < 20:
        return None
    sequence, universe = packet[12], int.from_bytes(packet[14:16], "little")
    length = int.from_bytes(packet[16:18], "big")
    if universe >= UNIVERSES or not 1 <= length <= SLOTS or len(packet) < 18 + length:
        return None
    return Dmx(universe, sequence, packet[18 : 18 + length])
