import socket

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clock
from engine.inputs.midi import LONGEST_SYSEX, MidiBytes, MidiEvents, MidiInput, MidiOutput
from engine.problems import MixeurError
from engine.show.model import MidiDevice
from engine.world import Event


def meant(*messages: mido.Message) -> dict[str, list[float]]:
    events, found = MidiEvents("desk"), {}
    for message in messages:
        for event in events.read(message, 7):
            found.setdefault(event.source, []).append(event.value)
    return found


def polled(port: MidiInput, count: int) -> list[Event]:
    end_ns, found = clock.monotonic_ns() + 5 * clock.NS, []
    while len(found) < count:
        assert clock.monotonic_ns() < end_ns, found
        found += port.poll()
        clock.sleep_s(0.002)
    return found


@pytest.fixture
def desk():
    port = MidiInput(MidiDevice(name="desk", input="socket:127.0.0.1:0"))
    yield port
    port.close()


def test_controllers_notes_and_wheel_become_events():
    assert meant(mido.Message("control_change", control=21, value=127)) == {"midi:desk/cc/21": [1.0]}
    assert meant(mido.Message("pitchwheel", pitch=-8192), mido.Message("pitchwheel", pitch=8191)) == {
        "midi:desk/pitch": [-1.0, 1.0]}
    notes = [mido.Message("note_on", note=60, velocity=127), mido.Message("note_on", note=61, velocity=64),
             mido.Message("note_on", note=60, velocity=0), mido.Message("note_off", note=61, velocity=90)]
    assert meant(*notes) == {"midi:desk/note/60": [1.0, 0.0], "midi:desk/note/61": [64 / 127, 0.0],
                             "midi:desk/notes": [1 / 12, 2 / 12, 1 / 12, 0.0]}
    assert meant(mido.Message("clock"), mido.Message("program_change")) == {}


def test_messages_from_a_socket_arrive_stamped(desk):
    before_ns = clock.monotonic_ns()
    with socket.create_connection(("127.0.0.1", desk.port)) as client:
        client.sendall(b"\xb0\x15\x7f\x90")
        client.sendall(b"\x3c\x7f")
        events = polled(desk, 3)
    assert [event.source for event in events] == ["midi:desk/cc/21", "midi:desk/note/60", "midi:desk/notes"]
    assert all(before_ns <= event.time_ns <= clock.monotonic_ns() for event in events)


def test_a_peer_that_leaves_takes_its_held_notes_with_it(desk):
    with socket.create_connection(("127.0.0.1", desk.port)) as client:
        client.sendall(b"\x90\x3c\x7f")
        polled(desk, 2)
    left = [(event.source, event.value) for event in polled(desk, 2)]
    assert left == [("midi:desk/note/60", 0), ("midi:desk/notes", 0)]


def test_the_callback_hears_each_event_and_its_exception_ends_nothing():
    heard = []

    def fail(event: Event) -> None:
        heard.append(event.source)
        raise RuntimeError

    port = MidiInput(MidiDevice(name="desk", input="socket:127.0.0.1:0"), fail)
    try:
        with socket.create_connection(("127.0.0.1", port.port)) as client:
            client.sendall(b"\xb0\x15\x7f\xb0\x16\x7f")
            polled(port, 2)
        assert heard == ["midi:desk/cc/21", "midi:desk/cc/22"]
        assert port.failed == 2
    finally:
        port.close()


def test_a_system_exclusive_message_without_end_is_given_up():
    stream = MidiBytes()
    for _ in range(100):
        assert not [message for message in stream.feed(b"\xf0" + b"\1" * 999 + b"\xf8") if not message.is_realtime]
    assert [message.type for message in stream.feed(b"\1" * LONGEST_SYSEX + b"\xb0\x15\x7f")] == ["control_change"]


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_no_bytes_raise_anything(pieces):
    stream, events = MidiBytes(), MidiEvents("desk")
    for piece in pieces:
        for message in stream.feed(piece):
            assert all(-1 <= event.value <= 1 for event in events.read(message, 0))


def test_what_is_played_arrives_and_closing_ends_every_note(desk):
    out = MidiOutput(MidiDevice(name="synth", output=f"socket:127.0.0.1:{desk.port}"))
    assert out.state == "open"
    out.note(60, 1.0)
    out.control(21, 0.5, channel=16)
    out.note(200, 1.0)
    assert out.errors == 1
    out.close()
    found = polled(desk, 48 + 3 + 2 + 48)
    assert [(event.source, event.value) for event in found[48:53]] == [
        ("midi:desk/note/60", 1.0), ("midi:desk/notes", 1 / 12), ("midi:desk/cc/21", 64 / 127),
        ("midi:desk/note/60", 0.0), ("midi:desk/notes", 0.0)]
    assert sum(event.source == "midi:desk/cc/123" for event in found) == 2 * 16, "at the start and at the end"


def test_a_peer_that_is_not_there_is_a_problem_and_no_exception():
    out = MidiOutput(MidiDevice(name="synth", output="socket:127.0.0.1:9"))
    try:
        out.note(60, 1.0)
        assert (out.state, out.errors) == ("lost", 1)
        assert str(out.problem).startswith("midi.synth: nobody listens at socket:127.0.0.1:9")
    finally:
        out.close()


def test_a_named_port_that_is_missing_is_a_problem_and_no_exception():
    port = MidiInput(MidiDevice(name="desk", input="no such controller"))
    try:
        assert port.state == "lost"
        assert str(port.problem).startswith("midi.desk: ")
        assert port.poll() == []
    finally:
        port.close()


def test_a_device_without_ports_is_silent():
    device = MidiDevice(name="desk")
    port, out = MidiInput(device), MidiOutput(device)
    out.panic()
    assert (port.state, out.state, port.problem, port.poll()) == ("none", "none", None, [])
    port.close()
    out.close()


@pytest.mark.parametrize("wanted", ["socket:5004", "socket::5004", "socket:127.0.0.1:port"])
def test_an_address_that_is_none_is_one_line(wanted):
    with pytest.raises(MixeurError, match=r"midi\.desk: .* is no address; write one such as 'socket:127.0.0.1:5004'"):
        MidiInput(MidiDevice(name="desk", input=wanted))


def test_a_socket_port_in_use_is_one_line_and_is_taken_when_it_is_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        port = MidiInput(MidiDevice(name="b", input=f"socket:127.0.0.1:{address[1]}"))
        assert port.state == "lost" and port.lost.startswith("cannot listen at socket:127.0.0.1:")
    end_ns = clock.monotonic_ns() + 20 * clock.NS
    while port.lost:
        assert clock.monotonic_ns() < end_ns
        clock.sleep_s(0.01)
    with socket.create_connection(address) as client:
        client.sendall(b"\xb0\x15\x7f")
        assert polled(port, 1)[0].source == "midi:b/cc/21"
    port.close()
