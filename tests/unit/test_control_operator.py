"""The operator's window: what it shows, and what the pointer does there. Its marks are found by their colour."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.control.operator import (
    CueMark,
    FireCue,
    LampMark,
    Operator,
    OperatorView,
    ParamMark,
    Press,
    Reading,
    SetParam,
    SpeakerMark,
    VisitorMark,
)
from engine.control.panel import ACCENT, ALARM
from engine.render.lettering import Lettering
from engine.render.window_input import OPERATOR, PointerEvent
from engine.scene.param import ParamSpec

SIZE = (1280, 720)
LETTERING = Lettering()


def param(name: str, kind: Any, value: Any, **spec: Any) -> ParamMark:
    return ParamMark(f"/scene/embers/{name}", ParamSpec(name, kind, value, **spec), value)


HUE = param("hue", "number", 0.0, low=-1.0, high=3.0)
COUNT = param("count", "whole", 4, low=0.0, high=8.0)
TRAILS = param("trails", "bool", True)
MOOD = param("mood", "choice", "warm", choices=("warm", "cold", "storm"))
GLOW = param("glow", "colour", (1.0, 0.5, 0.0))
BURST = param("burst", "trigger", False)
CUES = tuple(CueMark(name, name) for name in ("welcome", "mirror", "goodnight"))


def act(kind: Any, x: float, y: float, wheel: int = 0) -> PointerEvent:
    return PointerEvent(OPERATOR, kind, x, y, wheel)


def where(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero((pixels[..., :3] == colour).all(axis=2))
    return columns, rows


def pressed_at(view: OperatorView, x: float, y: float) -> Any:
    return Operator(LETTERING).hit(view, SIZE, act("press", x, y))


def slider_row(mark: ParamMark) -> tuple[float, float, float]:
    """Left, right and middle of a single Param's track."""
    knob = Operator(LETTERING).draw(OperatorView(params=(replace(mark, value=mark.spec.low),)), SIZE)
    far = Operator(LETTERING).draw(OperatorView(params=(replace(mark, value=mark.spec.high),)), SIZE)
    first, last = where(knob[:400], ACCENT), where(far[:400], ACCENT)
    return float(first[0].mean()), float(last[0].max() - (first[0].max() - first[0].mean())), float(first[1].mean())


@pytest.mark.parametrize("mark", [HUE, COUNT])
def test_a_slider_sets_the_value_under_the_pointer_from_end_to_end(mark: ParamMark) -> None:
    left, right, y = slider_row(mark)
    view = OperatorView(params=(mark,))
    low, high = mark.spec.low, mark.spec.high
    assert low is not None
    assert high is not None
    for share in (0.0, 0.25, 0.5, 1.0):
        got = pressed_at(view, left + share * (right - left), y)
        assert got.address == mark.address
        assert math.isclose(got.value, low + share * (high - low), abs_tol=(high - low) * 0.01)
        assert type(got.value) is (int if mark.spec.kind == "whole" else float)


def test_a_held_slider_follows_the_pointer_anywhere_until_it_is_let_go() -> None:
    left, right, y = slider_row(HUE)
    view, operator = OperatorView(params=(HUE, COUNT)), Operator(LETTERING)
    assert operator.hit(view, SIZE, act("move", left, y)) is None
    assert operator.hit(view, SIZE, act("press", left, y)) == SetParam(HUE.address, -1.0)
    assert operator.hit(view, SIZE, act("move", right + 500, y + 300)) == SetParam(HUE.address, 3.0)
    assert operator.hit(view, SIZE, act("release", right, y)) is None
    assert operator.hit(view, SIZE, act("move", left, y)) is None


def test_switch_choice_colour_and_trigger_are_set_by_one_press() -> None:
    left, right, y = slider_row(HUE)
    third = (right - left) / 3
    assert pressed_at(OperatorView(params=(TRAILS,)), left + 5, y) == SetParam(TRAILS.address, False)
    assert pressed_at(OperatorView(params=(BURST,)), left + 5, y) == SetParam(BURST.address, True)
    for index, choice in enumerate(MOOD.spec.choices):
        assert pressed_at(OperatorView(params=(MOOD,)), left + third * (index + 0.5), y).value == choice
    assert GLOW.spec.accept(pressed_at(OperatorView(params=(GLOW,)), left + third, y).value)


def colour_strips() -> tuple[list[tuple[float, float]], float]:
    """Left and right of the strips of hue, saturation and brightness, and their middle."""
    _, _, y = slider_row(HUE)
    ground = Operator(LETTERING).draw(OperatorView(), SIZE)
    # A colour in the middle of all ranges: its knobs hide no end of a strip.
    drawn = Operator(LETTERING).draw(OperatorView(params=(replace(GLOW, value=(0.25, 0.5, 0.5)),)), SIZE)
    lit = (drawn[round(y), 585:951, :3].astype(int) - ground[round(y), 585:951, :3] != 0).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], lit.astype(int), [0])))) + 585
    return [(float(a), float(b)) for a, b in edges.reshape(-1, 2)], y


def test_a_colour_has_a_strip_each_for_hue_saturation_and_brightness() -> None:
    strips, y = colour_strips()
    assert len(strips) == 3
    view = OperatorView(params=(GLOW,))
    hue, saturation, brightness = ([pressed_at(view, left + (right - left) * share, y).value for share in (0, 0.5, 1)]
                                   for left, right in strips)
    assert np.allclose(hue, [(1, 0, 0), (0, 1, 1), (1, 0, 0)], atol=0.05)
    assert np.allclose(saturation, [(1, 1, 1), (1, 0.75, 0.5), (1, 0.5, 0)], atol=0.02)
    assert np.allclose(brightness, [(0, 0, 0), (0.5, 0.25, 0), (1, 0.5, 0)], atol=0.02)


def test_a_colour_turned_dark_or_pale_comes_back_as_it_was() -> None:
    strips, y = colour_strips()
    for left, right in strips[1:]:
        operator, mark = Operator(LETTERING), GLOW
        for kind, x in (("press", right), ("move", left), ("release", left), ("press", left), ("move", right + 900)):
            action = operator.hit(OperatorView(params=(mark,)), SIZE, act(kind, x, y))
            mark = replace(mark, value=action.value) if isinstance(action, SetParam) else mark
        assert np.allclose(mark.value, GLOW.value, atol=1e-6)


def test_a_press_on_a_name_or_a_value_sets_nothing() -> None:
    left, right, y = slider_row(HUE)
    assert {pressed_at(OperatorView(params=(HUE,)), x, y - 20) for x in (left + 4, right - 4)} == {None}


def test_what_has_not_changed_is_shown_as_if_it_were_drawn_again() -> None:
    operator = Operator(LETTERING)
    first = OperatorView(params=(HUE, GLOW), cues=CUES, cue="mirror", visitors=(VisitorMark(1, 0.2, 0.5, 0.1, 0.1),),
                         problem="scenes/embers.py:23: NameError")
    later = (
        replace(first, visitors=(VisitorMark(1, 1.7, 0.9, 3.0, 3.0),)),
        replace(first, params=(HUE,), problem=""),
        replace(first, cue="welcome", progress=0.4, speakers=(SpeakerMark("left", -0.2, 0.1),)),
        first,
    )
    operator.draw(first, SIZE)
    for view in later:
        assert np.array_equal(operator.draw(view, SIZE), Operator(LETTERING).draw(view, SIZE))


def test_names_on_the_plan_cover_no_mark_and_no_other_name() -> None:
    crowd = tuple(LampMark(f"lamp number {i}", (0.5 + 0.04 * i, 0.5), (0.0, 1.0, 0.0)) for i in range(6))
    drawn = Operator(LETTERING).draw(OperatorView(lamps=crowd), SIZE)
    bare = Operator(LETTERING).draw(OperatorView(lamps=tuple(replace(lamp, name="") for lamp in crowd)), SIZE)
    assert np.array_equal(where(drawn, (0, 255, 0)), where(bare, (0, 255, 0)))
    assert (drawn != bare).any()


def test_a_colour_picked_from_grey_becomes_a_colour() -> None:
    ((left, right), *_), y = colour_strips()
    grey = replace(GLOW, value=(0.0, 0.0, 0.0))
    red, green, blue = pressed_at(OperatorView(params=(grey,)), left + (right - left) / 3, y).value
    assert green > 0.9
    assert max(red, blue) < 0.2


def test_every_button_is_pressed_and_a_cue_is_fired_by_its_mark_only() -> None:
    view = OperatorView(cues=CUES, cue="welcome", standby="mirror")
    got = {pressed_at(view, x, y) for x in range(900, 1260, 12) for y in range(60, 700, 8)} - {None}
    fired = {FireCue(cue.name) for cue in CUES}
    assert got == {Press("go"), Press("back"), Press("hold"), Press("blackout")} | fired
    names_only = {pressed_at(view, x, y) for x in range(975, 1150, 12) for y in range(60, 300, 8)}
    assert not names_only & fired


def test_params_that_find_no_room_are_reached_by_the_wheel() -> None:
    many = tuple(param(f"p{i}", "number", 0.5, low=0.0, high=1.0) for i in range(40))
    left, right, y = slider_row(HUE)
    view, operator = OperatorView(params=many), Operator(LETTERING)
    middle = (left + right) / 2

    def first() -> str:
        got = operator.hit(view, SIZE, act("press", middle, y))
        operator.hit(view, SIZE, act("release", middle, y))
        assert isinstance(got, SetParam)
        return got.address

    assert first().endswith("/p0")
    operator.hit(view, SIZE, act("wheel", middle, y, -3))
    assert first().endswith("/p3")
    operator.hit(view, SIZE, act("wheel", middle, y, -1000))
    last = int(first().rpartition("p")[2])
    assert 20 < last < 40
    operator.hit(view, SIZE, act("wheel", middle, y, 1000))
    assert first().endswith("/p0")


def test_the_fade_is_seen_to_go_on() -> None:
    def lit(progress: float) -> int:
        view = OperatorView(cues=CUES, cue="welcome", standby="mirror", progress=progress)
        return int(where(Operator(LETTERING).draw(view, SIZE)[60:500, 960:], ACCENT)[0].size)

    assert lit(0.0) < lit(0.5) < lit(1.0)


def test_visitors_lamps_and_loud_speakers_are_on_the_plan() -> None:
    def changed(**marks: Any) -> int:
        empty = Operator(LETTERING).draw(OperatorView(), SIZE)
        return int((Operator(LETTERING).draw(OperatorView(**marks), SIZE) != empty).any(axis=2).sum())

    assert changed(visitors=(VisitorMark(7, 0.5, 0.5, 0.2, 0.0),)) > changed(visitors=(VisitorMark(7, 0.5, 0.5),)) > 100
    lamp = Operator(LETTERING).draw(OperatorView(lamps=(LampMark("lamp", (0.5, 0.5), (0.0, 1.0, 0.0)),)), SIZE)
    assert where(lamp, (0, 255, 0))[0].size > 30
    nowhere = Operator(LETTERING).draw(OperatorView(lamps=(LampMark("lamp", None, (0.0, 1.0, 0.0)),)), SIZE)
    assert where(nowhere, (0, 255, 0))[0].size > 30
    loud, soft = (Operator(LETTERING).draw(OperatorView(speakers=(SpeakerMark("left", 0, 0.5, db),)), SIZE)
                  for db in (-1.0, -20.0))
    assert where(loud, ALARM)[0].size > 30
    assert where(soft, ALARM)[0].size == 0


def test_the_last_error_and_an_alarm_are_red_and_nothing_else_is() -> None:
    calm = Operator(LETTERING).draw(OperatorView(readings=(Reading("fps", "60.0"),)), SIZE)
    assert where(calm, ALARM)[0].size == 0
    failed = Operator(LETTERING).draw(OperatorView(problem="scenes/embers.py:23: NameError", problems=2), SIZE)
    assert where(failed, ALARM)[1].min() > 650
    late = Operator(LETTERING).draw(OperatorView(readings=(Reading("fps", "31.2", True),)), SIZE)
    red_late, red_calm = (int((drawn[:60, :, 2].astype(int) - drawn[:60, :, 1]).max()) for drawn in (late, calm))
    assert red_late > 90 > red_calm


numbers = st.floats(allow_nan=False, width=32)
marks = st.builds(VisitorMark, st.integers(0, 10**9), numbers, numbers, numbers, numbers, st.booleans())


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 900), st.integers(1, 700)),
    st.lists(marks, max_size=3),
    st.text(max_size=200),
    st.floats(0.2, 6.0),
)
def test_any_window_and_any_values_are_drawn(
    size: tuple[int, int], visitors: list[VisitorMark], words: str, aspect: float
) -> None:
    view = OperatorView(
        name=words, scene=words, aspect=aspect, visitors=tuple(visitors),
        params=(HUE, COUNT, TRAILS, MOOD, GLOW, BURST),
        cues=(*CUES, CueMark(words, words)), cue=words, problem=words, readings=(Reading(words, words),),
        picture=np.zeros((9, 16, 4), np.uint8), blackout=True, held=True, size_m=(aspect * 3, 3.0),
    )  # fmt: skip
    pixels = Operator(LETTERING).draw(view, size)
    assert pixels.shape == (size[1], size[0], 4)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
