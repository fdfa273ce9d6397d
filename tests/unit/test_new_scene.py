import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from engine.commands import new_scene
from engine.problems import MixeurError
from engine.scene.loader import load_scene
from engine.show.files import read_show
from engine.testing.rehearsal import Act, rehearse

KINDS = sorted(new_scene.KINDS)


def mixeur(*words: str) -> int:
    parser = argparse.ArgumentParser()
    new_scene.add(parser.add_subparsers())
    args = parser.parse_args(words)
    return args.run(args)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_loads_runs_and_shines(kind: str, tmp_path: Path) -> None:
    scene, test = new_scene.make_scene(tmp_path, "night_train", kind)
    loaded = load_scene(scene, "night_train", tmp_path)
    assert (loaded.cls.__name__, loaded.title) == ("NightTrain", "Night train")
    assert loaded.credit and loaded.specs
    show = read_show(scene, simulate=True)
    show = replace(show, stage=replace(show.stage, height_px=180))
    play = rehearse(show, 2.0, script=[Act(1.2, keys=frozenset({"space"}))])
    brightest = max(moment.stage[..., :3].max() for moment in play.frames())
    assert play.problems == [] and brightest > 100
    source = scene.read_text()
    assert source.count("\n") <= 40 and max(map(len, source.splitlines())) <= 120
    compile(test.read_text(), test, "exec")


def test_the_golden_test_that_comes_with_it_writes_passes_and_sees_a_change(pytester: pytest.Pytester) -> None:
    scene, test = new_scene.make_scene(pytester.path, "ball", "touch")
    pytester.runpytest_subprocess(test, "--update-golden").assert_outcomes(skipped=1)
    written = sorted(path.name for path in (pytester.path / "tests" / "references").iterdir())
    assert written == ["ball-2s.png", "ball-4s.png", "ball.json"]
    pytester.runpytest_inprocess(test).assert_outcomes(passed=1)
    scene.write_text(scene.read_text().replace("0.09", "0.6"))
    result = pytester.runpytest_inprocess(test)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r".*ball-2s\.png differs .*failed/ball-2s\.png"])


def test_the_command_says_how_to_go_on(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert mixeur("new-scene", "stars", "--kind", "particles") == 0
    assert capsys.readouterr().out.startswith("scenes/stars.py runs: mixeur run scenes/stars.py\n")


def test_the_command_writes_into_the_folder_it_is_given(tmp_path: Path, capsys) -> None:
    assert mixeur("new-scene", "stars", "--folder", str(tmp_path / "show")) == 0
    assert (tmp_path / "show" / "scenes" / "stars.py").is_file()
    assert f"mixeur run {tmp_path}/show/scenes/stars.py" in capsys.readouterr().out


def test_what_is_there_already_is_kept(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_stars.py").write_text("mine")
    with pytest.raises(MixeurError, match=r"test_stars\.py: is there already; choose another name"):
        new_scene.make_scene(tmp_path, "stars", "drawing")
    assert (tmp_path / "tests/test_stars.py").read_text() == "mine"
    assert not (tmp_path / "scenes").exists()


@pytest.mark.parametrize("name", ["", "Night", "night-train", "../night", "class", "2days", "é", "a" * 61, "a b"])
def test_a_name_that_cannot_be_a_module_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(MixeurError, match=r"^'.*' cannot name a scene; use small letters, digits and _, such as"):
        new_scene.make_scene(tmp_path, name, "drawing")
    assert list(tmp_path.iterdir()) == []
