"""Crew: two threads that share one frame's work; what they are given writes to different pixels and keeps no lock."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue

Part = Callable[[], object]
PARTS = 6  # more than there are threads: one that is held up leaves the rest to the other
TALL = 8  # a band's height is so many rows or a multiple: the height of the tiles that a drawing notes
WORTH = 120_000  # pixels; what is less is drawn before a thread wakes up


class Crew:
    """The caller's thread and one beside it, which starts with the first work that is worth it and ends with the crew.

    Compiled kernels and OpenCV let go of the interpreter while they work; other parts would only take turns.

    Args:
        alone: Whether the caller's thread does all.
    """

    def __init__(self, alone: bool = False) -> None:
        self._is_alone = alone or (os.cpu_count() or 1) < 2
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._helper: threading.Thread | None = None

    def share(self, first: int, last: int, pixels: float, work: Callable[[int, int], object]) -> None:
        """Do work on rows: `work(top, bottom)` for each band of them.

        Args:
            pixels: How much work it is, in pixels that are drawn.
        """
        if self._is_alone:
            pixels = 0.0  # one band
        self.run([partial(work, *band) for band in bands(first, last, pixels)])

    def run(self, parts: list[Part]) -> None:
        """Do all parts, in any order; when it returns, or raises, nobody works on them any more.

        `engine.deadline` lets it end before it stops a scene.

        Raises:
            Exception: What a part raised.
        """
        if self._is_alone or len(parts) < 2:
            for part in parts:
                part()
            return
        self._start()
        job = _Job(parts)
        try:
            self._jobs.put(job)
            job.work(job.todo.popleft)
        finally:
            try:
                job.todo.clear()  # who is stopped between two parts leaves none behind
            finally:
                with job.helped:
                    pass
        for error in job.errors:
            raise error

    def _start(self) -> None:
        if self._helper is None:
            self._helper = threading.Thread(target=_help, args=(self._jobs,), name="crew", daemon=True)
            weakref.finalize(self, self._jobs.put, None)
            self._helper.start()


class _Job:
    """Parts that are still to do, and what those that are done have raised.

    Attributes:
        helped: Held while the helper works.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.todo = deque(parts)
        self.errors: list[Exception] = []
        self.helped = threading.Lock()

    def work(self, take: Callable[[], Part]) -> None:
        """Do what nobody has begun, from one end or the other."""
        while True:
            try:
                part = take()
            except IndexError:
                return
            try:
                part()
            except Exception as error:
                self.errors.append(error)


def bands(top: int, bottom: int, pixels: float) -> Iterator[tuple[int, int]]:
    """Yield the rows of the bands that some rows are shared out in: one where the work is not worth more.

    Args:
        pixels: How much work it is.
    """
    count = min(PARTS, int(2 * pixels / WORTH)) if pixels >= WORTH else 1
    tall = -(-(bottom - top) // (count * TALL)) * TALL
    first = top
    while first < bottom:
        last = bottom if count == 1 else min((first + tall) // TALL * TALL, bottom)
        yield first, last
        first = last


def _help(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        with job.helped:
            job.work(job.todo.pop)
