"""Feedback: OSC peers hear how the show is, controllers follow the Params that they turn."""

import pytest

from engine import clock
from engine.clock import NS
from engine.control.feedback import Feedback, Told
from engine.control.params import ParamTree
from engine.fake.midi import KeptMidi
from engine.fake.osc import KeptOsc
from engine.inputs.midi import MidiInput, MidiOutput
from engine.inputs.osc import OscListener
from engine.inputs.osc_send import OscSender
from engine.scene.param import ParamSpec
from engine.show.model import MidiDevice, Osc, OscTarget, ParamLink
from engine.world import Event

CC = "midi:desk/cc/21"
FINE = Told("hands", "live", ())


@pytest.fixture
def params() -> ParamTree:
    tree = ParamTree()
    specs = (ParamSpec("fade", "number", 3.0, low=0, high=12), ParamSpec("hue", "colour", (1.0, 0.0, 0.0)))
    tree.adopt("embers", specs, {"fade": ParamLink(source=CC, low=0.0, high=10.0)})
    return tree


def test_a_controller_follows_its_param_and_only_when_it_moved_elsewhere(params: ParamTree) -> None:
    desk = KeptMidi()
    feedback = Feedback(KeptOsc(), {"desk": desk})
    feedback.turn(params, 0)
    feedback.turn(params, NS)
    assert desk.played == [("control", 21, pytest.approx(0.3), 1)]
    params.set("/scene/embers/fade", 5.0)
    feedback.turn(params, 2 * NS)
    assert desk.played[1:] == [("control", 21, pytest.approx(0.5), 1)]


def test_a_knob_that_is_being_turned_is_not_pushed_back(params: ParamTree) -> None:
    desk = KeptMidi()
    feedback = Feedback(KeptOsc(), {"desk": desk})
    turned = Event(CC, (64 / 127,), NS)
    feedback.heard(turned)
    params.apply(turned)
    feedback.turn(params, NS)
    params.set("/scene/embers/fade", 9.0)
    feedback.turn(params, 2 * NS)
    assert desk.played == []
    feedback.turn(params, 2 * NS + 1)
    assert desk.played == [("control", 21, pytest.approx(0.9), 1)]


def test_a_controller_that_comes_back_is_told_anew(params: ParamTree) -> None:
    desk = KeptMidi()
    feedback = Feedback(KeptOsc(), {"desk": desk})
    for state in ("open", "lost", "open"):
        desk.state = state
        feedback.turn(params, 0)
    assert len(desk.played) == 2


def test_peers_hear_every_change_at_once_and_everything_each_second() -> None:
    peers = KeptOsc()
    peers.lost = {"tv": ""}
    feedback = Feedback(peers, {})
    for at_ns in (0, 1, NS - 1):
        feedback.tell(FINE, 59.994, at_ns)
    feedback.tell(Told("hands", "live", ("sound",)), 60.0, NS - 1)
    feedback.tell(Told("hands", "live", ("sound",)), 60.0, 2 * NS)
    assert peers.messages[:4] == [("tv", "/mixeur/cue", ("hands",)), ("tv", "/mixeur/mode", ("live",)),
                                  ("tv", "/mixeur/fps", (59.99,)), ("tv", "/mixeur/lost", ())]
    assert len(peers.messages) == 12 and peers.messages[7][2] == ("sound",)


def test_both_arrive_over_real_sockets(params: ParamTree) -> None:
    listener, desk = OscListener(Osc(port=0)), MidiInput(MidiDevice(name="far", input="socket:127.0.0.1:0"))
    sender = OscSender({"tv": OscTarget(name="tv", port=listener.port)})
    out = MidiOutput(MidiDevice(name="desk", output=f"socket:127.0.0.1:{desk.port}"))
    feedback, found = Feedback(sender, {"desk": out}), []
    feedback.tell(FINE, 60.0, 0)
    feedback.turn(params, 0)
    end_ns = clock.monotonic_ns() + 10 * NS
    while len(found) < 4 + 48 + 1:
        assert clock.monotonic_ns() < end_ns, found
        found += [*listener.poll(), *desk.poll()]
    assert Event("osc:/mixeur/cue", ("hands",)).source in {event.source for event in found}
    assert next(event.value for event in found if event.source == "midi:far/cc/21") == 38 / 127
    for part in (out, sender, desk, listener):
        part.close()
