from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.containment import Failure
from engine.scene.parts import SceneFrame
from engine.sound.events import Hold, Sounds

Make = Callable[..., Any]
COUNTER = """class Embers(Scene):
    def setup(self, stage):
        self.count = 0
        self.path = []
    def update(self, now):
        self.count += 1
        self.path.append((now.time, self.count))
        self.last = now.frame
"""


def test_a_frame_holds_light_sound_and_lamps(started: Make) -> None:
    bench = started(
        """class Embers(Scene):
    hue = Param(0.0, 0, 1)
    def draw(self, canvas, now): canvas.fill(hsv(self.hue))
    def play(self, sound, now): sound.hold("glow")
    def light(self, lights, now):
        lights["lamp"].follow()
        lights["other"].set("#ffffff", level=0.5, fade_s=1)
""",
    )
    made = bench.step()
    assert isinstance(made, SceneFrame)
    assert made.views["stage"][0].pixels[0, 0].tolist() == [255, 0, 0, 255]
    assert made.sounds == Sounds("embers.1", holds=(Hold("glow"),))
    assert [(lamp.lamp, lamp.colour, lamp.level, lamp.fade_s) for lamp in made.lamps] == [
        ("lamp", (1.0, 0.0, 0.0), 1.0, 0.0),
        ("other", (1.0, 1.0, 1.0), 0.5, 1.0),
    ]
    assert bench.running.frames == 1 and set(bench.running.budget.cost_ms) == {"draw", "play", "light"}


@pytest.mark.parametrize(
    ("body", "hook", "text"),
    [
        (
            "    def setup(self, stage): self.x",
            "setup",
            "embers.py:3: setup: AttributeError: 'Embers' object has no attribute 'x'",
        ),
        (
            "    def update(self, now):\n        now.visitorz",
            "update",
            "embers.py:4: update: AttributeError: 'Now' object has no attribute 'visitorz'; did you mean 'visitors'?",
        ),
        ("    def update(self, now): 1 / 0", "update", "embers.py:3: update: ZeroDivisionError: division by zero"),
        (
            "    def draw(self, canvas, now): canvas.fill(None)",
            "draw",
            "embers.py:3: draw: TypeError: 'NoneType' object is not subscriptable",
        ),
        (
            "    def play(self, sound, now): raise SystemExit",
            "play",
            "embers.py:3: play: sys.exit() ends no show; remove it",
        ),
        (
            "    def light(self, lights, now): self.light(lights, now)",
            "light",
            "embers.py:3: light: RecursionError: maximum recursion depth exceeded",
        ),
        (
            "    hue = Param(0.5, 0, 1)\n    def update(self, now): self.hue = 1",
            "update",
            "embers.py:4: update: self.hue is a Param and read-only in the scene; "
            "use a name of your own, such as self.my_hue",
        ),
        (
            "    def update(self, now): now.time = 1",
            "update",
            "embers.py:3: update: FrozenInstanceError: cannot assign to field 'time'",
        ),
        ("    def update(self, now): raise BaseException", "update", "embers.py:3: update: BaseException"),
        (
            "    def update(self, now):\n        class E(Exception):\n            def __str__(self): 1 / 0\n"
            "        raise E",
            "update",
            "embers.py:6: update: E",
        ),
        (
            "    def light(self, lights, now): lights.all.set('red')",
            "light",
            "embers.py:3: light: ValueError: a colour is \"#rrggbb\" or three numbers 0..1, not 'red'",
        ),
    ],
)
def test_whatever_a_hook_raises_is_a_failure_with_the_artists_line(
    write_scene: Make, body: str, hook: str, text: str
) -> None:
    bench = write_scene(f"class Embers(Scene):\n{body}\n")
    failure = bench.start() or bench.step()
    assert isinstance(failure, Failure)
    assert failure.hook == hook
    assert str(failure.problem).removesuffix(" while calling a Python object").partition(" in comparison")[0] == text


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_the_show(started: Make) -> None:
    bench = started("class Embers(Scene):\n    def update(self, now): raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        bench.step()


def test_random_numbers_repeat_with_the_seed_and_are_there_before_setup(started: Make) -> None:
    body = """class Embers(Scene):
    def __init__(self): self.a = self.rng.random()
    def setup(self, stage): self.b = self.rng.random()
"""
    first, second = started(body), started(body)
    assert (first.scene.a, first.scene.b) == (second.scene.a, second.scene.b)
    first.running.stop()
    first.start()
    assert first.scene.a != second.scene.a, "a second start goes on to other numbers"


def test_print_is_kept_to_ten_lines_a_second(started: Make) -> None:
    bench = started("class Embers(Scene):\n    def update(self, now): print('frame', now.frame, sep='=')\n")
    bench.step(61)
    assert bench.said == [f"embers: frame={n}" for n in range(10)] + [
        "embers: ... and 50 lines more",
        "embers: frame=60",
    ]


def test_lamps_that_the_show_does_not_have_stay_dark_and_are_named(started: Make) -> None:
    bench = started(
        """class Embers(Scene):
    def light(self, lights, now):
        lights["lmp"].set("#fff")
        lights.group("rwo").set("#fff")
        lights.group("row").channel("pan", 2)
""",
    )
    made = bench.step()
    assert isinstance(made, SceneFrame)
    assert made.unknown == {"light lmp", "light group rwo"}
    assert [(lamp.lamp, lamp.level, lamp.channels) for lamp in made.lamps] == [("lamp", 0.0, (("pan", 1.0),))]


def test_a_file_that_does_not_load_is_a_placeholder_until_it_is_mended(tmp_path: Path, write_scene: Make) -> None:
    bench = write_scene("x = (\n")
    assert bench.running.failure is not None
    assert str(bench.running.failure.problem) == "embers.py:2: SyntaxError: '(' was never closed"
    assert bench.start() == bench.running.failure and bench.step() == bench.running.failure
    assert bench.running.uses([tmp_path / "palette.py"]) and not bench.running.uses([tmp_path.parent / "y.py"])
    bench.write(COUNTER)
    assert bench.reload() is None and bench.start() is None
    assert isinstance(bench.step(), SceneFrame)
