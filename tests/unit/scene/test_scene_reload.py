from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.containment import Failure
from engine.scene.parts import SceneFrame
from engine.world import Visitor

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


def test_reload_takes_the_new_code_and_keeps_the_state(started: Make) -> None:
    bench = started(COUNTER)
    bench.step(5)
    bench.write(COUNTER.replace("+= 1", "+= 100"))
    assert bench.reload() is None
    assert (bench.scene.count, bench.scene.last, len(bench.scene.path)) == (5, 4, 5), "the trial frame leaves no trace"
    bench.step()
    assert bench.scene.count == 105


def test_what_the_new_setup_begins_differently_begins_anew_and_what_it_drops_goes(started: Make) -> None:
    bench = started(COUNTER)
    bench.step(5)
    bench.write(
        COUNTER.replace("self.count = 0", "self.count = 50")
        .replace("self.path = []", "self.way = []")
        .replace("self.path.append", "self.way.append")
    )
    assert bench.reload() is None
    assert bench.scene.count == 50
    assert not hasattr(bench.scene, "path") and hasattr(bench.scene, "way")


def test_a_turned_slider_is_no_reason_to_begin_anew(started: Make) -> None:
    body = """class Embers(Scene):
    many = Param(3, 1, 9)
    def setup(self, stage): self.xs = [0.0] * self.many
    def update(self, now): self.xs = [x + 1 for x in self.xs]
"""
    bench = started(body)
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
def test_a_broken_edit_changes_nothing(started: Make, edit: str, text: str) -> None:
    bench = started(COUNTER)
    bench.step(5)
    before = bench.scene
    bench.write(edit)
    failure = bench.reload()
    assert failure is not None and str(failure.problem) == text
    assert bench.scene is before and before.count == 5
    assert isinstance(bench.step(), SceneFrame) and before.count == 6


def test_code_that_fails_soon_after_its_reload_is_taken_back_in_the_same_frame(started: Make) -> None:
    bench = started(COUNTER)
    bench.step(5)
    bench.write(COUNTER.replace("+= 1", "+= 10") + "        if now.frame == 7: self.gone\n")
    assert bench.reload() is None
    assert isinstance(bench.step(2), SceneFrame) and bench.scene.count == 25
    made = bench.step()
    assert isinstance(made, SceneFrame) and made.setback is not None
    assert str(made.setback.problem) == "embers.py:10: update: AttributeError: 'Embers' object has no attribute 'gone'"
    assert bench.scene.count == 6, "the version before goes on where it was left"


def test_code_that_fails_long_after_its_reload_is_a_failure(started: Make) -> None:
    bench = started(COUNTER)
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


def test_dataclasses_enums_and_arrays_live_on_across_versions(started: Make) -> None:
    bench = started(DATACLASSES, head="")
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


def test_an_edited_helper_file_is_part_of_the_scene(tmp_path: Path, started: Make) -> None:
    (tmp_path / "palette.py").write_text("RED = 1\n")
    body = "import palette\nclass Embers(Scene):\n    def update(self, now): self.red = palette.RED\n"
    bench = started(body)
    bench.step()
    assert bench.running.uses([tmp_path / "palette.py"]) and not bench.running.uses([tmp_path / "other.py"])
    (tmp_path / "palette.py").write_text("RED = 2\n")
    assert bench.reload() is None
    bench.step()
    assert bench.scene.red == 2


def test_a_helper_file_that_was_missing_mends_the_scene_when_it_comes(tmp_path: Path, started: Make) -> None:
    body = "class Embers(Scene):\n    def update(self, now): self.red = RED\n"
    bench = started("RED = 1\n" + body)
    bench.write("from palette import RED\n" + body)
    failure = bench.reload()
    assert str(failure and failure.problem) == "embers.py:2: ModuleNotFoundError: No module named 'palette'"
    (tmp_path / "palette.py").write_text("RED = 2\n")
    assert bench.running.uses([tmp_path / "palette.py"])
    assert bench.reload() is None
    bench.step()
    assert bench.scene.red == 2


def test_a_file_that_the_code_speaks_of_is_part_of_the_scene(tmp_path: Path, started: Make) -> None:
    (tmp_path / "poem.txt").write_text("one")
    body = """from pathlib import Path
class Embers(Scene):
    def setup(self, stage):
        self.poem = Path(__file__).with_name("poem.txt").read_text()
        self.all = sorted(Path(__file__).parent.glob("words/*.json"))
    def update(self, now): self.poem
"""
    bench = started(body)
    names = ("poem.txt", "words/a.json", "other.txt", "a.jsonl", "embers.pyc")
    assert [bench.running.uses([tmp_path / name]) for name in names] == [True, True, False, False, False]
    (tmp_path / "poem.txt").write_text("two")
    assert bench.reload() is None and bench.scene.poem == "two"
    bench.write(body.replace("poem.txt", "song.txt"))
    failure = bench.reload()
    assert failure is not None and "song.txt" in str(failure.problem)
    assert bench.running.uses([tmp_path / "song.txt"]), "it mends the scene when it comes"


def test_random_numbers_go_on_over_a_reload(started: Make) -> None:
    body = "class Embers(Scene):\n    def update(self, now): self.a = self.rng.random()\n"
    bench, twin = started(body), started(body)
    bench.step(3), twin.step(3)
    assert bench.reload() is None
    bench.step(), twin.step()
    assert bench.scene.a == twin.scene.a


def test_many_reloads_leave_no_old_modules(started: Make) -> None:
    bench = started(COUNTER)
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


OBJECTS = """from collections import OrderedDict
from functools import partial
import numpy as np
from engine import Scene

def spiral(t): return t

class Ember:
    def __init__(self, x, scene):
        self.x, self.scene, self.path = x, scene, []

class Spark:
    __slots__ = ("x",)
    def __init__(self, x): self.x = x

class Embers(Scene):
    def setup(self, stage):
        self.embers, self.sparks = [], {}
        self.grid = np.zeros((4, 6))
        self.inner = self.grid[1:3, ::2]
        self.order = OrderedDict(b=1, a=2)
        self.act, self.way, self.kind = self.walk, spiral, Ember
    def walk(self): self.walked = 1
    def update(self, now):
        if not self.embers:
            self.embers.append(Ember(0.5, self))
            self.sparks["one"] = Spark(2.0)
        self.embers[0].path.append(now.frame)
        self.inner += 1
        self.act()
"""


def test_plain_classes_methods_functions_and_views_of_arrays_live_on_across_versions(started: Make) -> None:
    bench = started(OBJECTS, head="")
    bench.step(3)
    old = bench.scene
    bench.write(OBJECTS.replace("self.walked = 1", "self.walked = 2"), head="")
    assert bench.reload() is None and bench.said == ["embers: reloaded"]
    new, ember = bench.scene, bench.scene.embers[0]
    assert type(ember) is new.kind is not type(old.embers[0]) and ember.scene is new
    assert (ember.x, ember.path, new.sparks["one"].x) == (0.5, [0, 1, 2], 2.0)
    assert new.inner.base is new.grid and new.grid is not old.grid
    bench.step()
    assert new.walked == 2 and new.grid.sum() == 4 * 6 and old.grid.sum() == 3 * 6, "the old version is left as it was"
    assert old.embers[0].path == [0, 1, 2] and old.embers[0].scene is old


def test_what_a_plain_class_has_come_to_set_is_taken_from_its_constructor(started: Make) -> None:
    bench = started(OBJECTS, head="")
    bench.step(3)
    bench.write(OBJECTS.replace("= x, scene, []", "= x, scene, []\n        self.heat = [9]"), head="")
    assert bench.reload() is None
    assert (bench.scene.embers[0].heat, bench.scene.embers[0].path) == ([9], [0, 1, 2])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    trail: list", "    heat: float\n    trail: list", "embers begins anew: Ember has changed: "),
        ("    WILD = 2\n", "    TAME = 3\n", "embers begins anew: Mood has changed: 2 is not a valid Mood"),
        ("Ember", "Coal", "embers begins anew: there is no Ember any more"),
    ],
)
def test_state_that_the_new_code_cannot_hold_begins_anew_and_says_why(
    started: Make, old: str, new: str, told: str
) -> None:
    body = DATACLASSES.replace("self.lock = lambda: 0", "pass").replace("Mood.WILD, 3.0", "list(Mood)[-1], 3.0")
    body = body.replace("Ember(0.5)", "make()") + "\ndef make():\n    ember = Ember.__new__(Ember)\n"
    body += "    ember.x, ember.trail = 0.5, []\n    return ember\n"
    bench = started(body, head="")
    guest = (Visitor(4, 0.5, 0.5),)
    bench.step(3, visitors=guest)
    bench.write(body.replace(old, new), head="")
    assert bench.reload() is None
    assert bench.said[0].startswith(f"embers: reloaded; {told}")
    assert bench.scene.embers == [] and (bench.scene.grid == 3).all(), "the rest is kept"
    assert isinstance(bench.step(2, visitors=guest), SceneFrame)


def test_a_scene_that_cannot_run_without_what_could_not_be_kept_begins_anew_altogether(started: Make) -> None:
    body = """class Embers(Scene):
    def setup(self, stage): self.count = 0
    def update(self, now):
        if self.count == 0: self.way = lambda: now.frame
        self.count += 1
        self.way()
"""
    bench = started(body)
    bench.step(5)
    bench.write(body + "\n# edited\n")
    assert bench.reload() is None
    assert bench.said == ["embers: reloaded; begun anew: with the state kept it fails"]
    assert bench.scene.count == 0 and isinstance(bench.step(), SceneFrame)


def test_the_engines_own_tools_for_music_keep_their_state_and_the_chance_that_they_share(started: Make) -> None:
    body = """from engine import Drone, Markov, Pattern, Scale, Walk, euclid
class Embers(Scene):
    def setup(self, stage):
        self.scale = Scale("dorian", "D3")
        self.walk = Walk(self.rng, "D3", "D5", scale=self.scale)
        self.chain = Markov([1, 2, 1, 3], self.rng)
        self.drone = Drone(self.rng, self.scale)
        self.beats = euclid(3, 8)
        self.heard = []
    def update(self, now):
        self.heard.append((self.walk.step(), self.chain.step(), self.beats[now.frame]))
"""
    kept, edited = started(body), started(body)
    kept.step(20)
    edited.step(10)
    edited.write(body + "\n# edited\n")
    assert edited.reload() is None
    edited.step(10)
    assert edited.scene.heard == kept.scene.heard
