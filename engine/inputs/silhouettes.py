"""Who is in a room, as bytes for another room: bits of a mask, places and outlines; never a pixel of a picture. Pure.

A datagram is a header, one record a person with their outline, and the mask, deflated. Places are shares of the stage's
width and height as its public sees it, so that stages of different shapes may share a world.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from engine.problems import MixeurError
from engine.world import Person, Pixels, Sighting, Visitor

CELLS = (160, 90)
MOST_PEOPLE = 16
OUTLINE_POINTS = 32
LONGEST = 8192
MAGIC = b"mxr1"
HEADER = struct.Struct("<4sQB")  # what it is, number of the picture, people
PERSON = struct.Struct("<I5eB")  # id, x, y, vx, vy, height, points of the outline
MASK_BYTES = CELLS[0] * CELLS[1] // 8


class NoSilhouettes(MixeurError):
    """The bytes are no silhouettes."""


def cells(mask: Pixels) -> Pixels:
    """Return a mask in the cells that are sent. Shape (90, 160), uint8, 0 or 1."""
    high, wide = mask.shape
    rows, columns = np.arange(CELLS[1]) * high // CELLS[1], np.arange(CELLS[0]) * wide // CELLS[0]
    return np.asarray(mask[rows[:, None], columns] > 127, np.uint8)


def encode(number: int, mask: Pixels | None, people: Sequence[Visitor], aspect: float) -> bytes:
    """Return the datagram of a room's newest picture.

    Args:
        number: Of the picture; it only grows.
        mask: Where people are, as the stage's public sees it. Shape (height, width), uint8, or None.
        people: Who takes part, in stage units.
        aspect: Width of the stage.
    """
    people = people[:MOST_PEOPLE]
    parts = [HEADER.pack(MAGIC, number, len(people))]
    for v in people:
        outline = v.outline[:: -(-len(v.outline) // OUTLINE_POINTS) or 1]
        points = np.rint(np.clip(outline / (aspect, 1.0), 0, 1) * 255).astype(np.uint8)
        parts += [PERSON.pack(v.id % 2**32, v.x / aspect, v.y, v.vx / aspect, v.vy, v.height, len(points)),
                  points.tobytes()]
    bits = np.zeros(MASK_BYTES, np.uint8) if mask is None else np.packbits(cells(mask))
    return b"".join([*parts, zlib.compress(bits.tobytes(), 6)])


def decode(packet: bytes, room: str, captured_ns: int) -> Sighting:
    """Return what a datagram says as a camera would have seen it: mirrored, in cells as pixels.

    Raises:
        NoSilhouettes: It is anything else.
    """
    try:
        return _decoded(packet, room, captured_ns)
    except (struct.error, zlib.error, ValueError) as error:
        raise NoSilhouettes(str(error)) from None


def _decoded(packet: bytes, room: str, captured_ns: int) -> Sighting:
    magic, number, count = HEADER.unpack_from(packet)
    if magic != MAGIC or count > MOST_PEOPLE or number >= 2**63 or len(packet) > LONGEST:
        raise ValueError("no silhouettes of this version")
    at, people = HEADER.size, []
    for _ in range(count):
        number_of, *place, points = PERSON.unpack_from(packet, at)
        at += PERSON.size
        outline = np.frombuffer(packet, np.uint8, 2 * points, at).reshape(points, 2)
        at += 2 * points
        if points > OUTLINE_POINTS or not np.isfinite(place).all() or np.abs(place).max() > 100:
            raise ValueError("a person who is nowhere")
        people.append(_person(number_of, place, outline))
    unpack = zlib.decompressobj()
    bits = unpack.decompress(packet[at:], MASK_BYTES)
    if len(bits) != MASK_BYTES:
        raise ValueError("a mask of another size")
    mask = np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(CELLS[1], CELLS[0])[:, ::-1] * np.uint8(255)
    mask = np.ascontiguousarray(mask)
    mask.flags.writeable = False
    return Sighting(room, "live", number, captured_ns, CELLS, tuple(people), mask)


def _person(number: int, place: Sequence[float], outline: Pixels) -> Person:
    x, y, vx, vy, height = place
    wide, high = CELLS
    foot = (1 - x) * wide, y * high
    points = np.asarray(((255.0, 0.0) + outline * (-1.0, 1.0)) * (wide / 255, high / 255), np.float32)
    points.flags.writeable = False
    half = height * high * 0.15
    box = foot[0] - half, (y - height) * high, 2 * half, height * high
    return Person(number, foot, box, (-vx * wide, vy * high), points)
