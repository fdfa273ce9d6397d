"""Boards: camera and projector are found from their corners, and the paper's bend; what cannot be is refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.board_scan import BoardScan
from calibration.bundle import Stereo, distances, rms
from calibration.manifest import Board
from calibration.stereo import bend, calibrate, nominal_board
from engine.problems import MixeurError

BOARD = Board(corners=(7, 5), square_mm=30.0)
PLANE = replace(BOARD, shape="flat")
CAMERA, PROJECTOR = (1280, 960), (1024, 768)
NOISE_PX = 0.05


def rotation(*vector):
    return np.asarray(cv2.Rodrigues(np.array(vector, float))[0])


def truth(poses=6, tilt=0.5, bent=0.06, shift=1.15, seed=3):
    """A rig whose projector has its principal point below its picture, before a board that is bent."""
    rng = np.random.default_rng(seed)
    board = nominal_board(BOARD)
    board[:, 2] = bent * np.cos(board[:, 0] / 3) + 0.5 * bent * board[:, 0] * board[:, 1] / 10
    optics = np.zeros((2, 9))
    optics[:, :6] = (1900, 1900, 655, 470, -0.1, 0.05), (2100, 2100, 512, shift * 768, -0.02, 0)
    around = 2 * np.pi * np.arange(poses) / poses
    turns = np.stack([rotation(tilt * np.cos(a), tilt * np.sin(a), rng.normal(0, 0.1)) for a in around])
    moves = np.column_stack([rng.uniform(-1, 1, (poses, 2)), rng.uniform(17, 24, poses)])
    return Stereo(optics, rotation(0.13, 0.32, 0.02), np.array([-6.0, -1.0, 1.0]), turns, moves, board)


def scans(rig, seed=5, mirrored=False):
    rng = np.random.default_rng(seed)
    seen = rig.project() + rng.normal(0, NOISE_PX, (2, len(rig.turns), len(rig.board), 2))
    if mirrored:
        seen[1, ..., 0] = PROJECTOR[0] - seen[1, ..., 0]
    return [BoardScan(f"pose{number}", CAMERA, seen[0, number], seen[1, number], np.zeros(1), 0.05, [])
            for number in range(len(rig.turns))]


@pytest.mark.parametrize("shift", [1.15, -0.2])
def test_lenses_are_found_though_the_projectors_is_shifted_out_of_its_picture(shift):
    rig = truth(shift=shift)
    found = calibrate(scans(rig), BOARD, PROJECTOR)
    best = found.best
    assert rms(distances(best.residual_px)) < 1.5 * NOISE_PX
    assert rms(distances(found.flat.residual_px)) > 3 * rms(distances(best.residual_px))
    wrong = np.abs(best.rig.optics - rig.optics).ravel()
    assert (wrong[:18] < 4 * best.sigma[:18] + 1e-3).all()
    assert best.rig.optics[1, 0] == pytest.approx(2100, rel=0.005)
    assert best.rig.optics[1, 3] == pytest.approx(shift * 768, abs=12)
    assert bend(best.rig.board) == pytest.approx(bend(rig.board), rel=0.15)


def test_a_corner_that_is_plainly_wrong_counts_for_nothing():
    made = scans(truth(bent=0))
    made[2].projector_px[7] += 9.0
    made[4].camera_px[11] -= 5.0
    made[5].projector_px[3] = np.nan
    found = calibrate(made, PLANE, PROJECTOR)
    assert rms(distances(found.best.residual_px)) < 1.5 * NOISE_PX
    assert np.isnan(found.best.residual_px[1, 2, 7, 0])


def test_a_pose_during_which_the_board_moved_is_left_out_and_named():
    rig = truth(bent=0)
    made = scans(rig)
    made[3].projector_px[:] += np.linspace(4, 12, len(rig.board))[:, None]
    found = calibrate(made, PLANE, PROJECTOR)
    assert [scan.name for scan in found.used] == [f"pose{n}" for n in range(6) if n != 3]
    assert "pose3: its corners are" in found.left_out[0]
    assert rms(distances(found.best.residual_px)) < 1.5 * NOISE_PX


@pytest.mark.parametrize(("made", "reason"), [
    (lambda: scans(truth(poses=1)), "one pose of the board cannot tell focal length from distance.*tilted"),
    (lambda: scans(truth(tilt=0.02)), r"faces the same way in all poses \(within [0-9] degrees\).*tilt it"),
    (lambda: scans(truth(bent=0), mirrored=True), "picture is mirrored.*`mirrored = true`"),
])
def test_what_cannot_be_solved_is_refused_with_its_reason(made, reason):
    with pytest.raises(MixeurError, match=reason):
        calibrate(made(), PLANE, PROJECTOR)
