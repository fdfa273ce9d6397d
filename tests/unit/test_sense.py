"""Sense: camera pixels become stage units, and people who come, stand and go are understood."""

import datetime
import pickle
from dataclasses import replace

import numpy as np
import pytest

from engine.clock import NS, Tick
from engine.sense import ATTRACT_AFTER_S, Room, SenseState, sense, silences
from engine.show.model import Camera, Show, SignalInput, Stage, TouchInput
from engine.world import Event, Now, Person, Sighting, Signals

WALL = datetime.datetime(2026, 11, 22, 18, 30)
OUTLINE = np.array([(300, 100), (340, 100), (340, 300), (300, 300)], np.float32)
PERSON = Person(7, (320.0, 300.0), (300.0, 100.0, 40.0, 200.0), (36.0, 0.0), OUTLINE)


def tick(frame: int) -> Tick:
    return Tick(frame, frame / 60, 1 / 60, round(frame * NS / 60))


def room(tmp_path, simulated=False, **camera) -> Room:
    return Room.of(Show(
        folder=tmp_path, stage=Stage(aspect=16 / 9), simulated=simulated,
        cameras={"room": Camera(name="room", **camera)},
        touches={"ball": TouchInput(name="ball", source="osc:/contact/level")},
        signals={"knob": SignalInput(name="knob", source="midi:desk/cc/1", low=0.0, high=0.5)},
    ))


def sighting(frame: int = 0, *people: Person, **facts) -> Signals:
    mask = np.zeros((360, 640), np.uint8)
    mask[100:300, 300:340] = 255
    return Signals(sightings={"room": Sighting("room", "live", frame, 0, (640, 360), people, mask, **facts)})


def play(room: Room, *signals: Signals) -> list[Now]:
    state, seen = SenseState(), []
    for frame, heard in enumerate(signals):
        now, state = sense(room, state, heard, tick(frame), WALL)
        seen.append(now)
    return seen


@pytest.mark.parametrize(("mirror", "x", "vx"), [(True, 320 / 360, -0.1), (False, 320 / 360, 0.1)])
def test_a_person_in_the_middle_of_the_picture_stands_in_the_middle_of_the_stage(tmp_path, mirror, x, vx) -> None:
    visitor = play(room(tmp_path, mirror=mirror), sighting(0, PERSON))[0].visitors[0]
    assert visitor.x == pytest.approx(x, abs=1e-4)
    assert visitor.y == pytest.approx(300 / 360, abs=1e-4)
    assert visitor.vx == pytest.approx(vx, abs=1e-3)
    assert visitor.speed == pytest.approx(0.1, abs=1e-3)
    assert visitor.height == pytest.approx(200 / 360, abs=1e-3)
    assert visitor.outline.shape == (4, 2)


def test_b4_who_moves_to_the_right_of_the_picture_moves_left_on_a_mirrored_stage(tmp_path) -> None:
    to_the_right = replace(PERSON, foot_px=(500.0, 300.0))
    assert play(room(tmp_path, mirror=True), sighting(0, to_the_right))[0].visitors[0].x < 16 / 18
    assert play(room(tmp_path, mirror=False), sighting(0, to_the_right))[0].visitors[0].x > 16 / 18


def test_corners_of_the_stage_in_the_picture_become_the_stages_corners(tmp_path) -> None:
    corners = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    at_corner = replace(PERSON, foot_px=(160.0, 90.0))
    visitor = play(room(tmp_path, mirror=False, corners=corners), sighting(0, at_corner))[0].visitors[0]
    assert (visitor.x, visitor.y) == pytest.approx((0, 0), abs=1e-4)


def test_arrivals_and_departures_are_told_in_one_frame_only(tmp_path) -> None:
    nows = play(room(tmp_path), sighting(0), sighting(1, PERSON), sighting(2, PERSON), sighting(3))
    assert [len(now.arrivals) for now in nows] == [0, 1, 0, 0]
    assert [len(now.departures) for now in nows] == [0, 0, 0, 1]
    assert nows[3].departures[0].id == 7


def test_age_and_stillness_count_by_frames_also_between_two_pictures(tmp_path) -> None:
    standing = replace(PERSON, velocity_px=(1.0, 0.0))
    nows = play(room(tmp_path), *[sighting(frame // 2, standing) for frame in range(61)])
    assert nows[-1].visitors[0].age == pytest.approx(1.0)
    assert nows[-1].visitors[0].still == pytest.approx(61 / 60)


def test_r3_a_lost_camera_means_unknown_presence_and_no_frozen_visitor(tmp_path) -> None:
    lost = Signals(sightings={"room": Sighting("room", "lost", 1, people=(PERSON,))})
    nows = play(room(tmp_path), sighting(0, PERSON), lost, sighting(2))
    assert [now.presence for now in nows] == ["somebody", "unknown", "nobody"]
    assert nows[1].visitors == ()


@pytest.mark.parametrize("state", ["stale", "lost", "dark"])
def test_r3_a_camera_that_holds_keeps_the_mood_but_no_visitor(tmp_path, state) -> None:
    gone = Signals(sightings={"room": Sighting("room", state, 1, people=(PERSON,))})
    nows = play(room(tmp_path, lost="hold"), gone, sighting(0, PERSON), gone, sighting(2), gone)
    assert [now.presence for now in nows] == ["unknown", "somebody", "somebody", "nobody", "nobody"]
    assert [now.count for now in nows] == [0, 1, 1, 0, 0]
    assert [len(now.visitors) for now in nows] == [0, 1, 0, 0, 0]
    assert len(nows[2].departures) == 1


@pytest.mark.parametrize("state", ["stale", "lost", "dark"])
def test_r3_by_default_a_camera_that_is_not_live_sees_nobody(tmp_path, state) -> None:
    gone = Signals(sightings={"room": Sighting("room", state, 1, people=(PERSON,), mask=np.ones((9, 16), np.uint8))})
    now = play(room(tmp_path), sighting(0, PERSON), gone)[1]
    assert (now.presence, now.count, now.visitors, now.mask()) == ("unknown", 0, (), None)


def test_masks_and_flow_are_turned_the_way_the_stage_is_and_cannot_be_written(tmp_path) -> None:
    flow = np.zeros((90, 160, 2), np.float32)
    flow[:, 0, 0] = 36.0
    now = play(room(tmp_path, mirror=True), sighting(0, PERSON, flow_px=flow))[0]
    assert now.mask("room")[200, 640 - 320] == 255
    assert now.flow()[0, -1, 0] == pytest.approx(-0.1)
    for array in (now.mask(), now.flow(), now.visitors[0].outline) if now.visitors else ():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_space_is_a_touch_in_a_simulated_room_until_the_real_thing_speaks(tmp_path) -> None:
    pressed = [Signals(keys=frozenset({"space"}))] * 30
    assert play(room(tmp_path, simulated=True), Signals(), *pressed)[-1].touch("ball").level > 0.5
    assert play(room(tmp_path, simulated=False), Signals(), *pressed)[-1].touch("ball").level == 0
    quiet = Signals(events=(Event("osc:/contact/level", (0.0,), 0),))
    assert play(room(tmp_path, simulated=True), quiet, *pressed)[-1].touch("ball").level == 0


def test_a_signal_is_scaled_to_0_1_and_held(tmp_path) -> None:
    turned = Signals(events=(Event("midi:desk/cc/1", (0.25,)),))
    assert [now.signal("knob") for now in play(room(tmp_path), Signals(), turned, Signals())] == [0, 0.5, 0.5]


def test_a_name_that_the_show_does_not_have_is_idle_and_noted(tmp_path) -> None:
    now = play(room(tmp_path), Signals())[0]
    assert now.touch("bal").level == 0
    assert now.unknown == {"touch bal"}


def test_nobody_for_half_a_minute_is_attract_mode(tmp_path) -> None:
    empty = [sighting(frame) for frame in range(int(ATTRACT_AFTER_S * 60) + 2)]
    nows = play(room(tmp_path), sighting(0, PERSON), *empty, sighting(9999, PERSON))
    assert [nows[i].mode for i in (0, 1000, -2, -1)] == ["live", "live", "attract", "live"]


def test_the_same_signals_give_the_same_room(tmp_path) -> None:
    signals = [sighting(frame, PERSON) for frame in range(5)]
    first, second = (play(room(tmp_path), *signals) for _ in range(2))
    assert pickle.dumps([plain(now) for now in first]) == pickle.dumps([plain(now) for now in second])


def plain(now: Now) -> dict[str, object]:
    return {name: dict(value) if hasattr(value, "keys") else value for name, value in
            ((name, getattr(now, name)) for name in Now.__dataclass_fields__)}


def said(source: str, value: float, frame: int) -> Signals:
    return Signals(events=(Event(source, (value,), tick(frame).due_ns),))


def silent(frames: int) -> list[Signals]:
    return [Signals()] * frames


def test_c10_a_sensor_that_falls_silent_is_named_and_again_when_it_speaks(tmp_path) -> None:
    heard = [said("osc:/contact/level", 0.1, frame) for frame in range(3)]
    seen = play(room(tmp_path), *heard, *silent(60), said("osc:/contact/level", 0.1, 63))
    first = next(number for number, now in enumerate(seen) if number > 3 and now.lost)
    assert first / 60 == pytest.approx(2 / 60 + 0.5, abs=0.02)
    assert seen[62].lost == {"touch.ball"} and not seen[63].lost
    (why,) = silences(room(tmp_path), seen[62].lost).values()
    assert why == "nothing heard from osc:/contact/level for 0.5 s; is its sender on?"


def test_a_simulated_room_misses_no_sensor_that_never_was_there(tmp_path) -> None:
    assert not play(room(tmp_path, simulated=True), *silent(120))[-1].lost
    assert play(room(tmp_path), *silent(120))[-1].lost == {"touch.ball"}


@pytest.mark.parametrize(("lost", "after_1_s"), [("hold", 0.8), ("release", 0.3), ("idle", 0.3)])
def test_a_signal_that_may_not_be_silent_holds_or_falls(tmp_path, lost, after_1_s) -> None:
    knob = SignalInput(name="knob", source="osc:/knob", lost=lost, timeout_s=0.5)
    seen = play(replace(room(tmp_path), signals={"knob": knob}), said("osc:/knob", 0.8, 0), *silent(120))
    assert seen[60].signal("knob") == pytest.approx(after_1_s, abs=0.03)
    assert seen[120].signal("knob") == pytest.approx(0.8 if lost == "hold" else 0.0)
    assert "signal.knob" in seen[60].lost


def test_a_lost_touch_is_the_space_bars_where_the_show_says_simulate(tmp_path) -> None:
    ball = TouchInput(name="ball", source="osc:/contact/level", lost="simulate")
    place = replace(room(tmp_path), touches={"ball": ball})
    seen = play(place, said(ball.source, 0.1, 0), *silent(60), *[Signals(keys=frozenset({"space"}))] * 10)
    assert seen[-1].touch("ball").level > 0 and "touch.ball" in seen[-1].lost
