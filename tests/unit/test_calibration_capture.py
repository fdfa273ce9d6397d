"""Capture: each pair of frames is verified as it arrives, taken again when it is wrong, and refused with a remedy."""

import numpy as np
import pytest

from calibration.capture import take
from calibration.decode import codes_of
from calibration.patterns import plan
from engine.problems import MixeurError

SIZE = (256, 144)
SHOWN = plan(SIZE)


class MirrorRig:
    """A camera that sees the projector itself on a rough wall, as `spoil(picture, before, number)` leaves it."""

    def __init__(self, spoil=lambda picture, before, number: picture, gain=0.5, floor=12.0):
        self.spoil, self.gain, self.floor = spoil, gain, floor
        self.rng = np.random.default_rng(5)
        self.wall = 1 + 0.1 * self.rng.uniform(-1, 1, SIZE[::-1])
        self.frames = [np.zeros(SIZE[::-1], np.uint8)]
        self.grabs = self.waited = 0
        self.longest_s = 0.0

    def show(self, projector, frame):
        self.frames.append(frame)
        return float(self.waited)

    def grab(self, camera):
        now, before = (self.floor + self.gain * self.wall * frame for frame in (self.frames[-1], self.frames[-2]))
        self.grabs += 1
        light = self.spoil(now, before, self.grabs)
        noisy = np.rint(light + self.rng.normal(0, 1.5, light.shape))
        return np.clip(noisy, 0, 255).astype(np.uint8), float(self.waited)

    def wait(self, seconds):
        self.waited += seconds
        self.longest_s = max(self.longest_s, seconds)


def taken(spoil=lambda picture, before, number: picture, **changes):
    rig = MirrorRig(spoil, **changes)
    return take(rig, "left", "tripod", SHOWN, 0.1), rig


def test_a_good_scan_takes_each_frame_once_and_three_more_to_compare():
    result, rig = taken()
    assert result.faults == []
    assert rig.grabs == len(SHOWN.patterns) + 3
    columns, rows, _ = codes_of(result.scan)
    assert np.mean(columns != np.arange(SIZE[0])) < 1e-4
    assert np.mean(rows != np.arange(SIZE[1])[:, None]) < 1e-4


@pytest.mark.parametrize("number", range(6, 40, 5))
def test_a_frame_that_came_late_is_found_and_taken_again(number):
    result, rig = taken(lambda now, before, grab: before if grab == number else now)
    assert len(result.faults) == 1
    assert result.faults[0][1] in ("stale", "torn")  # where half of the rows are alike, nobody can tell
    assert rig.longest_s > 0.1
    assert np.mean(codes_of(result.scan)[0] != np.arange(SIZE[0])) < 1e-4


def test_a_machine_that_is_late_for_seconds_ends_no_scan():
    class LateRig(MirrorRig):
        """In a spell of seven seconds pictures come 1.2 s late."""

        def show(self, projector, frame):
            self.shown = [*getattr(self, "shown", [(-9.0, self.frames[0])]), (self.waited, frame)]
            return super().show(projector, frame)

        def grab(self, camera):
            late_s = 1.2 if 2.0 < self.waited < 9.0 else 0.0
            self.frames.append([frame for since_s, frame in self.shown if since_s <= self.waited - late_s][-1])
            return super().grab(camera)

    rig = LateRig()
    result = take(rig, "left", "tripod", SHOWN, 0.1)
    assert len(result.faults) >= 4 and 1.0 < rig.longest_s <= 2.0
    assert result.wait_s < 0.7 * rig.longest_s  # it is eased once the spell is over
    assert np.mean(codes_of(result.scan)[0] != np.arange(SIZE[0])) < 1e-4


@pytest.mark.parametrize("share", [0.05, 0.2, 0.45])
def test_a_torn_frame_is_found(share):
    def tear(now, before, grab):
        if grab != 9:
            return now
        rows = round(share * SIZE[1])
        return np.vstack([now[:50], before[50:50 + rows], now[50 + rows:]])

    assert [fault for _, fault in taken(tear)[0].faults] == ["torn"]


def test_a_camera_that_is_knocked_is_told():
    result, _ = taken(lambda now, before, grab: np.roll(now, 1, axis=1) if grab > 30 else now)
    assert ("white", "moved") in result.faults


def test_frames_that_stay_stale_end_in_one_line_with_a_remedy():
    with pytest.raises(MixeurError, match=r"^scan: projector left: frame '.*' stays wrong \(.*\): .*wait longer"):
        taken(lambda now, before, grab: before if grab > 4 else now)


@pytest.mark.parametrize(("changes", "words"), [({"gain": 2.0}, "white is clipped"), ({"gain": 0.02}, "hardly sees")])
def test_a_wrong_exposure_is_told_before_the_scan_begins(changes, words):
    with pytest.raises(MixeurError, match=words):
        taken(**changes)


def test_light_that_changes_is_told():
    with pytest.raises(MixeurError, match="automatic exposure"):
        taken(lambda now, before, grab: now * 1.06 if grab > 12 else now)
