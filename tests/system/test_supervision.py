"""A show that is killed, stopped and hung: the picture is back, on the same cue, with the same Params, nobody left."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import rig

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform != "linux", reason="for Linux")]
PICTURE_S = 15.0  # R5; the figure of five seconds is the bench's: a busy machine must not fail a test
SHOW = """
format = 1
[stage]
fallback = "calm"
[scene.calm]
file = "calm.py"
[scene.bad]
file = "bad.py"
[programme]
cues = [
  { name = "begin", scene = "calm" },
  { name = "hands", scene = "calm", set = { hue = 0.4 } },
  { name = "wild", scene = "bad" },
]
"""
ROOM = "format = 1\n[osc]\nport = {osc}\n[sound]\nbackend = \"null\"\n"
CALM = '''
from engine import Param, Scene
class Calm(Scene):
    hue = Param(0.5, 0, 1)
    speed = Param(0.1, 0, 1)
    def draw(self, canvas, now):
        canvas.circle(0.5, 0.5, 0.2)
'''
BAD = '''
from engine import Scene
class Bad(Scene):
    def update(self, now):
        sum(range(10**15))  # in C: no alarm ends it
'''


class Run:
    """A running show; `engine` is the engine process that runs now."""

    def __init__(self, folder: Path, *more: str, env: dict[str, str] | None = None) -> None:
        self.folder, self.report = folder, folder / "report.json"
        if not (folder / "room.toml").exists():
            (folder / "room.toml").write_text(ROOM.format(osc=_free_port()))
        self.port = int(re.search(r"port = (\d+)", (folder / "room.toml").read_text())[1])
        told = ["run", str(folder / "show.toml"), "--headless", "--report", str(self.report), *more]
        self.log = (folder / "log.txt").open("a")
        self.process = subprocess.Popen([sys.executable, "-P", "-m", "engine.cli", *told], stderr=self.log,
                                        env={**os.environ, **(env or {})})

    @property
    def state(self) -> dict:
        try:
            return json.loads((self.folder / ".mixeur" / "show.json").read_text())
        except FileNotFoundError:
            return {}

    @property
    def said(self) -> str:
        return (self.folder / "log.txt").read_text()

    def child(self, module: str) -> int:
        """Return the process that runs a module, or 0; of two the older one, the other is a spare."""
        return next((pid for _, pid, words in sorted(_children(self.process.pid)) if module in words), 0)

    @property
    def engine(self) -> int:
        return self.child("engine.commands.play")

    def osc(self, address: str, *args: object) -> None:
        from pythonosc.udp_client import SimpleUDPClient

        SimpleUDPClient("127.0.0.1", self.port).send_message(address, list(args))

    def end(self) -> dict:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0, self.said
        return json.loads(self.report.read_text())

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _children(parent: int) -> list[tuple[int, int, str]]:
    """Return when each child process was started, its number and its words."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            facts = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else ["", "0"]
            if int(facts[1]) == parent:
                found.append((int(facts[19]), int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")))
        except (OSError, IndexError):
            continue
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("show.toml", SHOW), ("calm.py", CALM), ("bad.py", BAD)):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    run = Run(folder)
    yield run
    run.kill()


def on_cue_with_params(run: Run) -> None:
    """Bring a show to a cue, a Param and a hold that it does not begin with, and wait until that is kept."""
    assert rig.until(lambda: run.state.get("cue") == "begin", 90), run.said
    for _ in range(3):  # datagrams may be lost
        run.osc("/cue/hands")
        if rig.until(lambda: run.state.get("cue") == "hands", 5):
            break
    run.osc("/scene/calm/speed", 0.75)
    run.osc("/cue/hold", 1)
    assert rig.until(lambda: (run.state.get("params", {}).get("/scene/calm/speed"), run.state["held"]) == (0.75, True),
                     10), run.state


def is_where_it_was(report: dict) -> bool:
    return (report["cue"], report["params"]["/scene/calm/speed"], report["params"]["/scene/calm/hue"]) == (
        "hands", 0.75, 0.4)  # fmt: skip


def test_r5_everything_killed_comes_back_on_the_same_cue_with_the_same_params_and_nobody_is_left(
    run: Run, folder: Path
) -> None:
    on_cue_with_params(run)
    pids = {pid for _, pid, _ in _children(run.process.pid)}
    assert len(pids) >= 2
    run.process.kill()
    run.process.wait()
    assert rig.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 5), "orphans"
    started = time.monotonic()
    again = Run(folder)
    try:
        assert rig.until(lambda: "goes on where it was, at cue 'hands'" in again.said, 60), again.said
        assert rig.until(lambda: again.state.get("saved", "") > "" and again.engine > 0, 10)
        engine = again.engine
        os.kill(engine, signal.SIGKILL)  # and an engine alone, on the way
        assert rig.until(lambda: again.engine not in (0, engine), 20), again.said
        assert rig.until(lambda: again.said.count("goes on where it was, at cue 'hands'") == 2, 60), again.said
        print(f"restart and engine killed: {time.monotonic() - started:.1f} s in all")
        assert is_where_it_was(again.end())
        assert again.state == {}
    finally:
        again.kill()


def test_r2_a_hang_in_a_scene_brings_the_picture_back_without_that_scene(run: Run) -> None:
    assert rig.until(lambda: run.state.get("cue") == "begin", 90), run.said
    run.osc("/cue/wild")
    assert rig.until(lambda: "started again without bad" in run.said, 30), run.said
    assert re.search(r"no new frame for [\d.]+ s in scene bad \(bad.py:5\)", run.said)
    assert rig.until(lambda: bool(run.state.get("barred")), 60), run.said
    report = run.end()
    assert report["restarts"]["engine"] == 1
    assert any(line.startswith("bad.py:5: update: did not come back") for line in report["problems"])


def test_stopped_sound_and_a_stopped_engine_are_replaced(run: Run) -> None:
    assert rig.until(lambda: run.state.get("cue") == "begin", 90), run.said
    engine, sound = run.engine, run.child("engine.sound.process")
    assert rig.until(lambda: "--wait" in str(_children(run.process.pid)), 30)
    for pid in (engine, sound):
        os.kill(pid, signal.SIGSTOP)
    assert rig.until(lambda: run.engine not in (0, engine), 30), run.said
    assert rig.until(lambda: run.child("engine.sound.process") not in (0, sound), 30), run.said
    assert "it was stopped" in run.said
    assert rig.until(lambda: run.said.count("goes on where it was, at cue 'begin'") == 1, 60), run.said
    report = run.end()
    assert (report["restarts"]["engine"], report["restarts"]["sound"]) == (1, 1), run.said
    assert report["problems"] == []
