from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.problems import Problem
from engine.show.model import Cue, ParamLink
from engine.world import Event

Begin = Callable[..., Any]
LONGEST_STEP = 1 / (0.3 * 60) + 1e-9
FPS = 60
RED, BLUE, CALM = (
    Cue(name="one", scene="red", fade_s=1),
    Cue(name="two", scene="blue", fade_s=2),
    Cue(name="end", scene="calm"),
)


def osc(address: str, *args: object) -> Event:
    return Event(f"osc:{address}", args)


# -- Params ---------------------------------------------------------------------------------------


def test_the_same_scene_in_two_cues_glides_its_params_and_does_not_fade(new_evening: Begin) -> None:
    evening = new_evening(
        Cue(name="one", scene="red"),
        Cue(name="two", scene="red", fade_s=2, set={"hue": 0.8, "mood": "wild", "tint": "#ff0000", "many": 5}),
        Cue(name="end", scene="red", fade_s=0),
    )
    evening.play(3)
    evening.director.go()
    evening.play(0.5)
    before = (evening.value("/scene/red/hue"), evening.value("/scene/red/mood"), evening.value("/scene/red/many"))
    assert before == (pytest.approx(0.2), "calm", 2)
    assert evening.value("/scene/red/tint") == pytest.approx((0.25, 0, 0))
    evening.play(0.6)
    assert evening.value("/scene/red/mood") == "wild"
    evening.play(1)
    assert (evening.value("/scene/red/hue"), evening.value("/scene/red/many")) == (0.8, 5)
    assert evening.weights() == {"red": 1.0} and evening.history[-1] == {"red": 1.0}
    evening.play(1, osc("/cue/end"))
    assert evening.value("/scene/red/hue") == 0.0, "what cues set goes back to its start in a cue that does not set it"


def test_a_scene_is_set_up_with_the_values_of_its_cue(new_evening: Begin) -> None:
    evening = new_evening(RED, Cue(name="two", scene="blue", set={"hue": 0.3, "many": 4}))
    evening.play(2)
    assert evening.scene("blue").began_with == (0.3, 4), "also when it was made ready before"
    evening.play(1 / FPS, osc("/cue/go"))
    assert evening.scene("blue").began_with == (0.3, 4) and evening.value("/scene/blue/hue") == 0.3


def test_a_param_is_turned_by_osc_and_by_its_link_and_a_hand_on_it_ends_the_glide(new_evening: Begin) -> None:
    link = ParamLink(source="midi:desk/cc/21", start=0.5, low=0.5, high=1.0)
    evening = new_evening(Cue(name="one", scene="red", set={"many": 3}), params={"red": {"hue": link}})
    evening.play()
    assert evening.value("/scene/red/hue") == 0.5
    evening.play(1 / FPS, Event("midi:desk/cc/21", (0.5,)))
    assert evening.value("/scene/red/hue") == 0.75
    evening.play(1 / FPS, osc("/scene/red/hue", 7))
    assert evening.value("/scene/red/hue") == 1.0
    evening.play(
        1 / FPS, osc("/scene/red/tint", 1.0, 0.5, 0.0), osc("/scene/red/mood", "wild"), osc("/scene/red/many", 3.4)
    )
    assert evening.value("/scene/red/tint") == (1.0, 0.5, 0.0)
    assert (evening.value("/scene/red/mood"), evening.value("/scene/red/many")) == ("wild", 3)


def test_a_trigger_is_true_for_one_frame(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.edit("red", "    def update(self, now): self.seen = getattr(self, 'seen', []) + [self.flash]\n")
    evening.reload("red")
    evening.play()
    evening.play(3 / FPS, osc("/scene/red/flash"))
    evening.play(2 / FPS, osc("/scene/red/flash", 0))
    assert evening.scene("red").seen == [False, True, False, False, False, False]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (osc("/scene/red/hue", "much"), "/scene/red/hue: expects a number 0..1, not 'much'"),
        (osc("/scene/red/hue", float("nan")), "/scene/red/hue: expects a number 0..1, not nan"),
        (osc("/scene/red/hue", 0.1, 0.2), "/scene/red/hue: expects a number 0..1, not (0.1, 0.2)"),
        (osc("/scene/red/hue", True), "/scene/red/hue: expects a number 0..1, not True"),
        (
            osc("/scene/red/mood", "wlid"),
            "/scene/red/mood: expects one of calm, wild, not 'wlid'; did you mean 'wild'?",
        ),
        (osc("/scene/red/mood", 2), "/scene/red/mood: expects one of calm, wild, not 2"),
        (
            osc("/scene/red/tint", 0.5),
            '/scene/red/tint: expects a colour such as "#ff8800" or three numbers 0..1, not 0.5',
        ),
        (osc("/scene/red/heu", 0.5), "/scene/red/heu: there is no such Param; did you mean '/scene/red/hue'?"),
        (osc("/scene/red", 0.5), "/scene/red: there is no such Param"),
        (osc("/scene//", b"\0"), "/scene//: there is no such Param"),
    ],
)
def test_input_of_another_type_is_a_problem_and_changes_nothing(new_evening: Begin, event: Event, text: str) -> None:
    evening = new_evening(RED)
    evening.play()
    before = [entry.value for entry in evening.director.params]
    evening.play(1 / FPS, event)
    assert evening.told == [text] or evening.told[0].startswith(text + "; did you mean")
    assert [entry.value for entry in evening.director.params] == before


def test_what_the_show_file_gives_in_vain_is_told(new_evening: Begin) -> None:
    evening = new_evening(RED, params={"red": {"heu": 0.5, "hue": "much"}})
    assert evening.told == [
        "/scene/red/heu: there is no such Param; did you mean 'hue'?",
        "/scene/red/hue: expects a number 0..1, not 'much'",
    ]


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=3),
)
sources = st.sampled_from(
    [
        "osc:/cue/go",
        "osc:/cue/hold",
        "osc:/cue/",
        "osc:/blackout",
        "osc:/scene/red/hue",
        "osc:/scene/red/many",
        "osc:/scene/red/tint",
        "osc:/scene/red/mood",
        "osc:/scene/red/flash",
        "osc:/scene/",
        "midi:x",
        "",
        "key:p",
    ]
)


@given(st.lists(st.builds(Event, sources, st.lists(anything, max_size=4).map(tuple)), max_size=20))
@settings(deadline=None, max_examples=12)
def test_no_event_however_broken_raises(new_evening: Begin, events: list[Event]) -> None:
    evening = new_evening(
        RED,
        BLUE,
        params={
            "red": {
                "hue": ParamLink(source="midi:x"),
                "tint": ParamLink(source="midi:x"),
                "mood": ParamLink(source="midi:x"),
            }
        },
    )
    evening.play(2 / FPS, *events)
    assert evening.director.status.cue


def test_problems_are_bounded(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(1 / FPS, *(osc(f"/cue/{number}") for number in range(500)))
    assert len(evening.director.problems) == 100
    assert evening.director.status.problem == Problem("/cue", 0, "there is no cue '499'")


# -- another version of the show ------------------------------------------------------------------


def test_a_new_show_file_keeps_the_running_cue_and_what_was_turned_by_hand(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE, params={"blue": {"hue": 0.1}})
    evening.play(1, osc("/scene/blue/many", 4))
    evening.play(3, osc("/cue/two"))
    scene = evening.scene("blue")
    evening.director.adopt(evening.show_of((CALM, RED, BLUE), params={"blue": {"hue": 0.2}}))
    evening.play(0.1)
    assert (evening.director.status.cue, evening.director.status.standby) == ("two", "end")
    assert evening.scene("blue") is scene and evening.weights() == {"blue": 1.0}
    assert (evening.value("/scene/blue/hue"), evening.value("/scene/blue/many")) == (0.2, 4)


def test_a_new_show_file_without_the_running_cue_fades_on(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    evening.director.adopt(evening.show_of((BLUE, CALM), names=("blue", "calm")))
    evening.play(1)
    assert evening.director.status.cue == "two"
    assert evening.weights() == {"red": pytest.approx(0.5), "blue": pytest.approx(0.5)}, (
        "the scene that is gone fades out"
    )
    evening.play(2)
    assert evening.weights() == {"blue": 1.0} and evening.largest_step() <= LONGEST_STEP


def test_a_cue_that_changed_its_scene_or_its_values_fades_there(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(2)
    evening.director.adopt(evening.show_of((Cue(name="one", scene="red", fade_s=1, set={"hue": 1.0}),)))
    evening.play(0.5)
    assert evening.value("/scene/red/hue") == pytest.approx(0.5)
    evening.director.adopt(evening.show_of((Cue(name="one", scene="blue", fade_s=1),)))
    evening.play(0.5)
    assert evening.weights() == {"red": pytest.approx(0.5), "blue": pytest.approx(0.5)}


def test_the_tempo_is_turned_by_osc_and_by_a_cue_that_glides_there(new_evening: Begin) -> None:
    evening = new_evening(RED, Cue(name="two", scene="blue", fade_s=2, bpm=140.0))
    evening.play(1, osc("/tempo/bpm", 80.0))
    assert evening.value("/tempo/bpm") == 80.0
    evening.play(1, osc("/tempo/bpm", 1e9))
    assert evening.value("/tempo/bpm") == 400.0
    evening.play(1, osc("/tempo/bpm", 100.0))
    beat = evening.director.conductor.tempo.beat_at
    assert beat(3.0) == pytest.approx(0.1 * 100 / 60 + 80 / 60 + 400 / 60 + 0.9 * 100 / 60, abs=0.2)
    evening.director.go()
    evening.play(1)
    assert evening.value("/tempo/bpm") == pytest.approx(120, abs=1)
    evening.play(1.1)
    assert evening.value("/tempo/bpm") == 140.0
    assert not evening.director.problems
