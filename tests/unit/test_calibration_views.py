"""Two views: places that both cameras see by the same light, and the one geometry that holds them."""

import numpy as np
import pytest

from calibration.epipolar import matched, two_views
from calibration.lens import Lens, looking_at
from calibration.local_map import LocalMap
from engine.problems import MixeurError

SIZE = (800, 600)
NOISE_PX = 0.08
MOVE = np.array((0.4, -0.3))


def lens(at_m, bent=0.0):
    return Lens(SIZE, 1200.0, (405.0, 290.0), np.array(at_m), looking_at(at_m, (0.0, 0.0, 0.0)), k1=bent)


def points(depth):
    rng = np.random.default_rng(1)
    flat = rng.uniform((-0.3, -0.22), (0.3, 0.22), (3000, 2))
    return np.column_stack([flat, depth * np.sin(11 * flat[:, 0]) * np.cos(9 * flat[:, 1])])


def views(depth=0.15):
    made, rng = points(depth), np.random.default_rng(2)
    seen = [lens(at, bent).project(made)[0] for at, bent in (((0.0, 0.0, -1.2), -0.1), ((0.4, 0.1, -1.1), 0.06))]
    return [px + rng.normal(0, NOISE_PX / np.sqrt(2), px.shape) for px in seen]


def test_the_geometry_is_found_through_bent_lenses_and_wrong_matches():
    one, other = views()
    wrong = np.random.default_rng(3).choice(len(one), 150, replace=False)
    other[wrong] += np.random.default_rng(4).uniform(-30, 30, (150, 2))
    found = two_views(one, other, (SIZE, SIZE))
    assert np.median(found.distance_px) < NOISE_PX
    assert np.percentile(found.distance_px, 90) < 3 * NOISE_PX


def test_a_flat_scene_is_told_because_any_geometry_fits():
    flat = [lens(at).project(points(0.0))[0] for at in ((0.0, 0.0, -1.2), (0.4, 0.1, -1.1))]
    assert two_views(*flat, (SIZE, SIZE)).is_flat


def test_a_board_before_a_wall_is_not_flat_and_one_geometry_holds_both():
    made = points(0.0)
    behind = np.random.default_rng(5).random(len(made)) < 0.12
    made[behind, 2] = 0.5
    one, other = (lens(at).project(made)[0] + np.random.default_rng(6).normal(0, NOISE_PX / np.sqrt(2), (len(made), 2))
                  for at in ((0.0, 0.0, -1.2), (0.4, 0.1, -1.1)))
    found = two_views(one, other, (SIZE, SIZE))
    assert not found.is_flat
    assert np.median(found.distance_px[behind]) < NOISE_PX


def test_views_that_share_nothing_are_refused():
    with pytest.raises(MixeurError, match="only 20 points are seen by both"):
        two_views(np.zeros((20, 2)), np.zeros((20, 2)), (SIZE, SIZE))


def test_matches_meet_at_the_same_projector_place_between_the_squares_of_both_views():
    rng = np.random.default_rng(5)
    places = rng.uniform(0, 300, (2000, 2))
    slope = np.array([[0.8, 0.1], [-0.05, 0.9]])
    maps = [LocalMap(np.linalg.solve(slope, places.T - move).T, places, np.tile(slope, (2000, 1, 1)), 2)
            for move in (np.zeros((2, 1)), np.full((2, 1), 7.3))]
    shifted = LocalMap(maps[1].camera_px + MOVE, places + slope @ MOVE, maps[1].slope, 2)
    one, other = matched(maps[0], shifted)
    assert len(one) > 1900
    np.testing.assert_allclose(one @ slope.T, other @ slope.T + 7.3, atol=1e-9)
