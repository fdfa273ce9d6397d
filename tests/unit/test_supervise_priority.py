"""A show goes before what else the machine does, and a system that refuses leaves it running."""

import os
import subprocess
import sys

import pytest

from engine.supervise.priority import AUTOGROUP

ASK = """
import os
from engine.supervise.priority import AUTOGROUP, go_first
{before}
go_first({nice})
print(os.getpriority(os.PRIO_PROCESS, 0))
if AUTOGROUP.exists(): print(AUTOGROUP.read_text().split()[-1])
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "setpriority"), reason="the system knows no niceness")


def asked(nice: int, before: str = "") -> list[str]:
    code = ASK.format(nice=nice, before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, start_new_session=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_process_and_its_session_take_the_rank_that_is_asked_for() -> None:
    wanted = os.getpriority(os.PRIO_PROCESS, 0) + 3
    assert asked(wanted) == [str(wanted)] * (2 if AUTOGROUP.exists() else 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may go before others")
def test_who_has_started_steps_back_with_all_threads_so_that_the_sound_server_is_not_outranked() -> None:
    code = f"""
import os, threading
os.setpriority(os.PRIO_PROCESS, 0, 0)  # the tests may be made to wait for others
threading.Thread(target=threading.Event().wait, daemon=True).start()
{ASK.format(nice=-7, before="")}
from engine.supervise.priority import THREADS, step_back
step_back()
print(*(os.getpriority(os.PRIO_PROCESS, int(path.name)) for path in THREADS.iterdir()))
if AUTOGROUP.exists(): print(AUTOGROUP.read_text().split()[-1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, start_new_session=True)
    ranks = done.stdout.splitlines()
    assert ranks[0] == "-7", done.stderr
    assert set(ranks[-1 - AUTOGROUP.exists()].split()) == {"0"}
    assert ranks[-1] in ("0", "0 0")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not")
def test_who_may_not_go_first_goes_on_as_before() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert asked(before - 5, "os.setuid(65534)")[0] == str(before)
