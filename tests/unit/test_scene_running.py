from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.containment import Failure
from engine.light.lights import Lights
from engine.render.layer import Layer
from engine.scene.param import ParamSpec
from engine.scene.running import Parts, Running, SceneFrame
from engine.show.model import Lamp, SceneEntry, Stage
from engine.sound.events import Hold, Sounds
from engine.world import Now, StageSize, Visitor

HEAD = "from engine import Param, Scene, Trigger, hsv\n"


class PaperCanvas:
    """A canvas of 8 x 4 pixels whose only verb is `fill`."""

    def __init__(self) -> None:
        self.pixels = np.zeros((4, 8, 4), np.uint8)

    def begin(self, now: Now) -> None:
        self.pixels[:] = 0

    def fill(self, colour: tuple[float, ...]) -> None:
        self.pixels[..., :3] = np.asarray(colour[:3]) * 255
        self.pixels[..., 3] = 255

    def end(self) -> Mapping[str, tuple[Layer, ...]]:
        return {"stage": (Layer(self.pixels),)}

    def close(self) -> None:
        pass


class PaperScore:
    """A score whose only verb is `hold`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def begin(self, now: Now) -> None:
        self.holds: list[Hold] = []

    def hold(self, key: str) -> None:
        self.holds.append(Hold(key))

    def end(self, gain: float) -> Sounds:
        return Sounds(self.owner, holds=tuple(self.holds), gain=gain)


class Bench:
    """A scene file that is written, run and edited."""

    def __init__(self, folder: Path, body: str, head: str = HEAD, **values: Any) -> None:
        self.folder = folder
        self.values = values
        self.said: list[str] = []
        self.frame = 0
        self.write(body, head)
        stage = Stage(size_m=(4.0, 2.0))
        lamps = {"lamp": Lamp(name="lamp", at_m=(3.0, 1.0), group="row"), "other": Lamp(name="other")}
        self.parts = Parts(
            stage=StageSize(2.0, None, (8, 4)),
            seed=7,
            folder=folder,
            make_canvas=PaperCanvas,
            make_score=lambda owner, rng: PaperScore(owner),
            make_lights=lambda: Lights(lamps, stage),
            now_ns=lambda: 0,
            say=lambda scene, line: self.said.append(f"{scene}: {line}"),
        )
        self.running = Running(SceneEntry(name="embers", file=Path("embers.py")), "embers", self.parts)

    def write(self, body: str, head: str = HEAD, name: str = "embers.py") -> None:
        (self.folder / name).write_text(head + body)

    def values_of(self, specs: tuple[ParamSpec, ...]) -> dict[str, Any]:
        return {spec.name: self.values.get(spec.name, spec.default) for spec in specs}

    def start(self) -> Failure | None:
        return self.running.start(self.values_of(self.running.specs))

    def step(self, frames: int = 1, **facts: Any) -> SceneFrame | Failure:
        for _ in range(frames):
            now = Now(time=self.frame / 60, frame=self.frame, **facts)
            made = self.running.step(now, self.values_of(self.running.specs))
            self.frame += 1
        return made

    def reload(self) -> Failure | None:
        return self.running.reload(self.values_of)

    @property
    def scene(self) -> Any:
        assert self.running._take is not None
        return self.running._take.scene


COUNTER = """class Embers(Scene):
    def setup(self, stage):
        self.count = 0
        self.path = []
    def update(self, now):
        self.count += 1
        self.path.append((now.time, self.count))
        self.last = now.frame
"""


def started(folder: Path, body: str, head: str = HEAD, **values: Any) -> Bench:
    bench = Bench(folder, body, head, **values)
    assert bench.start() is None
    return bench


def test_a_frame_holds_light_sound_and_lamps(tmp_path: Path) -> None:
    bench = started(
        tmp_path,
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
    assert bench.running.frames == 1 and set(bench.running.cost_ms) == {"draw", "play", "light"}


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
    tmp_path: Path, body: str, hook: str, text: str
) -> None:
    bench = Bench(tmp_path, f"class Embers(Scene):\n{body}\n")
    failure = bench.start() or bench.step()
    assert isinstance(failure, Failure)
    assert failure.hook == hook
    assert str(failure.problem).removesuffix(" while calling a Python object").partition(" in comparison")[0] == text


def test_ctrl_c_ends_the_show(tmp_path: Path) -> None:
    bench = started(tmp_path, "class Embers(Scene):\n    def update(self, now): raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        bench.step()


def test_random_numbers_repeat_with_the_seed_and_are_there_before_setup(tmp_path: Path) -> None:
    body = """class Embers(Scene):
    def __init__(self): self.a = self.rng.random()
    def setup(self, stage): self.b = self.rng.random()
"""
    first, second = started(tmp_path, body), started(tmp_path, body)
    assert (first.scene.a, first.scene.b) == (second.scene.a, second.scene.b)
    first.running.stop()
    first.start()
    assert first.scene.a != second.scene.a, "a second start goes on to other numbers"


def test_print_is_kept_to_ten_lines_a_second(tmp_path: Path) -> None:
    bench = started(tmp_path, "class Embers(Scene):\n    def update(self, now): print('frame', now.frame, sep='=')\n")
    bench.step(61)
    assert bench.said == [f"embers: frame={n}" for n in range(10)] + [
        "embers: ... and 50 lines more",
        "embers: frame=60",
    ]


def test_lamps_that_the_show_does_not_have_stay_dark_and_are_named(tmp_path: Path) -> None:
    bench = started(
        tmp_path,
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


def test_a_file_that_does_not_load_is_a_placeholder_until_it_is_mended(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "x = (\n")
    assert bench.running.failure is not None
    assert str(bench.running.failure.problem) == "embers.py:2: SyntaxError: '(' was never closed"
    assert bench.start() == bench.running.failure and bench.step() == bench.running.failure
    assert bench.running.uses([tmp_path / "palette.py"]) and not bench.running.uses([tmp_path / "x" / "y.py"])
    bench.write(COUNTER)
    assert bench.reload() is None and bench.start() is None
    assert isinstance(bench.step(), SceneFrame)


# -- reload -----------------------------------------------------------------------------------


def test_reload_takes_the_new_code_and_keeps_the_state(tmp_path: Path) -> None:
    bench = started(tmp_path, COUNTER)
    bench.step(5)
    bench.write(COUNTER.replace("+= 1", "+= 100"))
    assert bench.reload() is None
    assert (bench.scene.count, bench.scene.last, len(bench.scene.path)) == (5, 4, 5), "the trial frame leaves no trace"
    bench.step()
    assert bench.scene.count == 105


def test_what_the_new_setup_begins_differently_begins_anew_and_what_it_drops_goes(tmp_path: Path) -> None:
    bench = started(tmp_path, COUNTER)
    bench.step(5)
    bench.write(
        COUNTER.replace("self.count = 0", "self.count = 50")
        .replace("self.path = []", "self.way = []")
        .replace("self.path.append", "self.way.append")
    )
    assert bench.reload() is None
    assert bench.scene.count == 50
    assert not hasattr(bench.scene, "path") and hasattr(bench.scene, "way")


def test_a_turned_slider_is_no_reason_to_begin_anew(tmp_path: Path) -> None:
    body = """class Embers(Scene):
    many = Param(3, 1, 9)
    def setup(self, stage): self.xs = [0.0] * self.many
    def update(self, now): self.xs = [x + 1 for x in self.xs]
"""
    bench = started(tmp_path, body)
    bench.step(2)
    bench.values["many"] = 7
    bench.write(body + "\n# edited\n")
    assert bench.reload() is None
    assert bench.scene.xs == [2.0] * 3
    bench.step()
    assert bench.scene.xs == [3.0] * 3 and bench.scene.many == 7


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ("x = (", "embers.py:2: SyntaxError: '(' was never closed"),
        ("import time", "embers.py:2: a scene may not use time; use now.time, now.dt and now.hour"),
        (
            "class Embers(Scene):\n    def upate(self, now): pass",
            "embers.py:3: method 'upate' is never called; did you mean 'update'?",
        ),
        (
            "class Embers(Scene):\n    def setup(self, stage): 1 / 0",
            "embers.py:3: setup: ZeroDivisionError: division by zero",
        ),
        (COUNTER + "        1 / 0\n", "embers.py:10: update: ZeroDivisionError: division by zero"),
        (
            COUNTER + "    def draw(self, canvas, now): canvas.fil()\n",
            "embers.py:10: draw: AttributeError: 'PaperCanvas' object has no attribute 'fil'; did you mean 'fill'?",
        ),
    ],
)
def test_a_broken_edit_changes_nothing(tmp_path: Path, edit: str, text: str) -> None:
    bench = started(tmp_path, COUNTER)
    bench.step(5)
    before = bench.scene
    bench.write(edit)
    failure = bench.reload()
    assert failure is not None and str(failure.problem) == text
    assert bench.scene is before and before.count == 5
    assert isinstance(bench.step(), SceneFrame) and before.count == 6


def test_code_that_fails_soon_after_its_reload_is_taken_back_in_the_same_frame(tmp_path: Path) -> None:
    bench = started(tmp_path, COUNTER)
    bench.step(5)
    bench.write(COUNTER.replace("+= 1", "+= 10") + "        if now.frame == 7: self.gone\n")
    assert bench.reload() is None
    assert isinstance(bench.step(2), SceneFrame) and bench.scene.count == 25
    made = bench.step()
    assert isinstance(made, SceneFrame) and made.setback is not None
    assert str(made.setback.problem) == "embers.py:10: update: AttributeError: 'Embers' object has no attribute 'gone'"
    assert bench.scene.count == 6, "the version before goes on where it was left"


def test_code_that_fails_long_after_its_reload_is_a_failure(tmp_path: Path) -> None:
    bench = started(tmp_path, COUNTER)
    bench.step()
    bench.write(COUNTER + "        if now.time > 3.5: 1 / 0\n")
    assert bench.reload() is None
    assert isinstance(bench.step(300), Failure)


DATACLASSES = """from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
import numpy as np
from engine import Scene

class Mood(Enum):
    CALM = 1
    WILD = 2

class Place(NamedTuple):
    x: float
    y: float

@dataclass
class Ember:
    x: float
    trail: list[float] = field(default_factory=list)
    mood: Mood = Mood.CALM
    born: float = field(init=False, default=0.0)

class Embers(Scene):
    def setup(self, stage):
        self.embers = []
        self.grid = np.zeros((2, 3))
        self.extra = {"a": {1, 2}, "b": (None, True)}
    def update(self, now):
        self.embers = self.embers or [Ember(0.5)]
        ember = self.embers[0]
        assert isinstance(ember, Ember) and isinstance(ember.mood, Mood)
        ember.trail.append(now.time)
        ember.mood, ember.born = Mood.WILD, 3.0
        self.same = ember.trail
        self.grid += 1
        self.place = Place(1.0, 2.0)
        self.visitor = now.visitors[0]
        self.lock = lambda: 0
        self.loop = [1]
        self.loop.append(self.loop)
"""


def test_dataclasses_enums_and_arrays_live_on_across_versions(tmp_path: Path) -> None:
    bench = started(tmp_path, DATACLASSES, head="")
    guest = (Visitor(4, 0.5, 0.5),)
    bench.step(3, visitors=guest)
    old = bench.scene
    bench.write(
        DATACLASSES.replace("    x: float\n    trail", "    x: float\n    heat: float = 1.0\n    trail"), head=""
    )
    assert bench.reload() is None
    new, ember = bench.scene, bench.scene.embers[0]
    assert type(ember) is not type(old.embers[0]) and (ember.x, ember.heat, ember.born) == (0.5, 1.0, 3.0)
    assert ember.mood.name == "WILD" and type(ember.mood) is not type(old.embers[0].mood)
    assert new.same is ember.trail, "what was shared is shared"
    assert ember.trail is not old.embers[0].trail and ember.trail == old.embers[0].trail
    assert (new.grid == 3).all() and new.grid is not old.grid
    assert type(new.place) is not type(old.place) and tuple(new.place) == (1.0, 2.0)
    assert new.extra == {"a": {1, 2}, "b": (None, True)} and new.visitor == guest[0]
    assert new.loop[1] is new.loop
    assert isinstance(bench.step(2, visitors=guest), SceneFrame)


def test_an_edited_helper_file_is_part_of_the_scene(tmp_path: Path) -> None:
    (tmp_path / "palette.py").write_text("RED = 1\n")
    body = "import palette\nclass Embers(Scene):\n    def update(self, now): self.red = palette.RED\n"
    bench = started(tmp_path, body)
    bench.step()
    assert bench.running.uses([tmp_path / "palette.py"]) and not bench.running.uses([tmp_path / "other.py"])
    (tmp_path / "palette.py").write_text("RED = 2\n")
    assert bench.reload() is None
    bench.step()
    assert bench.scene.red == 2


def test_random_numbers_go_on_over_a_reload(tmp_path: Path) -> None:
    body = "class Embers(Scene):\n    def update(self, now): self.a = self.rng.random()\n"
    bench, twin = started(tmp_path, body), started(tmp_path, body)
    bench.step(3), twin.step(3)
    assert bench.reload() is None
    bench.step(), twin.step()
    assert bench.scene.a == twin.scene.a


def test_many_reloads_leave_no_old_modules(tmp_path: Path) -> None:
    bench = started(tmp_path, COUNTER)
    before = {name for name in sys.modules if name.startswith("_scene_")}
    for _ in range(10):
        assert bench.reload() is None
        bench.write("x = (")
        assert bench.reload() is not None
        bench.write(COUNTER)
    bench.running.stop()
    assert {name for name in sys.modules if name.startswith("_scene_")} - before <= {
        bench.running.scene_class.package,
        f"{bench.running.scene_class.package}.embers",
    }
