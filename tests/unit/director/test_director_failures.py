from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


# -- failures -------------------------------------------------------------------------------------


def test_r1_a_scene_that_raises_gives_way_to_its_fallback_within_a_frame(new_evening: Begin) -> None:
    evening = new_evening(RED, fallback="safe", fallbacks={"red": "calm"})
    evening.breaking("red", "time >= 2 and now.time < 2.05")
    evening.play(2)
    owner = evening.last.sounds[0].owner
    assert evening.director.status.scenes["calm"].state == "ready", "the fallback waits, set up"
    frame = evening.play()
    assert "red" not in evening.weights() and evening.weights()["calm"] == 0.0
    assert Sounds(owner, gain=0.0, stop=True) in frame.sounds
    assert evening.told == ["red.py:12: update: ZeroDivisionError: division by zero"]
    assert evening.problems == evening.told
    begin = len(evening.history)
    evening.play(0.3)
    assert evening.weights() == {"calm": 1.0} and evening.largest_step(begin) <= LONGEST_STEP
    status = evening.director.status
    assert (status.cue, status.scenes["red"].state, status.scenes["red"].failures) == ("one", "failed", 1)
    evening.play(4.8)
    assert evening.director.status.scenes["red"].state == "shown", "it is tried again after 5 s"
    evening.play(1)
    assert evening.weights() == {"red": 1.0}


def test_r1_three_failures_in_60_s_bar_a_scene_until_its_file_changes(new_evening: Begin) -> None:
    evening = new_evening(RED, fallback="safe")
    evening.breaking("red", "time >= 2")
    evening.play(30)
    assert evening.director.status.scenes["red"].failures == 3
    assert evening.director.status.scenes["red"].state == "barred"
    assert evening.told[-1] == (
        "red.py:12: update: ZeroDivisionError: division by zero; failed 3 times in 60 s, barred until the file changes"
    )
    assert evening.weights() == {"safe": 1.0}
    evening.edit("red", "")
    assert evening.reload("red") == ()
    evening.play(2)
    assert evening.weights() == {"red": 1.0} and evening.problems == []


def test_failures_more_than_60_s_apart_bar_nothing(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.breaking("red", "time % 31 > 30.97")
    evening.play(163)
    assert evening.director.status.scenes["red"].failures == 5
    assert evening.weights() == {"red": 1.0}


def test_without_a_fallback_a_failure_is_black_and_silent(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.breaking("red", "time >= 1")
    evening.play(1)
    frame = evening.play(2 / FPS)
    assert not frame.picture.views and not frame.sounds and not frame.lamps


def test_a_fallback_that_fails_gives_way_to_the_stages(new_evening: Begin) -> None:
    evening = new_evening(RED, fallback="safe", fallbacks={"red": "calm"})
    evening.breaking("red", "time >= 1")
    evening.breaking("calm", "frame >= 0")
    evening.play(2)
    assert evening.weights() == {"safe": 1.0}
    assert evening.told == [
        "red.py:12: update: ZeroDivisionError: division by zero",
        "calm.py:12: update: ZeroDivisionError: division by zero",
    ]


def test_a_scene_that_fails_while_it_fades_in_or_out_leaves_the_other_alone(new_evening: Begin) -> None:
    for name in ("red", "blue"):
        evening = new_evening(RED, BLUE, fallback="safe")
        evening.breaking(name, "time >= 3")
        evening.play(2)
        evening.play(1.02, osc("/cue/two"))
        shares = evening.weights()
        evening.play(0.2)
        other = "blue" if name == "red" else "red"
        assert abs(evening.weights()[other] - shares[other]) < 0.71
        evening.play(2)
        assert evening.weights() == ({"blue": 1.0} if name == "red" else {"safe": 1.0})


def test_a_scene_that_cannot_be_set_up_is_known_before_its_cue(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE, fallback="safe")
    evening.write("blue", "from engine import Scene\nclass Blue(Scene):\n    def setup(self, stage): 1 / 0\n")
    evening.reload("blue")
    evening.play(2)
    assert evening.told == ["blue.py:3: setup: ZeroDivisionError: division by zero"]
    evening.play(1, osc("/cue/two"))
    assert evening.weights() == {"safe": 1.0}


def test_a_file_that_does_not_load_is_told_at_once_and_its_fallback_shows(new_evening: Begin) -> None:
    evening = new_evening(Cue(name="one", scene="broken"), broken="x = (\n", fallback="safe", names=("broken", "safe"))
    assert evening.told == ["broken.py:1: SyntaxError: '(' was never closed"]
    evening.play(1)
    assert evening.weights() == {"safe": 1.0} and evening.director.status.scenes["broken"].state == "broken"
    evening.edit("broken", "")
    evening.reload("broken")
    evening.play(3)
    assert evening.weights() == {"broken": 1.0} and evening.problems == []
    assert evening.value("/scene/broken/hue") == 0.0


# -- reload ---------------------------------------------------------------------------------------


def test_an_edit_shows_in_the_next_frame_with_its_params_and_keeps_what_was_turned(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(2, osc("/scene/red/hue", 0.7))
    text = (
        (evening.folder / "red.py")
        .read_text()
        .replace("#ff0000", "#00ff00")
        .replace("Param(1, 1, 9)", "Param(2, 1, 9)")
    )
    evening.write("red", text + "    more = Param(0.25, 0, 1)\n")
    assert evening.reload("red") == ()
    frame = evening.play()
    assert frame.lamps[0].colour == (0.0, 1.0, 0.0) and evening.weights() == {"red": 1.0}
    assert [evening.value(f"/scene/red/{name}") for name in ("hue", "many", "more")] == [0.7, 2, 0.25]


def test_a_broken_edit_never_reaches_the_visitors(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(2)
    evening.edit("red", "    def update(self, now): self.gone\n")
    problem = evening.reload("red")[0]
    assert (
        str(problem)
        == "red.py:11: update: AttributeError: 'Red' object has no attribute 'gone'; the version before goes on"
    )
    evening.play(1)
    assert evening.weights() == {"red": 1.0} and evening.director.status.scenes["red"].failures == 0


def test_a_broken_edit_of_the_scene_that_stands_by_is_known_before_its_cue(new_evening: Begin) -> None:
    evening = new_evening(RED, BLUE)
    evening.play(2)
    evening.edit("blue", "    def update(self, now): self.gone\n")
    problem = evening.reload("blue")[0]
    assert problem.line == 11
    evening.play(3, osc("/cue/two"))
    assert evening.weights() == {"blue": 1.0}


def test_an_edit_that_fails_in_its_first_seconds_is_taken_back_without_a_bad_frame(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.play(2)
    evening.edit(
        "red", "    extra = Param(1.0, 0, 2)\n    def update(self, now):\n        if now.time > 3: self.gone\n"
    )
    assert evening.reload("red") == ()
    begin = len(evening.history)
    evening.play(2)
    assert all(weights == {"red": 1.0} for weights in evening.history[begin:])
    assert evening.told == [
        "red.py:13: update: AttributeError: 'Red' object has no attribute 'gone'; the version before is back"
    ]
    assert evening.director.params.entry("/scene/red/extra") is None


def test_what_no_show_has_is_told_once_with_the_nearest_name(new_evening: Begin) -> None:
    evening = new_evening(RED)
    evening.edit("red", "    def update(self, now): now.touch('ball'); self.x = now.signal('wind')\n")
    evening.reload("red")
    evening.play(1)
    assert sorted(evening.told) == [
        "signal.wind: a scene asks for it and the show has none; add it to the show file or correct the scene",
        "touch.ball: a scene asks for it and the show has none; add it to the show file or correct the scene",
    ]
    evening.edit("red", "")
    evening.reload("red")
    evening.play(1)
    assert evening.problems == []
