"""Between a camera's process and the engine: one block with two rings of slots, counters, and the guest's place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.inputs import camera_glimpse
from engine.inputs.camera_glimpse import GLIMPSE, GLIMPSE_BYTES, Glimpse
from engine.inputs.camera_source import without_secrets
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.supervise.slots import SlotReader, Slots, SlotWriter, slots_size
from engine.vision.sizes import ANALYSED, FLOW_SIZE, MOST_PEOPLE, OUTLINE_POINTS, analysed_size, simulated_size
from engine.world import CameraState, Matte, Person, Pixels, Sighting

STATES: tuple[CameraState, ...] = ("lost", "stale", "live", "dark")
DEAD_S = 1.0
AGES = 512
MOST_CONTACTS = 64

HEADER = np.dtype([
    ("heartbeat_ns", "i8"), ("state", "i8"), ("frames", "i8"), ("dropped", "i8"), ("reopened", "i8"),
    ("truncated", "i8"), ("repeated", "i8"), ("key_us", "i8"), ("vision_us", "i8"),
    ("next_id", "i8"),  # outlives a restart of the process: ids are never used again
    ("guest", "f8", 3), ("message", "S240"), ("note", "S240"), ("wishes", "i8"), ("wanted", "S256"),
    ("stands_in", "i8"), ("stand_in_id", "i8"),  # simulated visitors while the camera is gone
    ("shut", "i8"),  # the show wants no camera now
    ("room", "i8"), ("room_size", "i8", 2),  # whose empty room is remembered
    ("glimpse", GLIMPSE),
])  # fmt: skip
STAMP = np.dtype([("frame", "i8"), ("captured_ns", "i8"), ("size", "i8", 2)])
SEEN = np.dtype([("stamp", STAMP), ("people", "i8"), ("contacts", "i8"), ("has_flow", "i8"), ("motion", "f8")])
PERSON = np.dtype([("id", "i8"), ("foot", "f8", 2), ("box", "f8", 4), ("velocity", "f8", 2), ("points", "i8")])
HEADER_SIZE = (HEADER.itemsize + 63) // 64 * 64
OUTLINE = OUTLINE_POINTS * 2 * 4
Lay = Callable[[Pixels, Pixels], None]
ROOM_BYTES = ANALYSED[0] * ANALYSED[1] * 3
DEAD = "its process does not answer; it is started again"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is.

    Attributes:
        source: What is looked at, or tried, without name and password; `simulated` while visitors stand in.
        age_ms: From the arrival of the newest picture to the poll that first saw it keyed; 0 before the first.
        age_ms_p95: The same, 95th percentile of the last 512 pictures.
        light_ms_p95: From the arrival of a picture to the end of the first frame that shows it, 95th percentile of the
            last 512 pictures.
        frames: Pictures that were looked at.
        dropped: Pictures that came faster than they could be looked at.
        reopened: How often the source came back.
        truncated: Pictures that were not whole.
        repeated: Pictures equal to the one before: a frozen camera.
        key_ms, vision_ms: Time of the last picture's matte, and of matte and tracking together.
        message: Why it is lost, or what is not as it should be; empty while all is well.
    """

    state: CameraState = "lost"
    source: str = ""
    age_ms: float = 0.0
    age_ms_p95: float = 0.0
    light_ms_p95: float = 0.0
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
    return simulated_size(camera.size) if camera.source == "simulated" else camera.size


def camera_block_size(camera: Camera) -> int:
    """Return the bytes that a camera shares with the engine."""
    return _room_start(camera) + ROOM_BYTES + GLIMPSE_BYTES


def _room_start(camera: Camera) -> int:
    return HEADER_SIZE + slots_size(_matte_bytes(camera)) + slots_size(_sighting_bytes(camera))


class CameraBlock:
    """The layout of a camera's block, and its writer's half.

    Args:
        lay: Writes a matte into its slot, first argument: as it is, or laid onto the stage.
    """

    def __init__(self, camera: Camera, block: Block, lay: Lay = np.copyto) -> None:
        self._lay = lay
        self.header: NDArray[Any] = block.array(HEADER, 1)
        self.mattes = Slots(block, _matte_bytes(camera), HEADER_SIZE)
        self.sightings = Slots(block, _sighting_bytes(camera), HEADER_SIZE + slots_size(_matte_bytes(camera)))
        self.room: Pixels = block.array(np.uint8, ROOM_BYTES, _room_start(camera))
        self.glimpse: Pixels = block.array(np.uint8, GLIMPSE_BYTES, _room_start(camera) + ROOM_BYTES)
        self._matte_writer = SlotWriter(self.mattes)
        self._sighting_writer = SlotWriter(self.sightings)

    @property
    def wanted(self) -> str:
        """Return the source that is asked for instead of the show's, or an empty text."""
        return bytes(self.header[0]["wanted"]).decode(errors="replace")

    def publish_matte(self, pixels: Pixels, captured_ns: int, frame: int) -> None:
        """Show the newest matte: premultiplied RGBA."""
        data = self._matte_writer.begin()
        data[: STAMP.itemsize].view(STAMP)[0] = (frame, captured_ns, (pixels.shape[1], pixels.shape[0]))
        end = STAMP.itemsize + pixels.size
        self._lay(data[STAMP.itemsize : end].reshape(pixels.shape), pixels)
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
        read_ns: The clock that ages are measured with.
        say: Where a line for the operator goes, of a camera that is there but not as it should be.
    """

    def __init__(self, camera: Camera, block: Block, seat: int = 0, aspect: float = 16 / 9,
                 read_ns: Callable[[], int] = monotonic_ns,
                 say: Callable[[str], None] = lambda line: None) -> None:  # fmt: skip
        self.camera = camera
        self._shared = CameraBlock(camera, block)
        self._header = self._shared.header[0]
        self._mattes = SlotReader(self._shared.mattes, seat)
        self._sightings = SlotReader(self._shared.sightings, seat)
        self._aspect, self._read_ns, self._say = aspect, read_ns, say
        self._said = ""
        self._ages_ms: deque[float] = deque(maxlen=AGES)
        self._light_ms: deque[float] = deque(maxlen=AGES)
        self._shown_number = -1
        self._sighting_number = self._matte_number = -1
        self._sighting = Sighting(camera.name, "live", size=analysed_size(capture_size(camera)))
        self._matte: Matte | None = None
        self._state: CameraState = "lost"
        self._why = ""

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return the newest sighting and matte, valid until the next poll.

        The matte may be one picture ahead. Unless the camera is live there is nobody and no matte: a visitor must
        not stand frozen. Where simulated visitors stand in for it the sighting is live, but the camera is `lost`.
        """
        self._take_matte()
        self._take_sighting()
        self._state = self._state_at(now_ns)
        self._tell()
        if self._state == "live" or self._stands_in:
            return self._sighting, self._matte
        return Sighting(self.camera.name, self._state, size=self._sighting.size), None

    def shown(self) -> None:
        """Take note that the frame that was made of the last poll has been presented."""
        if self._matte is not None and self._matte_number != self._shown_number:
            self._shown_number = self._matte_number
            self._light_ms.append((self._read_ns() - self._matte.captured_ns) / 1e6)

    def guest(self, x: float, y: float, present: bool) -> None:
        """Tell a simulated camera where the mouse is, in stage units."""
        self._header["guest"] = float(present), *self._share_at(x, y)

    def use(self, source: str) -> None:
        """Ask for another source, such as `0` for the webcam; an empty text asks for the show's own again."""
        self._header["wanted"] = source.encode()[:256]
        self._header["wishes"] += 1

    def ask(self) -> None:
        """Ask for a glimpse: the next picture as the camera sees it."""
        camera_glimpse.ask(self._header["glimpse"])

    def glimpse(self) -> Glimpse | None:
        """Return it, once, or None while it has not come."""
        return camera_glimpse.take(self._header["glimpse"], self._shared.glimpse)

    def shut(self, on: bool) -> None:
        """Ask for the camera to be let go, or taken again; while it is let go, it is not `lost`."""
        self._header["shut"] = int(on)

    @property
    def status(self) -> CameraStatus:
        """Return how the camera is."""
        header = self._header
        ages_ms = list(self._ages_ms) or [0.0]
        return CameraStatus(
            self._state,
            "simulated" if self._header["stands_in"] else without_secrets(self._shared.wanted or self.camera.source),
            ages_ms[-1],
            float(np.percentile(ages_ms, 95)),
            float(np.percentile(list(self._light_ms) or [0.0], 95)),
            frames=int(header["frames"]),
            dropped=int(header["dropped"]),
            reopened=int(header["reopened"]),
            truncated=int(header["truncated"]),
            repeated=int(header["repeated"]),
            key_ms=int(header["key_us"]) / 1e3,
            vision_ms=int(header["vision_us"]) / 1e3,
            message=self._text("message") or self._text("note"),
        )

    @property
    def lost(self) -> str:
        """Return why no new picture comes, or nothing while one does; a dark camera is there."""
        if self._state in ("live", "dark") or self._header["shut"]:
            return ""
        return self._why or self._text("message") or "no new picture comes"

    def close(self) -> None:
        """Give the slots back."""
        self._mattes.release()
        self._sightings.release()

    def _share_at(self, x: float, y: float) -> tuple[float, float]:
        if self.camera.corners is not None:
            from engine.stage_view import picture_to_stage, share_at  # OpenCV comes with it: not for the supervisor

            return share_at(picture_to_stage(self.camera.corners, self.camera.mirror, self._aspect), x, y)
        share = x / self._aspect
        return 1.0 - share if self.camera.mirror else share, y

    def _take_sighting(self) -> None:
        leased = self._sightings.newest()
        if leased is not None and leased.number != self._sighting_number:
            self._sighting_number, self._sighting = leased.number, unpack(leased.data, self.camera.name)

    def _take_matte(self) -> None:
        leased = self._mattes.newest()
        if leased is None or leased.number == self._matte_number:
            return
        stamp = leased.data[: STAMP.itemsize].view(STAMP)[0]
        (width, height), captured_ns = stamp["size"].tolist(), int(stamp["captured_ns"])
        pixels = leased.data[STAMP.itemsize :].reshape(height, width, 4)
        self._matte_number, self._matte = leased.number, Matte(pixels, captured_ns, int(stamp["frame"]))
        self._ages_ms.append((self._read_ns() - captured_ns) / 1e6)

    def _state_at(self, now_ns: int) -> CameraState:
        """Return what the camera says of itself, and what can be told of one that says nothing."""
        self._why = ""
        beat_ns = int(self._header["heartbeat_ns"])
        if now_ns - beat_ns > DEAD_S * NS:
            self._why = DEAD if beat_ns else "its process is starting"
            return "lost"
        return STATES[int(self._header["state"]) % len(STATES)]

    def _text(self, name: str) -> str:
        return bytes(self._header[name]).decode(errors="replace")

    def _tell(self) -> None:
        """Say what is not as it should be with a camera that is there; of one that is gone the losses tell."""
        note = self._text("note") if self._state in ("live", "dark") else self._said
        if note and note != self._said:
            self._say(f"camera.{self.camera.name}: {note}")
        self._said = note

    @property
    def _stands_in(self) -> bool:
        return bool(self._header["stands_in"]) and not self._why


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


def unpack(data: NDArray[np.uint8], camera: str, state: CameraState = "live") -> Sighting:
    """Return the sighting in `data`, copied: scenes may keep its arrays."""
    seen = data[: SEEN.itemsize].view(SEEN)[0]
    width, height = seen["stamp"]["size"].tolist()
    rest = data[SEEN.itemsize :]

    def take(count: int) -> NDArray[np.uint8]:
        nonlocal rest
        taken, rest = rest[:count], rest[count:]
        return taken

    contacts = take(int(seen["contacts"]) * 16).copy().view(np.int64).reshape(-1, 2)
    table = take(int(seen["people"]) * PERSON.itemsize).copy().view(PERSON)
    outlines = [take(int(row["points"]) * 8).copy().view(np.float32).reshape(-1, 2) for row in table]
    mask, flow = take(width * height).reshape(height, width).copy(), None
    mask.flags.writeable = False
    if seen["has_flow"]:
        flow = take(FLOW_SIZE[0] * FLOW_SIZE[1] * 8).copy().view(np.float32).reshape(FLOW_SIZE[1], FLOW_SIZE[0], 2)
        flow.flags.writeable = False
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
