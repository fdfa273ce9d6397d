"""The corpus of bad scenes: each through the real director, canvas, score and compositor, on the real clock's alarm."""

from __future__ import annotations

import contextlib
import datetime
import gc
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.assembly import scene_parts, stage_size
from engine.clock import monotonic_ns
from engine.deadline import Alarm
from engine.director import Director
from engine.render import kernels
from engine.render.compositor import Compositor
from engine.scene.running import Running
from engine.show.model import Cue, Lamp, Programme, SceneEntry, Show, Sound, Stage
from engine.sound.offline import OfflineSound
from engine.world import Now

HERE = Path(__file__).parents[1]
CORPUS = sorted((HERE / "scenes_bad").glob("*.py"))
NOON = datetime.datetime(2014, 6, 21, 12, 0)
GOOD, SAFE = (
    f"from engine import Scene\nclass S(Scene):\n    def draw(self, canvas, now): canvas.clear({colour})\n"
    f"    def play(self, sound, now): sound.hold('tone')\n"
    for colour in ((0, 0, 0.4), (0, 0.4, 0))
)
GREEN = (0, 102, 0)
SLOW = {  # each failure takes as long as a hook may: the third one is left out
    "counts_far", "endless_loop", "endless_repr", "endless_str", "many_large_dots", "setup_loops", "sleeps",
    "swallowing_loop",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def settled_memory() -> Iterator[None]:
    """Set aside what other tests have left, as the engine does: to look through it all takes longer than a hook may."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def sound() -> OfflineSound:
    return OfflineSound(Sound(), {}, Stage())


@contextlib.contextmanager
def process_of_its_own() -> Iterator[None]:
    """Give back what the scenes take away from the whole process; its SIGINT is as in the engine process."""
    folder = Path.cwd()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)}
    hooks = sys.unraisablehook, threading.excepthook
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.unraisablehook = threading.excepthook = lambda *_: None  # pytest's own are no place for an alarm to ring in
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.unraisablehook, threading.excepthook = hooks
        os.chdir(folder)
        for number, handler in before.items():
            signal.signal(number, handler)


class Evening:
    """A good scene that fades over to a bad one, with a safe one behind it."""

    def __init__(self, folder: Path, bad: Path, sound: OfflineSound) -> None:
        for name, text in (("good", GOOD), ("safe", SAFE), (bad.stem, bad.read_text())):
            (folder / f"{name}.py").write_text(text)
        scenes = {n: SceneEntry(name=n, file=Path(f"{n}.py")) for n in ("good", "safe", bad.stem)}
        cues = (Cue(name="good", scene="good", fade_s=0.3), Cue(name="bad", scene=bad.stem, fade_s=0.5))
        stage = Stage(height_px=18, fallback="safe")
        self.bad = bad.stem
        self.show = Show(
            folder=folder, stage=stage, scenes=scenes, programme=Programme(cues=cues), lamps={"lamp": Lamp(name="lamp")}
        )
        self.told: list[str] = []
        self.said: list[str] = []
        parts = scene_parts(self.show, 1, monotonic_ns, lambda scene, line: self.said.append(line), deadline=Alarm())
        self.director = Director(
            self.show, lambda entry, key: Running(entry, key, parts), lambda p: self.told.append(str(p))
        )
        self.sound = sound
        self.compositor = Compositor(stage_size(self.show).size_px, kernels=kernels)
        self.time, self.frame = 0.0, 0
        self.light = [np.zeros(3)]

    def play(self, seconds: float, dt: float = 1 / 60) -> None:
        for _ in range(round(seconds / dt)):
            frame = self.director.step(Now(time=self.time, dt=dt, frame=self.frame), (), NOON)
            picture = self.compositor.compose(frame.picture.views.get("stage", ()), frame.picture.still)
            assert np.ptp(picture.reshape(-1, 4), axis=0).max() <= 90, "a picture of one colour, but for a dark shape"
            self.light.append(picture[..., :3].reshape(-1, 3).mean(axis=0))
            self.sound.submit(frame.sounds, round(self.time * 1e9))
            self.time, self.frame = self.time + dt, self.frame + 1

    @property
    def state(self) -> str:
        return self.director.status.scenes[self.bad].state


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_r1_a_bad_scene_shows_no_bad_frame_and_its_line_is_named(
    path: Path, tmp_path: Path, sound: OfflineSound
) -> None:
    with process_of_its_own():
        see_the_evening_with(path, tmp_path, sound)


def see_the_evening_with(path: Path, folder: Path, sound: OfflineSound) -> None:
    text = path.read_text()
    reason = re.search(r"^Reason: (.*)$", text, re.M)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.endswith("# bad")]
    evening = Evening(folder, path, sound)
    evening.play(0.5)
    evening.director.go()
    evening.play(1.5)

    light = np.array(evening.light)
    assert light.max() <= 110, "never white"
    assert np.abs(np.diff(light, axis=0)).max() <= 102 / 18 + 3, "never a jump, not even to black"
    scenes = evening.director.status.scenes
    assert scenes["good"].failures == scenes["safe"].failures == 0 and scenes["good"].frames >= 30
    if reason is None:
        assert evening.state == "shown" and not [told for told in evening.told if "took" in told or "rror" in told]
        assert len(evening.said) <= 30 and len(evening.told) <= 20
        return
    assert (light[-1] == GREEN).all(), "the safe scene shows"
    told = [told for told in evening.told if told.startswith(f"{path.name}:")]
    assert told and reason[1] in told[0]
    if lines:
        assert int(told[0].split(":")[1]) in lines
    if evening.state == "broken" or path.stem in SLOW:
        return
    evening.play(12, dt=0.1)
    assert evening.state == "barred" and told[0] + "; failed 3 times in 60 s" in evening.told[-1]
    assert (evening.light[-1] == GREEN).all()


def test_the_corpus_has_more_than_forty_scenes_and_leaves_the_process_as_it_was() -> None:
    assert len(CORPUS) >= 40 and len({path.read_text() for path in CORPUS}) == len(CORPUS)
    assert callable(len) and callable(np.zeros) and threading.active_count() < 40
