"""Art-Net 4 packets as bytes, both ways. Pure; whatever a network sends is read strictly or refused."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PORT = 6454
ID = b"Art-Net\0"
VERSION = 14
POLL, POLL_REPLY, DMX, SYNC = 0x2000, 0x2100, 0x5000, 0x5200
SLOTS = 512
UNIVERSES = 1 << 15
STYLE_NODE, STYLE_CONTROLLER = 0, 1
PORTS = 4  # universes in one reply
ESTA_UNKNOWN = 0x7FF0  # kept free by ESTA for prototypes
OUTPUT, GOOD, FIFTEEN_BITS = 0x80, 0x80, 0x08  # a port that gives out what comes by Art-Net, and gets it


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


def poll_replies(address: str, name: str, universes: Iterable[int] = ()) -> list[bytes]:
    """Return our answer to an ArtPoll: the universes that we listen to, up to four of a sub-net in each packet.

    Args:
        address: Our IPv4 address in dots.
        universes: None of them: we only send.
    """
    subnets: dict[int, list[int]] = {}
    for universe in sorted(set(universes)):
        subnets.setdefault(universe >> 4, []).append(universe & 15)
    pages = [(subnet, own[at : at + PORTS]) for subnet, own in subnets.items() for at in range(0, len(own), PORTS)]
    return [_poll_reply(address, name, subnet, own, page) for page, (subnet, own) in enumerate(pages or [(0, [])], 1)]


def _poll_reply(address: str, name: str, subnet: int, ports: Sequence[int], page: int) -> bytes:
    ip = bytes(int(part) for part in address.split("."))
    text = name.encode("ascii", "replace")
    head = struct.pack("<8sH4sH", ID, POLL_REPLY, ip, PORT)
    body = struct.pack(">HBBHBB", 0, subnet >> 4, subnet & 15, 0, 0, 0) + struct.pack("<H", ESTA_UNKNOWN)
    names = struct.pack("18s64s64s", text[:17], text[:63], b"#0001 [0000] ok")
    kinds, good = bytes([OUTPUT] * len(ports)), bytes([GOOD] * len(ports))
    table = struct.pack(">H4s4s4s4s4s", len(ports), kinds, b"", good, b"", bytes(ports))
    style = STYLE_NODE if ports else STYLE_CONTROLLER
    tail = bytes([style]) + b"\0" * 6 + ip + bytes([page & 255, FIFTEEN_BITS])
    return (head + body + names + table).ljust(200, b"\0") + tail.ljust(39, b"\0")


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
