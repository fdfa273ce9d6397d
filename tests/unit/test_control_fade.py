from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.control.fade import Fade


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "a", "b", "c"]), st.floats(0, 5), st.integers(0, 60), st.booleans()),
        max_size=8,
    )
)
def test_weights_sum_to_one_whatever_is_faded_to_or_dropped(orders: list[tuple[str | None, float, int, bool]]) -> None:
    fade: Fade[str] = Fade()
    for target, seconds, frames, drop in orders:
        fade.to(target, seconds)
        for _ in range(frames):
            fade.step(1 / 60)
            assert sum(fade.weights.values()) == pytest.approx(1.0, abs=1e-9)
            assert min(fade.weights.values()) >= 0.0
        if drop and target is not None:
            fade.drop(target)
            assert target not in fade.weights and fade.target is None


def test_a_fade_is_linear_lasts_as_long_as_asked_and_tells_what_has_gone() -> None:
    fade: Fade[str] = Fade()
    fade.to("a", 0.0)
    for _ in range(18):
        assert fade.running
        assert fade.step(1 / 60) == []
    assert fade.weights == {"a": 1.0} and not fade.running
    fade.to("b", 2.0)
    gone = [fade.step(1 / 60) for _ in range(60)]
    assert fade.weights["b"] == pytest.approx(0.5) and fade.progress == pytest.approx(0.5)
    gone += [fade.step(1 / 60) for _ in range(60)]
    assert [names for names in gone if names] == [["a"]]


def test_a_dropped_share_turns_black_and_the_other_goes_on() -> None:
    fade: Fade[str] = Fade()
    fade.to("a", 0.0)
    fade.step(1.0)
    fade.to("b", 1.0)
    fade.step(0.25)
    fade.drop("a")
    assert fade.weights == {"b": pytest.approx(0.25), None: pytest.approx(0.75)} and fade.target == "b"
    fade.step(0.75)
    assert fade.weights == {"b": 1.0}
