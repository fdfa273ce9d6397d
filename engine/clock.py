"""Time: the only module that reads it. Everything else is handed a `Tick` or calls these functions."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LONGEST_DT_S = 0.25
SPIN_NS = 1_000_000
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tick:
    """One frame's time.

    Attributes:
        frame: Number of the frame on the schedule; skipped frames leave gaps.
        time: Scheduled time since the start, in seconds.
        dt: Seconds since the previous tick, at most 0.25.
        due_ns: Scheduled monotonic time, in nanoseconds.
    """

    frame: int
    time: float
    dt: float
    due_ns: int


def monotonic_ns() -> int:
    """Return the one monotonic clock of all processes (CLOCK_MONOTONIC), in nanoseconds."""
    return time.monotonic_ns()


def thread_cpu_ns() -> int:
    """Return the processor time that this thread has used, in nanoseconds; for measuring only."""
    return time.thread_time_ns()


def thread_queued_ns() -> int:
    """Return how long this thread has queued for a processor, in nanoseconds; 0 where that is not known."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def realtime_to_monotonic_ns(realtime_ns: int) -> int:
    """Convert a kernel stamp (CLOCK_REALTIME, nanoseconds) to the monotonic clock."""
    return realtime_ns - (time.time_ns() - time.monotonic_ns())


def sleep_s(seconds: float) -> None:
    """Sleep in a thread that is not the loop's."""
    time.sleep(seconds)


class Clock(Protocol):
    """What the loop needs of time."""

    fps: float

    def ticks(self) -> Iterator[Tick]:
        """Yield one tick a frame until the run ends."""

    def now_ns(self) -> int:
        """Return the monotonic time in nanoseconds."""

    def wall(self) -> datetime.datetime:
        """Return the local date and time, for hours and timed cues."""


class RealClock:
    """Absolute deadlines on the monotonic clock: sleep to 1 ms before each, then spin.

    A frame that overruns never shifts the schedule: missed frames are skipped, so the show
    stays in step with sound and with other machines.
    """

    def __init__(self, fps: float = 60.0, frames: int | None = None, blocking_present: bool = False) -> None:
        self.fps = fps
        self.frames = frames
        self.blocking_present = blocking_present

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wall(self) -> datetime.datetime:
        return datetime.datetime.now()

    def ticks(self) -> Iterator[Tick]:
        start_ns = time.monotonic_ns()
        frame, previous = 0, -1
        while self.frames is None or frame < self.frames:
            due_ns = start_ns + round(frame * NS / self.fps)
            if not self.blocking_present:
                wait_until(due_ns)
            dt = min((frame - previous) / self.fps, LONGEST_DT_S)
            yield Tick(frame, frame / self.fps, dt, due_ns)
            previous = frame
            behind = int((time.monotonic_ns() - start_ns) * self.fps / NS)
            frame = max(frame + 1, behind)


def wait_until(due_ns: int) -> None:
    """Return at `due_ns`: sleep to one millisecond before it, then spin."""
    left_ns = due_ns - time.monotonic_ns()
    if left_ns > SPIN_NS:
        time.sleep((left_ns - SPIN_NS) / NS)
    while time.monotonic_ns() < due_ns:
        pass


class VirtualClock:
    """Time that passes as fast as the work is done; the same run gives the same ticks."""

    def __init__(
        self,
        fps: float = 60.0,
        frames: int | None = None,
        wall: datetime.datetime = datetime.datetime(2014, 6, 21, 12, 0),
    ) -> None:
        self.fps = fps
        self.frames = frames
        self._start_wall = wall
        self._frame = 0

    def now_ns(self) -> int:
        return round(self._frame * NS / self.fps)

    def wall(self) -> datetime.datetime:
        return self._start_wall + datetime.timedelta(seconds=self._frame / self.fps)

    def ticks(self) -> Iterator[Tick]:
        self._frame = 0
        while self.frames is None or self._frame < self.frames:
            yield Tick(self._frame, self._frame / self.fps, 1 / self.fps, self.now_ns())
            self._frame += 1
