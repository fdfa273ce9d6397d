"""Manifests: anybody's order of frames is understood, and what cannot be is told in one line."""

import cv2
import numpy as np
import pytest

from calibration.folder import MANIFEST, shots_of
from calibration.manifest import Manifest, read_manifest, slots_of
from calibration.patterns import Pattern
from engine.problems import MixeurError

SIZE = (32, 16)
BOARD = "[board]\ncorners = [9, 6]\nsquare_mm = 20"


def names(**keys):
    return [str(slot) for slot in slots_of(Manifest(projector=SIZE, **keys))]


def written(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text("format = 1\nprojector = [32, 16]\n" + text)
    return folder


def pictures(folder, *files):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / file), np.zeros((4, 6), np.uint8))


@pytest.mark.parametrize(("keys", "wanted"), [
    ({"order": ("columns",), "bits": (2, 1)},
     ["columns bit 1", "columns bit 1 inverse", "columns bit 0", "columns bit 0 inverse"]),
    ({"order": ("columns",), "bits": (2, 1), "inverse": "before", "first": "fine"},
     ["columns bit 0 inverse", "columns bit 0", "columns bit 1 inverse", "columns bit 1"]),
    ({"order": ("rows 3", "rows 3 inverse", "skip 2", "white")},
     ["rows bit 3", "rows bit 3 inverse", "None", "None", "white"]),
    ({"kind": "phase", "order": ("rows waves", "columns wave 1 step 2"), "waves": (4.0, 1.0), "steps": 3},
     [*(f"rows wave {wave} step {step}" for wave in (0, 1) for step in range(3)), "columns wave 1 step 2"]),
])
def test_an_order_names_each_file(keys, wanted):
    assert names(**keys) == wanted


def test_waves_follow_a_code_where_the_order_does_not_name_them():
    assert names(kind="phase", steps=3)[-6:] == [f"{axis} wave 0 step {step}" for axis in ("columns", "rows")
                                                 for step in range(3)]


@pytest.mark.parametrize(("text", "problem"), [
    ('order = ["columns", "rows"]\ninverse = "none"', "without inverses needs 'white' and 'black'"),
    ('kind = "phase"\norder = ["columns waves", "rows waves"]', "the waves alone do not tell where a pixel is"),
    ('order = ["colums"]', "'colums' is no part of a scan"),
    ('[board]\ncorners = [9]\nsquare_mm = 20', f"{MANIFEST}:4: board.corners: must be a list of 2 whole numbers"),
    ('[board]\ncorners = [9, 6]\nsquare = 20', "'square_mm' is missing"),
    ('poses = "*"', "are those of a board; add [board]"),
    ('views = ["a", "b"]\n[board]\ncorners = [9, 6]\nsquare_mm = 20', "leave out 'views' or 'board'"),
])
def test_a_manifest_that_cannot_be_is_told_in_one_line(tmp_path, text, problem):
    with pytest.raises(MixeurError) as caught:
        read_manifest(written(tmp_path, text))
    assert any(problem in line for line in str(caught.value).splitlines())


def test_poses_are_folders_names_or_parts_of_names(tmp_path):
    order = 'order = ["white", "black"]\n'
    folders = written(tmp_path / "folders", order + 'poses = "p*"\n' + BOARD)
    pictures(folders, "p10/a.png", "p10/b.png", "p2/a.png", "p2/b.png")
    parts = written(tmp_path / "parts", order + 'files = "set{pose}_*.png"')
    pictures(parts, "set2_1.png", "set2_2.png", "set10_1.png", "set10_2.png")
    views = written(tmp_path / "views", order + 'files = "im_{pose}_*.png"\nviews = ["cam1", "cam2"]')
    pictures(views, "im_cam1_1.png", "im_cam1_2.png", "im_cam2_1.png", "im_cam2_2.png")
    listed = written(tmp_path / "listed", order + 'files = ["{pose}/w.png", "{pose}/b.png"]\nposes = ["one"]\n' + BOARD)
    pictures(listed, "one/w.png", "one/b.png", "one/c.png")
    wanted_names = (folders, ["p2", "p10"]), (parts, ["2", "10"]), (views, ["cam1", "cam2"]), (listed, ["one"])
    for folder, wanted in wanted_names:
        shots = shots_of(folder, read_manifest(folder))
        assert [shot.name for shot in shots] == wanted
        assert all(list(shot.files) == [Pattern("white"), Pattern("black")] for shot in shots)


def test_missing_files_are_told_with_what_is_there(tmp_path):
    folder = written(tmp_path, 'order = ["white", "black"]\nfiles = "*.PNG"\nposes = ["one"]\n' + BOARD)
    with pytest.raises(MixeurError, match=r"one: is missing; complete the folder"):
        shots_of(folder, read_manifest(folder))
    pictures(folder, "one/a.png")
    with pytest.raises(MixeurError, match=r"one: holds 0 files \*\.PNG \(there are 1 \.png\), its manifest asks for 2"):
        shots_of(folder, read_manifest(folder))


def test_a_picture_of_another_size_is_named(tmp_path):
    folder = written(tmp_path, 'order = ["white", "black", "skip"]')
    pictures(folder, "a.png", "b.png", "c.png")
    cv2.imwrite(str(folder / "b.png"), np.zeros((9, 9), np.uint8))
    manifest = read_manifest(folder)
    with pytest.raises(MixeurError, match=r"[ab]\.png: differs in size or depth"):
        shots_of(folder, manifest)[0].read(manifest)
