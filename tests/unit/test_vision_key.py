"""The key on the simulated blue room; numbers B1, B2, B3, B6, B7, B9 of the works' tests."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from engine.fake.camera import Light, SimulatedCamera
from engine.fake.visitors import Visitors
from engine.problems import MixeurError
from engine.show.model import Camera
from engine.vision.eye import Eye
from engine.vision.plate import wall_colour

SIZE = (640, 360)
MOMENTS = np.arange(2.0, 42.0, 1.6)


@dataclass
class Seen:
    iou: float
    left_share: float
    shadow_left_share: float
    blue_excess: float


def look(light: Light, seed: int, is_taught: bool = True) -> Seen:
    fake, eye = SimulatedCamera(Visitors(seed, 16 / 9), SIZE, "blue", seed, light), Eye(Camera(name="room", key="blue"))
    if is_taught:
        eye.learn(fake.empty())
    both = either = left = wall = shadow_left = shadow = excess = skin = 0
    empty = cv2.blur(fake.empty(), (5, 5)).astype(int).sum(2)
    for time in MOMENTS:
        picture, truth = fake.picture(float(time)), fake.truth(float(time)).alpha
        matte = eye.key(picture).astype(int)
        is_person, is_wall = truth > 127, truth == 0
        in_shadow = is_wall & (cv2.blur(picture, (5, 5)).astype(int).sum(2) < 0.85 * empty)
        both += np.sum((matte[..., 3] > 127) & is_person)
        either += np.sum((matte[..., 3] > 127) | is_person)
        left, wall = left + np.sum(matte[is_wall, 3] > 25), wall + np.sum(is_wall)
        shadow_left, shadow = shadow_left + np.sum(matte[in_shadow, 3] > 25), shadow + np.sum(in_shadow)
        on_person = matte[is_person & (matte[..., 3] > 200)]
        excess += np.sum(np.maximum(on_person[:, 2] - np.maximum(on_person[:, 0], on_person[:, 1]), 0))
        skin += len(on_person)
    assert shadow > 5000 and skin > 50_000
    return Seen(both / either, left / wall, shadow_left / shadow, excess / skin)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_wall_lit_down_to_60_percent_is_taken_out_and_people_stay_whole_b1(seed: int) -> None:
    seen = look(Light(falloff=0.6), seed)
    assert seen.iou >= 0.97
    assert seen.left_share <= 0.005


def test_a_shadow_that_takes_half_the_light_is_no_person_b2() -> None:
    assert look(Light(shadow=0.5), 1).shadow_left_share <= 0.02


def test_the_walls_colour_is_taken_off_people_b3() -> None:
    seen = look(Light(spill=0.15), 1)
    assert seen.blue_excess <= 5
    assert seen.iou >= 0.97


def test_no_empty_room_is_needed_to_begin() -> None:
    seen = look(Light(falloff=0.6, shadow=0.5, spill=0.15), 2, is_taught=False)
    assert seen.iou >= 0.97
    assert seen.left_share <= 0.005


def test_a_blue_prop_is_a_window_b6() -> None:
    fake, eye = SimulatedCamera(Visitors(1, 16 / 9), SIZE, "blue", 1), Eye(Camera(name="room", key="blue"))
    eye.learn(fake.empty())
    for _ in range(30):
        picture = fake.picture(19.0)
        picture[140:200, 230:290] = (215, 90, 40)  # before somebody's chest
        matte = eye.key(picture)
    assert (matte[142:198, 232:288, 3] <= 25).mean() > 0.99


@pytest.mark.parametrize("key", ["blue", "none"])
def test_an_empty_room_holds_no_ghost_b7(key: str) -> None:
    room = "plain" if key == "none" else key
    fake, eye = SimulatedCamera(Visitors(1, 16 / 9), SIZE, room, 1), Eye(Camera(name="room", key=key, fps=5))
    for frame in range(100):  # 20 s
        picture = fake.empty(frame * 0.2)
        sighting = eye.track(picture, eye.key(picture), frame * 200_000_000, frame)
        assert sighting.mask is not None
        assert (sighting.mask > 0).mean() < 0.003
        assert sighting.people == ()
        assert sighting.motion < 0.02


def test_a_lamp_that_fails_does_not_bring_the_wall_back_b9() -> None:
    fake, eye = SimulatedCamera(Visitors(1, 16 / 9), SIZE, "blue", 1), Eye(Camera(name="room", key="blue"))
    eye.learn(fake.empty())
    for frame in range(60):
        light = max(0.3, 1 - 0.7 * frame / 30)
        picture = cv2.convertScaleAbs(fake.picture(7 + frame / 30), alpha=light)
        matte = eye.key(np.asarray(picture, np.uint8))
        is_wall = fake.truth(7 + frame / 30).alpha == 0
        assert (matte[is_wall, 3] > 25).mean() <= 0.02


def test_a_lamp_that_fails_is_noticed_within_five_seconds_and_a_visitor_is_no_lamp_b9() -> None:
    fake, eye = SimulatedCamera(Visitors(1, 16 / 9), SIZE, "blue", 1), Eye(Camera(name="room", key="blue"))
    eye.learn(fake.empty())
    for frame in range(30):
        eye.key(fake.picture(5 + frame / 5))
        assert eye.note == ""
    said = 0
    for frame in range(150):
        eye.key(np.asarray(cv2.convertScaleAbs(fake.picture(11.0), alpha=max(0.3, 1 - 0.7 * frame / 30)), np.uint8))
        if "lamp" in eye.note:
            said = frame
            break
    assert 0 < said <= 150


def test_what_leaves_is_gone_in_the_next_picture_and_a_still_edge_is_steady() -> None:
    fake, eye = SimulatedCamera(Visitors(1, 16 / 9), SIZE, "blue", 1), Eye(Camera(name="room", key="blue"))
    eye.learn(fake.empty())
    truth = fake.truth(12.0).alpha
    steady = [eye.key(fake.picture(12.0 + 0.001 * n))[..., 3] for n in range(8)]
    fresh = []
    for n in range(8):
        other = Eye(Camera(name="room", key="blue"))
        other.learn(fake.empty())
        fresh.append(other.key(fake.picture(12.0 + 0.001 * n))[..., 3])
    edge = (truth > 12) & (truth < 243)
    assert np.std(steady[3:], axis=0)[edge].mean() < 0.53 * np.std(fresh[3:], axis=0)[edge].mean()
    assert (eye.key(fake.empty(13.0))[..., 3] > 12).mean() < 0.001


def test_a_clean_plate_tells_paint_from_people_at_every_pixel() -> None:
    rng = np.random.default_rng(1)
    paint = np.empty((360, 640, 3), np.float32)
    paint[:] = (200, 70, 25)
    paint[:, 300:303] *= 0.8  # a joint in the wall, three pixels wide
    plate = paint.astype(np.uint8)
    left = []
    for is_taught in (False, True):
        eye = Eye(Camera(name="room", key="blue"))
        if is_taught:
            eye.take_plate(plate)
        matte = eye.key(np.clip(paint + rng.normal(0, 2, paint.shape), 0, 255).astype(np.uint8))
        left.append((matte[:, 300:303, 3] > 12).mean())
    assert left[0] > 0.2 and left[1] < 0.02


def test_jeans_in_a_deep_shadow_are_whole_and_the_shadow_beside_them_is_not_seen() -> None:
    rng, wall = np.random.default_rng(1), np.float32([0.58, 0.06, 0.01])  # linear light, BGR
    light = np.ones((360, 640, 1), np.float32)
    light[100:, 300:480] = 0.3
    scene = wall * light
    scene[120:320, 340:400] = np.float32([0.105, 0.048, 0.032]) * rng.normal(1, 0.14, (200, 60, 1))
    scene[320:325, 360:366] = np.float32([0.105, 0.048, 0.032]) * rng.normal(1, 0.14, (5, 6, 1))  # thin
    noise = rng.normal(0, 1.5, scene.shape)
    picture, plate = (np.clip(255 * np.maximum(seen, 0) ** (1 / 2.2) + noise, 0, 255).astype(np.uint8)
                      for seen in (scene, wall * np.ones_like(light)))  # fmt: skip
    eye = Eye(Camera(name="room", key="blue"))
    eye.take_plate(plate)
    alpha = eye.key(picture)[..., 3] / 255
    assert (alpha[120:320, 340:400] >= 0.9).mean() >= 0.95
    assert (alpha[320:325, 360:366] >= 0.9).mean() >= 0.75
    assert (alpha[210:, 310:330] > 0.05).mean() < 0.01


def test_nothing_premultiplied_is_brighter_than_its_alpha() -> None:
    fake, eye = SimulatedCamera(Visitors(3, 16 / 9), SIZE, "blue"), Eye(Camera(name="room", key="blue"))
    matte = eye.key(fake.picture(12.0))
    assert (matte[..., :3].max(axis=2) <= matte[..., 3]).all()


@pytest.mark.parametrize("key", ["blue", "none"])
def test_pictures_of_any_size_are_taken_even_one_after_another(key: str) -> None:
    eye, rng = Eye(Camera(name="room", key=key)), np.random.default_rng(1)
    for number, (width, height) in enumerate([(640, 360), (333, 217), (1280, 720), (17, 9), (640, 480)]):
        picture = rng.integers(0, 255, (height, width, 3), np.uint8)
        matte = eye.key(picture)
        assert matte.shape == (height, width, 4)
        sighting = eye.track(picture, matte, number * 33_000_000, number)
        assert sighting.size[0] <= 640 and sighting.size[1] <= 360
        assert sighting.mask is not None and sighting.mask.shape == sighting.size[::-1]


def test_keys_that_cannot_work_are_refused_in_one_line() -> None:
    assert wall_colour("#1946c8") == (200, 70, 25)
    for key in ("#888888", "#ffff00", "bleu", "#12"):
        with pytest.raises(MixeurError, match=f"key '{key}'"):
            wall_colour(key)
