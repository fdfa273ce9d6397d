from pathlib import Path

import pytest

from engine.scene.param import ParamSpec
from engine.show.files import read_show
from engine.show.params import check_params

SPECS = (
    ParamSpec("hue", "number", 0.5, low=0, high=1),
    ParamSpec("fade", "number", 3.0, low=0.5, high=10, unit="s"),
    ParamSpec("lift", "number", 3.0, low=0.5, unit="m"),
    ParamSpec("steps", "whole", 3, low=1, high=9),
    ParamSpec("glow", "bool", True),
    ParamSpec("kind", "choice", "slow", choices=("slow", "fast")),
    ParamSpec("tint", "colour", (1, 0.5, 0)),
    ParamSpec("flash", "trigger", False),
)


def problems(folder: Path, params: str, cue: str = "") -> list[str]:
    (folder / "embers.py").write_text("")
    (folder / "show.toml").write_text(f"""format = 1
[scene.embers]
file = "embers.py"
{params}
[[programme.cues]]
name = "one"
scene = "embers"
set = {{ {cue} }}
""")
    show = read_show(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in check_params(show, {"embers": SPECS})]


def test_values_that_fit_are_no_problem(tmp_path):
    params = """hue = 1
fade = { from = "osc:/fade", start = 3, low = 1, high = 5 }
steps = 4
glow = false
kind = "fast"
tint = [1, 0, 0.5]
flash = { from = "key:space" }
"""
    assert problems(tmp_path, params, 'tint = "#ff8800", hue = 0, lift = 100') == []


@pytest.mark.parametrize(("param", "problem"), [
    ("heu = 0.5", "heu: scene 'embers' has no such Param; did you mean 'hue'?"),
    ("xyz = 1", "xyz: scene 'embers' has no such Param; its Params are 'hue', 'fade', 'lift', 'steps', 'glow', 'kind', "
     "'tint' or 'flash'"),
    ("hue = 'red'", 'hue: must be a number 0..1, not "red"'),
    ("hue = true", "hue: must be a number 0..1, not true"),
    ("hue = [1, 0, 0]", "hue: must be a number 0..1, not a list"),
    ("hue = 1.5", "hue: 1.5 is out of range; must be from 0 to 1"),
    ("fade = 11", "fade: 11 is out of range; must be from 0.5 to 10 s"),
    ("lift = 0", "lift: 0 is out of range; must be from 0.5 m"),
    ("steps = 2.5", "steps: must be a whole number 1..9, not 2.5"),
    ("steps = 10", "steps: 10 is out of range; must be from 1 to 9"),
    ("glow = 'on'", 'glow: must be true or false, not "on"'),
    ("kind = 'fats'", "kind: must be one of slow, fast, not \"fats\"; did you mean 'fast'?"),
    ("tint = 'reddish'", 'tint: must be a colour such as "#ff8800" or three numbers 0..1, not "reddish"'),
    ("flash = 1", 'flash: is a trigger and holds no value; give it a source, such as { from = "key:space" }'),
    ("hue = { from = 'key:a', start = 2 }", "hue.start: 2 is out of range; must be from 0 to 1"),
    ("hue = { from = 'key:a', high = 2 }", "hue.high: 2 is out of range; must be from 0 to 1"),
    ("glow = { from = 'key:a', low = 0 }", "glow.low: a Param of kind bool has no range"),
])
def test_a_value_that_does_not_fit_is_named_with_its_line(tmp_path, param, problem):
    assert problems(tmp_path, param) == [f"show.toml:4: scene.embers.{problem}"]


def test_what_a_cue_sets_is_checked_too(tmp_path):
    assert problems(tmp_path, "hue = 0.5", "heu = 1, fade = 99") == [
        "show.toml:8: programme.cues[1].set.heu: scene 'embers' has no such Param; did you mean 'hue'?",
        "show.toml:8: programme.cues[1].set.fade: 99 is out of range; must be from 0.5 to 10 s",
    ]


def test_a_scene_that_did_not_load_is_left_out(tmp_path):
    problems(tmp_path, "heu = 0.5")
    assert check_params(read_show(tmp_path), {}) == []
