from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.scene.loader import SceneError, load_scene

HEAD = "from engine import Param, Scene, hsv\n"


def write(folder: Path, text: str, name: str = "embers.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def error_of(folder: Path, text: str) -> str:
    before = set(sys.modules)
    with pytest.raises(SceneError) as caught:
        load_scene(write(folder, text), "embers")
    left = {name for name in set(sys.modules) - before if name.startswith("_scene_")}
    assert not left, "a failed load leaves modules behind"
    return str(caught.value)


def test_a_good_file_gives_its_class_params_title_and_credit(tmp_path: Path) -> None:
    scene = load_scene(
        write(
            tmp_path,
            '''"""Embers: hold the ball.

Long. Credit: after
nobody.

More.
"""
from engine import Param, Scene

class Embers(Scene):
    hue = Param(0.08, 0, 1, help="colour of the glow")
    def update(self, now): self.seen = now
''',
        ),
        "embers",
    )
    assert (scene.cls.__name__, scene.title, scene.credit) == ("Embers", "Embers", "after nobody.")
    assert [spec.name for spec in scene.specs] == ["hue"]
    scene.forget()
    assert scene.package not in sys.modules


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("    def upate(self, now): pass", "embers.py:3: method 'upate' is never called; did you mean 'update'?"),
        ("    def draw(self, canvas): pass", "embers.py:3: draw(self, canvas) must be draw(self, canvas, now)"),
        ("    def draw(canvas, now): pass", "embers.py:3: draw(canvas, now) must be draw(self, canvas, now)"),
        (
            "    def play(self, sound, now, loud=1): pass",
            "embers.py:3: play(self, sound, now, loud=1) must be play(self, sound, now)",
        ),
        ("    def light(self, *all): pass", "embers.py:3: light(self, *all) must be light(self, lights, now)"),
        (
            "    def setup(self, stage: 'StageSize', now): pass",
            "embers.py:3: setup(self, stage, now) must be setup(self, stage)",
        ),
        ("    update = 3", "embers.py:3: 'update' must be a method, def update(self, now)"),
        (
            "    async def update(self, now): pass",
            "embers.py:3: update must be a plain method without async or yield, def update(self, now)",
        ),
        (
            "    def update(self, now): yield",
            "embers.py:3: update must be a plain method without async or yield, def update(self, now)",
        ),
        ("    def Draw(self, canvas, now): pass", "embers.py:3: method 'Draw' is never called; did you mean 'draw'?"),
        ("    hue = Param(5.0, 0, 1)", "embers.py:3: a Param's default 5 must be within 0..1"),
        (
            "    draw = Param(0.5, 0, 1)",
            "embers.py:3: a Param cannot be called 'draw', the engine uses that name; choose another",
        ),
        ("    x = 1 / 0", "embers.py:3: ZeroDivisionError: division by zero"),
        ("    x = (", "embers.py:3: SyntaxError: '(' was never closed"),
        ("    import nothing_such", "embers.py:3: ModuleNotFoundError: No module named 'nothing_such'"),
        (
            "    from .nothing import x",
            "embers.py:3: ModuleNotFoundError: there is no file 'nothing.py' beside the scene",
        ),
        ("    from engine import nothing", "embers.py:3: ImportError: cannot import name 'nothing' from 'engine'"),
        ("    import sys; sys.exit(3)", "embers.py:3: sys.exit() ends no show; remove it"),
        ("    raise SystemExit", "embers.py:3: sys.exit() ends no show; remove it"),
    ],
)
def test_a_fault_is_one_line_with_file_line_and_remedy(tmp_path: Path, body: str, text: str) -> None:
    message = error_of(tmp_path, f"{HEAD}class Embers(Scene):\n{body}\n")
    assert message.partition(" (")[0] == text  # Python adds "(unknown location)" to some
    assert "\n" not in message


def test_every_fault_of_the_hooks_is_told_at_once_though_other_methods_exist(tmp_path: Path) -> None:
    assert (
        error_of(
            tmp_path,
            HEAD
            + """
class Embers(Scene):
    def helper(self): return self.shine()
    def shine(self): pass
    def on_the_way(self): pass
    def upate(self, now): pass
    def draw(self, canvas): pass
    def plya(self, sound, now): pass
""",
        )
        == """embers.py:7: method 'upate' is never called; did you mean 'update'?
embers.py:8: draw(self, canvas) must be draw(self, canvas, now)
embers.py:9: method 'plya' is never called; did you mean 'play'?"""
    )


def test_a_method_near_a_hook_that_the_scene_calls_is_left_alone(tmp_path: Path) -> None:
    load_scene(
        write(
            tmp_path,
            HEAD
            + """
class Embers(Scene):
    def update(self, now): self.lights(), self.redraw()
    def lights(self): pass
    def redraw(self): pass
    def updates(self): "like a hook that is there"
""",
        ),
        "embers",
    ).forget()


def test_recursion_at_load_is_an_error_not_a_crash(tmp_path: Path) -> None:
    message = error_of(tmp_path, "def f(n): return f(n + 1)\nf(0)\n")
    assert message == "embers.py:1: RecursionError: maximum recursion depth exceeded"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "embers.py: no class here is a Scene; write 'class Embers(Scene):'"),
        (HEAD, "embers.py: no class here is a Scene; write 'class Embers(Scene):'"),
        (HEAD + "class A(Scene): pass\nclass B(Scene): pass\n", "embers.py: A and B are both scenes; keep one a file"),
        ("import time\n", "embers.py:1: a scene may not use time; use now.time, now.dt and now.hour"),
        (
            "x = 1\nfrom random import choice\n",
            "embers.py:2: a scene may not use random; use self.rng, which repeats with the show's seed",
        ),
        (
            "import numpy as np\nx = np.random.rand(3)\n",
            "embers.py:2: a scene may not use numpy.random; use self.rng, which repeats with the show's seed",
        ),
        (
            "import cv2\ndef f(): return cv2.VideoCapture(0)\n",
            "embers.py:2: a scene may not use cv2.VideoCapture; use canvas.people() or now.mask()",
        ),
        (
            "from pygame import display\n",
            "embers.py:1: a scene may not use pygame.display; use the canvas handed to draw()",
        ),
        (
            "import time\nimport threading\n",
            "embers.py:1: a scene may not use time; use now.time, now.dt and now.hour\n"
            "embers.py:2: a scene may not use threading; a scene runs inside the show's loop, keep state in self",
        ),
    ],
)
def test_files_that_are_no_scene_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert error_of(tmp_path, text) == message


def test_a_seeded_generator_may_be_named_as_a_type(tmp_path: Path) -> None:
    load_scene(
        write(tmp_path, HEAD + "import numpy as np\nRng = np.random.Generator\nclass A(Scene): pass\n"), "embers"
    ).forget()


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SceneError) as caught:
        load_scene(tmp_path / "scenes" / "gone.py", "gone", root=tmp_path)
    assert str(caught.value) == "scenes/gone.py: there is no such file; correct 'file' in the show file"


def test_an_imported_scene_and_a_base_in_the_file_are_not_taken_for_the_scene(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "class Base(Scene):\n    warmth = Param(0.5, 0, 1)\n", "base.py")
    scene = load_scene(
        write(tmp_path, HEAD + "from base import Base\nclass Middle(Base): pass\nclass Last(Middle): pass\n"), "embers"
    )
    assert scene.cls.__name__ == "Last"
    assert [spec.name for spec in scene.specs] == ["warmth"]
    scene.forget()


@pytest.mark.parametrize("inner", ["glow.py", "scene.py"])
def test_a_scene_may_be_a_folder(tmp_path: Path, inner: str) -> None:
    write(tmp_path, HEAD + "from palette import RED\nclass Glow(Scene):\n    red = RED\n", f"glow/{inner}")
    write(tmp_path, "RED = 1\n", "glow/palette.py")
    scene = load_scene(tmp_path / "glow", "glow")
    assert scene.cls.red == 1  # type: ignore[attr-defined]
    scene.forget()


def test_postponed_annotations_in_dataclasses_work(tmp_path: Path) -> None:
    scene = load_scene(
        write(
            tmp_path,
            """from __future__ import annotations
from dataclasses import dataclass, field, KW_ONLY
from typing import ClassVar
from engine import Scene

@dataclass
class Ember:
    x: float
    seen: ClassVar[int] = 0
    _: KW_ONLY
    trail: list[float] = field(default_factory=list)

class Embers(Scene):
    def setup(self, stage): self.one = Ember(0.5)
""",
        ),
        "embers",
    )
    assert scene.cls is not None
    scene.forget()


def test_helper_files_are_fresh_for_each_load_and_not_seen_by_others(tmp_path: Path) -> None:
    write(tmp_path, "import tones\nfrom parts.wave import SHAPE\nfrom parts import more\nCOLOURS = [1]\n", "palette.py")
    write(tmp_path, "from . import palette\n", "tones.py")
    write(tmp_path, "SHAPE = 'sine'\n", "parts/wave.py")
    write(tmp_path, "from .wave import SHAPE as AGAIN\nfrom ..tones import palette\n", "parts/more.py")
    file = write(
        tmp_path,
        HEAD
        + """
import palette
import parts.wave
from .palette import COLOURS
class Embers(Scene):
    def colours(self):
        from palette import COLOURS as late
        return late, COLOURS, parts.wave.SHAPE, palette.more.AGAIN
""",
    )
    first = load_scene(file, "embers")
    write(tmp_path, "COLOURS = [1, 2]\nclass more: AGAIN = 'square'\n", "palette.py")
    second = load_scene(file, "embers")
    assert first.cls().colours() == ([1], [1], "sine", "sine")  # type: ignore[attr-defined]
    assert second.cls().colours() == ([1, 2], [1, 2], "sine", "square")  # type: ignore[attr-defined]
    assert "palette" not in sys.modules and "parts" not in sys.modules
    assert {Path(file).name for file in first.sources} == {"embers.py", "palette.py", "tones.py", "wave.py", "more.py"}
    first.forget(), second.forget()


def test_a_file_beside_the_scene_does_not_hide_the_standard_library(tmp_path: Path) -> None:
    write(tmp_path, "pi = 3\n", "math.py")
    scene = load_scene(write(tmp_path, HEAD + "import math\nclass A(Scene):\n    pi = math.pi\n"), "embers")
    assert scene.cls.pi > 3.1  # type: ignore[attr-defined]
    scene.forget()


def test_a_fault_in_a_helper_names_the_helper(tmp_path: Path) -> None:
    write(tmp_path, "x = 1\ny = 1 / 0\n", "palette.py")
    assert error_of(tmp_path, "import palette\n") == "palette.py:2: ZeroDivisionError: division by zero"
    write(tmp_path, "import socket\n", "palette.py")
    assert (
        error_of(tmp_path, "import palette\n")
        == "palette.py:1: a scene may not use socket; name the device in the show file and read it from now"
    )


def test_print_goes_to_the_engine(tmp_path: Path) -> None:
    said: list[tuple[object, ...]] = []
    write(tmp_path, "print('helper')\n", "palette.py")
    load_scene(
        write(tmp_path, HEAD + "import palette\nprint('scene', 1)\nclass A(Scene): pass\n"),
        "embers",
        say=lambda *parts: said.append(parts),
    ).forget()
    assert said == [("helper",), ("scene", 1)]


def test_a_file_with_null_bytes_is_refused_by_whatever_name_python_has_for_it(tmp_path: Path) -> None:
    assert error_of(tmp_path, "x = '\0'\n").endswith("Error: source code string cannot contain null bytes")
