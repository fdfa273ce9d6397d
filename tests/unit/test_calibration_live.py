"""The live rig's parts: a camera's eye that sees the dark too, patterns only while they are allowed, the live view."""

import itertools

import numpy as np
import pytest

from calibration.eye import Eye
from calibration.light_scan import LUMA, SHARES, shots_of
from calibration.live import LiveRig
from calibration.live_view import look_at, marked
from calibration.preflight import faults_of
from calibration.settling import settling_of
from engine.clock import NS, monotonic_ns
from engine.fake.mjpeg import MjpegServer, encode
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.inputs.camera_capture import Shot
from engine.inputs.camera_http import open_url
from engine.problems import MixeurError
from engine.render.headless import HeadlessWindows
from engine.safety.exemption import Exemption
from engine.show.model import Projector
from engine.world import StageSize

SIZE = (64, 36)


def eye_of(server: MjpegServer) -> Eye:
    return Eye("tripod", lambda within_s: open_url(server.url, within_s))


def test_an_eye_sees_dark_and_unchanging_pictures_and_only_those_that_come_after() -> None:
    with MjpegServer(encode([np.zeros((36, 64, 3), np.uint8)])) as server:
        eye = eye_of(server)
        asked_ns = monotonic_ns()
        shot = eye.after(asked_ns)
        assert shot.captured_ns > asked_ns and not shot.picture.any()
        assert eye.after(shot.captured_ns).captured_ns > shot.captured_ns
        eye.close()


def test_an_eye_says_why_there_are_no_pictures() -> None:
    with MjpegServer(encode([np.zeros((36, 64, 3), np.uint8)])) as server:
        server.fault = "missing"
        eye = eye_of(server)
        with pytest.raises(MixeurError, match=r"camera\.tripod: .*404"):
            eye.after(monotonic_ns(), patience_s=2.0)
        eye.close()


def test_patterns_pass_the_guard_while_they_are_allowed_and_then_end_in_words() -> None:
    windows = HeadlessWindows({"left": Projector(name="left", size=SIZE)}, StageSize(16 / 9, None, SIZE))
    exemption = Exemption(monotonic_ns() / NS)
    guarded = GuardedScreens(windows, 3, HeldBack(3, tuple, print))
    rig = LiveRig(guarded, {"left": SIZE}, None, exemption, lambda: None)  # type: ignore[arg-type]
    for number in range(20):  # ten flashes at once
        rig.show("left", np.full(SIZE[::-1], 255 * (number % 2), np.uint8))
        assert windows.last["left"][0, 0, 0] == 255 * (number % 2)
    with pytest.raises(MixeurError, match="shows 64 x 36, but the scan is planned for 32 x 36"):
        rig.show("left", np.zeros((36, 32), np.uint8))
    exemption.end()
    with pytest.raises(MixeurError, match="ten minutes"):
        rig.show("left", np.zeros(SIZE[::-1], np.uint8))


def live_rig(eye: object) -> LiveRig:
    windows = HeadlessWindows({"left": Projector(name="left", size=SIZE)}, StageSize(16 / 9, None, SIZE))
    guarded = GuardedScreens(windows, 3, HeldBack(3, tuple, print))
    return LiveRig(guarded, {"left": SIZE}, eye, Exemption(monotonic_ns() / NS), lambda: None)  # type: ignore[arg-type]


class Row:
    """An eye that sees one picture after the other; noise as of a camera."""

    def __init__(self, *pictures: np.ndarray) -> None:
        self.pictures, self.rng = list(pictures), np.random.default_rng(3)

    def after(self, time_ns: int) -> Shot:
        picture = self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]
        noisy = np.clip(picture + self.rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        return Shot(noisy, time_ns + 1)


def waves(turn: float) -> np.ndarray:
    line = 20 + 150 * (0.5 + 0.45 * np.cos(2 * np.pi * (np.arange(256) / 20 - turn)))
    return np.repeat(np.repeat(line[None, :, None], 144, 0), 3, 2)


OLD, NEW = waves(0), waves(1 / 8)
TORN = np.concatenate([NEW[:100], OLD[100:]])


@pytest.mark.parametrize("late", [(), (OLD,), (OLD, OLD, OLD), (TORN,), (OLD, TORN), (0.5 * OLD + 0.5 * NEW,)])
def test_a_verified_picture_holds_nothing_of_the_frame_before(late: tuple[np.ndarray, ...]) -> None:
    rig = live_rig(Row(OLD, *late, NEW))
    rig.show("left", np.full(SIZE[::-1], 10, np.uint8))
    rig.grab("tripod")
    rig.show("left", np.full(SIZE[::-1], 200, np.uint8))
    seen = rig.grab_settled("tripod")[0]
    assert np.abs(seen - NEW[..., 0]).mean() < 3
    assert np.abs(rig.grab_settled("tripod")[0] - NEW[..., 0]).mean() < 3  # nothing is other than before: at once


def test_light_is_the_mean_of_pictures_that_are_not_late() -> None:
    dark, bright = np.full((36, 64, 3), 5.0), np.full((36, 64, 3), (90.3, 120.6, 150.2))
    rig = live_rig(Row(dark, dark, bright))
    rig.grab("tripod")
    rig.show("left", np.full(SIZE[::-1], 200, np.uint8))
    seen = rig.grab_colour("tripod")[0] / 257
    assert np.abs(seen.mean((0, 1)) - (150.2 - 0.5, 120.6 - 0.5, 90.3 - 0.5)).max() < 0.1


def test_the_pictures_of_light_take_turns_so_that_a_late_one_is_found() -> None:
    for shares in (SHARES, SHARES[:1]):
        shots = shots_of(shares)
        for one, other in itertools.pairwise(shots):
            light = [LUMA @ (np.array(shot.signal) / 255) ** 2.2 * shot.share for shot in (one, other)]
            assert one.share != other.share or abs(light[0] - light[1]) > 0.04


class LateCamera:
    """A camera of so many pictures a second whose pictures of a change arrive late, as seen on a clock of its own."""

    def __init__(self, fps: float, delay_s: float, jitter_s: float = 0.0) -> None:
        self.period_s, self.delay_s, self.jitter_s = 1 / fps, delay_s, jitter_s
        self.now_s, self.light = 1.0, [(0.0, False)]
        self.rng = np.random.default_rng(4)

    def shine(self, is_bright: bool) -> int:
        self.now_s += 0.003
        self.light.append((self.now_s, is_bright))
        return round(self.now_s * NS)

    def after(self, time_ns: int) -> Shot:
        beat = np.floor(time_ns / NS / self.period_s + 1e-6) + 1
        self.now_s = beat * self.period_s + self.rng.uniform(0, self.jitter_s)
        taken_s = self.now_s - self.delay_s - self.rng.uniform(0, self.jitter_s)
        level = [is_bright for since_s, is_bright in self.light if since_s <= taken_s][-1]
        picture = np.full((36, 64, 3), 5, np.uint8)
        picture[5:30, 10:50] = 150 if level else 8
        noisy = np.clip(picture + self.rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
        return Shot(noisy, round(self.now_s * NS))


@pytest.mark.parametrize(("fps", "delay_s", "jitter_s"), [(30, 0.09, 0.0), (60, 0.05, 0.01), (5, 0.3, 0.05),
                                                          (25, 0.002, 0.0)])
def test_a_frame_is_left_until_no_picture_holds_the_one_before(fps: float, delay_s: float, jitter_s: float) -> None:
    camera = LateCamera(fps, delay_s, jitter_s)
    found = settling_of(camera.shine, camera.after)
    assert delay_s <= found.wait_s + 1 / fps  # what comes a picture later is new
    assert found.wait_s <= delay_s + 2 * jitter_s + 0.5 / fps + 0.03
    assert delay_s <= found.seen_s <= delay_s + 2 * jitter_s + 1.1 / fps


def test_a_camera_that_does_not_see_the_light_is_told_in_words() -> None:
    camera = LateCamera(30, 0.05)
    with pytest.raises(MixeurError, match="does not follow the light"):
        settling_of(lambda is_bright: camera.shine(False), camera.after)


def scene(white: float, dark: float, left: int = 20, noise: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    picture = np.full((90, 160), dark)
    picture[20:70, left:120] = white
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("white", "left", "words"), [
    (180, 20, None), (60, 20, "at 24% of the camera's range: expose 3.3 times as long"), (255, 20, "red is clipped"),
    (240, 20, "shorten the exposure to 85%"),
    (180, 0, "beyond the picture"), (4, 20, "hardly any light")])
def test_the_live_view_says_what_to_change(white: float, left: int, words: str | None) -> None:
    look = look_at(scene(white, 4, left), scene(4, 4))
    assert (not look.faults()) if words is None else words in " ".join(look.faults())


def test_what_is_clipped_is_red_in_the_live_view_and_a_sharper_picture_is_sharper() -> None:
    picture = np.zeros((36, 64, 3), np.uint8)
    picture[5, 5] = 255
    shown = marked(picture)
    assert tuple(shown[5, 5, :3]) == (40, 40, 255) and not shown[6, 6, :3].any()
    stripes = np.where(np.arange(160) // 4 % 2, 200, 40)[None].repeat(90, 0).astype(np.uint8)
    import cv2

    dark = np.zeros_like(stripes)
    sharp, soft = (look_at(each, dark).sharpness for each in (stripes, cv2.GaussianBlur(stripes, (0, 0), 2)))
    assert sharp > 1.5 * soft


def test_preflight_finds_what_would_spoil_a_scan() -> None:
    fine = (scene(180, 4), scene(180, 4)), (scene(4, 4), scene(4, 4))
    stripes = scene(180, 4).astype(int) * (np.arange(160) // 2 % 2), scene(180, 4).astype(int) * (
        1 - np.arange(160) // 2 % 2)
    seen = stripes[0].astype(np.uint8), stripes[1].astype(np.uint8)
    assert faults_of(*fine, seen) == []
    flat = (scene(90, 4), scene(90, 4))
    assert "stripes of two pixels" in " ".join(faults_of(*fine, flat))
    faint = (scene(30, 4), scene(30, 4)), (scene(4, 4), scene(4, 4))
    assert "brighter than black" in " ".join(faults_of(*faint, seen))
    cut = (scene(180, 4, left=0), scene(180, 4, left=0)), fine[1]
    assert "beyond the camera" in " ".join(faults_of(*cut, seen))
