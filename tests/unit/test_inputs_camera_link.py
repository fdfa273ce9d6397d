"""The engine's end of a camera: ages, other sources, and nobody left standing when it is gone."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera
from engine.fake.visitors import Visitors
from engine.inputs.camera_link import CameraBlock, CameraLink, camera_block_size
from engine.inputs.camera_process import run_camera
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.world import Person, Sighting

CAMERA = Camera(name="room", key="blue", size=(64, 36))
MATTE = np.full((36, 64, 4), 7, np.uint8)
MS = NS // 1000


@pytest.fixture
def ends():
    block, now_ns = Block.private(camera_block_size(CAMERA)), [0]
    shared = CameraBlock(CAMERA, block)
    return shared, CameraLink(CAMERA, block, read_ns=lambda: now_ns[0]), now_ns


def show(shared: CameraBlock, state: int, captured_ns: int, frame: int) -> None:
    shared.header[0]["state"], shared.header[0]["heartbeat_ns"] = state, captured_ns
    shared.publish_matte(MATTE, captured_ns, frame)
    person = Person(1, (3.0, 4.0), (1.0, 2.0, 3.0, 4.0), (0.0, 0.0), np.zeros((3, 2), np.float32))
    mask = np.zeros((36, 64), np.uint8)
    shared.publish_sighting(Sighting("room", "live", frame, captured_ns, (64, 36), (person,), mask))


def test_a_pictures_age_is_counted_once_when_it_is_first_seen(ends):
    shared, link, now_ns = ends
    for frame, age_ms in enumerate([20, 40]):
        captured_ns = frame * 100 * MS
        show(shared, 2, captured_ns, frame)
        for waited_ms in (age_ms, age_ms + 16, age_ms + 33):
            now_ns[0] = captured_ns + waited_ms * MS
            link.poll(now_ns[0])
    assert link.status.age_ms == pytest.approx(40)
    assert link.status.age_ms_p95 == pytest.approx(39)


def test_b5_a_pictures_way_to_the_light_ends_with_the_first_frame_that_shows_it(ends):
    shared, link, now_ns = ends
    for frame, keyed_ms in enumerate([20, 40]):
        captured_ns = frame * 100 * MS
        show(shared, 2, captured_ns, frame)
        for waited_ms in (keyed_ms, keyed_ms + 17):  # the second frame shows it too
            now_ns[0] = captured_ns + waited_ms * MS
            link.poll(now_ns[0])
            now_ns[0] += 8 * MS
            link.shown()
    assert link.status.light_ms_p95 == pytest.approx(47)


@pytest.mark.parametrize(("state", "name"), [(1, "stale"), (0, "lost")])
def test_nobody_stands_frozen_when_the_picture_does(ends, state, name):
    shared, link, _ = ends
    show(shared, 2, 0, 5)
    assert link.poll(0)[0].people and link.poll(0)[1] is not None
    shared.header[0]["state"] = state
    sighting, matte = link.poll(0)
    assert (sighting.state, sighting.people, sighting.mask, sighting.frame, matte) == (name, (), None, -1, None)


def test_what_scenes_keep_of_a_sighting_is_theirs(ends):
    shared, link, _ = ends
    show(shared, 2, 0, 0)
    kept = link.poll(0)[0]
    for frame in range(1, 20):
        shared.publish_sighting(Sighting("room", "live", frame, 0, (64, 36), (), np.full((36, 64), 255, np.uint8)))
        link.poll(0)
    assert kept.mask is not None and not kept.mask.any() and not kept.mask.flags.writeable


def test_another_source_can_be_asked_for_and_given_back(tmp_path: Path) -> None:
    camera = Camera(name="room", key="blue", size=(320, 180), fps=60)
    cv2.imwrite(str(tmp_path / "0.png"), SimulatedCamera(Visitors(1, 16 / 9), (64, 36), "blue").empty())
    cv2.imwrite(str(tmp_path / "1.png"), SimulatedCamera(Visitors(1, 16 / 9), (64, 36), "blue").empty(1.001))
    block, ending = Block.private(camera_block_size(camera)), threading.Event()
    thread = threading.Thread(target=run_camera, args=(camera, block, ending.is_set, tmp_path))
    thread.start()
    link = CameraLink(camera, block)

    def wait_for_width(width: int) -> None:
        end_ns = monotonic_ns() + 20 * NS
        while (seen := link.poll(monotonic_ns())[1]) is None or seen.pixels.shape[1] != width:
            assert monotonic_ns() < end_ns, link.status
            sleep_s(0.01)

    try:
        wait_for_width(320)
        link.use("%d.png")
        wait_for_width(64)
        assert link.status.source == "%d.png"
        link.use("")
        wait_for_width(320)
        assert link.status.source == "simulated"
    finally:
        ending.set()
        thread.join(5)
