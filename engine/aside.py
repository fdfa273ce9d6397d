"""Aside: work in steps, of which the long ones are done beside the loop, in a thread that can be made to stop."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.clock import NS, monotonic_ns
from engine.deadline import Overrun

PATIENCE_NS = 2 * NS  # of a thread that was told to stop: one that waits in compiled code cannot hear it
AGAIN_NS = NS // 20  # between two tellings: a thread that ends is left to end
SWITCH_S = 0.0002  # the loop gets the interpreter back this soon after it asked for it
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """One step that may take long: `work` is stopped after `limit_s`."""

    work: Callable[[], Any]
    limit_s: float


Steps = Generator[Job, Any, T]  # yields what may be done beside the loop, and is sent what that returned


class Overdue(Overrun):
    """Raised within work beside the loop that takes too long."""

    def __str__(self) -> str:
        return "takes too long; shorten it, or look for a loop without an end"


def at_once(steps: Steps[T]) -> T:
    """Do all steps here and now, and return what they come to."""
    done = None
    try:
        while True:
            done = steps.send(done).work()
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


class Aside:
    """Does one job at a time in a thread; nothing here waits."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._done: list[Any] = []
        self._end_ns = self._told_ns = 0
        self._switch_s = sys.getswitchinterval()

    def begin(self, job: Job) -> None:
        """Begin a job; the one before must have ended."""
        self._done = []
        self._end_ns = monotonic_ns() + round(job.limit_s * NS)
        self._thread = threading.Thread(target=_work, args=(job, self._done), name="aside", daemon=True)
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    def hurry(self) -> None:
        """Let the job end now: nobody wants its answer any more."""
        self._end_ns = min(self._end_ns, monotonic_ns())

    def ended(self) -> bool:
        """Return whether the job has ended, in the end by force; one that cannot be stopped is left behind."""
        if self._thread is None:
            return True
        now_ns = monotonic_ns()
        late_ns = now_ns - self._end_ns
        if self._thread.is_alive() and late_ns < PATIENCE_NS:
            if late_ns > 0 and now_ns - self._told_ns >= AGAIN_NS:
                self._told_ns = now_ns
                stop(self._thread)
            return False
        sys.setswitchinterval(self._switch_s)
        self._thread = None
        return True

    def answer(self) -> Any:
        """Return what the ended job returned, or `Overdue` if it had to be left."""
        return self._done[0] if self._done else Overdue()


def _work(job: Job, done: list[Any]) -> None:
    try:
        done.append(job.work())
    except Overdue as late:
        done.append(late)


def stop(thread: threading.Thread) -> None:
    """Raise `Overdue` in a thread, at its next line of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Overdue))
