"""From the engine's time to the sound engine's frames, with a constant delay."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.clock import NS, monotonic_ns
from engine.sound.block import H_BLOCK, H_CALLBACKS, H_HISTORY_FROM, H_RATE, H_STAMP_NS, HISTORY, QUANTUM, Memory
from engine.sound.pace import Pace

WINDOW_NS = 250_000_000
STOPPED_NS = 500_000_000
SLEW = 0.02  # of the distance a frame: the line falls slowly and rises at once
LOOKS, LOOK_EVERY = 512, 60
GUARD_NS, LESS_NS = 250_000, 2_000_000


class Timing(Protocol):
    """What the sender needs of time."""

    def frame_at(self, time_ns: int) -> int:
        """Return the frame in which an event of monotonic `time_ns` sounds; 0 is as soon as possible."""

    def frame_on_beat(self, time_ns: int) -> int:
        """Return the same, along a line on which beats keep their distance to the sample; after `frame_at` only."""

    def is_running(self) -> bool:
        """Return whether anybody renders: what is sent otherwise would come in one heap later."""


class Work:
    """How long after its due time a frame's sounds are ready: 99 of 100 of the last frames.

    Attributes:
        ns: Nanoseconds; changes at most once a second, and only if it is exceeded or far too long.
    """

    def __init__(self) -> None:
        self.ns = 0
        self._taken_ns = np.zeros(LOOKS, np.int64)
        self._n = -LOOK_EVERY  # the first frames of a show take longer than any other

    def see(self, taken_ns: int) -> None:
        """Take one frame's."""
        if self._n >= 0:
            self._taken_ns[self._n % LOOKS] = max(taken_ns, 0)
        self._n += 1
        if self._n > 0 and self._n % LOOK_EVERY == 0:
            usual_ns = int(np.percentile(self._taken_ns[: self._n], 99))
            if not self.ns - LESS_NS < usual_ns + GUARD_NS <= self.ns + GUARD_NS:
                self.ns = usual_ns + GUARD_NS


class LiveTiming:
    """A line through the device's callbacks: how many frames were rendered when.

    Callbacks come in bursts, so the line is laid along the upper edge: at any time no more frames have been rendered
    than it says, and an event that is sent half a block ahead of it is never late. The device library's own times are
    not used: some report nonsense.

    The lead before the 1.5 blocks is one frame, for an event waits so long for its frame at most; what the limiter
    looks ahead is taken off it, and where the frames' own work needs longer it is added.

    Args:
        frame_s: How long a frame is.
    """

    def __init__(self, memory: Memory, frame_s: float = 1 / 60) -> None:
        self._memory = memory
        self._frame_ns = round(frame_s * NS)
        self._work = Work()
        self._edge: float | None = None
        self._pace = Pace(1.0)
        self._looked_ns = 0

    def frame_at(self, time_ns: int) -> int:
        """Return the due time of a frame, plus the lead and 1.5 blocks, as a frame of the sound engine."""
        header = self._memory.header
        per_ns = float(header[H_RATE]) / NS
        edge = self._newest_edge(per_ns)
        if edge is None or not self.is_running():
            self._edge = None
            return 0
        self._look(edge, per_ns * NS)
        self._work.see(monotonic_ns() - time_ns)
        block = float(header[H_BLOCK])
        if self._edge is None or edge > self._edge or edge < self._edge - 2 * block:
            self._edge = edge
        else:
            self._edge += (edge - self._edge) * SLEW
        return round(self._edge + self._ahead(time_ns + self._lead_ns(per_ns), per_ns))

    def _lead_ns(self, per_ns: float) -> int:
        """Return what is added to the time of an event besides the 1.5 blocks."""
        looks_ahead_ns = round(QUANTUM / per_ns)
        spare_ns = round(0.5 * float(self._memory.header[H_BLOCK]) / per_ns)
        return self._frame_ns + min(max(self._work.ns - spare_ns, -looks_ahead_ns), self._frame_ns)

    def frame_on_beat(self, time_ns: int) -> int:
        per_ns = float(self._memory.header[H_RATE]) / NS
        return round(self._pace.ahead((time_ns - self._origin_ns) / NS) + self._ahead(time_ns + self._frame_ns, per_ns))

    def _ahead(self, time_ns: int, per_ns: float) -> float:
        """Return an even count of frames from the origin on, half a block ahead."""
        return (time_ns - self._origin_ns) * per_ns + 0.5 * float(self._memory.header[H_BLOCK])

    def _look(self, edge: float, rate: float) -> None:
        """Show the pace each callback once: looks that overlap would count double."""
        newest_ns = int(self._memory.header[H_STAMP_NS])
        if self._edge is None:
            self._pace, self._looked_ns = Pace(rate), 0
        if newest_ns - self._looked_ns >= WINDOW_NS:
            self._pace.see((newest_ns - self._origin_ns) / NS, edge)
            self._looked_ns = newest_ns

    def is_running(self) -> bool:
        return monotonic_ns() - int(self._memory.header[H_STAMP_NS]) < STOPPED_NS

    def _newest_edge(self, per_ns: float) -> float | None:
        """Return how far the newest callbacks were ahead of an even pace, in frames."""
        header = self._memory.header
        count = int(header[H_CALLBACKS])
        first = max(int(header[H_HISTORY_FROM]), count - HISTORY + 8)
        if count - first < 4:
            return None
        pairs = self._memory.history[np.arange(first, count) % HISTORY]
        if self._edge is None:
            self._origin_ns = int(pairs[-1, 1])
        recent = pairs[pairs[:, 1] >= pairs[-1, 1] - WINDOW_NS]
        return float((recent[:, 0] - (recent[:, 1] - self._origin_ns) * per_ns).max())


class OfflineTiming:
    """Time that starts at 0 with the first frame: an event sounds exactly when it happens."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def frame_at(self, time_ns: int) -> int:
        return max(round(time_ns * self._rate / NS), 1)

    def frame_on_beat(self, time_ns: int) -> int:
        return self.frame_at(time_ns)

    def is_running(self) -> bool:
        return True
