"""The supervisor: starts, starts again, ends all; real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.clock import sleep_s
from engine.supervise.supervisor import ChildPlan, Supervisor

WORKER = """
import os, sys, time, pathlib, signal
from engine.supervise.child import board_of
def main(plan):
    board = board_of(plan)
    pathlib.Path(plan["folder"], f"{plan['name']}.{os.getpid()}").touch()
    if plan.get("dies") and len(list(pathlib.Path(plan["folder"]).glob(plan["name"] + ".*"))) <= plan["dies"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if plan.get("faults") and len(list(pathlib.Path(plan["folder"]).glob(plan["name"] + ".*"))) <= plan["faults"]:
        raise RuntimeError("a fault of our own")
    deadline = time.monotonic() + plan.get("seconds", 60)
    while time.monotonic() < deadline and not board.stopping:
        time.sleep(0.01)
    if plan.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    return plan.get("code", 0)
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChildPlan]:
    (tmp_path / "supervised_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return lambda name, **told: ChildPlan(name, "supervised_worker", {"folder": str(tmp_path), "name": name, **told})


def starts(folder: Path, name: str) -> list[int]:
    return [int(path.suffix[1:]) for path in folder.glob(f"{name}.*")]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_engines_end_ends_the_show_and_gives_its_code(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    assert Supervisor([plan("engine", seconds=0.5, code=1), plan("sound")], print).run() == 1
    assert not any(is_alive(pid) for pid in starts(tmp_path, "sound"))


def test_a_process_that_dies_is_started_again_and_counted(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor([plan("engine", seconds=1.5), plan("sound", dies=1)], said.append)
    counted: list[int] = []
    timer = threading.Timer(1.2, lambda: counted.append(supervisor.board.children()[1].restarts))
    timer.start()
    supervisor.run()
    assert len(starts(tmp_path, "sound")) == 2
    assert counted == [1]
    assert said == ["sound: ended with signal SIGKILL; starting it again"]


def test_an_engine_with_a_fault_of_its_own_is_started_again(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    assert Supervisor([plan("engine", faults=1, seconds=0.3)], said.append).run() == 0
    assert len(starts(tmp_path, "engine")) == 2
    assert said == ["engine: ended with code 70; starting it again"]


def test_an_engine_that_keeps_dying_is_given_up_with_a_word(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    said: list[str] = []
    assert Supervisor([plan("engine", dies=99)], said.append).run() == 3
    assert said[-1] == "engine: failed 4 times in 60 s; giving up. See the last error above."


def test_a_process_that_will_not_end_is_killed(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    Supervisor([plan("engine", seconds=0.3), plan("sound", stubborn=True)], print).run()
    assert not any(is_alive(pid) for pid in starts(tmp_path, "sound"))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_no_process_outlives_a_killed_supervisor(plan: Callable[..., ChildPlan], tmp_path: Path) -> None:
    code = (
        "from engine.supervise.supervisor import *; Supervisor([ChildPlan(n, 'supervised_worker', "
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
