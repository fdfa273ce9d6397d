"""What artists' code may do to the engine: raise anything, run for ever, and say nothing sensible about it."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from engine.containment import UNTOLD, Failure, contained
from engine.deadline import Alarm, Lookout

SOURCES = {__file__: "scene.py"}
SHORT_S = 0.05
PATIENCE_S = 10.0


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    before = signal.getsignal(signal.SIGALRM)
    yield Alarm()
    signal.signal(signal.SIGALRM, before)


def loops() -> None:
    while True:
        pass


def swallows() -> None:
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


def swallows_twice() -> None:
    try:
        swallows()
    finally:
        swallows()


def sleeps() -> None:
    while True:
        with contextlib.suppress(Exception):
            time.sleep(PATIENCE_S)


def counts() -> None:
    [number for number in itertools.count() if number < 0]


@pytest.mark.parametrize("work", [loops, swallows, swallows_twice, sleeps, counts])
def test_code_that_does_not_end_is_ended_and_its_line_is_named(alarm: Alarm, work: Callable[[], None]) -> None:
    began = time.monotonic()
    failure = contained("update", SOURCES, work, alarm, SHORT_S)
    assert time.monotonic() - began < PATIENCE_S
    assert isinstance(failure, Failure) and failure.problem.path == "scene.py"
    assert failure.problem.line >= loops.__code__.co_firstlineno
    assert failure.problem.text == "update: took longer than 50 ms; do less in one frame, or end the loop"


def test_code_that_ends_in_time_is_left_alone_and_so_is_the_engine_after_it(alarm: Alarm) -> None:
    def works() -> int:
        return sum(range(1000))

    end = time.monotonic() + 4 * SHORT_S
    while time.monotonic() < end:
        assert contained("update", SOURCES, works, alarm, SHORT_S) == 499500
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_process_that_was_stopped_is_given_its_time_again(alarm: Alarm) -> None:
    def is_kept_from_work() -> str:
        time.sleep(1.4 * SHORT_S)
        return "done"

    assert contained("update", SOURCES, is_kept_from_work, alarm, SHORT_S) == "done"


def test_without_an_alarm_what_hangs_is_said_with_its_line() -> None:
    told: list[str] = []

    def waits_to_be_found() -> None:
        end = time.monotonic() + PATIENCE_S
        while not told and time.monotonic() < end:
            pass

    Lookout(told.append).run(SHORT_S, waits_to_be_found)
    assert len(told) == 1 and told[0].startswith(f"{__file__}:") and told[0].endswith("has not ended in time; it hangs")


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise ValueError


class Nameless(Exception, metaclass=Meta):
    pass


class Loud(Exception):
    def __str__(self) -> str:
        return "word " * 1_000_000


class Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit


class Endless(Exception):
    def __str__(self) -> str:
        while True:
            pass


class Liar(Exception):
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Nameless("a"), "draw: Nameless: a"),
        (Loud, "draw: " + ("Loud: " + "word " * 100)[:300]),
        (Mute, f"draw: {UNTOLD}"),
        (Endless, f"draw: {UNTOLD}"),
        (lambda: Liar("b"), "draw: Liar: b"),
        (GeneratorExit, "draw: GeneratorExit"),
        (lambda: ExceptionGroup("both", [ValueError("a")]), "draw: ExceptionGroup: both (1 sub-exception)"),
    ],
)
def test_an_exception_that_cannot_be_described_is_a_failure_all_the_same(
    alarm: Alarm, make: Callable[[], BaseException], text: str
) -> None:
    def fails() -> NoReturn:
        raise make()

    failure = contained("draw", SOURCES, fails, alarm)
    assert isinstance(failure, Failure) and failure.problem.text == text
    assert failure.problem.line == fails.__code__.co_firstlineno + 1


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_a_rehearsal_and_is_no_way_to_end_a_live_show() -> None:
    def presses() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        contained("update", SOURCES, presses)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        failure = contained("update", SOURCES, presses)
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(failure, Failure) and failure.problem.text == "update: KeyboardInterrupt"
