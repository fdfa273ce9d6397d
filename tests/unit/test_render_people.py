"""People as a layer: only where somebody is is anything written, and it is the same as if all had been."""

import cv2
import numpy as np
import pytest

from engine.crew import Crew
from engine.problems import MixeurError
from engine.render.canvas import Canvas
from engine.render.people import Guest
from engine.world import Matte, Now, StageSize


def matte(size: tuple[int, int], box: tuple[int, int, int, int], seed: int = 1):
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = np.random.default_rng(seed).integers(1, 256, (bottom - top, right - left, 4))
    return pixels


def whole(pixels, size: tuple[int, int], mirror: bool):
    seen = cv2.flip(pixels, 1) if mirror else pixels
    way = cv2.INTER_AREA if pixels.shape[1] > size[0] else cv2.INTER_LINEAR
    return cv2.resize(seen, size, interpolation=way)


BOXES = [(0, 0, 160, 90), (41, 13, 77, 60), (0, 30, 9, 90), (150, 0, 160, 11), (80, 45, 81, 46)]


@pytest.mark.parametrize("size", [(160, 90), (320, 180), (320, 200), (640, 360), (101, 57)])
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("mirror", [True, False])
def test_a_guest_is_the_same_as_the_whole_picture_stretched(size, box, mirror) -> None:
    pixels, guest = matte((160, 90), box), Guest(size, Crew())
    guest.fit(pixels, mirror, None)
    assert np.abs(guest.pixels.astype(int) - whole(pixels, size, mirror)).max() <= 1
    left, top, right, bottom = guest.box
    guest.pixels[top:bottom, left:right] = 0
    assert not guest.pixels.any()


@pytest.mark.parametrize("mirror", [True, False])
def test_two_who_walk_about_leave_nothing_behind(mirror) -> None:
    guest, rng = Guest((320, 180), Crew()), np.random.default_rng(4)
    for _ in range(20):
        (a, b), (c, d) = np.sort(rng.integers(0, 80, 2)), np.sort(rng.integers(92, 160, 2))
        (e, f), (g, h) = np.sort(rng.integers(0, 90, 2)), np.sort(rng.integers(0, 90, 2))
        two = matte((160, 90), (a, e, b + 1, f + 1)) | matte((160, 90), (c, g, d + 1, h + 1))
        guest.fit(two, mirror, None)
        assert np.abs(guest.pixels.astype(int) - whole(two, (320, 180), mirror)).max() <= 1


def test_who_has_left_leaves_nothing_behind() -> None:
    guest = Guest((320, 180), Crew())
    for box in ((10, 10, 60, 80), (100, 20, 150, 90)):
        guest.fit(matte((160, 90), box), False, None)
    np.testing.assert_array_equal(guest.pixels, whole(matte((160, 90), (100, 20, 150, 90)), (320, 180), False))
    guest.fit(np.zeros((90, 160, 4), np.uint8), False, None)
    assert not guest.pixels.any()
    assert guest.box[2:] == (0, 0)


def test_a_view_that_no_projector_shows_is_drawn_small_and_is_nobodys() -> None:
    stage = StageSize(16 / 9, None, (320, 180))
    canvas = Canvas(stage, shown=frozenset({"stage"}))
    canvas.begin(Now(mattes={"room": Matte(matte((160, 90), (10, 10, 60, 80)), 1, 1)}))
    unseen = canvas.view("inside")
    unseen.circle(0.5, 0.5, 0.2)
    unseen.people()
    unseen.pixels[:] = np.zeros((180, 320, 4), np.uint8)
    unseen.surface.fill((0, 0, 0))
    with pytest.raises(MixeurError, match="blend"):
        unseen.circle(0.5, 0.5, 0.2, blend="nonsense")
    assert canvas.end()["inside"] == ()


def test_a_view_that_a_projector_shows_is_drawn_whole() -> None:
    canvas = Canvas(StageSize(16 / 9, None, (320, 180)), shown=frozenset({"stage", "inside"}))
    canvas.begin(Now())
    canvas.view("inside").circle(0.5, 0.5, 0.2)
    assert canvas.end()["inside"][0].pixels.shape == (180, 320, 4)


def test_a_matte_that_was_fitted_is_not_fitted_again() -> None:
    guest, one = Guest((320, 180), Crew()), matte((160, 90), (20, 20, 60, 80))
    guest.fit(one, True, None)
    whole = guest.pixels.copy()
    guest.pixels[:] = 0
    guest.fit(one, True, None)
    assert not guest.pixels.any(), "the camera has no newer one"
    guest.fit(one.copy(), True, None)
    np.testing.assert_array_equal(guest.pixels, whole)
    guest.fit(one, False, None)
    assert (guest.pixels != whole).any()
