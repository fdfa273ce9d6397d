"""A figure: one number of the engine, its target, and its yardsticks measured in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from engine.clock import monotonic_ns

Better = Literal["lower", "higher"]


class Record(TypedDict):
    """One measured figure, as `mixeur bench --json` writes it; `peers` are the yardsticks, in the same unit.

    Where a figure is measured on several ways, each has its record, and `path` names the way.
    """

    name: str
    value: float
    unit: str
    better: Better
    target: float
    peers: dict[str, float]
    met: bool
    path: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured, and how good it must be.

    Attributes:
        name: Name with its unit: `frame_1080p_ms`.
        unit: `ms`, `us`, `1/s`, `x` for a ratio.
        better: Whether lower or higher values are better.
        target: The value to reach (design.md, section 11).
    """

    name: str
    unit: str
    better: Better
    target: float

    def record(self, value: float, peers: Mapping[str, float] | None = None) -> Record:
        """Return the measured figure beside its peers."""
        met = value <= self.target if self.better == "lower" else value >= self.target
        return {"name": self.name, "value": value, "unit": self.unit, "better": self.better,
                "target": self.target, "peers": dict(peers or {}), "met": met}


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one candidate over all rounds."""

    median_ms: float
    min_ms: float


def interleaved(candidates: Mapping[str, Callable[[], object]], rounds: int = 20,
                read_ns: Callable[[], int] = monotonic_ns) -> dict[str, Timing]:
    """Time the candidates in turns, a b c a b c, so that a busy neighbour disturbs all of them alike.

    Args:
        candidates: Name and what to run; each runs once before, untimed.
        rounds: How often each is timed.
        read_ns: The clock; `engine.clock.thread_cpu_ns` counts only our own work.
    """
    taken_ms: dict[str, list[float]] = {name: [] for name in candidates}
    for run in candidates.values():
        run()
    for _ in range(rounds):
        for name, run in candidates.items():
            start_ns = read_ns()
            run()
            taken_ms[name].append((read_ns() - start_ns) / 1e6)
    return {name: Timing(statistics.median(taken), min(taken)) for name, taken in taken_ms.items()}
