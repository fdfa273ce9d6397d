"""Telemetry: how long each stage of a frame takes, and how evenly frames come. Cheap enough to stay on."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, Tick

KEPT = 1 << 13


class Series:
    """The last 8192 durations of one stage, in nanoseconds."""

    def __init__(self) -> None:
        self._kept = array("q", bytes(8 * KEPT))  # an array takes a number three times as fast as numpy's
        self._count = 0

    def add(self, duration_ns: int) -> None:
        self._kept[self._count & (KEPT - 1)] = duration_ns
        self._count += 1

    def values(self) -> NDArray[np.int64]:
        return np.frombuffer(self._kept, np.int64)[: min(self._count, KEPT)]

    def percentiles_ms(self, *wanted: float) -> dict[str, float]:
        """Return `{"p50": ...}` in milliseconds; zeros before anything was measured."""
        return _percentiles_ms(self.values(), *wanted)


class Telemetry:
    """Measures the loop; `begin` once a frame, `mark` after each stage.

    Args:
        now_ns: The clock to measure with.
        fps: Frames a second that are due.
    """

    def __init__(self, now_ns: Callable[[], int], fps: float) -> None:
        self._now_ns = now_ns
        self._period_ns = round(NS / fps)
        self._began_ns = self._marked_ns = 0
        self._last_frame = -1
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was measured so far, such as a start, does not count."""
        self._stages: dict[str, Series] = {}
        self._intervals = Series()
        self._work = Series()
        self._first_ns = self._last_shown_ns = 0
        self.frames = 0
        self.late_frames = 0

    def begin(self, tick: Tick) -> None:
        """Start a frame; frames that were skipped count as late."""
        self._began_ns = self._marked_ns = self._now_ns()
        self.late_frames += tick.frame - self._last_frame - 1
        self._last_frame = tick.frame

    def mark(self, stage: str) -> None:
        """Book the time since the last mark to `stage`."""
        now_ns = self._now_ns()
        series = self._stages.get(stage)
        if series is None:
            series = self._stages[stage] = Series()
        series.add(now_ns - self._marked_ns)
        self._marked_ns = now_ns

    def end(self) -> None:
        """End a frame: it is shown. One whose work took longer than a period is late."""
        took_ns = self._marked_ns - self._began_ns
        self._work.add(took_ns)
        self.late_frames += took_ns > self._period_ns
        if self.frames:
            self._intervals.add(self._began_ns - self._last_shown_ns)
        else:
            self._first_ns = self._began_ns
        self._last_shown_ns = self._began_ns
        self.frames += 1

    @property
    def fps_mean(self) -> float:
        """Return frames a second since the first one."""
        elapsed_ns = self._last_shown_ns - self._first_ns
        return (self.frames - 1) * NS / elapsed_ns if elapsed_ns else 0.0

    def jitter_ms(self) -> dict[str, float]:
        """Return p50 and p99 of |interval - period|, in milliseconds."""
        return _percentiles_ms(np.abs(self._intervals.values() - self._period_ns), 50, 99)

    def frame_ms(self) -> dict[str, float]:
        """Return p50, p95 and p99 of a frame's work, in milliseconds."""
        return self._work.percentiles_ms(50, 95, 99)

    def report(self) -> dict[str, Any]:
        """Return everything that was measured, ready for JSON."""
        return {
            "frames": self.frames,
            "fps_mean": round(self.fps_mean, 3),
            "jitter_ms": self.jitter_ms(),
            "late_frames": self.late_frames,
            "frame_ms": self.frame_ms(),
            "stages": {name: series.percentiles_ms(50, 95, 99) for name, series in self._stages.items()},
        }


def _percentiles_ms(values_ns: NDArray[np.int64], *wanted: float) -> dict[str, float]:
    if not len(values_ns):
        return {f"p{p:g}": 0.0 for p in wanted}
    found = np.percentile(values_ns, wanted)
    return {f"p{p:g}": round(float(value) / 1e6, 4) for p, value in zip(wanted, found, strict=True)}
