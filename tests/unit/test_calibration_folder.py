"""Scans in folders: anybody's order is read, faults are told in one line, the engine takes the profile."""

import argparse
import json
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import bench, cli
from calibration.decode import Scan, codes_of
from calibration.folder import MANIFEST, read_scan, slots_of, write_scan
from calibration.patterns import Pattern, plan
from engine.problems import MixeurError
from engine.render.mesh import stage_under
from engine.show.profile import read_profile

SIZE = (256, 144)
GAIN, FLOOR = 0.6, 15.0


def calibrate(words):
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())
    args = parser.parse_args(words)
    return args.run(args)


def flat_scan(rng_seed=1) -> Scan:
    """A camera that sees the projector 0.8 times as large, moved by (11.3, 7.8) pixels, with noise."""
    made = plan(SIZE)
    rng = np.random.default_rng(rng_seed)
    look = np.array([[0.8, 0, 11.3 + 0.8 * 0.5 - 0.5], [0, 0.8, 7.8 + 0.8 * 0.5 - 0.5]])
    pictures = []
    for frame in made.frames():
        large = cv2.GaussianBlur(frame.astype(np.float32), (5, 5), 0.7)
        light = FLOOR + GAIN * cv2.warpAffine(large, look, (230, 135), flags=cv2.INTER_LINEAR)
        pictures.append(np.clip(light + rng.normal(0, 1, light.shape), 0, 255).astype(np.uint8))
    return Scan(made, pictures)


@pytest.fixture
def folder(tmp_path):
    write_scan(tmp_path / "scan", flat_scan())
    return tmp_path / "scan"


def write_as(folder, scan, slots, **keys):
    folder.mkdir()
    for number, slot in enumerate(slots):
        picture = np.zeros((135, 230), np.uint8) if slot is None else scan.picture(slot)
        cv2.imwrite(str(folder / f"img{number}.png"), picture)
    lines = ["format = 1", f"projector = [{SIZE[0]}, {SIZE[1]}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    (folder / MANIFEST).write_text("\n".join(lines))


def test_what_is_written_is_read_again(folder):
    scan, manifest = read_scan(folder)
    assert manifest.projector == SIZE
    assert scan.plan == plan(SIZE)
    for picture, again in zip(flat_scan().pictures, scan.pictures, strict=True):
        np.testing.assert_array_equal(picture, again)


@pytest.mark.parametrize("keys", [
    {"order": ["rows", "skip", "columns", "black", "white"], "inverse": "after", "first": "fine"},
    {"order": ["columns", "rows", "white", "black"], "inverse": "none"},
    {"order": ["black", "white", "columns", "rows"], "dropped": 1},
])
def test_others_orders_decode_to_the_same_code(tmp_path, keys):
    from calibration.folder import Manifest

    given = {key: tuple(value) if isinstance(value, list) else value for key, value in keys.items()}
    own = flat_scan()
    write_as(tmp_path / "other", own, slots_of(Manifest(projector=SIZE, **given)), **keys)
    scan, manifest = read_scan(tmp_path / "other")
    step = 1 << manifest.dropped
    wanted, found = codes_of(own)[0], codes_of(scan)[0]
    lit = own.white > 120
    most = 0.3 if keys.get("inverse") == "none" else 0.02
    assert np.mean(wanted[lit].astype(int) // step * step != found[lit]) < most


def test_solve_writes_a_profile_that_shows_the_stage_where_the_camera_sees_it(folder, tmp_path, capsys):
    with (folder / MANIFEST).open("a") as manifest:
        manifest.write("stage = [[31.3, 27.8], [191.3, 27.8], [191.3, 107.8], [31.3, 107.8]]\n")
    file = tmp_path / "profiles" / "left.toml"
    assert calibrate(["calibrate", "solve", str(folder), "--json", "-", "--profile", str(file)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["even_odd_p95_px"] < 0.05
    assert figures["odd_frames"] == []
    assert figures["scale"] == pytest.approx(1.25, abs=0.01)
    u, v = stage_under(read_profile(file))  # 160 x 80 camera pixels are 200 x 100 of the projector's, from (25, 25)
    assert np.nanmax(np.abs(u[30:120, 30:220] - ((np.arange(30, 220) + 0.5 - 25) / 200))) * 200 < 0.1
    assert np.nanmax(np.abs(v[30:120, 30:220].T - ((np.arange(30, 120) + 0.5 - 25) / 100))) * 100 < 0.1


def test_a_missing_frame_is_counted(folder):
    next(folder.glob("007*.png")).unlink()
    with pytest.raises(MixeurError, match=r"holds 33 files \*\.png, its manifest asks for 34 .*complete the folder"):
        read_scan(folder)


def test_a_file_that_is_cut_short_is_named(folder):
    file = next(folder.glob("009*.png"))
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(MixeurError, match=r"009_.*is no picture or is cut short"):
        read_scan(folder)


def test_frames_that_changed_places_are_named(folder, capsys):
    first, second = next(folder.glob("004*.png")), next(folder.glob("018*.png"))
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    with pytest.raises(MixeurError, match=r"do not add up .*columns bit 6.*; no profile was written"):
        calibrate(["calibrate", "solve", str(folder), "--json", "-"])
    assert {"columns bit 6", "rows bit 7"} <= set(json.loads(capsys.readouterr().out)["odd_frames"])


def test_a_wrong_manifest_is_told_with_its_lines(folder):
    (folder / MANIFEST).write_text('format = 1\nprojector = [256, 144]\nkind = "grey"\norder = ["white", "collumns"]\n')
    with pytest.raises(MixeurError) as caught:
        read_scan(folder)
    assert f"{MANIFEST}:3: kind: " in str(caught.value)
    assert "'collumns' is no part of a scan" in str(caught.value)


def test_skipped_files_are_no_patterns():
    from calibration.folder import Manifest

    slots = slots_of(Manifest(projector=(16, 16), order=("skip", "white", "black", "columns", "rows")))
    assert slots[:3] == [None, Pattern("white"), Pattern("black")]


def test_the_command_and_its_figures_are_entry_points():
    points = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["entry-points"]
    assert points["mixeur.commands"]["calibrate"] == "calibration.cli"
    assert [figure.name for figure in bench.FIGURES] == ["decode_ms", "solve_s"]
    assert points["mixeur.figures"]["calibration"] == bench.__name__


@pytest.mark.parametrize("words", [["--case", "cylindre"], []])
def test_simulate_names_the_cases_that_there_are(words):
    with pytest.raises(MixeurError, match=r"did you mean 'cylinder'\?|name a case with --case") as caught:
        calibrate(["calibrate", "simulate", *words])
    assert "overlap_shake" in str(caught.value)
