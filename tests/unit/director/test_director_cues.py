from __future__ import annotations

import datetime
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.show.model import Cue
from engine.sound.events import Sounds
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


# -- cues -----------------------------------------------------------------------------------------


def test_the_first_cue_fades_in_from_black_and_the_next_stands_by(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(0.5)
    status = evening.director.status
    assert (status.cue, status.standby) == ("one", "two")
    assert status.progress == pytest.approx(0.5) and evening.weights() == {"red": pytest.approx(0.5)}
    evening.play(0.6)
    assert evening.weights() == {"red": 1.0} and evening.director.status.progress == 1.0
    assert evening.director.status.scenes["blue"].state == "ready", "the standby scene is set up before it goes"


def test_a_show_may_begin_at_another_cue(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.director.cue("two")
    evening.play(3)
    assert evening.director.status.cue == "two" and evening.weights() == {"blue": 1.0}


def test_without_cues_every_scene_is_one(new_evening: Begin) -> None:
    evening = new_evening()
    evening.play(3)
    evening.play(3, osc("/cue/blue"))
    assert evening.weights() == {"blue": 1.0}


def test_a_show_without_scenes_is_black_and_silent(new_evening: Begin) -> None:
    evening = new_evening(names=())
    frame = evening.play(1, osc("/cue/go"), osc("/cue/back"), osc("/scene/red/hue", 1))
    assert not frame.picture.views and not frame.sounds and not frame.lamps


@pytest.mark.parametrize(
    ("event", "cue"),
    [
        (osc("/cue/go"), "end"),
        (osc("/cue/go", 1), "end"),
        (osc("/cue/go", 0), "two"),
        (Event("key:right"), "end"),
        (osc("/cue/back"), "one"),
        (Event("key:left"), "one"),
        (osc("/cue/one"), "one"),
        (osc("/cue/end", 1.0), "end"),
        (Event("midi:desk/note/60", (0.7,)), "one"),
        (Event("midi:desk/note/60", (0.0,)), "two"),
        (osc("/other"), "two"),
    ],
)
def test_cues_go_by_osc_keys_and_sources_of_their_own(new_evening: Begin, event: Event, cue: str) -> None:
    first = Cue(name="one", scene="red", go="midi:desk/note/60")
    evening = new_evening(first, BLUE, CALM)
    evening.play(1)
    evening.director.go()
    evening.play(1)
    evening.play(1 / FPS, event)
    assert evening.director.status.cue == cue


def test_after_the_last_cue_comes_the_first_and_back_stops_there(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(0.1)
    seen = []
    for event in ("/cue/go", "/cue/go", "/cue/back", "/cue/back"):
        evening.play(0.1, osc(event))
        seen.append(evening.director.status.cue)
    assert seen == ["two", "one", "one", "one"]


def test_an_unknown_cue_is_told_once_with_the_nearest_name(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(0.2, osc("/cue/tow"), osc("/cue/tow"))
    assert evening.told == ["/cue: there is no cue 'tow'; did you mean 'two'?"]


def test_auto_follow_goes_on_time_and_hold_makes_it_wait(new_evening: Begin) -> None:
    evening = new_evening(Cue(name="one", scene="red", follow_s=5), BLUE)
    evening.play(3)
    evening.play(10, osc("/cue/hold"))
    assert evening.director.status.cue == "one" and evening.director.status.held
    evening.play(1.9, osc("/cue/hold", 0))
    assert evening.director.status.cue == "one"
    evening.play(0.2)
    assert evening.director.status.cue == "two"


@pytest.mark.parametrize("span_s", [0.37, 1.0])
def test_cues_that_follow_go_within_a_frame_of_their_time_and_the_error_does_not_grow(
    new_evening: Begin, span_s: float
) -> None:
    names = "red", "blue", "calm"
    evening = new_evening(*(Cue(name=name, scene=name, fade_s=0.3, follow_s=span_s) for name in names))
    went = []
    for frame in range(round(7 * span_s * FPS)):
        before = evening.director.status.cue
        evening.play()
        if frame and evening.director.status.cue != before:
            went.append(frame / FPS)
    assert len(went) >= 6
    for number, at_s in enumerate(went, 1):
        assert abs(at_s - number * span_s) <= 1 / FPS + 1e-9


def test_a_timed_cue_goes_once_in_its_minute_also_after_a_late_frame(new_evening: Begin) -> None:
    evening = new_evening(
        RED, Cue(name="two", scene="blue", time="18:30"), wall=datetime.datetime(2014, 6, 21, 18, 29, 58)
    )
    evening.play(1.9)
    assert evening.director.status.cue == "one"
    evening.wall += datetime.timedelta(seconds=40)
    evening.play()
    assert evening.director.status.cue == "two"
    evening.director.back()
    evening.play(10)
    assert evening.director.status.cue == "one"
    evening.wall = datetime.datetime(2014, 6, 22, 18, 30, 59)
    evening.play()
    assert evening.director.status.cue == "two", "the next day it goes again"


def test_a_timed_cue_missed_by_a_minute_does_not_go(new_evening: Begin) -> None:
    evening = new_evening(
        RED, Cue(name="two", scene="blue", time="23:59:30"), wall=datetime.datetime(2014, 6, 22, 0, 0, 31)
    )
    evening.play()
    assert evening.director.status.cue == "one"
    evening.wall = datetime.datetime(2014, 6, 23, 0, 0, 15)
    evening.play()
    assert evening.director.status.cue == "two", "its minute reaches over midnight"


def test_a_clock_that_is_stepped_fires_no_timed_cue_twice_and_no_storm(new_evening: Begin) -> None:
    timed = [Cue(name=f"at {minute}", scene="blue", time=f"18:{minute}") for minute in range(10, 60)]
    evening = new_evening(RED, *timed, wall=datetime.datetime(2014, 6, 21, 18, 29, 50))
    entered: list[str] = []
    for step_s in (0, 11, -20, 20, -3600, 3600, 86_400 * 365, -86_400 * 365, 600, -600):
        evening.wall += datetime.timedelta(seconds=step_s)
        for _ in range(5):
            evening.play(0.1)
            cue = evening.director.status.cue
            if cue != "one":
                entered.append(cue)
                evening.director.cue("one")
    assert entered == ["at 29", "at 30", "at 30", "at 40"], "one more only in the wrong year"


def test_r5_after_a_restart_a_cue_comes_in_the_shortest_fade_and_the_timed_one_before_it_does_not_go_again(
    new_evening: Begin,
) -> None:
    saved = datetime.datetime(2014, 6, 21, 18, 30, 20)
    cues = RED, Cue(name="two", scene="blue", time="18:30"), Cue(name="three", scene="calm", fade_s=60)
    evening = new_evening(*cues, wall=saved + datetime.timedelta(seconds=10))
    evening.director.resume("three", saved, evening.wall)
    evening.play(0.4)
    assert evening.weights() == {"calm": 1.0}
    evening.play(30)
    assert evening.director.status.cue == "three"


def test_r5_a_timed_cue_that_came_while_the_power_was_off_is_caught_up(new_evening: Begin) -> None:
    saved = datetime.datetime(2014, 6, 21, 17, 0)
    cues = RED, Cue(name="two", scene="blue", time="18:30"), Cue(name="three", scene="calm", time="16:00")
    evening = new_evening(*cues, wall=saved + datetime.timedelta(hours=2))
    evening.director.resume("three", saved, evening.wall)
    evening.play(0.1)
    assert evening.director.status.cue == "two"


def test_after_a_restart_a_cue_that_is_no_more_leaves_the_show_at_its_beginning(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.director.resume("gone", datetime.datetime(2014, 6, 21, 12), evening.wall)
    evening.play(0.1)
    assert (evening.director.status.cue, evening.told) == ("one", [])


# -- fades ----------------------------------------------------------------------------------------


def test_a_cross_fade_keeps_the_sum_of_light_and_weighs_sound_alike(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    evening.director.go()
    for _ in range(130):
        frame = evening.play()
        groups = frame.picture.views["stage"]
        gains = [sounds.gain for sounds in frame.sounds if not sounds.stop]
        assert sum(group.weight for group in groups) == pytest.approx(1.0, abs=1e-6)
        assert gains == [group.weight for group in groups], "the sound engine makes them equal power"
        assert frame.lamps[0].level == pytest.approx(1.0)
    assert len(groups) == 1
    assert evening.weights() == {"blue": 1.0}


def test_lamps_of_two_scenes_mix_in_linear_light(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    evening.director.go()
    frame = evening.play(1)
    assert frame.lamps[0].colour == pytest.approx((0.5, 0.0, 0.5))


def test_a_scene_that_has_faded_out_is_told_to_stop_once(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    owner = evening.last.sounds[0].owner
    evening.director.go()
    stops = []
    for _ in range(150):
        stops += [sounds for sounds in evening.play().sounds if sounds.stop]
    assert stops == [Sounds(owner, gain=0.0, stop=True)]
    evening.play(3, osc("/cue/one"))
    assert evening.last.sounds[0].owner != owner, "a scene that comes again is another owner"


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from(["/cue/one", "/cue/two", "/cue/end", "/cue/go", "/cue/back"])),
        min_size=1,
        max_size=12,
    )
)
@settings(deadline=None, max_examples=12)
def test_fades_that_are_interrupted_never_jump(new_evening: Begin, goes: list[tuple[int, str]]) -> None:
    evening = new_evening(Cue(name="one", scene="red", fade_s=0), BLUE, CALM)
    evening.play(1)
    begin = len(evening.history) - 1
    for frames, address in goes:
        evening.play(1 / FPS, osc(address))
        evening.play(frames / FPS)
    assert evening.largest_step() <= LONGEST_STEP
    assert all(sum(weights.values()) == pytest.approx(1.0, abs=1e-6) for weights in evening.history[begin:])


def test_a_late_frame_moves_a_fade_by_its_time(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    evening.director.go()
    evening.play(0.25, dt=0.25)
    assert evening.weights() == {"red": pytest.approx(0.875), "blue": pytest.approx(0.125)}


def test_blackout_takes_light_sound_and_lamps_in_300_ms_and_gives_them_back(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(2)
    levels = []
    for event in (osc("/blackout"), Event("key:b")):
        for frame in range(25):
            made = evening.play(1 / FPS, *([event] if frame == 0 else []))
            weight, gain = made.picture.views["stage"][0].weight, made.sounds[0].gain
            assert gain == pytest.approx(weight) and made.lamps[0].level == pytest.approx(weight)
            levels.append(weight)
        assert evening.director.status.blackout is (event.source == "osc:/blackout")
    assert (
        levels[24] == 0.0 and levels[-1] == 1.0 and levels[17] == pytest.approx(0.0) and levels[8] == pytest.approx(0.5)
    )
    assert max(abs(a - b) for a, b in pairwise(levels)) <= LONGEST_STEP
    evening.play(1, osc("/blackout", 0))
    assert not evening.director.status.blackout, "a 0 sets it off and does not turn it round"
