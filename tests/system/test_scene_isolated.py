"""Scenes with `isolate = "process"`: real processes that draw, play, exit, crash and hang; the engine never waits."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.assembly import scene_parts
from engine.clock import monotonic_ns
from engine.containment import Failure
from engine.director import Director
from engine.scene.isolated import IsolatedRunning
from engine.scene.parts import SceneFrame
from engine.scene.running import Running
from engine.show.model import Cue, Lamp, Programme, SceneEntry, Show, Stage
from engine.world import Now, Visitor

NOON = datetime.datetime(2014, 6, 21, 12, 0)
pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform != "linux", reason="memory without a name")]
HEAD = """from engine import Param, Scene

class Apart(Scene):
    hue = Param(0.5, 0, 1)

    def draw(self, canvas, now):
        canvas.clear((0, self.hue, 0))

"""
GOOD = """    def update(self, now):
        self.came = [visitor.id for visitor in now.arrivals]
        print("came", *self.came) if self.came else None

    def play(self, sound, now):
        sound.hold("tone")
        for number in self.came:
            sound.note(60 + number)

    def light(self, lights, now):
        lights["lamp"].follow()
"""
BAD = """    frames = 0

    def update(self, now):
        self.frames += 1
        if self.frames > 5:
            {}
"""


class Stagehand:
    def __init__(self, folder: Path, body: str) -> None:
        (folder / "apart.py").write_text(HEAD + body)
        show = Show(folder=folder, stage=Stage(height_px=90), lamps={"lamp": Lamp(name="lamp")})
        self.said: list[str] = []
        self.parts = parts = scene_parts(show, 1, monotonic_ns, lambda scene, line: self.said.append(line), live=True)
        entry = SceneEntry(name="apart", file=Path("apart.py"), isolate="process")
        self.running = IsolatedRunning(entry, "apart#1", parts)
        self.made: list[SceneFrame] = []
        self.longest_s = 0.0

    def play(self, is_over: Callable[[SceneFrame], bool], **facts: object) -> Failure | None:
        """Step until it is over or fails."""
        assert self.running.failure is None and self.running.start({"hue": 0.5}) is None
        for frame in range(60 * 90):
            began = time.monotonic()
            made = self.running.step(Now(time=frame / 60, frame=frame, **(facts if not frame else {})), {"hue": 0.8})
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            if isinstance(made, Failure):
                return made
            self.made.append(made)
            if is_over(made):
                return None
            time.sleep(1 / 60)
        raise AssertionError("it took too long")


def test_a_scene_apart_draws_plays_and_drives_lamps_and_hears_of_every_arrival_once(tmp_path: Path) -> None:
    hand = Stagehand(tmp_path, GOOD)
    try:
        assert hand.play(lambda _: hand.running.frames >= 20, arrivals=(Visitor(7, 0.5, 0.5),)) is None
        last = hand.made[-1]
        assert last.views["stage"][0].pixels[45, 80].tolist() == [0, 204, 0, 255]
        assert [hold.key for hold in last.sounds.holds] == ["tone"] and last.sounds.owner == "apart#1.1"
        assert [lamp.lamp for lamp in last.lamps] == ["lamp"] and last.lamps[0].colour[1] > 0.5
        assert [note.pitch for made in hand.made for note in made.sounds.notes] == [67.0]
        assert hand.said == ["came 7"]
        assert hand.longest_s < 1.0
    finally:
        hand.running.stop()
    assert not hand.running.started


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("__import__('ctypes').string_at(0)", "its process ended with signal SIGSEGV"),
        ("sum(range(10**14))", "its process is ended"),
    ],
)
def test_what_a_scene_apart_does_to_its_process_is_a_failure_of_this_scene_only(
    tmp_path: Path, line: str, words: str
) -> None:
    hand = Stagehand(tmp_path, BAD.format(line))
    try:
        failure = hand.play(lambda _: False)
    finally:
        hand.running.stop()
    assert failure is not None and words in failure.problem.text and failure.problem.path == "apart.py"
    assert failure.problem.line == 14
    assert hand.running.frames >= 1 and hand.longest_s < 1.0


def test_its_fallback_shows_until_it_can_and_again_when_it_is_gone(tmp_path: Path) -> None:
    hand = Stagehand(tmp_path, BAD.replace("5", "60").format("__import__('os')._exit(3)"))
    (tmp_path / "safe.py").write_text(HEAD.replace("Apart", "Safe"))
    scenes = {"apart": hand.running.entry, "safe": SceneEntry(name="safe", file=Path("safe.py"))}
    show = Show(folder=tmp_path, stage=Stage(fallback="safe"), scenes=scenes,
                programme=Programme(cues=(Cue(name="one", scene="apart", fade_s=0.3),)))  # fmt: skip
    told: list[str] = []
    director = Director(
        show,
        lambda entry, key: hand.running if entry.name == "apart" else Running(entry, key, hand.parts),
        lambda problem: told.append(str(problem)),
    )
    shown: list[str] = []
    try:
        for frame in range(60 * 90):
            director.step(Now(time=frame / 60, frame=frame), (), NOON)
            if shown[-1:] != [now := director.shown[-1].name]:
                shown.append(now)
            if len(shown) == 3:
                break
            time.sleep(1 / 60)
    finally:
        hand.running.stop()
    assert shown == ["safe", "apart", "safe"]
    assert told == ["apart.py: update: its process ended with code 3"]


def test_what_cannot_be_done_apart_is_refused_with_its_line(tmp_path: Path) -> None:
    hand = Stagehand(tmp_path, "    def update(self, now): pass\n    def more(self, canvas): canvas.people()\n")
    assert str(hand.running.failure.problem) == (
        'apart.py:10: canvas.people is not for a scene with isolate = "process": '
        "the camera's picture stays with the engine"
    )
