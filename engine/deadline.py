"""The deadline: artists' code that does not end by itself is ended, by an alarm that rings again and again."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Protocol, TypeVar

from engine.clock import NS, monotonic_ns, sleep_s, thread_cpu_ns, thread_queued_ns
from engine.crew import Crew

HOOK_S = 0.25  # what one hook may take in a frame
SETUP_S = 1.25  # below the two seconds after which a show counts as hung
EXTRA = 6  # times that a starved process gets more
AGAIN_S = 5e-5  # short, so that it also rings between the lines of code that catches every exception
LOOK_S = 0.05
WHOLE = Crew.run.__code__  # two threads write: neither is stopped while the other goes on
T = TypeVar("T")


class Overrun(BaseException):
    """The artist's code took longer than it may; no `except Exception` of theirs catches it."""


class Deadline(Protocol):
    """What limits how long work may take."""

    def run(self, limit_s: float, work: Callable[[], T]) -> T:
        """Return what `work` returns.

        Raises:
            Overrun: Out of `work`, where it was after `limit_s` seconds.
        """


class NoDeadline:
    """Lets everything take its time: what is rehearsed on a virtual clock must not depend on the machine's pace."""

    def run(self, limit_s: float, work: Callable[[], T]) -> T:
        """Return what `work` returns."""
        return work()


class Alarm:
    """Raises `Overrun` in the main thread, by SIGALRM; for POSIX.

    Code that has worked for less than a quarter of its time was kept from it (the process was stopped or starved), or
    it waits for something: it gets a quarter of a second more, and again while it is seen to queue for a processor.
    """

    def __init__(self) -> None:
        self._rings_in: FrameType | None = None
        self._thread = threading.get_ident()
        signal.signal(signal.SIGALRM, self._ring)

    def run(self, limit_s: float, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise `Overrun` out of it; in another thread it is let be."""
        if threading.get_ident() != self._thread:
            return work()
        self._limit_s, self._period_s, self._extra = limit_s, limit_s, EXTRA
        self._worked_ns, self._queued_ns = thread_cpu_ns(), 0
        self._rings_in = sys._getframe()
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            return work()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._rings_in = None

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._rings_in is None or frame is self._rings_in:
            return  # the work is over: what it made may not be lost
        if _within(WHOLE, frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S, signal.getitimer(signal.ITIMER_REAL)[1])
            return
        if self._extra and self._was_kept():
            self._extra -= 1
            self._period_s = min(self._limit_s, HOOK_S)
            signal.setitimer(signal.ITIMER_REAL, self._period_s)
            return
        if not signal.getitimer(signal.ITIMER_REAL)[1]:
            self._extra = 0
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S, AGAIN_S)
        raise Overrun(f"took longer than {self._limit_s * 1000:.0f} ms; do less in one frame, or end the loop")

    def _was_kept(self) -> bool:
        """Return whether the time since the last ring was not the work's own."""
        worked_ns, queued_ns = thread_cpu_ns(), thread_queued_ns()
        has_worked = (worked_ns - self._worked_ns) / NS >= self._period_s / 4
        has_queued = self._extra == EXTRA or (queued_ns - self._queued_ns) / NS > self._period_s / 2
        self._worked_ns, self._queued_ns = worked_ns, queued_ns
        return has_queued and not has_worked


def _within(code: CodeType, frame: FrameType | None) -> bool:
    """Return whether a frame, or one that called it, runs some code."""
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


class Lookout:
    """Stands in where there is no alarm (Windows): says where work hangs, and leaves it to the supervisor to end it.

    Args:
        say: Gets one line for each work that hangs; called in a thread of its own.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._due_ns = 0
        self._worker = threading.get_ident()
        threading.Thread(target=self._look, name="deadline", daemon=True).start()

    def run(self, limit_s: float, work: Callable[[], T]) -> T:
        """Return what `work` returns."""
        self._due_ns = monotonic_ns() + round(limit_s * NS)
        try:
            return work()
        finally:
            self._due_ns = 0

    def _look(self) -> None:
        told_ns = 0
        while True:
            sleep_s(LOOK_S)
            due_ns = self._due_ns
            if due_ns and due_ns != told_ns and monotonic_ns() > due_ns:
                told_ns = due_ns
                frame = sys._current_frames().get(self._worker)
                if frame is not None:
                    self._say(f"{frame.f_code.co_filename}:{frame.f_lineno}: has not ended in time; it hangs")


def deadline(say: Callable[[str], None]) -> Deadline:
    """Return what this process can do about artists' code that does not end; called in the thread that runs it."""
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    return Alarm() if has_alarm else Lookout(say)
