"""A camera process started anew knows the empty room, with whoever stands in front; and who stands in for a camera."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera
from engine.fake.visitors import Guest, Visitors
from engine.inputs.camera_link import HEADER, ROOM_BYTES, CameraLink, camera_block_size
from engine.inputs.camera_memory import EVERY_S, OTHER_S, Doubt, RoomMemory
from engine.inputs.camera_process import run_camera
from engine.inputs.camera_simulated import STAND_IN_IDS
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.world import Person, Sighting

SIZE = (64, 36)
STEP_NS = round(EVERY_S * NS)


def memory(source: str = "0", header: np.ndarray | None = None, pixels: np.ndarray | None = None) -> RoomMemory:
    header = np.zeros(1, HEADER) if header is None else header
    return RoomMemory(header[0], np.zeros(ROOM_BYTES, np.uint8) if pixels is None else pixels, source)


def seen(number: int, left: int, right: int) -> Sighting:
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[:, left:right] = 255
    return Sighting("room", "live", number, number * STEP_NS, SIZE, mask=mask)


def test_the_room_is_recalled_once_every_part_of_it_was_seen_empty() -> None:
    room, visitor = np.full((72, 128, 3), 60, np.uint8), np.full((72, 128, 3), 200, np.uint8)
    header, pixels = np.zeros(1, HEADER), np.zeros(ROOM_BYTES, np.uint8)
    noted = memory("0", header, pixels)
    picture = room.copy()
    picture[:, :64] = visitor[:, :64]
    noted.note(picture, seen(1, 0, 32))
    assert noted.recall() is None
    picture = room.copy()
    picture[:, 64:] = visitor[:, 64:]
    noted.note(picture, seen(2, 32, 64))
    assert noted.recall() is None, "near people nothing is sure"
    noted.note(room, seen(3, 0, 0))
    recalled = memory("0", header, pixels).recall()
    assert recalled is not None and recalled.shape == (36, 64, 3)
    assert (recalled == 60).all(), "no pixel of a visitor is kept"
    assert memory("1", header, pixels).recall() is None, "another camera's room is no use"


def test_no_visitor_is_ever_in_what_is_kept() -> None:
    pixels = np.zeros(ROOM_BYTES, np.uint8)
    noted = memory(pixels=pixels)
    for number in range(1, 12):
        picture = np.full((36, 64, 3), 60, np.uint8)
        picture[:, 5 * number : 5 * number + 9] = 222
        noted.note(picture, seen(number, 5 * number, 5 * number + 9))
    assert not (pixels == 222).any()


def test_a_room_of_another_size_is_learnt_anew() -> None:
    noted = memory()
    noted.note(np.full((36, 64, 3), 60, np.uint8), seen(1, 0, 0))
    assert noted.recall() is not None
    other = Sighting("room", "live", 2, 2 * STEP_NS, (32, 18), mask=np.zeros((18, 32), np.uint8))
    noted.note(np.full((18, 32, 3), 90, np.uint8), other)
    recalled = noted.recall()
    assert recalled is not None and recalled.shape == (18, 32, 3) and (recalled == 90).all()


def test_a_room_of_which_nearly_all_differs_for_long_is_another_one() -> None:
    doubt, steps = Doubt(), round(OTHER_S / EVERY_S)
    told = [doubt.is_other(seen(number, 2, 62)) for number in range(2 * steps)]
    assert told.index(True) == steps and sum(told) == 1
    assert not any(doubt.is_other(seen(number, 0, 40)) for number in range(2 * steps)), "a visitor near by is none"
    rights = [10 if number == steps - 1 else 64 for number in range(2 * steps - 1)]
    assert not any(doubt.is_other(seen(number, 0, right)) for number, right in enumerate(rights))


def test_a_moved_camera_learns_its_new_room_and_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("engine.inputs.camera_memory.OTHER_S", 0.3)
    camera, told = Camera(name="room", source="%d.png", size=(320, 180), fps=60), []
    rooms = [SimulatedCamera(Visitors(1, 16 / 9, 0), (320, 180), name) for name in ("plain", "green")]
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), rooms[0].empty(number / 1000))
    with Run(camera, Block.private(camera_block_size(camera)), tmp_path, told.append) as link:
        wait(link, lambda sighting: sighting.frame > 5)
        for number in range(4):
            cv2.imwrite(str(tmp_path / f"{number}.png"), rooms[1].empty(number / 1000))
        wait(link, lambda sighting: sighting.mask is not None and sighting.mask.mean() > 200)
        wait(link, lambda sighting: sighting.mask is not None and not sighting.mask.any())
        wait(link, lambda _: bool(told))
        assert "the room looks different" in told[0] and told[0].startswith("camera.room: ")
        assert link.lost == "" and link.status.message in told[0]


class Run:
    """One life of a camera's process, in a thread."""

    def __init__(
        self, camera: Camera, block: Block, folder: Path, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=run_camera, args=(camera, block, self._ending.is_set, folder))
        self.link = CameraLink(camera, block, say=say)

    def __enter__(self) -> CameraLink:
        self._thread.start()
        return self.link

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(5)


def wait(link: CameraLink, is_so: Callable[[Sighting], bool]) -> Sighting:
    end_ns = monotonic_ns() + 20 * NS
    while not is_so(sighting := link.poll(monotonic_ns())[0]):
        assert monotonic_ns() < end_ns, link.status
        sleep_s(0.01)
    return sighting


@pytest.mark.parametrize("key", ["none", "blue"])
def test_who_stands_in_front_of_a_camera_that_is_started_again_is_a_visitor_and_not_the_room(tmp_path, key) -> None:
    camera = Camera(name="room", source="%d.png", key=key, size=(320, 180), fps=60)
    fake = SimulatedCamera(Visitors(1, 16 / 9, 0), (320, 180), "plain" if key == "none" else key)
    guest = Guest(16 / 9).follow(0.0, 0.9, 0.8)
    block = Block.private(camera_block_size(camera))
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), fake.empty(number / 1000))
    with Run(camera, block, tmp_path) as link:
        wait(link, lambda _: int(link._header["room"]) != 0)
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), fake.picture(number / 1000, guest))
    before = int(link._header["frames"])
    with Run(camera, block, tmp_path) as link:
        sighting = wait(link, lambda sighting: sighting.frame >= before + 20)
        assert [p.foot_px[0] for p in sighting.people] == [pytest.approx(0.9 / 16 * 9 * 320, abs=12)]
    assert not [path for path in tmp_path.rglob("*") if path.suffix != ".png"], "nothing is written"


def test_r3_simulated_visitors_stand_in_for_a_lost_camera_until_it_is_back(tmp_path) -> None:
    camera = Camera(name="room", source="live/%d.png", size=(320, 180), fps=30, lost="simulate")
    block = Block.private(camera_block_size(camera))
    with Run(camera, block, tmp_path) as link:
        people: tuple[Person, ...] = ()
        sighting = wait(link, lambda sighting: bool(sighting.people))
        people = sighting.people
        assert sighting.state == "live" and min(p.id for p in people) >= STAND_IN_IDS
        assert link.poll(monotonic_ns())[1] is not None
        assert (link.status.state, link.status.source) == ("lost", "simulated")
        assert "no camera or file" in link.lost or "does not open" in link.lost
        folder = tmp_path / "made"
        folder.mkdir()
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), np.full((180, 320, 3), 90 + number, np.uint8))
        shutil.move(folder, tmp_path / "live")
        sighting = wait(link, lambda sighting: link.status.state == "live")
        assert not sighting.people and link.lost == "" and link.status.source == "live/%d.png"


def test_r3_by_default_nobody_stands_in(tmp_path) -> None:
    camera = Camera(name="room", source="live/%d.png", size=(320, 180))
    with Run(camera, Block.private(camera_block_size(camera)), tmp_path) as link:
        wait(link, lambda _: link.lost.startswith("no camera or file") or "open" in link.lost)
        assert link.poll(monotonic_ns()) == (Sighting("room", "lost", size=link.poll(0)[0].size), None)
