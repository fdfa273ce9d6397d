"""A camera's sources, block and loop, without any device."""

import os
import threading
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import InlineCamera, SimulatedCamera
from engine.fake.mjpeg import encode
from engine.fake.visitors import Visitors
from engine.inputs.camera import device_number, local_cameras, open_source
from engine.inputs.camera_link import CameraBlock, CameraLink, camera_block_size, pack, unpack
from engine.inputs.camera_process import STUCK, camera_of, run_camera
from engine.inputs.camera_source import SourceLost
from engine.inputs.multipart import decode_jpeg
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.world import Matte, Sighting

CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
CAMERA = Camera(name="room", key="blue", fps=60)


def test_a_sighting_comes_out_of_the_block_as_it_went_in() -> None:
    inline = InlineCamera(CAMERA, Visitors(1, 16 / 9), 1)
    for frame in range(1100, 1120):
        sent, matte = inline.poll(round(frame * 1e9 / 60))
    assert len(sent.people) == 2 and sent.contacts and matte is not None
    block = Block.private(camera_block_size(CAMERA))
    shared, link = CameraBlock(CAMERA, block), CameraLink(CAMERA, block)
    shared.header[0]["state"], shared.header[0]["heartbeat_ns"] = 2, matte.captured_ns
    shared.publish_matte(matte.pixels, matte.captured_ns, matte.frame)
    shared.publish_sighting(sent)
    got, picture = link.poll(matte.captured_ns)
    assert picture is not None
    np.testing.assert_array_equal(picture.pixels, matte.pixels)
    np.testing.assert_array_equal(got.mask, sent.mask)
    np.testing.assert_array_equal(got.flow_px, sent.flow_px)
    for a, b in zip(got.people, sent.people, strict=True):
        assert a.id == b.id and a.box_px == b.box_px
        assert a.foot_px == pytest.approx(b.foot_px) and a.velocity_px == pytest.approx(b.velocity_px)
        np.testing.assert_array_equal(a.outline_px, b.outline_px)
    assert (got.frame, got.captured_ns, got.size, got.motion, got.contacts, got.state) == (
        sent.frame, sent.captured_ns, sent.size, sent.motion, sent.contacts, "live")  # fmt: skip


def test_a_sighting_without_people_mask_or_flow_is_packed_too() -> None:
    data = np.zeros(400_000, np.uint8)
    got = unpack(data[: pack(Sighting("room", "live", 3, 4), data)], "room")
    assert (got.state, got.frame, got.people, got.flow_px) == ("live", 3, (), None)
    assert got.mask is not None and not got.mask.any()


def test_a_process_without_a_heartbeat_is_a_lost_camera() -> None:
    block = Block.private(camera_block_size(CAMERA))
    link, header = CameraLink(CAMERA, block), CameraBlock(CAMERA, block).header[0]
    assert link.poll(10 * NS) == (Sighting("room", "lost", size=(640, 360)), None)
    header["state"], header["heartbeat_ns"] = 2, 10 * NS
    assert link.poll(11 * NS)[0].state == "live"
    assert link.poll(13 * NS)[0].state == "lost"


def run_until(camera: Camera, folder: Path, frames: int) -> tuple[CameraLink, Sighting, Matte | None]:
    block, ending = Block.private(camera_block_size(camera)), threading.Event()
    thread = threading.Thread(target=run_camera, args=(camera, block, ending.is_set, folder))
    thread.start()
    link, start_ns = CameraLink(camera, block), monotonic_ns()
    link.guest(0.5, 0.9, True)
    seen = link.poll(start_ns)
    while link.status.frames < frames and monotonic_ns() - start_ns < 20 * NS:
        sleep_s(0.005)
        seen = link.poll(monotonic_ns())
    ending.set()
    stopped_ns = monotonic_ns()
    thread.join(5)
    assert not thread.is_alive() and monotonic_ns() - stopped_ns < NS
    gone, no_matte = link.poll(monotonic_ns())
    assert (gone.state, gone.people, gone.mask, no_matte) == ("lost", (), None, None)
    return link, *seen


def test_the_simulated_camera_shows_the_guest_at_once(tmp_path: Path) -> None:
    _, sighting, matte = run_until(CAMERA, tmp_path, 8)
    assert matte is not None and matte.pixels.shape == (360, 640, 4)
    assert matte.pixels[200:300, 430:490, 3].any()  # mirrored: stage 0.5 of 1.78 is right of the picture's middle
    assert any(abs(p.foot_px[0] - 460) < 15 for p in sighting.people)


class Watched:
    """A source that counts for how many of its pictures anybody has still a use."""

    truncated = skipped = most = 0
    may_repeat = False

    def __init__(self) -> None:
        self._fake = SimulatedCamera(Visitors(1, 16 / 9), (160, 90), "blue")
        self._held: list[weakref.ref[np.ndarray]] = []

    def read(self, timeout_s: float) -> tuple[np.ndarray, int]:
        sleep_s(0.004)
        picture = self._fake.picture(monotonic_ns() % (60 * NS) / NS).copy()
        self._held = [*(each for each in self._held if each() is not None), weakref.ref(picture)]
        self.most = max(self.most, len(self._held))
        return picture, monotonic_ns()

    def close(self) -> None:
        pass


@pytest.mark.parametrize("key", ["blue", "none"])
def test_v2_three_raw_pictures_are_held_at_most(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Watched()
    monkeypatch.setattr("engine.inputs.camera_process.open_source", lambda *_: source)
    run_until(Camera(name="room", source="watched", size=(160, 90), key=key), tmp_path, 30)
    assert 1 <= source.most <= 3


def test_a_film_is_played_again_and_again(tmp_path: Path) -> None:
    fake = SimulatedCamera(Visitors(1, 16 / 9), (320, 180), "blue")
    film = cv2.VideoWriter(str(tmp_path / "visit.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 60, (320, 180))
    for n in range(6):
        film.write(fake.picture(3 + n / 10))
    film.release()
    link, *_ = run_until(Camera(name="room", source="visit.avi", key="blue", size=(320, 180)), tmp_path, 14)
    assert link.status.frames >= 14


def test_an_image_sequence_larger_than_wanted_is_made_smaller(tmp_path: Path) -> None:
    fake = SimulatedCamera(Visitors(1, 16 / 9), (640, 360), "blue")
    for n in range(3):
        cv2.imwrite(str(tmp_path / f"{n:04d}.png"), fake.picture(3 + n / 10))
    camera = Camera(name="room", source="%04d.png", key="blue", size=(320, 180), fps=60)
    _, _, matte = run_until(camera, tmp_path, 5)
    assert matte is not None and matte.pixels.shape == (180, 320, 4)


def test_pictures_may_change_their_size_at_any_time(tmp_path: Path) -> None:
    for number, size in enumerate([(320, 180), (640, 480), (48, 64), (320, 180)]):
        fake = SimulatedCamera(Visitors(1, 16 / 9), size, "blue")
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), fake.picture(3 + number / 10))
    for key in ("blue", "none"):
        camera = Camera(name="room", source="%d.jpg", key=key, size=(320, 180), fps=60, corners=CORNERS)
        link, sighting, matte = run_until(camera, tmp_path, 9)
        assert matte is not None and link.status.message == ""
        assert matte.pixels.shape[:2] in {(180, 320), (180, 240), (64, 48)}
        assert sighting.mask is not None and sighting.mask.shape == sighting.size[::-1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_r3_a_driver_that_blocks_for_ever_ends_the_process_for_only_that_helps(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("engine.inputs.camera_capture.LONGEST_OPENING_S", 0.7)
    os.mkfifo(tmp_path / "stuck.avi")
    camera = Camera(name="room", source="stuck.avi", size=(64, 36))
    block, start_ns = Block.private(camera_block_size(camera)), monotonic_ns()
    assert run_camera(camera, block, lambda: False, tmp_path) == STUCK
    assert 0.5 * NS < monotonic_ns() - start_ns < 10 * NS
    assert "driver does not answer" in CameraLink(camera, block).status.message
    os.close(os.open(tmp_path / "stuck.avi", os.O_RDWR | os.O_NONBLOCK))  # let the thread go


def test_what_is_not_there_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceLost, match=r"no camera or file 'C920'; is it plugged in\? mixeur devices"):
        open_source(Camera(name="room", source="C920"), tmp_path)
    (tmp_path / "text.avi").write_text("no film")
    with pytest.raises(SourceLost, match=r"text.avi does not open"):
        open_source(Camera(name="room", source="text.avi"), tmp_path)


def test_local_cameras_are_found_by_number_and_by_part_of_their_name(tmp_path: Path) -> None:
    for number, (name, index) in enumerate([("HD Pro Webcam C920", 0), ("HD Pro Webcam C920", 1), ("USB capture", 0)]):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "index").write_text(f"{index}\n")
    assert local_cameras(tmp_path) == [(0, "HD Pro Webcam C920"), (2, "USB capture")]
    assert [device_number(name, tmp_path) for name in ("c920", "capture", "7", "laptop")] == [0, 2, 7, None]


def test_a_camera_survives_its_way_through_json() -> None:
    fields = {"name": "room", "source": "0", "size": [640, 480], "corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    camera = camera_of(fields)
    assert camera.size == (640, 480) and camera.corners is not None and camera.corners[2] == (1.0, 1.0)


JPEG = encode([SimulatedCamera(Visitors(1, 16 / 9), (160, 90)).picture(3.0)])[0]


@given(st.integers(0, len(JPEG) - 1))
def test_no_jpeg_that_was_cut_short_passes(length: int) -> None:
    assert decode_jpeg(JPEG[:length]) is None


@given(st.binary(max_size=300))
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    assert decode_jpeg(b"\xff\xd8" + data) is None or data.endswith(b"\xff\xd9")


def test_a_whole_jpeg_passes_even_padded() -> None:
    for jpeg in (JPEG, JPEG + b"\r\n", JPEG + b"\0\0"):
        picture = decode_jpeg(jpeg)
        assert picture is not None and picture.shape == (90, 160, 3)
