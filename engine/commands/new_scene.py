"""`mixeur new-scene NAME`: a scene that runs, and its golden test."""

from __future__ import annotations

import argparse
import keyword
import re
from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import MixeurError

DRAWING = '''"""{title}: rings breathe around a warm heart of light.

Credit: your name, {licence}.
"""

from engine import Param, Scene, hsv


class {name}(Scene):
    hue = Param(0.06, 0, 1, help="colour of the light")
    pace = Param(0.25, 0.05, 2, unit="Hz", help="how fast it breathes")

    def setup(self, stage):
        self.x = stage.aspect / 2  # the stage is 1 high and stage.aspect wide

    def draw(self, canvas, now):
        for ring in range(7):
            age = (now.time * self.pace + ring / 7) % 1
            colour = hsv(self.hue + 0.1 * age, 0.7)
            canvas.ring(self.x, 0.5, 0.42 * age, colour, width=0.03, alpha=1 - age, soft=1, blend="add")
        canvas.circle(self.x, 0.5, 0.12, hsv(self.hue, 0.4), soft=1, blend="add")
'''

PIXELS = '''"""{title}: every pixel from a formula, in numpy.

Credit: your name, {licence}.
"""

import numpy as np

from engine import Param, Scene


class {name}(Scene):
    scale = Param(5.0, 1, 20, help="how fine the waves are")
    speed = Param(0.6, 0, 3, help="how fast they move")

    def setup(self, stage):
        self.y, self.x = np.mgrid[0:1:90j, 0 : stage.aspect : 160j]

    def draw(self, canvas, now):
        t = now.time * self.speed
        bend = np.sin(self.scale * self.y + t) + np.sin(self.scale * 0.5 * (self.x + self.y) - t)
        wave = 0.5 + 0.5 * np.sin(self.scale * self.x + bend)
        canvas.image(wave[..., None] ** (3.0, 2.0, 1.2) * (0.5, 0.7, 1.0))  # (height, width, 3), each 0..1
'''

PARTICLES = '''"""{title}: specks of light fall slowly and swerve around people.

Credit: your name, {licence}.
"""

import numpy as np

from engine import Param, Scene, hsv


class {name}(Scene):
    hue = Param(0.58, 0, 1, help="colour of the specks")
    fall = Param(0.06, 0, 0.5, unit="stage/s", help="how fast they fall")

    def setup(self, stage):
        self.size = (stage.aspect, 1.0)
        self.at = self.rng.uniform((0, 0), self.size, (1500, 2))
        self.depth = self.rng.uniform(0.3, 1, 1500)

    def update(self, now):
        go = np.stack((0.02 * np.sin(now.time + 9 * self.depth), self.fall * self.depth), 1)
        for v in now.visitors:
            away = self.at - (v.x, v.y - v.height / 2)
            go += away * np.exp(-12 * (away**2).sum(axis=1, keepdims=True)) * 1.5
        self.at = (self.at + go * now.dt) % self.size

    def draw(self, canvas, now):
        canvas.trail(0.5)
        canvas.dots(*self.at.T, 0.004 * self.depth, hsv(self.hue, 0.6), alpha=self.depth, soft=1, blend="add")
        canvas.glow(0.02, 0.6)
'''

CAMERA = '''"""{title}: people stand before a rising moon, each with a rim of its light.

Credit: your name, {licence}.
"""

from engine import Param, Scene, hsv


class {name}(Scene):
    hue = Param(0.6, 0, 1, help="colour of the moonlight")
    rim = Param(0.06, 0, 0.2, help="how far the rim of light reaches")

    def setup(self, stage):
        self.x = stage.aspect / 2

    def draw(self, canvas, now):
        light = hsv(self.hue, 0.5)
        canvas.clear(light)
        canvas.mask(soft=0.01)  # what is drawn so far stays only where people are
        canvas.glow(self.rim, 1.0)
        canvas.circle(self.x, 0.45, 0.55, light, soft=1, alpha=0.6, blend="screen")
        canvas.circle(self.x, 0.45, 0.2, hsv(self.hue, 0.12), soft=0.15, blend="screen")
        canvas.people(mirror=True, tint=hsv(self.hue, 0.3))
'''

SOUND = '''"""{title}: each visitor is a note that follows them, and a light that swells with it.

Credit: your name, {licence}.
"""

from engine import Param, Scene, hsv

SCALE = (0, 3, 5, 7, 10, 12)


class {name}(Scene):
    root = Param(48, 24, 72, help="lowest note, as a MIDI number")

    def draw(self, canvas, now):
        for v in now.visitors:
            size = 0.1 + min(v.speed, 0.5) * 0.4
            canvas.circle(v.x, v.y - v.height / 2, size, hsv(v.id * 0.13, 0.7), soft=1, blend="add")
            canvas.ring(v.x, v.y - v.height / 2, size * 1.3, hsv(v.id * 0.13, 0.4), width=0.003, alpha=0.7)
        canvas.glow(0.06, 0.8)

    def play(self, sound, now):
        for v in now.visitors:
            pitch = self.root + SCALE[v.id % len(SCALE)]
            sound.hold(f"visitor {{v.id}}", voice="warm", pitch=pitch, level=0.15 + min(v.speed, 0.4), at=v)
        for v in now.arrivals:
            sound.note(pitch=self.root + 24, voice="bell", level=0.4, at=v)
'''

TOUCH = '''"""{title}: touch the ball and it lights up, sounds and sends a wave.

Credit: your name, {licence}.
"""

from engine import Param, Scene, hsv


class {name}(Scene):
    hue = Param(0.09, 0, 1, help="colour of the light")
    pitch = Param(57, 36, 84, help="its note, as a MIDI number")

    def setup(self, stage):
        self.x = stage.aspect / 2
        self.waves = []  # when each began

    def update(self, now):
        self.waves = [born for born in self.waves if now.time - born < 2]
        if now.touch("ball").began:
            self.waves.append(now.time)

    def draw(self, canvas, now):
        level = now.touch("ball").level
        for age in (now.time - born for born in self.waves):
            canvas.ring(self.x, 0.5, 0.1 + 0.4 * age, hsv(self.hue, 0.6), width=0.05, alpha=1 - age / 2, soft=1)
        canvas.circle(self.x, 0.5, 0.2 + 0.2 * level, hsv(self.hue, 0.7), alpha=0.3 + 0.7 * level, soft=1, blend="add")
        canvas.circle(self.x, 0.5, 0.06, hsv(self.hue, 0.3), alpha=0.4 + 0.6 * level, soft=0.4)

    def play(self, sound, now):
        ball = now.touch("ball")
        if ball.level:
            sound.hold("ball", voice="warm", pitch=self.pitch, level=ball.level)

    def light(self, lights, now):
        lights.all.set(hsv(self.hue), level=now.touch("ball").level)
'''

KINDS = {
    "drawing": DRAWING,
    "pixels": PIXELS,
    "particles": PARTICLES,
    "camera": CAMERA,
    "sound": SOUND,
    "touch": TOUCH,
}
LICENCE = "CC BY 4.0"

TEST = """from pathlib import Path
{acts}
SCENES = Path(__file__).parents[1] / "scenes"


def test_{stem}_looks_and_sounds_as_it_did(golden):
    golden.scene(SCENES / "{stem}.py", at_s=(2, 4){script})
"""
ACTS = "\nfrom engine.testing.rehearsal import Act\n"
SCRIPT = ', script=[Act(3, keys=frozenset({"space"}))]'


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("new-scene", help="write a scene that runs, and its golden test")
    parser.add_argument("name", help="such as night_train: small letters, digits and _")
    parser.add_argument("--kind", choices=KINDS, default="drawing", help="what it begins with")
    parser.add_argument("--folder", type=Path, default=Path(), help="of the show; else where you are")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the scene and say how to see it."""
    scene, test = make_scene(args.folder, args.name, args.kind)
    print(
        f"{scene} runs: mixeur run {scene}\n{test} keeps it as it is: pytest {test} --update-golden, then pytest {test}"
    )
    return 0


def make_scene(folder: Path, name: str, kind: str) -> tuple[Path, Path]:
    """Write `scenes/NAME.py` and `tests/test_NAME.py` in a show's folder, and return both.

    Raises:
        MixeurError: The name is none for a scene, or a file is there already; nothing is written then.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or len(name) > 60:
        raise MixeurError(f"'{name[:60]}' cannot name a scene; use small letters, digits and _, such as 'night_train'")
    scene, test = folder / "scenes" / f"{name}.py", folder / "tests" / f"test_{name}.py"
    for path in (scene, test):
        if path.exists():
            raise MixeurError(f"{path}: is there already; choose another name")
    title = name.replace("_", " ").strip().capitalize()
    words = {"title": title, "name": "".join(part.capitalize() for part in name.split("_")), "licence": LICENCE}
    touches = kind == "touch"
    write_atomic(scene, KINDS[kind].format(**words))
    write_atomic(test, TEST.format(stem=name, acts=ACTS if touches else "", script=SCRIPT if touches else ""))
    return scene, test
