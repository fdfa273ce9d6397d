"""A source that is lost is known by its pictures, not by what it returns, and is opened again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.camera_capture import CUT, DARK, FROZEN, Capture, opening_s, retry_s, stale_s
from engine.inputs.camera_source import SourceLost
from engine.world import Pixels

STALE_S = 0.2
RNG = np.random.default_rng(1)


def noise() -> Pixels:
    return RNG.integers(0, 255, (16, 64, 3), dtype=np.uint8)


BLACK: Pixels = np.full((16, 64, 3), 3, np.uint8)


class Fake:
    """Gives what `pictures` yields, each 10 ms: None for one that was cut."""

    skipped = 0

    def __init__(self, pictures: Iterator[Pixels | None], may_repeat: bool = False) -> None:
        self.truncated, self.may_repeat, self._pictures = 0, may_repeat, pictures

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        sleep_s(0.01)
        picture = next(self._pictures, None)
        self.truncated += picture is None
        return None if picture is None else (picture, monotonic_ns())

    def close(self) -> None:
        pass


def capture_of(*sources: Callable[[], Fake]) -> Capture:
    """Return a capture that opens one source after the other, and the last one ever again."""
    order = itertools.chain(sources, itertools.repeat(sources[-1]))
    return Capture(lambda within_s: next(order)(), STALE_S)


def wait(is_so: Callable[[], bool]) -> None:
    end_ns = monotonic_ns() + 10 * NS
    while not is_so():
        assert monotonic_ns() < end_ns
        sleep_s(0.005)


def living(count: int) -> Iterator[Pixels | None]:
    return (noise() for _ in range(count))


@pytest.mark.parametrize(
    ("fault", "message"),
    [(lambda: itertools.repeat(noise()), FROZEN), (lambda: itertools.repeat(None), CUT)],
    ids=["frozen", "cut"],
)
def test_r3_what_gives_nothing_new_is_stale_and_opened_again(fault, message) -> None:
    opened = []

    def broken() -> Fake:
        opened.append(1)
        return Fake(itertools.chain(living(3), fault()))

    capture = capture_of(broken, lambda: Fake(fault()), lambda: Fake(living(10_000)))
    try:
        wait(lambda: capture.state(monotonic_ns()) == "live")
        wait(lambda: capture.state(monotonic_ns()) == "stale")
        wait(lambda: capture.message == message)
        wait(lambda: capture.state(monotonic_ns()) == "live")
        assert capture.message == ""
        assert capture.repeated + capture.truncated > 5
        assert capture.reopened == 1
    finally:
        assert capture.close(2)


def test_r3_a_camera_that_always_gives_its_last_picture_is_not_live_when_opened_again() -> None:
    last = noise()
    capture = capture_of(lambda: Fake(itertools.chain(living(3), itertools.repeat(last))),
                         lambda: Fake(itertools.repeat(last)))  # fmt: skip
    try:
        wait(lambda: capture.message == FROZEN and capture.state(monotonic_ns()) != "live")
        for _ in range(60):
            assert capture.state(monotonic_ns()) in ("stale", "lost")
            sleep_s(0.01)
    finally:
        assert capture.close(2)


def test_a_film_may_stand_still() -> None:
    capture = capture_of(lambda: Fake(itertools.repeat(noise()), may_repeat=True))
    try:
        wait(lambda: capture.state(monotonic_ns()) == "live")
        start_ns = monotonic_ns()
        while monotonic_ns() - start_ns < 2 * STALE_S * NS:
            assert capture.newest(1.0) is not None
        assert capture.reopened == 0
    finally:
        assert capture.close(2)


def test_a_black_picture_is_dark_and_not_lost_and_spoils_nothing() -> None:
    light = [False]
    pictures = (noise() if light[0] or n < 3 else BLACK for n in itertools.count())
    capture = capture_of(lambda: Fake(pictures))
    try:
        wait(lambda: capture.state(monotonic_ns()) == "dark")
        assert (capture.message, capture.note) == ("", DARK)
        capture.newest(0)
        assert capture.newest(0.1) is None, "nothing of the dark is looked at"
        light[0] = True
        wait(lambda: capture.state(monotonic_ns()) == "live")
        assert (capture.reopened, capture.message, capture.note) == (0, "", "")
    finally:
        assert capture.close(2)


def test_what_a_driver_raises_is_told_without_its_words() -> None:
    def broken() -> Fake:
        raise RuntimeError("rtsp://name:secret@camera")

    capture = capture_of(broken)
    try:
        wait(lambda: capture.message != "")
        assert "RuntimeError" in capture.message and "secret" not in capture.message
        assert capture.state(monotonic_ns()) == "lost"
    finally:
        assert capture.close(2)


def test_the_reason_of_a_source_that_does_not_open_is_kept() -> None:
    def absent() -> Fake:
        raise SourceLost("no answer from 192.168.1.20; check its power and cable")

    capture = capture_of(absent)
    try:
        wait(lambda: "192.168.1.20" in capture.message)
    finally:
        assert capture.close(2)


def test_a_lost_camera_is_tried_twice_a_second_for_a_minute_then_ever_more_rarely() -> None:
    assert {retry_s(t, 0) for t in (0.0, 30.0, 59.0)} == {0.5}
    assert [retry_s(61.0, n) for n in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_what_was_live_a_minute_ago_must_answer_within_a_second_so_that_it_is_back_in_two() -> None:
    assert opening_s(5.0, was_live=True) + retry_s(5.0, 0) <= 1.5
    assert opening_s(5.0, was_live=False) == opening_s(90.0, was_live=True) == 3.0


def test_r3_a_slow_camera_is_stale_after_more_than_two_of_its_pictures() -> None:
    assert [stale_s(fps) for fps in (30.0, 5.0, 1.0)] == [1.0, 1.0, 2.5]
