"""The moment of a frame: what happened between two frames sounds a constant time after it happened."""

import pytest

from engine.clock import NS, Tick
from engine.inputs.touch import TouchState
from engine.moment import Moments
from engine.world import Event, Touch

FRAME_NS = NS // 60


def tick(frame: int) -> Tick:
    return Tick(frame, frame / 60, 1 / 60, NS + frame * FRAME_NS)


def heard(at_s: float, source: str = "osc:/press", value: float = 1.0) -> Event:
    return Event(source, (value,), NS + round(at_s * NS))


def test_what_is_heard_after_a_silence_gives_the_frame_its_moment() -> None:
    moments = Moments()
    assert moments.of((), {}, {}, tick(1)) == tick(1).due_ns
    assert moments.of((heard(0.045), heard(0.047, "osc:/other")), {}, {}, tick(3)) == NS + 45_000_000
    assert moments.of((heard(0.205),), {}, {}, tick(13)) == NS + 205_000_000


def test_a_button_that_is_let_go_at_once_gives_two_moments() -> None:
    moments = Moments()
    for frame, value in ((1, 1.0), (2, 0.0), (3, 0.5), (4, 0.0)):
        event = heard((frame - 0.3) / 60, value=value)
        assert moments.of((event,), {}, {}, tick(frame)) == event.time_ns


def test_a_stream_gives_no_moment_but_a_touch_that_begins_in_it_does() -> None:
    moments = Moments()
    moments.of((heard(0.01),), {}, {}, tick(1))
    states = {"ball": TouchState(source="osc:/press")}
    for frame in range(2, 6):
        event = heard((frame - 0.3) / 60)
        still, began = {"ball": Touch()}, {"ball": Touch(began=True)}
        assert moments.of((event,), still, states, tick(frame)) == tick(frame).due_ns
    assert moments.of((heard(0.095),), began, states, tick(6)) == NS + 95_000_000


def test_the_moment_is_at_most_a_frame_ago() -> None:
    late = Tick(30, 0.5, 1 / 60, NS * 3 // 2)
    assert Moments().of((heard(0.2),), {}, {}, late) == pytest.approx(late.due_ns - FRAME_NS, abs=2)
