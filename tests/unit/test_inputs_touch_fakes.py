from collections import Counter

import pytest

from engine.clock import VirtualClock
from engine.fake.midi import KeptMidi, ScriptedMidi
from engine.fake.osc import KeptOsc, ScriptedOsc
from engine.fake.touch import ScriptedTouch, touch_script, visits
from engine.inputs.touch import TouchState, step
from engine.show.model import TouchInput

SCRIPT = [(0.0, "osc:/a", (1,)), (0.5, "osc:/b", (2,)), (1.0, "osc:/c", ())]


@pytest.mark.parametrize("scripted", [ScriptedOsc, ScriptedMidi])
def test_a_script_speaks_when_the_virtual_clock_says_so(scripted):
    clock = VirtualClock(fps=10, frames=12)
    device, heard = scripted(SCRIPT, clock), {}
    for tick in clock.ticks():
        for event in device.poll():
            heard[event.source] = (tick.time, event.args, event.time_ns)
    assert heard == {"osc:/a": (0.0, (1,), 0), "osc:/b": (0.5, (2,), 500_000_000), "osc:/c": (1.0, (), 1_000_000_000)}


def test_a_script_can_be_polled_up_to_a_time_and_counts():
    device = ScriptedOsc(SCRIPT, VirtualClock())
    assert [event.source for event in device.poll(500_000_000)] == ["osc:/a", "osc:/b"]
    assert device.counters.received == 2
    device.close()
    assert device.poll(10**10) == []


def test_what_is_sent_and_played_is_kept():
    osc, midi = KeptOsc(), KeptMidi()
    osc.send("desk", "/go", 1)
    midi.note(60, 0.5)
    assert (osc.messages, osc.sent, midi.sounding) == ([("desk", "/go", (1,))], 1, {(1, 60)})
    midi.close()
    assert midi.sounding == set()


def test_the_same_seed_gives_the_same_visits_and_another_gives_others():
    assert list(touch_script(60, 3)) == list(touch_script(60, 3))
    assert visits(600, 3) != visits(600, 4)


def test_every_scripted_touch_is_felt_as_what_it_was():
    clock, state = VirtualClock(fps=60, frames=600 * 60), TouchState()
    conf = TouchInput(name="ball", source="osc:/contact/level")
    ball, felt, people = ScriptedTouch(clock, seed=5, seconds=600), Counter(), 0
    for tick in clock.ticks():
        samples = [(event.time_ns / 1e9, event.value) for event in ball.poll()]
        state, touch = step(state, samples, tick.time, conf)
        people = max(people, touch.people)
        if touch.ended:
            felt[touch.kind] += 1
    meant = Counter("hold" if kind == "join" else kind for visit in visits(600, 5) for kind, *_ in visit.touches)
    assert sum((meant - felt).values()) <= 0.05 * meant.total()
    assert felt.total() == meant.total()
    assert people >= 3
