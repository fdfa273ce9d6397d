"""Spares: they get ready, wait, and one takes over with the plan it is then given."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from engine.clock import NS, sleep_s
from engine.stress.processes import family, is_alive
from engine.supervise import spares as spares_module
from engine.supervise.priority import may_come_forward
from engine.supervise.spares import Spares

WORKER = """
import json, pathlib
def ready():
    pathlib.Path("ready").touch()
def main(plan):
    pathlib.Path("plan").write_text(json.dumps(plan))
    return 7
"""


def _named(count: int) -> dict[str, int]:
    """Return the waiting ones by name; a new process has no command line for its first moment."""
    for _ in range(1000):
        names = {name: pid for name, pid in family(os.getpid(), None).items() if "spare_worker" in name}
        if len(names) == count:
            break
        sleep_s(0.02)
    return names


@pytest.mark.skipif(sys.platform != "linux", reason="spares wait where memory is inherited by descriptor")
@pytest.mark.parametrize("goes_last", [False, pytest.param(True, marks=pytest.mark.skipif(
    not may_come_forward(), reason="only who may raise priorities may lower one for a while"))])
def test_r5_a_spare_is_made_at_once_if_it_may_go_last_else_after_3_s_and_runs_the_plan_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_last: bool
) -> None:
    monkeypatch.setattr(spares_module, "may_come_forward", lambda: goes_last)
    monkeypatch.setattr(spares_module.os, "cpu_count", lambda: 2)
    (tmp_path / "spare_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2]))))
    monkeypatch.chdir(tmp_path)
    spares = Spares("spare_worker")
    plan = {"parent": os.getpid(), "last_words": None}
    for at_s in () if goes_last else (0, 2.9):
        spares.look(True, round(at_s * NS))
        assert spares.take(plan) is None
    spares.look(True, 4 * NS)
    try:
        for _ in range(1000):
            if (tmp_path / "ready").exists():
                break
            sleep_s(0.02)
        process = spares.take(plan)
        assert process is not None
        if goes_last:
            assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER
        assert process.wait(20) == 7
        assert json.loads((tmp_path / "plan").read_text()) == plan
        assert spares.take(plan) is None
    finally:
        spares.close()


@pytest.mark.skipif(not may_come_forward(), reason="only who may raise priorities may lower one for a while")
def test_r5_a_spare_that_is_taken_before_it_has_gone_last_does_not_stay_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares_module.os, "cpu_count", lambda: 2)
    (tmp_path / "spare_worker.py").write_text(
        "import os\ndef ready(): pass\n"
        "def main(plan): return 1 + (os.sched_getscheduler(0) == os.SCHED_IDLE)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2]))))
    spares = Spares("spare_worker")
    for _ in range(3):
        spares.look(True, NS)
        process = spares.take({"parent": os.getpid(), "last_words": None})
        assert process is not None
        assert process.wait(30) == 1


@pytest.mark.skipif(not may_come_forward(), reason="only who may raise priorities may lower one for a while")
def test_r5_of_two_spares_the_second_is_made_3_s_later_and_serves_where_the_first_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares_module.os, "cpu_count", lambda: 2)
    (tmp_path / "spare_worker.py").write_text("import os\ndef ready(): pass\ndef main(plan): return plan['code']\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2]))))
    plan = {"parent": os.getpid(), "last_words": None}
    spares = Spares("spare_worker", 2)
    try:
        for at_s in (0, 1, 2, 3.9, 9):
            spares.look(True, round((1 + at_s) * NS))
        for code in (7, 8):
            process = spares.take({**plan, "code": code})
            assert process is not None
            assert process.wait(20) == code
        assert spares.take(plan) is None
        for at_s in (20, 21, 25):
            spares.look(True, round(at_s * NS))
        waiting = _named(2)
        os.kill(waiting["spare.spare_worker"], signal.SIGKILL)
        while is_alive(waiting["spare.spare_worker"]):
            sleep_s(0.01)
        process = spares.take({**plan, "code": 9})
        assert process is not None
        assert process.pid == waiting["spare.spare_worker.2"]
        assert process.wait(20) == 9
    finally:
        spares.close()


@pytest.mark.skipif(not may_come_forward(), reason="only who may raise priorities may lower one for a while")
def test_a_spare_that_dies_is_not_made_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spares_module.os, "cpu_count", lambda: 2)
    (tmp_path / "spare_worker.py").write_text(
        "import os, pathlib\ndef ready():\n    pathlib.Path(str(os.getpid())).touch()\n    os._exit(1)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2]))))
    monkeypatch.chdir(tmp_path)

    def made() -> int:
        return sum(path.name.isdigit() for path in tmp_path.iterdir())

    def look_until(wanted: int, at_s: float, tries: int) -> None:
        for _ in range(tries):
            if made() == wanted:
                return
            spares.look(True, round(at_s * NS))
            sleep_s(0.02)

    spares = Spares("spare_worker")
    try:
        look_until(1, 1.0, 1000)
        assert made() == 1
        look_until(2, 2.0, 75)
        assert made() == 1
        look_until(2, 9.0, 1000)
        assert made() == 2
    finally:
        spares.close()
