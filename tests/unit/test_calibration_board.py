"""Boards and views as pictures: the shipped samples are solved, and what is wrong with a capture is told."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.board_scan import board_scan
from calibration.checkerboard import find_board, other_counts, refine
from calibration.folder import MANIFEST, read_picture, shots_of
from calibration.manifest import read_manifest
from calibration.patterns import Pattern
from calibration.solution import solved
from engine.problems import MixeurError

SAMPLES = Path(__file__).parents[2] / "assets" / "captures"
BOARD = SAMPLES / "board"


def checkerboard(corners=(7, 5), side=24.0, turned=0.2, light=(40, 210)):
    """A board seen askew, drawn large and made small: its corners are known."""
    fine = 8
    rows, columns = corners[1] + 1, corners[0] + 1
    squares = (np.add.outer(np.arange(rows), np.arange(columns)) % 2).astype(np.float32)
    large = np.pad(np.kron(squares, np.ones((32, 32), np.float32)), 24, constant_values=1)
    scale, c, s = side / 32, np.cos(turned), np.sin(turned)
    look = np.array([[scale * c, -scale * s, 60.0], [scale * s, scale * c, 40.0]])
    size = (300, 260)
    seen = cv2.warpAffine(large, look * fine + [[0, 0, 0.5 * fine]] * 2, (size[0] * fine, size[1] * fine),
                          flags=cv2.INTER_NEAREST, borderValue=1)
    seen = cv2.GaussianBlur(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), (5, 5), 0.8)
    x, y = np.meshgrid(np.arange(1, columns), np.arange(1, rows))
    at = np.stack([x, y], -1) * 32.0 + 24 - 0.5
    true = at @ look[:, :2].T + look[:, 2] + 0.5 + 0.5 / fine
    return (light[0] + (light[1] - light[0]) * seen).astype(np.uint8), true


@pytest.mark.parametrize(("corners", "turned"), [((7, 5), 0.2), ((7, 5), -0.3), ((6, 5), 0.15), ((6, 6), 0.1)])
def test_corners_are_found_in_the_boards_own_order(corners, turned):
    picture, true = checkerboard(corners, turned=turned)
    found = find_board(picture, corners)
    assert found is not None
    at = refine(picture, found)
    if sum(corners) % 2:  # its colours tell its ends apart, so that both ways round give one order
        other = refine(picture[::-1, ::-1].copy(), find_board(picture[::-1, ::-1].copy(), corners))
        np.testing.assert_allclose(other, np.array(picture.shape[::-1]) - at, atol=0.15)
        at = at if np.abs(at - true).max() < 5 else at[::-1, ::-1]
    assert np.abs(at - true).max() < 0.1


def test_the_sample_of_a_board_gives_both_lenses(capsys):
    figures, profile = solved(BOARD)
    json.dumps(figures)
    assert profile is None
    assert figures["left_out"] == [] and figures["odd_frames"] == []
    assert figures["stereo_rms_px"] < 0.14
    assert figures["flat_stereo_rms_px"] > 1.5 * figures["stereo_rms_px"]  # its paper is bent
    assert figures["even_odd_p95_px"] < 0.04
    assert figures["camera_lens"]["fx"] == pytest.approx(720, rel=0.01)
    assert figures["projector_lens"]["fx"] == pytest.approx(1120, rel=0.01)


def test_the_sample_of_two_views_lies_on_one_geometry():
    figures, _ = solved(SAMPLES / "views")
    assert figures["matches"] > 2000
    assert figures["epipolar_median_px"] < 0.1
    assert figures["epipolar_p95_px"] < 0.47


@pytest.fixture
def pose(tmp_path):
    """One pose of the sample, in a folder of its own."""
    for file in BOARD.glob("pose0_*.jpg"):
        shutil.copy(file, tmp_path)
    text = (BOARD / MANIFEST).read_text()
    (tmp_path / MANIFEST).write_text(text)
    return tmp_path


def only(folder, **changes):
    manifest = replace(read_manifest(folder), **changes)
    return board_scan(shots_of(folder, manifest)[0], manifest)


def test_one_pose_alone_is_refused(pose):
    with pytest.raises(MixeurError, match="one pose of the board cannot tell focal length from distance"):
        solved(pose)


def test_a_missing_frame_is_told_with_its_pose(pose):
    next(pose.glob("pose0_07*")).unlink()
    with pytest.raises(MixeurError, match=r"0: holds 39 files .*its manifest asks for 40"):
        solved(pose)


def test_miscounted_corners_are_put_right():
    assert other_counts(checkerboard((7, 5))[0], (6, 5)) == (7, 5)


def test_a_board_that_is_cut_off_and_black_frames_are_told_apart(pose):
    for keep, reason in ((0.5, "the whole board with its white rim must be"), (0, "its white frame is dark")):
        for file in pose.glob("*.jpg"):
            picture = read_picture(file)
            picture[:, round(keep * picture.shape[1]):] = 0
            cv2.imwrite(str(file), picture)
        with pytest.raises(MixeurError, match=reason):
            only(pose)


def test_a_board_is_found_though_its_white_frame_is_burnt_out(pose):
    white = shots_of(pose, read_manifest(pose))[0].files[Pattern("white")]
    picture = read_picture(white)
    cv2.imwrite(str(white), np.maximum(picture, np.uint8(250)))
    assert np.isfinite(only(pose).projector_px).all(1).sum() > 40


def test_a_wrong_order_leaves_light_without_a_code(pose):
    with pytest.raises(MixeurError, match="its light carries no code; is it inside the projection, and are `order`"):
        only(pose, first="fine")
