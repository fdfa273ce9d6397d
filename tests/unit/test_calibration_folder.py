"""Scans in folders: anybody's order is read, faults are told in one line, the engine takes the profile."""

import argparse
import json
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import bench, cli, trials, watch
from calibration.decode import Scan, codes_of
from calibration.folder import MANIFEST, read_scan, slots_of, write_scan
from calibration.manifest import Manifest, plan_of
from calibration.patterns import Pattern, plan
from calibration.solution import solved
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


def as_colour(picture):
    """A picture as a colour camera stores it: what is grey is yellowish."""
    return cv2.merge([(share * picture).astype(picture.dtype) for share in (0.7, 1.0, 0.95)])


LETTERS = "qwertyuiopasdfghjklzxcvbnmQWERTYU"
FOREIGN = [  # names of the files, bits of their numbers, and what the manifest says of their order
    (lambda n: f"DSC_{n + 97}.JPG", 8,
     {"order": ["skip 2", "black", "rows", "columns", "white"], "inverse": "before"}),
    (lambda n: f"raw/frame {n}.TIF", 10,
     {"order": ["columns", "rows", "white", "black"], "inverse": "after", "first": "fine", "files": "raw/*.TIF"}),
    (lambda n: f"{LETTERS[n]}.png", 16,
     {"order": ["white", *(f"{axis} {bit}{side}" for bit in range(8) for side in ("", " inverse")
                           for axis in ("rows", "columns"))], "files": [f"{letter}.png" for letter in LETTERS]}),
]


@pytest.mark.parametrize(("named", "bits", "keys"), FOREIGN, ids=["photographs", "deep", "listed"])
def test_others_colour_pictures_are_solved_under_their_own_names_and_orders(named, bits, keys, tmp_path, capsys):
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in keys.items()}
    scan = flat_scan()
    (tmp_path / "raw").mkdir()
    for number, slot in enumerate(slots_of(Manifest(projector=SIZE, **given))):
        picture = np.full((135, 230), 90, np.uint8) if slot is None else scan.picture(slot)
        deep = picture if bits == 8 else picture.astype(np.uint16) << (bits - 8)
        assert cv2.imwrite(str(tmp_path / named(number)), as_colour(deep))
    (tmp_path / "notes.bmp").write_bytes(b"no picture of the scan")
    lines = ["format = 1", f"projector = [{SIZE[0]}, {SIZE[1]}]"]
    (tmp_path / MANIFEST).write_text("\n".join(lines + [f"{key} = {json.dumps(value)}" for key, value in keys.items()]))
    assert calibrate(["calibrate", "solve", str(tmp_path), "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["odd_frames"] == [] and figures["faults"] == []
    assert figures["scale"] == pytest.approx(1.25, abs=0.01)
    assert figures["even_odd_p95_px"] < 0.1
    assert figures["accepted"] > 0.7


@pytest.mark.parametrize(("shown", "said"), [
    ({"order": ["columns", "rows", "white", "black"]}, 'order = ["columns", "rows", "white", "black"]'),
    ({"inverse": "before"}, 'inverse = "before"'),
    ({"inverse": "after", "first": "fine"}, 'inverse = "after", first = "fine"'),
    ({"kind": "binary"}, 'kind = "binary"'),
    ({"offset": [56, 19]}, "offset = [56, 19]"),
])
def test_a_wrong_manifest_is_told_what_it_should_say(tmp_path, shown, said):
    given = Manifest(projector=(144, 90), **{k: tuple(v) if isinstance(v, list) else v for k, v in shown.items()})
    slots = slots_of(given)
    made, rng = plan_of(given, slots), np.random.default_rng(4)
    look = np.array([[1.4, 0, 11.3], [0, 1.4, 7.8]])
    (tmp_path / "other").mkdir()
    for number, slot in enumerate(slots):
        light = 15 + GAIN * cv2.warpAffine(made.frame(slot).astype(np.float32), look, (230, 140))
        picture = np.clip(light + rng.normal(0, 1, light.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "other" / f"{number}.png"), picture)
    (tmp_path / "other" / MANIFEST).write_text("format = 1\nprojector = [144, 90]\n")
    told = []
    try:
        told = solved(tmp_path / "other")[0]["faults"]
    except MixeurError as error:
        told = [str(error)]
    assert said in told[-1]


def test_white_and_black_that_changed_places_are_put_right_and_told(folder):
    with (folder / MANIFEST).open("a") as manifest:
        manifest.write('order = ["black", "white", "columns", "rows"]\n')
    scan, _ = read_scan(folder)
    assert scan.white.mean() > scan.black.mean()
    assert solved(folder)[0]["odd_frames"] == ["white and black (changed places)"]


def test_a_missing_frame_is_counted(folder):
    next(folder.glob("007*.png")).unlink()
    with pytest.raises(MixeurError, match=r"holds 33 files with pictures, its manifest asks for 34 .*complete"):
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
    slots = slots_of(Manifest(projector=(16, 16), order=("skip", "white", "black", "columns", "rows")))
    assert slots[:3] == [None, Pattern("white"), Pattern("black")]


def test_the_command_and_its_figures_are_entry_points():
    points = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["entry-points"]
    assert points["mixeur.commands"]["calibrate"] == "calibration.cli"
    assert [figure.name for figure in bench.FIGURES] == ["decode_ms", "solve_s"]
    assert points["mixeur.services"]["drift"] == watch.__name__
    assert points["mixeur.figures"]["calibration"] == bench.__name__


@pytest.mark.parametrize("words", [["--case", "cylindre"], []])
def test_simulate_names_the_cases_that_there_are(words):
    with pytest.raises(MixeurError, match=r"did you mean 'cylinder'\?|name a case with --case") as caught:
        calibrate(["calibrate", "simulate", *words])
    assert "overlap_shake" in str(caught.value)


def test_a_case_that_cannot_be_solved_is_a_record_and_stops_no_other(monkeypatch, capsys):
    def fails(seed):
        raise MixeurError(f"scan: dark with {seed}")

    good = {"case": "good", "seed": 3, "met": True}
    monkeypatch.setattr(trials, "trials", lambda: {"fails": fails, "good": lambda seed: good})
    assert calibrate(["calibrate", "simulate", "--all", "--seed", "3", "--json", "-"]) == 1
    bad, other = json.loads(capsys.readouterr().out)
    assert (bad["case"], bad["seed"], bad["met"], bad["error"]) == ("fails", 3, False, "scan: dark with 3")
    assert other == good
