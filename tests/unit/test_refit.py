"""Another version of the show while it runs: what can change at once does, the rest asks for a new start."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.aside import at_once
from engine.problems import MixeurError
from engine.refit import Refit
from engine.show.model import (
    Camera,
    Lamp,
    Osc,
    Projector,
    SceneEntry,
    SignalInput,
    Sound,
    Speaker,
    Stage,
    TouchInput,
)
from engine.show.profile import Delay, Profile


class Link:
    def __init__(self, camera: Camera) -> None:
        self.camera = camera


class Rig:
    """Stands for sound and light, and notes what reaches them."""

    def __init__(self) -> None:
        self.shows, self.placed, self.renewed, self.why, self.said = [], [], [], [], []

    def adopt(self, show) -> None:
        self.shows.append(show)

    def renew(self, changed) -> None:
        self.renewed += changed

    def profiles(self) -> dict[str, Profile]:
        delay = Delay(camera="room", p50_ms=80.0 + 10 * len(self.placed))
        return {"left": Profile(size=(64, 32), latency=delay)}

    def planned(self, projector, path) -> tuple[str, ...]:
        if path.read_text() == "broken":
            raise MixeurError(f"{path.name}:1: broken")
        return projector.name, path.name, projector.flip

    def take(self, name, plan) -> None:
        self.placed.append(plan)


@pytest.fixture
def running(new_evening):
    evening = new_evening(names=("red", "blue"))
    evening.show = replace(
        evening.show,
        projectors={"left": Projector(name="left"), "right": Projector(name="right")},
        cameras={"room": Camera(name="room")},
        speakers={"one": Speaker(name="one", output=1)},
        lamps={"lamp": Lamp(name="lamp")},
    )
    (evening.folder / "profiles").mkdir()
    for name in ("left", "right"):
        (evening.folder / "profiles" / f"{name}.toml").write_text("")
    rig, links = Rig(), {"room": Link(evening.show.cameras["room"])}
    refit = Refit(evening.show, evening.director, rig, links, rig, lambda show: evening.parts, rig.why.append,
                  rig.said.append)
    return evening, refit, rig, links


@pytest.mark.parametrize(
    "change",
    [
        {"stage": Stage(fallback="blue")},
        {"touches": {"ball": TouchInput(name="ball", source="osc:/ball", threshold=0.3)}},
        {"signals": {"wind": SignalInput(name="wind", source="osc:/wind")}},
        {"cameras": {"room": Camera(name="room", mirror=False, corners=((0, 0), (1, 0), (1, 1), (0, 1)))}},
        {"speakers": {"one": Speaker(name="one", output=1, at_m=(2, 1), trim_db=-3, delay_ms=5)}},
        {"sound": Sound(level_db=-6)},
        {"lamps": {"lamp": Lamp(name="lamp", group="row"), "new": Lamp(name="new")}},
        {"projectors": {"left": Projector(name="left", flip="both"), "right": Projector(name="right")}},
        {"seed": 7},
        {"name": "another"},
    ],
)
def test_a_change_that_needs_no_new_processes_is_live(running, change) -> None:
    evening, refit, rig, links = running
    show = replace(evening.show, **change)
    assert at_once(refit.adoption(show)) is None and rig.why == []
    assert refit.show is show and rig.shows == [show] and links["room"].camera is show.cameras["room"]
    assert (refit.room.touches, refit.room.signals) == (show.touches, show.signals)
    assert rig.placed == ([("left", "left.toml", "both")] if "projectors" in change else [])


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("stage", Stage(aspect=2.0)),
        ("cameras", {}),
        ("cameras", {"room": Camera(name="room", key="blue")}),
        ("projectors", {"left": Projector(name="left", display=1), "right": Projector(name="right")}),
        ("speakers", {"one": Speaker(name="one", output=2)}),
        ("sound", Sound(rate=44_100)),
        ("osc", Osc(port=9123)),
    ],
)
def test_a_change_that_needs_new_processes_asks_for_them_and_leaves_the_show_as_it_was(running, part, change) -> None:
    evening, refit, rig, _ = running
    at_once(refit.adoption(replace(evening.show, **{part: change})))
    assert rig.why == [part] and refit.show is evening.show and rig.shows == []


def test_a_profile_edited_by_hand_is_placed_and_a_broken_or_vanished_one_is_not(running) -> None:
    evening, refit, rig, _ = running
    path = evening.folder / "profiles" / "left.toml"
    for text in ("", "broken", None):
        path.unlink() if text is None else path.write_text(text)
        for steps in refit.reloads({path.resolve()}).values():
            at_once(steps)
    assert rig.placed == [("left", "left.toml", "none")] and rig.renewed == [path.resolve()] * 3
    assert rig.said == ["projector.left: left.toml:1: broken (the light stays as it was)"]


def test_scenes_come_and_go_and_take_new_lamps_without_losing_their_state(running) -> None:
    evening, refit, _, _ = running
    evening.play(1)
    scene = evening.scene("red")
    entry = SceneEntry(name="calm", file=Path("calm.py"))
    assert at_once(refit.adoption(replace(evening.show, scenes={**evening.show.scenes, "calm": entry}))) is None
    evening.play(1)
    assert evening.scene("red") is scene and evening.director.params.entry("/scene/calm/hue") is not None
    evening.parts = replace(evening.parts, seed=99)
    at_once(refit.adoption(replace(evening.show, seed=99)))
    evening.play(0.2)
    assert len(evening.director.shown) == 2, "another seed is another piece, and it fades in"
    evening.play(2)
    assert len(evening.director.shown) == 1 and evening.scene("red") is not scene


def test_visitors_are_seen_ahead_by_the_latency_of_the_profile_that_is_in_the_light(running) -> None:
    evening, refit, _, _ = running
    assert refit.room.cameras["room"].latency_s == pytest.approx(0.08)
    path = evening.folder / "profiles" / "left.toml"
    path.write_text("")
    for steps in refit.reloads({path.resolve()}).values():
        at_once(steps)
    assert refit.room.cameras["room"].latency_s == pytest.approx(0.09)
