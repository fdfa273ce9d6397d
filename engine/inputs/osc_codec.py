"""Open Sound Control as bytes: a strict decoder that raises nothing but `OscError`.

Source:
    Wright 2002, "The Open Sound Control 1.0 Specification"; Freed & Schmeder 2009 for the types of OSC 1.1.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import Any, NamedTuple

DEEPEST = 8
LONGEST_CACHED = 256
CONSTANTS = {"T": True, "F": False, "N": None, "I": math.inf}
FIXED = {"i": "i", "f": "f", "h": "q", "d": "d", "t": "Q"}
PADS = (b"", b"\0", b"\0\0", b"\0\0\0")
BUNDLE = b"#bundle\0"
IMMEDIATELY = 1
INT = struct.Struct(">i")
TAG = struct.Struct(">Q")
NO_STRUCT = struct.Struct("")
Step = tuple[str, struct.Struct]


class OscError(ValueError):
    """The bytes are no OSC packet; nothing of it is used."""


class OscMessage(NamedTuple):
    """One message of a packet.

    Attributes:
        address: Begins with `/`; may be a pattern.
        args: Numbers, text, bytes, None, booleans; tuples for arrays, `r` (red, green, blue, alpha) and `m`.
        timetag: NTP time of its bundle, 32.32 bits; 1 is "at once".
    """

    address: str
    args: tuple[Any, ...]
    timetag: int = IMMEDIATELY


def decode(packet: bytes) -> list[OscMessage]:
    """Return the messages of a packet in order, or raise `OscError`."""
    if not packet.startswith(BUNDLE):
        return [_message(packet, 0, len(packet), IMMEDIATELY)]
    messages = []
    open_bundles = [_open_bundle(packet, 0, len(packet), IMMEDIATELY)]
    while open_bundles:
        at, end, timetag = open_bundles.pop()
        if at == end:
            continue
        start, stop = _element(packet, at, end)
        open_bundles.append((stop, end, timetag))
        if not packet.startswith(BUNDLE, start, stop):
            messages.append(_message(packet, start, stop, timetag))
        elif len(open_bundles) < DEEPEST:
            open_bundles.append(_open_bundle(packet, start, stop, timetag))
        else:
            raise OscError(f"bundles nested deeper than {DEEPEST}")
    return messages


def _open_bundle(packet: bytes, start: int, end: int, outer: int) -> tuple[int, int, int]:
    if start + 16 > end:
        raise OscError("bundle without a time tag")
    return start + 16, end, max(outer, TAG.unpack_from(packet, start + 8)[0])


def _element(packet: bytes, at: int, end: int) -> tuple[int, int]:
    if at + 4 > end:
        raise OscError("bundle ends inside an element's size")
    size = INT.unpack_from(packet, at)[0]
    if size <= 0 or size & 3 or size > end - at - 4:
        raise OscError(f"element of {size} bytes in a bundle with {end - at - 4} left")
    return at + 4, at + 4 + size


def _message(packet: bytes, at: int, end: int, timetag: int) -> OscMessage:
    tags = packet.find(b"\0,", at, end)
    body = (packet.find(b"\0", tags + 2, end) | 3) + 1 if tags >= 0 else end  # some old senders leave the tags out
    head = packet[at:body]
    address, plan = _head(head) if len(head) <= LONGEST_CACHED else _head.__wrapped__(head)
    if len(plan) == 1 and plan[0][0] == "=" and plan[0][1].size == end - body:
        return OscMessage(address, plan[0][1].unpack_from(packet, body), timetag)
    args, at = _arguments(packet, body, end, plan)
    if at != end:
        raise OscError(f"{end - at} bytes after the last argument")
    return OscMessage(address, args, timetag)


@lru_cache(maxsize=1024)
def _head(head: bytes) -> tuple[str, tuple[Step, ...]]:
    """Decode address and type tags: a sensor sends the same ones thousands of times."""
    address, at = _text(head, 0, len(head))
    if not address.startswith("/"):
        raise OscError("an address begins with /")
    if at == len(head):
        return address, ()
    tags, at = _text(head, at, len(head))
    if not tags.startswith(","):
        raise OscError("no type tags")
    return address, _plan(tags)


def _text(packet: bytes, at: int, end: int) -> tuple[str, int]:
    stop = packet.find(b"\0", at, end)
    after = (stop | 3) + 1
    if stop < 0 or after > end or packet[stop + 1 : after] != PADS[after - stop - 1]:
        raise OscError("text is not padded with zeros to four bytes")
    try:
        return packet[at:stop].decode(), after
    except UnicodeDecodeError:
        raise OscError("text is not UTF-8") from None


def _blob(packet: bytes, at: int, end: int) -> tuple[bytes, int]:
    size = INT.unpack_from(packet, at)[0] if at + 4 <= end else -1
    stop = at + 4 + size
    after = stop + (-size & 3)
    if size < 0 or after > end or packet[stop:after] != PADS[after - stop]:
        raise OscError(f"blob of {size} bytes does not fit")
    return packet[at + 4 : stop], after


def _plan(tags: str) -> tuple[Step, ...]:
    """Compile type tags: runs of fixed sizes become one `struct.Struct`, marked `=`."""
    steps: list[Step] = []
    run, depth = ">", 0
    for tag in tags[1:] + ".":
        if tag in FIXED:
            run += FIXED[tag]
            continue
        if len(run) > 1:
            steps.append(("=", struct.Struct(run)))
            run = ">"
        depth += (tag == "[") - (tag == "]")
        if not 0 <= depth <= DEEPEST or tag not in "sSbcrmTFNI[].":
            raise OscError(f"type tags {tags[:40]!r}: unexpected {tag!r}")
        steps.append((tag, struct.Struct(">I") if tag == "c" else struct.Struct("4B") if tag in "rm" else NO_STRUCT))
    if depth or "." in tags:
        raise OscError(f"type tags {tags[:40]!r}: not complete")
    return tuple(steps[:-1])


def _arguments(packet: bytes, at: int, end: int, plan: tuple[Step, ...]) -> tuple[tuple[Any, ...], int]:
    arrays: list[list[Any]] = [[]]
    for tag, form in plan:
        values = arrays[-1]
        if at + form.size > end:
            raise OscError("packet ends inside an argument")
        if tag == "=":
            values += form.unpack_from(packet, at)
        elif tag in "sS":
            text, at = _text(packet, at, end)
            values.append(text)
        elif tag in CONSTANTS:
            values.append(CONSTANTS[tag])
        elif tag == "b":
            blob, at = _blob(packet, at, end)
            values.append(blob)
        elif tag == "c":
            values.append(_character(form.unpack_from(packet, at)[0]))
        elif tag == "[":
            arrays.append([])
        elif tag == "]":
            arrays[-2].append(tuple(arrays.pop()))
        else:
            values.append(form.unpack_from(packet, at))
        at += form.size
    return tuple(arrays[0]), at


def _character(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise OscError(f"no character has the code {code}")
    return chr(code)
