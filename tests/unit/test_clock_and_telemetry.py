"""Time and its measuring."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from engine.clock import RealClock, Tick, VirtualClock, monotonic_ns, realtime_to_monotonic_ns, wait_until
from engine.telemetry import Telemetry


def test_virtual_time_passes_one_frame_a_tick_and_repeats() -> None:
    clock = VirtualClock(fps=50, frames=4)
    ticks = list(clock.ticks())
    assert [t.time for t in ticks] == [0, 0.02, 0.04, 0.06]
    assert list(clock.ticks()) == ticks
    assert ticks[1].due_ns == 20_000_000


def test_virtual_wall_time_follows_the_frames() -> None:
    clock = VirtualClock(fps=10, frames=11)
    walls = [clock.wall() for _ in clock.ticks()]
    assert (walls[-1] - walls[0]).total_seconds() == 1


def test_real_ticks_are_never_early() -> None:
    for tick in RealClock(fps=200, frames=20).ticks():
        assert monotonic_ns() >= tick.due_ns


def test_a_stall_skips_frames_instead_of_shifting_the_schedule() -> None:
    ticks = []
    for tick in RealClock(fps=100, frames=30).ticks():
        ticks.append(tick)
        if len(ticks) == 5:
            wait_until(tick.due_ns + 55_000_000)
    assert ticks[5].frame >= 9
    assert ticks[5].dt >= 0.05
    assert all(t.time == t.frame / 100 for t in ticks)


def test_dt_is_bounded_after_a_long_stall() -> None:
    ticks = RealClock(fps=100, frames=100).ticks()
    first = next(ticks)
    wait_until(first.due_ns + 400_000_000)
    assert next(ticks).dt == 0.25


def test_a_kernel_stamp_becomes_monotonic() -> None:
    now_ns = monotonic_ns()
    assert abs(realtime_to_monotonic_ns(time.time_ns()) - now_ns) < 50_000_000


@given(st.lists(st.integers(0, 40_000_000), min_size=2, max_size=50))
def test_stages_and_late_frames_are_booked_as_measured(durations: list[int]) -> None:
    now = itertools.accumulate(itertools.chain([0], *([d, 16_666_667] for d in durations)))
    telemetry = Telemetry(lambda: next(now), fps=60)
    for frame, _ in enumerate(durations):
        telemetry.begin(Tick(frame, frame / 60, 1 / 60, 0))
        telemetry.mark("work")
        telemetry.end()
    report = telemetry.report()
    assert report["frames"] == len(durations)
    assert report["late_frames"] == sum(d > 16_666_667 for d in durations)
    assert report["stages"]["work"]["p50"] <= report["stages"]["work"]["p99"] <= max(durations) / 1e6 + 1e-3


def test_skipped_frames_count_as_late() -> None:
    telemetry = Telemetry(iter(range(100)).__next__, fps=60)
    for frame in (0, 1, 4):
        telemetry.begin(Tick(frame, frame / 60, 1 / 60, 0))
        telemetry.end()
    assert telemetry.late_frames == 2
