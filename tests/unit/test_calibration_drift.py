"""Drift: known shifts of a projector are told from the show's own content, and what cannot be known is not told."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.cases import CAMERA
from calibration.drift import Drift, Outlook, Shown, drifts
from calibration.drift_track import Estimate, alerts, estimate_of, mendable, mended, slope_of, unmended
from calibration.rooms import LEFT, RIGHT, rooms
from calibration.simulator.light import View, expose
from engine.show.profile import Profile, Watch

SIZE = (320, 180)


def blobs(rng):
    """Return a frame as a scene may show it: soft discs of many sizes."""
    frame = np.zeros(SIZE[::-1], np.float32)
    for _ in range(25):
        at = int(rng.integers(SIZE[0])), int(rng.integers(SIZE[1]))
        cv2.circle(frame, at, int(rng.integers(4, 30)), float(rng.integers(40, 255)), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(frame, (0, 0), 0.8).clip(0, 255).astype(np.uint8)


class Watched:
    """A computed room with two projectors, of which the left one moves."""

    def __init__(self, seed):
        self.room = replace(rooms()["small_cylinder"](seed), ambient=0.05)
        self.rng, self.outlooks = np.random.default_rng(seed), {}
        self.view = View(self.room, CAMERA, fine=1)
        for name in (LEFT, RIGHT):
            truth = self.view.truth(name)
            px = np.where(truth.is_lit[..., None], truth.projector_px, np.nan).astype(np.float32)
            white, black = (self.view.radiance({name: np.full(SIZE[::-1], level, np.uint8)}) for level in (255, 0))
            self.outlooks[name] = Outlook(SIZE, px, (white - black) / 255)

    def seen(self, frames, moved=(0.0, 0.0)):
        """Return what the camera sees, as light, once the left projector's picture has moved so many of its pixels."""
        view = self.view
        if moved != (0.0, 0.0):
            left = self.room.projectors[LEFT]
            centre = (left.lens.centre_px[0] - moved[0], left.lens.centre_px[1] - moved[1])
            knocked = replace(left, lens=replace(left.lens, centre_px=centre))
            view = View(replace(self.room, projectors={**self.room.projectors, LEFT: knocked}), CAMERA, fine=1)
        return expose(view.radiance(frames), self.room.cameras[CAMERA], self.rng).astype(np.float32) / 255

    def frames(self):
        return {name: blobs(self.rng) for name in (LEFT, RIGHT)}


@pytest.fixture(scope="module")
def watched():
    return Watched(1)


def shown(frames, restless=None):
    return {name: Shown((frame / np.float32(255)) ** np.float32(2.2), restless) for name, frame in frames.items()}


@pytest.mark.parametrize("moved", [(0.0, 0.0), (0.5, -0.25), (3.0, 1.0)])
def test_a_known_shift_is_found_with_an_honest_error_while_somebody_stands_in_the_light(watched, moved):
    frames = watched.frames()
    seen = watched.seen(frames, moved)
    seen[60:160, 60:100] = 0.15  # a visitor
    found = drifts(watched.outlooks, shown(frames), 0.6 * seen)  # at another exposure
    left, right = found[LEFT], found[RIGHT]
    assert left.is_known and right.is_known
    error = np.hypot(left.x_px - moved[0], left.y_px - moved[1])
    assert error < 0.1 and error < 4 * left.sigma_px and left.sigma_px < 0.1
    assert right.far_px < 0.1


def test_of_dark_or_even_content_it_says_that_it_cannot_know(watched):
    for level in (4, 128):
        frames = {name: np.full(SIZE[::-1], level, np.uint8) for name in (LEFT, RIGHT)}
        found = drifts(watched.outlooks, shown(frames), watched.seen(frames, (3.0, 0.0)))
        assert all("too little" in drift.why for drift in found.values())


def test_a_picture_that_is_not_the_projection_is_not_believed(watched):
    frames = watched.frames()
    other = watched.seen({name: frame[::-1, ::-1].copy() for name, frame in frames.items()})
    found = drifts(watched.outlooks, shown(frames), other)
    assert not any(drift.is_known for drift in found.values())
    dark = drifts(watched.outlooks, shown(frames), np.zeros_like(other))
    assert all("nothing" in drift.why for drift in dark.values())


def test_what_moves_is_left_out_and_what_moves_everywhere_tells_nothing(watched):
    frames, later = watched.frames(), watched.frames()
    half = np.zeros(SIZE[::-1], bool)
    half[:, :160] = True
    mixed = {name: np.where(half, later[name], frame) for name, frame in frames.items()}
    found = drifts(watched.outlooks, shown(frames, half), watched.seen(mixed))
    assert max(drift.far_px for drift in found.values()) < 0.15
    assert not any(drift.is_known for drift in
                   drifts(watched.outlooks, shown(frames, np.ones_like(half)), watched.seen(later)).values())


def estimates(**far):
    return {name: Estimate(x, y, 0.02, 9) for name, (x, y) in far.items()}


def test_a_knock_is_told_once_most_glimpses_agree_and_strays_never_are():
    def seen(x):
        return Drift(x, 0.0, 0.05)

    assert estimate_of([seen(0.0)] * 4) is None
    assert estimate_of([seen(0.0)] * 4 + [Drift(why="dark")] * 20) is None
    assert not estimate_of([seen(0.0)] * 5 + [seen(6.0)] * 4).is_drift
    knocked = estimate_of([seen(0.0)] * 9 + [seen(3.0)] * 7)
    assert knocked.is_drift and knocked.x_px == 3.0
    assert not estimate_of([seen(0.0), seen(3.0)] * 5).is_drift  # no two agree: it says so by its sigma


def test_one_projector_that_moved_is_named_and_all_alike_may_be_the_camera(watched):
    told = alerts(estimates(left=(3.0, 0.0), right=(0.1, 0.0)), watched.outlooks)
    assert list(told) == ["left"] and "moved by 3.0 px" in told["left"]
    alike = {name: slope_of(outlook) @ (1.5, 0.0) for name, outlook in watched.outlooks.items()}
    told = alerts(estimates(**alike), watched.outlooks)
    assert set(told) == {LEFT, RIGHT} and all("camera moved" in line for line in told.values())


def test_only_small_drifts_beside_one_that_stands_still_are_mended(watched):
    def may(**far):
        return set(mendable(estimates(**far), watched.outlooks))

    assert may(left=(0.8, 0.0), right=(0.05, 0.0)) == {"left"}
    assert may(left=(0.8, 0.0), right=(0.8, 0.0)) == set()  # the camera may have moved
    assert may(left=(0.8, 0.0)) == set()
    assert may(left=(5.0, 0.0), right=(0.05, 0.0)) == set()  # a knock needs a person


def test_a_mended_profile_puts_the_picture_back_where_it_was(watched):
    moved = (1.2, -0.6)
    before = Profile(size=SIZE, mesh=(((0.0, 0.0), (320.0, 0.0)), ((0.0, 180.0), (320.0, 180.0))),
                     mask=(((0.0, 0.0), (9.0, 0.0), (0.0, 9.0)),), watch=Watch(camera="room", map=Path("x.pfm")))
    after = mended(before, Estimate(*moved, 0.02, 9))
    assert after.mesh[1][1] == pytest.approx((318.8, 180.6)) and after.mask[0][0] == pytest.approx((-1.2, 0.6))
    assert unmended(after, before) == before  # so a new solve takes it for no touch-up
    frames = watched.frames()
    outlooks = {**watched.outlooks, LEFT: replace(watched.outlooks[LEFT], moved_px=after.watch.moved_px)}
    assert drifts(outlooks, shown(frames), watched.seen(frames, moved))[LEFT].far_px < 0.1
