"""Blend and colour: shares sum to one, targets change slowly, colours stay in reach, differences as published."""

import numpy as np
import pytest

from calibration.blend import SLOPE, floor_of, target_of, weights_of
from calibration.brightness import blacks_of, brightness_of, wall_of
from calibration.colour import LUMINANCE, difference, luminance_of, mixes_of
from calibration.grid import grid_of
from calibration.light_scan import LightScan, read_light, shots_of, write_light
from calibration.rooms import COLD, WARM
from calibration.stage import FlatStage, cylinder_of
from calibration.verify import Pair, dithered, wrong_of
from engine.problems import MixeurError

GRID = grid_of(FlatStage(np.array([(0, 0), (320, 0), (320, 160), (0, 160)], float)), 2.0, 81)
LEFT, RIGHT = GRID.u < 0.6, GRID.u > 0.4


def test_shares_sum_to_one_and_end_at_the_other_border():
    left, right = weights_of([LEFT, RIGHT], GRID)
    np.testing.assert_allclose(left + right, 1, atol=1e-12)
    assert left[:, GRID.u[0] <= 0.4].min() == 1
    assert right[:, GRID.u[0] >= 0.6].min() == 1
    row = left[20]
    assert np.all(np.diff(row) <= 1e-9)
    assert abs(row[40] - 0.5) < 0.05
    assert np.abs(np.diff(row)).max() < 0.2


def test_four_projectors_share_too_and_each_is_needed():
    parts = [LEFT & (GRID.v < 0.6), RIGHT & (GRID.v < 0.6), LEFT & (GRID.v > 0.4), RIGHT & (GRID.v > 0.4)]
    weights = weights_of(parts, GRID)
    np.testing.assert_allclose(np.sum(weights, axis=0), 1, atol=1e-12)
    assert all(weight[~part].max() == 0 for weight, part in zip(weights, parts, strict=True))


@pytest.mark.parametrize("target", ["smooth", "strict"])
def test_a_target_is_never_above_the_light_there_is(target):
    light = np.where(GRID.u < 0.5, 1.0, 0.82) * (1 - 0.3 * (GRID.u - 0.5) ** 2)
    wanted = target_of(light, np.ones_like(LEFT), GRID, target)
    assert (wanted <= light * 1.006).all()
    slope = np.abs(np.diff(np.log(wanted), axis=1)) / GRID.height_step
    assert slope.max() <= (0 if target == "strict" else 1.05 * SLOPE)
    assert wanted.max() > (0.7 if target == "strict" else 0.95)


def test_a_floor_is_never_below_the_black_there_is():
    black = np.where(LEFT & RIGHT, 0.003, 0.0015)
    assert (floor_of(black, np.ones_like(LEFT), GRID, "smooth") >= black - 1e-12).all()
    assert np.ptp(floor_of(black, np.ones_like(LEFT), GRID, "strict")) == 0


def test_projectors_are_told_apart_from_the_wall_and_their_blacks_from_the_room():
    rng = np.random.default_rng(1)
    wall = np.exp(0.08 * rng.standard_normal(GRID.u.shape))
    true = [100 * (1 - 0.3 * (GRID.u - 0.2) ** 2), 80 * (1 - 0.2 * (GRID.u - 0.8) ** 2)]
    whites = [wall * light for light in true]
    own = brightness_of(whites, [LEFT, RIGHT], GRID)
    both = LEFT & RIGHT
    np.testing.assert_allclose((own[0] / own[1])[both], (true[0] / true[1])[both], rtol=0.002)
    whites, even = ([light[..., None] * np.array((1.1, 0.95, 1.2)) for light in each] for each in (whites, own))
    seen = wall_of(whites, [LEFT, RIGHT], even)
    lamps = 2 * (1 - 0.3 * ((GRID.u - 0.4) ** 2 + (GRID.v - 0.5) ** 2))  # as a camera's lens leaves it
    black = seen * (true[0] * LEFT / 900 + true[1] * RIGHT / 500 + lamps)[..., None] * np.ones(3)
    shares, room = blacks_of(black, seen, own, [LEFT, RIGHT], [~LEFT, ~RIGHT], GRID)
    np.testing.assert_allclose(shares[:, 0], (1 / 900, 1 / 500), rtol=0.05)
    np.testing.assert_allclose(room[..., 0], lamps, rtol=0.01)


def test_all_projectors_reach_the_common_colours():
    own = [luminance_of(np.array(each)) for each in (WARM, COLD)]
    mixes, shares = mixes_of([np.array(WARM), 0.8 * np.array(COLD)])
    shown = [part @ mix / share for part, mix, share in zip(own, mixes, shares, strict=True)]
    np.testing.assert_allclose(shown[0], shown[1], atol=1e-9)
    assert all(mix.min() >= 0 and mix.sum(1).max() <= 1 + 1e-12 for mix in mixes)
    assert LUMINANCE @ shown[0].sum(1) == pytest.approx(1)


@pytest.mark.parametrize(("first", "second", "wanted"), [  # Sharma, Wu and Dalal 2005, table 1
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
])
def test_colour_differences_are_those_that_were_published(first, second, wanted):
    assert difference(np.array(first), np.array(second)) == pytest.approx(wanted, abs=1e-4)


def test_a_cylinder_is_found_from_its_corners_and_a_point_on_each_edge():
    bend, focal = 1.2, 900.0

    def seen(u, v):
        angle, radius = bend * (np.asarray(u) - 0.5), 4.0 / bend
        x, y, z = radius * np.sin(angle), 2.0 * (np.asarray(v) - 0.5) + 0.3, 3.5 - radius * (1 - np.cos(angle))
        return np.stack([x / z * focal + 640, y / z * focal + 400], axis=-1)

    corners = seen([0, 1, 1, 0], [0, 0, 1, 1])
    found = cylinder_of(corners, seen([0.3, 0.6], [0, 0]), seen([0.5], [1]), (4.0, 2.0), (1280, 800))
    assert found.bend == pytest.approx(bend, abs=0.01)
    places = np.array([(0.25, 0.5), (0.5, 0.2), (0.8, 0.9)])
    np.testing.assert_allclose(found.camera_px(places), seen(places[:, 0], places[:, 1]), atol=0.5)
    with pytest.raises(MixeurError, match="needs a point more"):
        cylinder_of(corners, np.empty((0, 2)), seen([0.5], [1]), (4.0, 2.0), (1280, 800))


def test_a_verdict_names_what_is_out_of_its_limits_and_what_to_do():
    good = Pair("left", "right", 0.02, 0.06, 0.007, 0.03, 0.03, 0.1, 3000)
    assert wrong_of([good], 0.99, 2) == []
    moved = Pair("left", "right", 2.0, 5.1, 0.007, 0.03, 0.03, 0.1, 3000)
    assert wrong_of([moved], 0.99, 2) == ["left and right: seam_p95_px 5.1, at most 0.5: the pictures do not meet: "
                                          "was a projector or the camera moved? Scan and solve again"]
    assert "90.0% is lit" in wrong_of([good], 0.9, 2)[0]
    assert "overlap" in wrong_of([], 0.99, 2)[0]
    assert wrong_of([], 0.99, 1) == []


def test_light_between_two_numbers_of_a_camera_is_told_by_veils_over_it():
    for room in np.arange(2, 3, 0.05):
        veils = 120 * (np.array(dithered(0.0, 2.2, 120.0)) / 255) ** 2.2
        assert abs(np.mean(np.rint(room + veils) - veils) - room) < 0.12
    assert dithered(0.6, 2.2, 120.0) == [153]


def test_pictures_of_light_are_read_as_they_were_written_in_their_own_colours(tmp_path):
    shots = shots_of((1.0,))
    pictures = [np.full((8, 12, 3), (1000 + each, 20_000, 65_535 - each), np.uint16) for each in range(len(shots))]
    write_light(tmp_path, LightScan(shots, pictures))
    again = read_light(tmp_path)
    assert list(again.shots) == list(shots)
    for picture, read in zip(pictures, again.pictures, strict=True):
        np.testing.assert_allclose(read, picture / 65_535 * 255, rtol=1e-5)
    (tmp_path / shots[3].file).unlink()
    with pytest.raises(MixeurError, match=shots[3].file):
        read_light(tmp_path)
