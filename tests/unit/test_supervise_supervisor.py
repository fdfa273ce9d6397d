"""The supervisor: starts, starts again, ends all; real processes."""

import dataclasses
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.clock import sleep_s
from engine.supervise.board import Board
from engine.supervise.child import ANEW, TOLD_TO_END
from engine.supervise.pulse import Patience
from engine.supervise.supervisor import Supervisor
from engine.supervise.ward import ChildPlan

ROOT = Path(__file__).parents[2]
LONGEST_S = 150  # then a run that should have ended by itself is ended

WORKER = """
import json, os, sys, time, pathlib, signal
from engine.supervise.board import note_of
from engine.supervise.child import board_of
def main(plan):
    board, folder = board_of(plan), pathlib.Path(plan["folder"])
    (folder / f"{plan['name']}.{os.getpid()}").touch()
    life = sum(path.suffix[1:].isdigit() for path in folder.glob(plan["name"] + ".*"))
    if plan["name"] == "engine":
        with (folder / "engine.barred").open("a") as file:
            file.write(json.dumps(plan["barred"]) + "\\n")
        if "code" not in plan:
            board.beat(life, time.monotonic_ns())
        time.sleep(0.1)
    if life <= plan.get("dies", 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if life <= plan.get("faults", 0):
        raise RuntimeError("a fault of our own")
    if life <= plan.get("gives_up", 0):
        return 75
    if life <= plan.get("cannot", 0):
        return 1
    if "hangs" in plan and not plan["barred"]:
        board.enter(note_of("bad", plan["hangs"]))
        time.sleep(60)
    if life <= plan.get("stops", 0):
        board.enter(note_of("bad", str(folder / "bad.py")))
        os.kill(os.getpid(), signal.SIGSTOP)
    if plan.get("anew"):
        board.stop(anew=True)
    deadline = time.monotonic() + plan.get("seconds", 60)
    while time.monotonic() < deadline and not (board.stopping and not plan.get("deaf")):
        time.sleep(0.01)
        if plan["name"] == "engine" and "code" not in plan:
            board.beat(1, time.monotonic_ns())
    if plan.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    return plan.get("code", 0)
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChildPlan]:
    (tmp_path / "supervised_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))
    told = {"folder": str(tmp_path)}
    return lambda name, **more: ChildPlan(
        name, "supervised_worker", {**told, "name": name, **more}, patience=Patience(1.5, 20, 20)
    )


def run(supervisor: Supervisor) -> int:
    timer = threading.Timer(LONGEST_S, supervisor.board.stop)
    timer.start()
    try:
        return supervisor.run()
    finally:
        timer.cancel()


def barred(folder: Path) -> list[list[dict[str, Any]]]:
    """Return what each engine was told to leave out."""
    return [json.loads(line) for line in (folder / "engine.barred").read_text().splitlines()]


def starts(folder: Path, name: str) -> list[int]:
    return [int(path.suffix[1:]) for path in folder.glob(f"{name}.*") if path.suffix[1:].isdigit()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_that_asks_for_a_new_one_has_it_without_a_word(
    plan: Callable[..., ChildPlan], tmp_path: Path
) -> None:
    said: list[str] = []
    plans = [plan("engine", seconds=60), dataclasses.replace(plan("sound", gives_up=4), beat=lambda: 0)]
    supervisor = Supervisor(plans, said.append)
    enough = threading.Thread(target=_until, daemon=True,
                              args=(lambda: len(starts(tmp_path, "sound")) == 5, supervisor.board.stop))
    enough.start()
    assert run(supervisor) == 0
    assert len(starts(tmp_path, "sound")) == 5 and said == []


def _until(is_so: Callable[[], bool], then: Callable[[], None]) -> None:
    while not is_so():
        sleep_s(0.01)
    then()


def test_the_engines_end_ends_the_show_and_gives_its_code(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    assert run(Supervisor([plan("engine", seconds=0.5, code=1), plan("sound")], print)) == 1
    assert not any(is_alive(pid) for pid in starts(tmp_path, "sound"))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminals that hang up")
def test_a_terminal_that_is_closed_leaves_the_show_running(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    def hang_up(board: Board) -> None:
        if starts(tmp_path, "engine"):
            signal.raise_signal(signal.SIGHUP)

    assert run(Supervisor([plan("engine", seconds=0.5, code=2)], print, each_turn=hang_up)) == 2


def test_r5_an_engine_that_somebody_else_told_to_end_is_started_again(plan: Callable[..., ChildPlan]) -> None:
    said: list[str] = []
    supervisor = Supervisor([plan("engine", seconds=0.3, code=TOLD_TO_END)], said.append,
                            each_turn=lambda board: board.stop() if len(said) > 1 else None)
    run(supervisor)
    assert said[0] == f"engine: ended with code {TOLD_TO_END}; started again"


def test_a_process_that_dies_is_started_again_and_counted(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    counted: list[int] = []

    def count(board: Board) -> None:
        if len(starts(tmp_path, "sound")) == 2:
            counted.append(board.children()[1].restarts)
            board.stop()

    run(Supervisor([plan("engine"), plan("sound", dies=1)], said.append, each_turn=count))
    assert counted[0] == 1
    assert said == ["sound: ended with signal SIGKILL; started again"]


def test_an_engine_with_a_fault_of_its_own_is_started_again(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    assert run(Supervisor([plan("engine", faults=1, seconds=0.3)], said.append)) == 0
    assert len(starts(tmp_path, "engine")) == 2
    assert said == ["engine: ended with code 70; started again"]


def test_an_engine_that_keeps_dying_is_never_given_up_but_started_without_any_scene(
    plan: Callable[..., ChildPlan], tmp_path: Path
) -> None:
    said: list[str] = []
    assert run(Supervisor([plan("engine", faults=3, seconds=0.1)], said.append)) == 0
    assert said == [
        *["engine: ended with code 70; started again"] * 2,
        "engine: ended with code 70; started again WITHOUT ANY SCENE: it ended too often",
    ]
    assert [len(told) for told in barred(tmp_path)] == [0, 0, 0, 1]


def test_r2_an_engine_that_hangs_in_a_scene_is_started_again_without_it(
    plan: Callable[..., ChildPlan], tmp_path: Path
) -> None:
    said: list[str] = []
    scene = tmp_path / "supervised_worker.py"
    assert run(Supervisor([plan("engine", hangs=str(scene), seconds=0.3)], said.append, tmp_path)) == 0
    assert len(said) == 1
    where = r"in scene bad \(supervised_worker.py:\d+\)"
    assert re.fullmatch(rf"engine: no new frame for \d\.\d s {where}; started again without bad", said[0])
    assert [told[0]["text"] for told in barred(tmp_path)[1:]] == ["main: did not come back, and the engine hung"]


def test_an_engine_that_is_stopped_is_killed_and_no_scene_is_blamed(
    plan: Callable[..., ChildPlan], tmp_path: Path
) -> None:
    said: list[str] = []
    assert run(Supervisor([plan("engine", stops=1, seconds=0.3)], said.append, tmp_path)) == 0
    assert len(said) == 1
    assert re.match(r"engine: no new frame for \d\.\d s, it was stopped in scene bad .*; started again$", said[0])
    assert barred(tmp_path) == [[], []]


def test_a_silent_process_is_killed_and_started_again(plan: Callable[..., ChildPlan]) -> None:
    said: list[str] = []
    beats = itertools.count(1)
    restarts = lambda: supervisor.board.children()[1].restarts  # noqa: E731
    sound = dataclasses.replace(
        plan("sound"), beat=lambda: next(beats) if restarts() else 0, patience=Patience(1.5, 1, 1)
    )
    supervisor = Supervisor(
        [plan("engine"), sound], said.append, each_turn=lambda board: board.stop() if restarts() else None
    )
    run(supervisor)
    assert [line.partition(" for ")[0] for line in said] == ["sound: no sign of life"]


def test_a_supervisor_that_did_not_run_blames_nobody(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    slept: list[bool] = []

    def sleep_once(board: Board) -> None:
        if board.last_beat_ns and not slept:
            slept.append(True)
            pid = board.children()[0].pid
            os.kill(pid, signal.SIGSTOP)
            sleep_s(2)  # as after a suspend: both slept, and we are the first to wake
            os.kill(pid, signal.SIGCONT)

    run(Supervisor([plan("engine", seconds=2)], said.append, each_turn=sleep_once))
    assert (slept, said) == ([True], [])


def test_an_engine_that_cannot_run_any_more_is_tried_again_until_it_can(
    plan: Callable[..., ChildPlan], tmp_path: Path
) -> None:
    said: list[str] = []
    assert run(Supervisor([plan("engine", dies=1, cannot=2, seconds=0.2)], said.append)) == 0
    assert len(starts(tmp_path, "engine")) == 3


def test_an_engine_that_hangs_when_the_show_is_to_end_is_not_waited_for(plan: Callable[..., ChildPlan]) -> None:
    supervisor = Supervisor([plan("engine", deaf=True)], print)
    threading.Timer(0.5, supervisor.board.stop).start()
    assert run(supervisor) == 0


def test_a_process_that_will_not_end_is_killed(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    run(Supervisor([plan("engine", seconds=0.3), plan("sound", stubborn=True)], print))
    assert not any(is_alive(pid) for pid in starts(tmp_path, "sound"))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_no_process_outlives_a_killed_supervisor(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    code = (
        "from engine.supervise.supervisor import *; from engine.supervise.ward import ChildPlan\n"
        "Supervisor([ChildPlan(n, 'supervised_worker', "
        f"{{'folder': {str(tmp_path)!r}, 'name': n}}) for n in ('engine', 'sound')], print).run()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    while not (starts(tmp_path, "engine") and starts(tmp_path, "sound")):
        sleep_s(0.02)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    pids = starts(tmp_path, "engine") + starts(tmp_path, "sound")
    for _ in range(200):
        if not any(is_alive(pid) for pid in pids):
            return
        sleep_s(0.02)
    pytest.fail(f"still alive: {pids}")


@pytest.mark.parametrize("more", [{}, {"stubborn": True}], ids=["at once", "by force"])
def test_an_engine_that_asks_for_new_processes_ends_the_run_for_a_new_one(plan, more) -> None:
    supervisor = Supervisor([plan("engine", anew=True, **more)], lambda line: None)
    assert run(supervisor) == ANEW
