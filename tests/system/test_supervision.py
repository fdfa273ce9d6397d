"""A show that is killed, stopped and hung: the picture is back, on the same cue, with the same Params, nobody left."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import rig

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform != "linux", reason="for Linux")]
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


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("show")
    for name, text in (("show.toml", SHOW), ("calm.py", CALM), ("bad.py", BAD)):
        (folder / name).write_text(text)
    run = Run(folder)
    assert rig.until(lambda: run.state.get("cue") == "begin", 120), run.said
    yield run
    run.kill()


def back(run: Run, cue: str, times: int) -> bool:
    """Wait until the show has gone on at a cue so many times."""
    return rig.until(lambda: run.said.count(f"goes on where it was, at cue '{cue}'") == times, 60)


def test_a_stopped_engine_and_stopped_sound_are_replaced_by_the_spare_and_no_scene_is_blamed(run: Run) -> None:
    engine, sound = run.engine, run.child("engine.sound.process")
    for module in ("engine.commands.play", "engine.sound.process"):
        assert rig.until(lambda name=module: f"{name} --wait" in str(_children(run.process.pid)), 120), module
    for pid in (engine, sound):
        os.kill(pid, signal.SIGSTOP)
    assert rig.until(lambda: run.engine not in (0, engine), 30), run.said
    assert rig.until(lambda: run.child("engine.sound.process") not in (0, sound), 30), run.said
    assert back(run, "begin", 1), run.said
    told = re.findall(r"(engine: no new frame|sound: no sign of life) for \d\.\d s, it was stopped", run.said)
    assert len(told) == 2
    assert "without" not in run.said


def test_r2_a_hang_in_a_scene_brings_the_picture_back_without_that_scene(run: Run) -> None:
    for _ in range(3):  # datagrams may be lost; the engine has just begun: the first is met in its first frame
        run.osc("/cue/wild")
        if rig.until(lambda: "started again without bad" in run.said, 10):
            break
    assert re.search(r"no new frame for [2-5]\.\d s in scene bad \(bad.py:5\); started again without bad", run.said)
    assert rig.until(lambda: bool(run.state.get("barred")), 60), run.said
    assert [(barred["scene"], barred["line"]) for barred in run.state["barred"]] == [("bad", 5)]


def test_r5_a_killed_engine_comes_back_on_its_cue_with_its_params_though_the_show_file_is_broken(run: Run) -> None:
    for _ in range(3):
        run.osc("/cue/hands")
        if rig.until(lambda: run.state.get("cue") == "hands", 5):
            break
    run.osc("/scene/calm/speed", 0.75)
    run.osc("/cue/hold", 1)
    turned = lambda: run.state.get("params", {}).get("/scene/calm/speed") == 0.75  # noqa: E731
    assert rig.until(lambda: turned() and run.state["held"], 10), run.state
    (run.folder / "show.toml").write_text("format = ")
    engine = run.engine
    os.kill(engine, signal.SIGKILL)
    assert rig.until(lambda: run.engine not in (0, engine), 30), run.said
    assert back(run, "hands", 1), run.said
    assert "(the show goes on as it was)" in run.said
    (run.folder / "show.toml").write_text(SHOW)


def test_r5_a_show_killed_with_all_its_processes_goes_on_where_it_was_and_nobody_is_left(run: Run) -> None:
    pids = {pid for _, pid, _ in _children(run.process.pid)}
    assert len(pids) >= 2
    run.process.kill()
    run.process.wait()
    assert rig.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 5), "orphans"
    (run.folder / "show.toml").write_text(SHOW[: len(SHOW) // 2])  # the power went while somebody saved it
    again = Run(run.folder)
    try:
        assert back(again, "hands", 2), again.said
        assert rig.until(lambda: again.engine > 0)
        assert rig.until(lambda: "barred" in again.state, 30)
        assert "(the show goes on as it was)" in again.said
        (run.folder / "show.toml").write_text(SHOW)
        report = again.end()
        assert (report["cue"], report["params"]["/scene/calm/speed"], report["params"]["/scene/calm/hue"]) == (
            "hands", 0.75, 0.4)  # fmt: skip
        assert any(line.startswith("bad.py:5: update: did not come back") for line in report["problems"])
        assert again.state == {}, "a proper end is forgotten"
    finally:
        again.kill()
