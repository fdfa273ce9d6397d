"""What the loop itself costs, and how evenly it paces frames."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np

from engine.bench.figure import Figure, Record, interleaved
from engine.clock import NS, RealClock, VirtualClock, monotonic_ns

FIGURES = (
    Figure("loop_overhead_us", "us", "lower", 50.0),
    Figure("pacing_mean_fps", "1/s", "higher", 59.99),
    Figure("pacing_jitter_ms", "ms", "lower", 0.1),
)
TICKS = 2000
FPS = 60.0
WORK_NS = 4_000_000
ROUNDS, ROUND_FRAMES = 3, 120
EMPTY_SCENE = '"""Nothing."""\nfrom engine import Scene\n\n\nclass Empty(Scene):\n    pass\n'


def measure(names: Collection[str]) -> list[Record]:
    """Return the records of the named figures."""
    figures = {figure.name: figure for figure in FIGURES}
    records = []
    if "loop_overhead_us" in names:
        records.append(_overhead(figures["loop_overhead_us"]))
    if {"pacing_mean_fps", "pacing_jitter_ms"} & set(names):
        ours, pygames = _pacing()
        values = {
            "pacing_mean_fps": (ours.fps, {"pygame_clock_tick": pygames.fps}),
            "pacing_jitter_ms": (ours.jitter_p50_ms, {"pygame_clock_tick": pygames.jitter_p50_ms}),
        }
        records += [figures[name].record(*values[name]) for name in values if name in names]
    return records


def _overhead(figure: Figure) -> Record:
    from engine.testing.rehearsal import silent_loop

    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "empty.py"
        scene.write_text(EMPTY_SCENE)
        run = silent_loop(scene)
        timings = interleaved({"loop": lambda: run(VirtualClock(FPS, TICKS)), "bare_calls": _bare_calls}, rounds=7)
    return figure.record(
        timings["loop"].median_ms / TICKS * 1e3, {"bare_calls": timings["bare_calls"].median_ms / TICKS * 1e3}
    )


def _bare_calls() -> None:
    """Call five functions a tick, as any loop in Python must."""
    for _ in VirtualClock(FPS, TICKS).ticks():
        for _ in range(5):
            monotonic_ns()


class Pace:
    """How frames came.

    Attributes:
        fps: Mean frames a second.
        jitter_p50_ms: Median of |interval - period|.
    """

    def __init__(self, starts_ns: list[list[int]]) -> None:
        intervals = np.concatenate([np.diff(starts) for starts in starts_ns])
        self.fps = statistics.median((len(starts) - 1) * NS / (starts[-1] - starts[0]) for starts in starts_ns)
        self.jitter_p50_ms = float(np.median(np.abs(intervals - NS / FPS))) / 1e6


def _pacing() -> tuple[Pace, Pace]:
    """Return our clock's pace and pygame's, with 4 ms of work a frame, in turns."""
    ours, pygames = [], []
    for _ in range(ROUNDS):
        ours.append(_starts(_our_frames))
        pygames.append(_starts(_pygame_frames))
    return Pace(ours), Pace(pygames)


def _starts(frames: Callable[[], Iterator[object]]) -> list[int]:
    starts = []
    for _ in frames():
        starts.append(monotonic_ns())
        _work_until(starts[-1] + WORK_NS)
    return starts


def _work_until(end_ns: int) -> None:
    """Work until a moment, without sleeping."""
    while monotonic_ns() < end_ns:
        pass


def _our_frames() -> Iterator[object]:
    return iter(RealClock(FPS, ROUND_FRAMES).ticks())


def _pygame_frames() -> Iterator[object]:
    import pygame

    clock = pygame.time.Clock()
    for _ in range(ROUND_FRAMES):
        clock.tick(round(FPS))
        yield None
