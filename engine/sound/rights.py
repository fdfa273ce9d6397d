"""What the system grants the sound: real-time priority for the device's threads, memory that is not written out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PRIORITY = 70
KEPT_IN_MEMORY = 1 | 2 | 4  # MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT: pages that are touched stay, others cost nothing


def threads() -> set[int]:
    """Return this process's threads, as the system numbers them; none where that is not known."""
    try:
        return {int(name) for name in os.listdir("/proc/self/task")}  # noqa: PTH208
    except OSError:
        return set()


@contextmanager
def in_realtime() -> Iterator[None]:
    """Go before everybody else, where that is granted: a thread that is started meanwhile is born with the same right.

    A device has more than the one that calls back: PulseAudio's library moves the sound in a thread of its own.
    """
    granted = _raise(0) if hasattr(os, "sched_setscheduler") else False
    try:
        yield
    finally:
        if granted:
            with suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def ask_realtime(before: set[int]) -> bool:
    """Ask for real-time priority for all threads that came since; return whether each of them has it.

    Where none came, as with PipeWire in JACK's place, return whether any of ours has it.
    """
    if not hasattr(os, "sched_setscheduler"):
        return False
    granted = [_raise(thread) for thread in threads() - before]
    return all(granted) if granted else any(map(_is_realtime, threads()))


def _is_realtime(thread: int) -> bool:
    with suppress(OSError):
        return os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR)
    return False


def _raise(thread: int) -> bool:
    try:
        if not _is_realtime(thread):
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except ProcessLookupError:  # it has ended meanwhile
        return True
    except OSError:
        return False
    return True


def lock_memory() -> bool:
    """Keep what we touch in memory, so that no sound waits for a disk; return whether the system grants it.

    Only with an unlimited allowance: with a smaller one memory could not be had later.
    """
    try:
        import resource

        allowance = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
        if os.geteuid() != 0 and allowance != resource.RLIM_INFINITY:
            return False
        return bool(ctypes.CDLL(None).mlockall(KEPT_IN_MEMORY) == 0)
    except (ImportError, AttributeError, OSError):  # no POSIX
        return False
