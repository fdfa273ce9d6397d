import random
import re
import socket
import struct
import threading

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from engine import clock
from engine.inputs.inbox import Inbox
from engine.inputs.osc import NTP_TO_UNIX_S, OscListener
from engine.inputs.osc_send import OscSender
from engine.inputs.senders import Sender, Senders
from engine.problems import MixeurError
from engine.show.model import Osc, OscTarget
from engine.world import Event

KILLER = b"#bundle\0" + struct.pack(">Qi", 1, -4)
LEVEL = b"/level\0\0,f\0\0" + struct.pack(">f", 0.5)
WAIT_NS = 5 * clock.NS


@pytest.fixture
def listener():
    with_port = OscListener(Osc(port=0))
    yield with_port
    with_port.close()


def send(port: int, *packets: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", port))


def wait_for(true) -> None:
    end_ns = clock.monotonic_ns() + WAIT_NS
    while not true():
        assert clock.monotonic_ns() < end_ns, "nothing came"
        clock.sleep_s(0.002)


def polled(listener: OscListener, count: int) -> list[Event]:
    found: list[Event] = []
    wait_for(lambda: found.extend(listener.poll()) or len(found) >= count)
    return found


def at_ns(monotonic_ns: int, address: str = "/later") -> bytes:
    """Return a bundle due at a monotonic time."""
    realtime_ns = monotonic_ns - clock.realtime_to_monotonic_ns(0)
    timetag = (realtime_ns << 32) // clock.NS + (NTP_TO_UNIX_S << 32)
    element = address.encode() + b"\0" * (4 - len(address) % 4) + b",\0\0\0"
    return b"#bundle\0" + struct.pack(">Qi", timetag, len(element)) + element


def test_a_message_arrives_with_its_source_and_the_kernels_stamp(listener):
    before_ns = clock.monotonic_ns()
    send(listener.port, LEVEL)
    (event,) = polled(listener, 1)
    assert (event.source, event.value) == ("osc:/level", 0.5)
    assert before_ns - 1_000_000 <= event.time_ns <= clock.monotonic_ns()
    assert listener.counters.received == 1


def test_the_killer_bundle_and_ten_thousand_broken_packets_leave_it_answering(listener):
    dice = random.Random(2)
    received = []
    for number in range(40):
        packets = []
        for _ in range(250):
            packet = bytearray(dice.choice([LEVEL, KILLER, at_ns(clock.monotonic_ns() + dice.randrange(10**13))]))
            packet[dice.randrange(len(packet))] = dice.randrange(256)
            packets.append(bytes(packet) if dice.random() < 0.5 else b"/" + dice.randbytes(dice.randrange(60)))
        send(listener.port, KILLER, *packets)
        send(listener.port, b"/still/here\0,i\0\0" + struct.pack(">i", number))
        wait_for(lambda: received.extend(listener.poll()) or any(
            event.source == "osc:/still/here" and event.args == (number,) for event in received))  # noqa: B023
    assert listener.counters.malformed > 5_000
    assert listener.counters.failed == 0


def test_a_bundle_within_the_horizon_waits_for_its_time(listener):
    due_ns = clock.monotonic_ns() + 3 * clock.NS
    send(listener.port, at_ns(due_ns))
    wait_for(lambda: listener.counters.scheduled == 1)
    assert listener.poll(due_ns - clock.NS) == []
    (event,) = listener.poll(due_ns + clock.NS)
    assert abs(event.time_ns - due_ns) < 10_000_000


def test_a_bundle_beyond_the_horizon_runs_at_once_and_is_counted(listener):
    send(listener.port, at_ns(clock.monotonic_ns() + 3600 * clock.NS))
    (event,) = polled(listener, 1)
    assert event.time_ns <= clock.monotonic_ns()
    assert listener.counters.beyond == 1


def test_a_late_bundle_runs_at_once_and_is_counted(listener):
    send(listener.port, at_ns(clock.monotonic_ns() - clock.NS))
    (event,) = polled(listener, 1)
    assert event.time_ns > clock.monotonic_ns() - clock.NS
    assert listener.counters.late == 1


def test_a_bundle_of_python_osc_arrives_whole(listener):
    builder = OscBundleBuilder(IMMEDIATELY)
    for name in ("/a", "/b"):
        builder.add_content(OscMessageBuilder(name).build())
    send(listener.port, builder.build().dgram)
    assert [event.source for event in polled(listener, 2)] == ["osc:/a", "osc:/b"]


def test_a_pattern_reaches_the_known_addresses_it_means():
    listener = OscListener(Osc(port=0), known=lambda: ("/lamp/1/level", "/lamp/2/level", "/fog"))
    try:
        send(listener.port, b"/lamp/*/level\0\0\0,\0\0\0")
        assert [event.source for event in polled(listener, 2)] == ["osc:/lamp/1/level", "osc:/lamp/2/level"]
    finally:
        listener.close()


def test_the_callback_is_called_in_the_thread_and_its_exception_costs_nothing():
    seen = []

    def fail(event: Event) -> None:
        seen.append((event.source, threading.current_thread().name))
        raise RuntimeError

    listener = OscListener(Osc(port=0), on_event=fail)
    try:
        send(listener.port, LEVEL, at_ns(clock.monotonic_ns() + 50_000_000))
        wait_for(lambda: len(seen) == 2)
        assert seen == [("osc:/level", "osc"), ("osc:/later", "osc")]
        wait_for(lambda: listener.counters.failed == 2)
    finally:
        listener.close()


def test_a_sender_outside_the_networks_is_refused():
    senders = Senders(["192.168.1.0/24", "fe80::/64"], 10)
    allowed = ["127.0.0.1", "192.168.1.7", "::1", "::ffff:192.168.1.9"]
    refused = ["192.168.2.7", "::ffff:8.8.8.8", "fe81::1"]
    for text in allowed + refused:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
        assert senders.find(packed).allowed is (text in allowed), text


def test_a_network_that_is_none_is_one_line():
    with pytest.raises(MixeurError, match=r"osc.allow: 'studio' is no network; write one such as"):
        Senders(["studio"], 10)


def test_a_sender_may_save_up_one_second_and_then_only_its_rate():
    sender, second = Sender(True, 100), 10**9
    sent = 0
    for millisecond in range(10_000):
        if sender.may_send(5 * second + millisecond * 1_000_000):
            sender.spend(1)
            sent += 1
    assert 1_000 <= sent <= 1_201


def test_a_flood_is_counted_as_dropped_and_the_next_second_is_heard():
    listener = OscListener(Osc(port=0, max_per_s=50))
    try:
        for _ in range(10):
            send(listener.port, *[LEVEL] * 20)
            wait_for(lambda: listener.counters.received + listener.counters.dropped >= 20)
        wait_for(lambda: listener.counters.received + listener.counters.dropped == 200)
        assert listener.counters.dropped > 0
        wait_for(lambda: send(listener.port, b"/again\0\0,\0\0\0") or any(
            event.source == "osc:/again" for event in listener.poll()))
    finally:
        listener.close()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_one_line_with_a_remedy_and_is_taken_when_it_is_free(kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        listener = OscListener(Osc(port=port))
        told = listener.lost
    try:
        assert re.match(rf"osc\.port: (UDP|TCP) port {port} is in use .*; close it or set", told) and "\n" not in told
        assert listener.poll() == [] and listener.counters.dropped == 0
        wait_for(lambda: not listener.lost)
        send(listener.port, LEVEL)
        assert polled(listener, 1)[0].source == "osc:/level"
    finally:
        listener.close()


def test_an_address_that_is_not_ours_yet_is_waited_for():
    listener = OscListener(Osc(port=0, bind="203.0.113.9"))
    assert re.match(r"osc\.bind: cannot listen on '203\.0\.113\.9'", listener.lost)
    listener.close()


def test_closing_twice_gives_the_port_back():
    first = OscListener(Osc(port=0))
    first.close()
    first.close()
    OscListener(Osc(port=first.port)).close()


# -- TCP --------------------------------------------------------------------------------------

def slip(packet: bytes) -> bytes:
    return b"\xc0" + packet + b"\xc0"


def sized(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet


@pytest.mark.parametrize("frame", [slip, sized])
def test_both_framings_of_tcp_are_understood(listener, frame):
    with socket.create_connection(("127.0.0.1", listener.port)) as client:
        client.sendall(frame(LEVEL) + frame(KILLER) + frame(LEVEL)[:7])
        client.sendall(frame(LEVEL)[7:])
        assert [event.source for event in polled(listener, 2)] == ["osc:/level"] * 2
        assert listener.counters.malformed == 1


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n", b"\0\x7f\xff\xff"])
def test_a_connection_that_is_no_osc_is_closed(listener, raw):
    with socket.create_connection(("127.0.0.1", listener.port)) as client:
        client.settimeout(5)
        client.sendall(raw)
        assert client.recv(1) == b""
    assert listener.counters.malformed == 1


def test_connections_beyond_the_limit_are_refused_and_the_first_still_heard(listener):
    clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(40)]
    try:
        wait_for(lambda: listener.counters.refused == 8)
        clients[0].sendall(sized(LEVEL))
        assert polled(listener, 1)
    finally:
        for client in clients:
            client.close()


# -- the queue --------------------------------------------------------------------------------

def test_a_full_queue_loses_the_oldest_and_counts():
    inbox = Inbox(capacity=3)
    for number in range(5):
        inbox.put(Event("osc:/n", (number,), number))
    assert [event.args[0] for event in inbox.poll()] == [2, 3, 4]
    assert inbox.dropped == 2


def test_what_waits_comes_between_what_arrived():
    inbox = Inbox()
    inbox.schedule(Event("osc:/b", (), 20))
    inbox.schedule(Event("osc:/d", (), 40))
    inbox.put(Event("osc:/a", (), 10))
    inbox.put(Event("osc:/c", (), 30))
    assert [event.source for event in inbox.poll(35)] == ["osc:/a", "osc:/b", "osc:/c"]
    assert [event.source for event in inbox.poll(40)] == ["osc:/d"]


# -- sending ----------------------------------------------------------------------------------

def test_what_is_sent_arrives_and_what_cannot_be_sent_is_counted(listener):
    sender = OscSender({"desk": OscTarget(name="desk", port=listener.port),
                        "gone": OscTarget(name="gone", host="nowhere.invalid")})
    sender.send("desk", "/level", 0.5, np.float32(0.25), np.int64(7), "words", True)
    assert polled(listener, 1)[0].args == (0.5, 0.25, 7, "words", True)
    sender.send("desk", "/object", object())
    sender.send("desk", "/big", 2**80)
    sender.send("gone", "/level", 1.0)
    sender.send("unnamed", "/level", 1.0)
    assert sender.sent == 1
    assert sender.errors == {"desk": 2, "gone": 1, "unnamed": 1}
    wait_for(lambda: sender.lost["gone"].startswith("no host 'nowhere.invalid'"))
    assert sender.lost["desk"] == ""
    sender.close()
    sender.send("desk", "/level", 1.0)
    assert sender.errors["desk"] == 3
