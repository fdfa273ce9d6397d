"""Nosphère: gates that people close, that really close, and that open again whatever happens."""

from pathlib import Path

import numpy as np

from engine.show.files import read_show
from engine.testing.rehearsal import rehearse
from engine.testing.solo import Solo
from engine.world import Touch, Visitor

HERE = Path(__file__).parent
GATES = ("waves", "sounds", "others")


def stay(solo: Solo, gate: int, seconds: float) -> frozenset[str]:
    x = solo.scene.aspect * (gate + 0.5) / 3
    solo.step(round(seconds * 20), visitors=(Visitor(1, x, 0.9, still=1.0),))
    return solo.made.closes


def test_who_stands_still_under_a_gate_closes_it_and_who_stays_on_does_not_open_it() -> None:
    for gate, name in enumerate(GATES):
        solo = Solo(HERE / "nosphere.py", height_px=16, fps=20)
        assert stay(solo, gate, 1.5) == frozenset()
        assert stay(solo, gate, 1.0) == {name}
        assert stay(solo, gate, 3.0) == {name}
        solo.step(50)
        assert stay(solo, gate, 2.2) == frozenset(), "a second stay opens it"


def test_a_touch_opens_all_and_the_cameras_open_by_themselves() -> None:
    solo = Solo(HERE / "nosphere.py", height_px=16, fps=20)
    stay(solo, 0, 2.2)
    stay(solo, 2, 2.2)
    assert solo.made.closes == {"waves", "others"}
    solo.step(21 * 20)
    assert solo.made.closes == {"waves"}
    solo.step(touches={"ball": Touch(level=0.4, began=True)})
    assert solo.made.closes == frozenset()


def test_an_operator_can_close_each_gate() -> None:
    for param, name in zip(("ondes", "sons", "autres"), GATES, strict=True):
        solo = Solo(HERE / "nosphere.py", height_px=16, fps=20, **{param: False})
        assert solo.step().closes == {name}


def test_closed_sounds_are_silent_in_a_second_and_closed_others_leave_nobody() -> None:
    show = read_show(HERE / "nosphere.py", simulate=True)
    play = rehearse(show, 5.0, visitors=2)
    entry = play.director.params
    for moment in play.frames():
        if moment.tick.frame == 180:
            entry.set("/scene/nosphere/sons", False)
            entry.set("/scene/nosphere/autres", False)
    wave = np.abs(play.sound.samples).max(axis=1)
    rate = play.sound.rate
    assert wave[2 * rate : 3 * rate].max() > 0.003
    assert wave[-round(0.9 * rate) :].max() < 10 ** (-60 / 20)
    assert play.director.gates.closed == {"sounds", "others"}
    assert play.problems == []


def test_nosphere_looks_as_it_did(golden) -> None:
    solo = Solo(HERE / "nosphere.py", height_px=180)
    solo.step(60)
    golden("nosphere-open", solo.picture(), tolerance=3)
