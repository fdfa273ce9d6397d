"""A bounded queue of stamped events between listener threads and the loop."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from operator import attrgetter

from engine import clock
from engine.world import Event

CAPACITY = 65_536


class Inbox:
    """Events in order of arrival; those that are ahead of their time wait in it.

    Any thread may put, one thread polls. When it is full the oldest event gives way to the newest, and is counted:
    after a long pause the present matters more than the past.

    Attributes:
        dropped: Events lost because nobody polled.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._ready: deque[Event] = deque(maxlen=capacity)
        self._ahead: list[tuple[int, int, Event]] = []
        self._scheduled = 0
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        """Queue an event that is due."""
        if len(self._ready) == self._capacity:
            self.dropped += 1
        self._ready.append(event)

    def schedule(self, event: Event) -> bool:
        """Keep an event until the time it carries; return false, and count it, when too many wait already."""
        with self._lock:
            if len(self._ahead) >= self._capacity:
                self.dropped += 1
                return False
            self._scheduled += 1
            heapq.heappush(self._ahead, (event.time_ns, self._scheduled, event))
        return True

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return what arrived and what is due by `until_ns` (now, if None), oldest first; never wait."""
        ready = [self._ready.popleft() for _ in range(len(self._ready))]
        if not self._ahead:
            return ready
        if until_ns is None:
            until_ns = clock.monotonic_ns()
        due = []
        with self._lock:
            while self._ahead and self._ahead[0][0] <= until_ns:
                due.append(heapq.heappop(self._ahead)[2])
        return list(heapq.merge(ready, due, key=attrgetter("time_ns")))
