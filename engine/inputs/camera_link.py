"""Between a camera's process and the engine: one block with two rings of slots, counters, and the guest's place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS
from engine.fake.camera import fake_size
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.supervise.slots import SlotReader, Slots, SlotWriter, slots_size
from engine.vision.eye import analysed_size
from engine.vision.flow import FLOW_SIZE
from engine.vision.people import MOST_PEOPLE, OUTLINE_POINTS
from engine.world import CameraState, Matte, Person, Pixels, Sighting

STATES: tuple[CameraState, ...] = ("lost", "stale", "live")
STALE_S = 1.0
DEAD_S = 2.0
AGES = 512
MOST_CONTACTS = 64

HEADER = np.dtype([
    ("heartbeat_ns", "i8"), ("state", "i8"), ("frames", "i8"), ("dropped", "i8"), ("reopened", "i8"),
    ("truncated", "i8"), ("repeated", "i8"), ("key_us", "i8"), ("vision_us", "i8"),
    ("next_id", "i8"),  # outlives a restart of the process: ids are never used again
    ("guest", "f8", 3), ("message", "S240"),
])  # fmt: skip
STAMP = np.dtype([("frame", "i8"), ("captured_ns", "i8"), ("size", "i8", 2)])
SEEN = np.dtype([("stamp", STAMP), ("people", "i8"), ("contacts", "i8"), ("has_flow", "i8"), ("motion", "f8")])
PERSON = np.dtype([("id", "i8"), ("foot", "f4", 2), ("box", "f4", 4), ("velocity", "f4", 2), ("points", "i8")])
HEADER_SIZE = (HEADER.itemsize + 63) // 64 * 64
OUTLINE = OUTLINE_POINTS * 2 * 4


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is.

    Attributes:
        age_ms_p95: Age of the newest picture when the engine reads it, 95th percentile; 0 before the first.
        frames: Pictures that were looked at.
        dropped: Pictures that came faster than they could be looked at.
        reopened: How often the source came back.
        truncated: Pictures that were not whole.
        repeated: Pictures equal to the one before: a frozen camera.
        key_ms, vision_ms: Time of the last picture's matte, and of matte and tracking together.
        message: The last fault; empty while all is well.
    """

    state: CameraState = "lost"
    age_ms_p95: float = 0.0
    frames: int = 0
    dropped: int = 0
    reopened: int = 0
    truncated: int = 0
    repeated: int = 0
    key_ms: float = 0.0
    vision_ms: float = 0.0
    message: str = ""


def capture_size(camera: Camera) -> tuple[int, int]:
    """Return the largest (width, height) that a camera's matte may have; larger pictures are made smaller."""
    return fake_size(camera.size) if camera.source == "simulated" else camera.size


def camera_block_size(camera: Camera) -> int:
    """Return the bytes that a camera shares with the engine."""
    return HEADER_SIZE + slots_size(_matte_bytes(camera)) + slots_size(_sighting_bytes(camera))


class CameraBlock:
    """The layout of a camera's block, and its writer's half."""

    def __init__(self, camera: Camera, block: Block) -> None:
        self.header: NDArray[Any] = block.array(HEADER, 1)
        self.mattes = Slots(block, _matte_bytes(camera), HEADER_SIZE)
        self.sightings = Slots(block, _sighting_bytes(camera), HEADER_SIZE + slots_size(_matte_bytes(camera)))
        self._matte_writer = SlotWriter(self.mattes)
        self._sighting_writer = SlotWriter(self.sightings)

    def publish_matte(self, pixels: Pixels, captured_ns: int, frame: int) -> None:
        """Show the newest matte: premultiplied RGBA."""
        data = self._matte_writer.begin()
        data[: STAMP.itemsize].view(STAMP)[0] = (frame, captured_ns, (pixels.shape[1], pixels.shape[0]))
        end = STAMP.itemsize + pixels.size
        data[STAMP.itemsize : end] = pixels.reshape(-1)
        self._matte_writer.publish(end)

    def publish_sighting(self, sighting: Sighting) -> None:
        """Show who is where."""
        data = self._sighting_writer.begin()
        self._sighting_writer.publish(pack(sighting, data))


class CameraLink:
    """The engine's end of a camera's block; nothing here waits.

    Args:
        seat: The reader's own number, 0..3.
        aspect: Width of the stage in stage units, for the guest's place.
    """

    def __init__(self, camera: Camera, block: Block, seat: int = 0, aspect: float = 16 / 9) -> None:
        self.camera = camera
        shared = CameraBlock(camera, block)
        self._header = shared.header[0]
        self._mattes = SlotReader(shared.mattes, seat)
        self._sightings = SlotReader(shared.sightings, seat)
        self._aspect = aspect
        self._ages_ms: deque[float] = deque(maxlen=AGES)
        self._number, self._last = -1, Sighting(camera.name, size=analysed_size(capture_size(camera)))
        self._state: CameraState = "lost"

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return the newest sighting and matte, which may be one picture ahead of it; valid until the next poll."""
        leased, matte = self._sightings.newest(), self._mattes.newest()
        state = self._state_at(now_ns)
        if leased is not None and (leased.number != self._number or state != self._state):
            self._number, self._last = leased.number, unpack(leased.data, self.camera.name, state)
        elif leased is None and state != self._state:
            self._last = Sighting(self.camera.name, state, size=self._last.size)
        self._state = state
        if matte is None:
            return self._last, None
        stamp = matte.data[: STAMP.itemsize].view(STAMP)[0]
        width, height = stamp["size"].tolist()
        pixels = matte.data[STAMP.itemsize :].reshape(height, width, 4)
        if state == "live":
            self._ages_ms.append((now_ns - int(stamp["captured_ns"])) / 1e6)
        return self._last, Matte(pixels, int(stamp["captured_ns"]), int(stamp["frame"]))

    def guest(self, x: float, y: float, present: bool) -> None:
        """Tell a simulated camera where the mouse is, in stage units."""
        share = x / self._aspect
        self._header["guest"] = (float(present), 1.0 - share if self.camera.mirror else share, y)

    @property
    def status(self) -> CameraStatus:
        """Return how the camera is."""
        header = self._header
        age_ms = float(np.percentile(self._ages_ms, 95)) if self._ages_ms else 0.0
        return CameraStatus(
            self._state,
            age_ms,
            frames=int(header["frames"]),
            dropped=int(header["dropped"]),
            reopened=int(header["reopened"]),
            truncated=int(header["truncated"]),
            repeated=int(header["repeated"]),
            key_ms=int(header["key_us"]) / 1e3,
            vision_ms=int(header["vision_us"]) / 1e3,
            message=header["message"].decode(errors="replace"),
        )

    def close(self) -> None:
        """Give the slots back."""
        self._mattes.release()
        self._sightings.release()

    def _state_at(self, now_ns: int) -> CameraState:
        if now_ns - int(self._header["heartbeat_ns"]) > DEAD_S * NS:
            return "lost"
        return STATES[int(self._header["state"]) % len(STATES)]


def pack(sighting: Sighting, data: NDArray[np.uint8]) -> int:
    """Write a sighting into bytes; return how many they are."""
    people, contacts = sighting.people[:MOST_PEOPLE], sighting.contacts[:MOST_CONTACTS]
    stamp = (sighting.frame, sighting.captured_ns, sighting.size)
    flow = sighting.flow_px
    data[: SEEN.itemsize].view(SEEN)[0] = (stamp, len(people), len(contacts), flow is not None, sighting.motion)
    parts: list[NDArray[Any]] = [np.array(contacts, np.int64)]
    table = np.array([(p.id, p.foot_px, p.box_px, p.velocity_px, len(p.outline_px)) for p in people], PERSON)
    parts += [table, *(p.outline_px[:OUTLINE_POINTS] for p in people)]
    parts.append(np.zeros(sighting.size[::-1], np.uint8) if sighting.mask is None else sighting.mask)
    if flow is not None:
        parts.append(flow)
    end = SEEN.itemsize
    for part in parts:
        raw = np.ascontiguousarray(part).reshape(-1).view(np.uint8)
        data[end : end + raw.size] = raw
        end += raw.size
    return end


def unpack(data: NDArray[np.uint8], camera: str, state: CameraState) -> Sighting:
    """Return the sighting in `data`; its mask and flow are views of it."""
    seen = data[: SEEN.itemsize].view(SEEN)[0]
    width, height = seen["stamp"]["size"].tolist()
    rest = data[SEEN.itemsize :]

    def take(count: int) -> NDArray[np.uint8]:
        nonlocal rest
        taken, rest = rest[:count], rest[count:]
        return taken

    # Copies where the bytes before them leave an odd address: few, and numpy wants them aligned.
    contacts = take(int(seen["contacts"]) * 16).copy().view(np.int64).reshape(-1, 2)
    table = take(int(seen["people"]) * PERSON.itemsize).copy().view(PERSON)
    outlines = [take(int(row["points"]) * 8).copy().view(np.float32).reshape(-1, 2) for row in table]
    mask = take(width * height).reshape(height, width)
    flow = None
    if seen["has_flow"]:
        flow = take(FLOW_SIZE[0] * FLOW_SIZE[1] * 8).copy().view(np.float32).reshape(FLOW_SIZE[1], FLOW_SIZE[0], 2)
    return Sighting(
        camera, state, int(seen["stamp"]["frame"]), int(seen["stamp"]["captured_ns"]), (width, height),
        tuple(_person(row, outline) for row, outline in zip(table, outlines, strict=True)),
        mask, flow, float(seen["motion"]), tuple((int(a), int(b)) for a, b in contacts),
    )  # fmt: skip


def _person(row: Any, outline: NDArray[np.float32]) -> Person:
    outline.flags.writeable = False
    (x, y), (left, top, width, height), (vx, vy) = row["foot"].tolist(), row["box"].tolist(), row["velocity"].tolist()
    return Person(int(row["id"]), (x, y), (left, top, width, height), (vx, vy), outline)


def _matte_bytes(camera: Camera) -> int:
    width, height = capture_size(camera)
    return STAMP.itemsize + width * height * 4


def _sighting_bytes(camera: Camera) -> int:
    # The picture may come in another shape than wanted, but never with more pixels than it is analysed with.
    flow = FLOW_SIZE[0] * FLOW_SIZE[1] * 8
    return SEEN.itemsize + MOST_CONTACTS * 16 + MOST_PEOPLE * (PERSON.itemsize + OUTLINE) + 640 * 360 + flow
