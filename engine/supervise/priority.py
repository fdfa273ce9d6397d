"""Priority: what starts goes before whatever else the machine does, where the system permits it.

What plays on goes back among the others: a picture that outranked PulseAudio made breaks in the sound (measured:
1 to 10 in 30 s, none otherwise), for the sound server stands between our own real-time thread and the speakers.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NICE = -10
WITNESS_NICE = -12  # who watches a show under stress sees nothing while it starves
LEAST_NICE_LIMIT = 20  # RLIMIT_NICE counts from 20 down: whoever has this much may be as nice as 0
THREADS = Path("/proc/self/task")
AUTOGROUP = Path("/proc/self/autogroup")  # Linux weighs sessions first: there niceness counts only within one


def go_first(nice: int = NICE, pid: int = 0) -> None:
    """Ask to run before other processes; a system that refuses (it takes root or `LimitNICE`) leaves all as it is."""
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, nice)
    autogroup = Path(f"/proc/{pid}/autogroup") if pid else AUTOGROUP
    if autogroup.exists():
        with suppress(OSError):
            autogroup.write_text(str(nice))


def go_last() -> None:
    """Take only what nobody else wants, if this process may come forward again."""
    if may_come_forward():
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            AUTOGROUP.write_text("19")


def come_forward(pid: int) -> None:
    """Let a process that was last go first, with all its threads."""
    for thread in _threads(pid):
        with suppress(OSError):  # it may have ended
            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, thread, NICE)
    go_first(pid=pid)


def may_come_forward() -> bool:
    """Return whether this process may make one go last and come forward again."""
    if not hasattr(os, "SCHED_IDLE"):
        return False
    import resource

    return os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_NICE)[0] >= LEAST_NICE_LIMIT


def _threads(pid: int) -> list[int]:
    try:
        return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def step_back() -> None:
    """Give up what `go_first` got, in all threads of this process."""
    if not hasattr(os, "setpriority"):
        return
    for thread in (int(path.name) for path in THREADS.iterdir()) if THREADS.exists() else (0,):
        with suppress(OSError):  # it may have ended
            if os.getpriority(os.PRIO_PROCESS, thread) < 0:
                os.setpriority(os.PRIO_PROCESS, thread, 0)
    if AUTOGROUP.exists():
        with suppress(OSError):
            AUTOGROUP.write_text("0")
