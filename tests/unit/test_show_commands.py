import argparse
from pathlib import Path

import pytest

from engine.commands import check, new_show
from engine.problems import MixeurError


def mixeur(*words: str) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    check.add(subparsers)
    new_show.add(subparsers)
    args = parser.parse_args(words)
    return args.run(args)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


SCENE = """from engine import Param, Scene

print("loaded")

class Embers(Scene):
    hue = Param(0.5, 0, 1)
"""


def write(home: Path, scene: str = SCENE, params: str = "hue = 0.4") -> None:
    (home / "embers.py").write_text(scene)
    (home / "show.toml").write_text(f'format = 1\nname = "Embers"\n[scene.embers]\nfile = "embers.py"\n{params}\n')


def test_a_show_without_problems_says_so_and_counts_what_it_has(home, capsys):
    write(home)
    assert mixeur("check", "show.toml") == 0
    assert capsys.readouterr().out == (
        "show.toml: no problems\n"
        "Embers: 1 scene, 0 cues, 0 cameras, 0 projectors, 0 speakers, 0 mics, 0 lamps; "
        "simulated, as there is no room.toml\n")


def test_every_problem_is_one_line(home, capsys):
    write(home, params="hue = 2\nheu = 1")
    assert mixeur("check") == 1
    assert capsys.readouterr().out == (
        "show.toml:5: scene.embers.hue: 2 is out of range; must be from 0 to 1\n"
        "show.toml:6: scene.embers.heu: scene 'embers' has no such Param; did you mean 'hue'?\n")
    (home / "show.toml").write_text("name = 3\n[scene.a]\n")
    assert mixeur("check") == 1
    assert capsys.readouterr().out == (
        "show.toml:1: 'format' is missing; begin with format = 1\n"
        "show.toml:1: name: must be text in quotes, not 3\n"
        "show.toml:2: scene.a: 'file' is missing\n")


def test_faults_in_a_scenes_code_are_named_from_where_one_stands(home, capsys):
    (home / "inner").mkdir()
    write(home / "inner", scene=SCENE + "    def upate(self, now):\n        pass\n")
    assert mixeur("check", "inner") == 1
    out = capsys.readouterr().out
    assert out.startswith("inner/embers.py:7: ")
    assert "'update'" in out
    assert out.count("\n") == 1


def test_a_new_show_is_the_sample_and_has_no_problems(home, capsys):
    assert mixeur("new-show", "deep/mine") == 0
    assert capsys.readouterr().out == "deep/mine holds a show now; try: mixeur run deep/mine --simulate\n"
    assert mixeur("check", "deep/mine") == 0, capsys.readouterr().out
    assert not list((home / "deep").rglob("__pycache__"))


def test_a_new_show_goes_into_an_empty_folder_only(home):
    (home / "empty").mkdir()
    assert mixeur("new-show", "empty") == 0
    before = sorted(home.rglob("*"))
    for taken in ("empty", "empty/show.toml"):
        with pytest.raises(MixeurError) as caught:
            mixeur("new-show", taken)
        assert str(caught.value) == f"{taken}: is not empty; name a new folder"
    assert sorted(home.rglob("*")) == before
