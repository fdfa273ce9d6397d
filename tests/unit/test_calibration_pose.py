"""Poses: a projector is found from points of an object, upside-down and with its lens shifted out of the picture."""

import numpy as np
import pytest

from calibration.lens import Lens, looking_at
from calibration.pose import solve_pose
from engine.problems import MixeurError

SIZE = (1920, 1080)
AT_M = (-0.4, 0.5, -4.0)


@pytest.mark.parametrize(("roll_deg", "centre_px"),
                         [(0.0, (960.0, 1404.0)), (180.0, (960.0, 1404.0)), (90.0, (960.0, 540.0))])
def test_dense_points_give_back_the_lens(roll_deg, centre_px):
    rng = np.random.default_rng(4)
    lens = Lens(SIZE, 2600.0, centre_px, np.array(AT_M), looking_at(AT_M, (0.0, 0.0, 0.0), roll_deg), k1=-0.02)
    rays = lens.rays(rng.uniform((0, 0), SIZE, (60, 2)))
    points = lens.at_m + rays * rng.uniform(3.5, 4.5, 60)[:, None]
    found = solve_pose(points, lens.project(points)[0], SIZE, noise_px=0.1)
    assert found.residual_px.max() < 0.05
    assert found.lens.focal_px == pytest.approx(2600, rel=0.01)
    assert found.lens.centre_px == pytest.approx(centre_px, abs=25)
    np.testing.assert_allclose(found.lens.at_m, AT_M, atol=0.05)


def test_a_flat_object_is_refused_because_distance_and_focal_length_look_alike():
    points = np.column_stack([np.random.default_rng(1).uniform(-1, 1, (20, 2)), np.zeros(20)])
    with pytest.raises(MixeurError, match=r"on one plane.*add points that stand out"):
        solve_pose(points, points[:, :2] * 500 + 960, SIZE)


def test_too_few_points_are_refused():
    with pytest.raises(MixeurError, match="5 points; give at least 6"):
        solve_pose(np.eye(5, 3), np.ones((5, 2)), SIZE)
