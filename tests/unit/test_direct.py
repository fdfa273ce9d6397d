"""The short way from a sensor to sound: as soon as it is heard, and never other than what the next frame knows."""

import datetime

import numpy as np
import pytest

from engine.clock import NS, Tick
from engine.direct import Direct
from engine.sense import Room, SenseState, sense
from engine.show.model import SignalInput, TouchInput
from engine.sound.events import Hold, Sounds
from engine.sound.offline import OfflineSound
from engine.world import Event, Now, Signals

BALL = TouchInput(name="ball", source="osc:/contact/level")
ROOM = Room({}, {"ball": BALL}, {"wind": SignalInput(name="wind", source="osc:/wind", low=10, high=30)})


class Sound:
    """What was told, in order."""

    def __init__(self, *bound: str) -> None:
        self.bound, self.told = bound, []

    def tell(self, name: str, value: float) -> None:
        self.told.append((name, value))


def test_a_signal_is_scaled_as_the_show_says_and_an_address_is_taken_as_it_is() -> None:
    sound = Sound("wind", "osc:/wind")
    Direct(lambda: ROOM, sound).hear(Event("osc:/wind", (15.0,), 0))
    assert sorted(sound.told) == [("osc:/wind", 15.0), ("wind", 0.25)]


def test_what_nobody_follows_is_told_to_nobody() -> None:
    sound = Sound("wind")
    direct = Direct(lambda: ROOM, sound)
    direct.hear(Event("osc:/contact/level", (0.5,), 0))
    direct.hear(Event("osc:/other", (0.5,), 0))
    direct.frame(Now(), {}, (), NS)
    assert sound.told == []


def test_a_touch_that_is_heard_has_the_level_that_the_next_frame_gives_it() -> None:
    """A sensor of 100 Hz: nobody, one person, two people skin to skin, and back."""
    sound, state, told = Sound("ball"), SenseState(), []
    direct, rng = Direct(lambda: ROOM, sound), np.random.default_rng(1)
    levels = []
    for frame in range(300):
        due_ns = round(frame * NS / 60)
        raw = 0.1 if frame < 60 else 0.5 if frame < 150 else 0.9 if frame < 240 else 0.5
        event = Event("osc:/contact/level", (raw + rng.normal(0, 0.003),), due_ns)
        sound.told.clear()
        direct.hear(event)
        told.append(sound.told[-1][1])
        tick = Tick(frame, frame / 60, 1 / 60, due_ns)
        now, state = sense(ROOM, state, Signals((event,)), tick, datetime.datetime(2026, 1, 1))
        direct.frame(now, state.touches, (event,), due_ns)
        levels.append(now.touch("ball").level)
    assert max(levels) > 0.3
    assert told == pytest.approx(levels, abs=1e-9)


def test_a_sender_that_is_silent_is_left_to_the_frames() -> None:
    sound = Sound("wind", "osc:/wind")
    direct = Direct(lambda: ROOM, sound)
    direct.hear(Event("osc:/wind", (30.0,), NS))
    sound.told.clear()
    direct.frame(Now(signals={"wind": 0.1}), {}, (), NS + NS // 20)
    assert sound.told == []
    direct.frame(Now(signals={"wind": 0.1}), {}, (), 2 * NS)
    assert sound.told == [("wind", 0.1)]


def test_a_hold_opens_with_the_value_it_follows_and_a_second_name_moves_another() -> None:
    sound = OfflineSound()
    holds = tuple(Hold(name, 69, 1.0, (x, 0.5), "sine", {"space": 0}, level_from=name)
                  for name, x in (("wind", 0.0), ("ball", 16 / 9)))
    for frame in range(60):
        if frame == 30:
            sound.control.tell("ball", 0.7)
        sound.submit([Sounds("a", (), holds)], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    left, right = np.abs(sound.samples[-4000:]).max(axis=0)
    assert np.abs(sound.samples[:24_000]).max() == 0.0
    assert right > 0.1 > left
    assert set(sound.control.bound) == {"wind", "ball"}
