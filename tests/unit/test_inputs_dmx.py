"""DMX from the network: who counts, who is too late, and what a hostile packet does: nothing."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator

import pytest

from engine import clock
from engine.inputs.dmx import DmxInput, wanted
from engine.inputs.dmx_merge import Packet, Universe
from engine.light import artnet, sacn
from engine.show import forms
from engine.world import Event

CID, OTHER = bytes(16), bytes(range(16))


def slots(universe: Universe, time_s: float, count: int = 3) -> list[int] | None:
    merged = universe.merged(time_s)
    return None if merged is None else merged[:count].tolist()


def test_the_highest_priority_counts_and_among_equals_the_greatest_value() -> None:
    universe = Universe(2.5, 2.5)
    assert slots(universe, 0) is None
    universe.take(Packet(b"a", b"\x05\x50\x01"), 0)
    universe.take(Packet(b"b", b"\x10\x20"), 0)
    assert slots(universe, 0) == [16, 80, 1]
    universe.take(Packet(b"c", b"\x01", priority=150), 1)
    assert slots(universe, 1) == [1, 0, 0]


def test_a_silent_sender_counts_no_more_and_one_that_ends_at_once_not() -> None:
    universe = Universe(2.5, 2.5)
    universe.take(Packet(b"a", b"\x05", priority=150), 0)
    for time_s in (0, 1, 2):
        universe.take(Packet(b"b", b"\x09"), time_s)
    assert slots(universe, 2.5, 1) == [5] and slots(universe, 2.6, 1) == [9]
    assert universe.take(Packet(b"b", b"\x09", ended=True), 3)
    assert slots(universe, 3) is None


def test_late_packets_and_too_many_senders_are_left_out() -> None:
    universe = Universe(2.5, 2.5)
    for number, value in ((250, 1), (2, 2), (251, 3), (2, 4), (3, 5)):
        universe.take(Packet(b"a", bytes([value]), sequence=number), 0)
    assert slots(universe, 0, 1) == [5] and universe.late == 2
    for number in range(100):
        universe.take(Packet(bytes([number]), b"\xff"), 0)
    assert universe.late > 90


def test_values_wait_for_their_synchronisation_until_that_is_silent() -> None:
    universe = Universe(10, 4)
    assert universe.take(Packet(b"a", b"\x01", sync=9), 0), "nobody has synchronised yet"
    assert not universe.sync(9, 0)
    assert not universe.take(Packet(b"a", b"\x02", sync=9), 0.1)
    assert slots(universe, 0.1, 1) == [1]
    assert not universe.sync(8, 0.15) and universe.sync(9, 0.2)
    assert slots(universe, 0.2, 1) == [2]
    assert universe.take(Packet(b"a", b"\x03", sync=9), 5.0)
    assert slots(universe, 5.0, 1) == [3]


def test_sources_name_their_universe_and_channel() -> None:
    assert wanted(["artnet:0/5", "artnet:0/1", "sacn:1/512", "osc:/a"]) == {"artnet": {0: (1, 5)}, "sacn": {1: (512,)}}
    assert not forms.source("artnet:0/5") and not forms.source("sacn:63999/512")
    assert "out of range" in forms.source("sacn:0/1") and "out of range" in forms.source("artnet:0/513")
    assert "UNIVERSE/CHANNEL" in forms.source("artnet:1")


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(artnet, "PORT", free.getsockname()[1])
        monkeypatch.setattr(sacn, "PORT", free.getsockname()[1])
        return int(free.getsockname()[1])


@pytest.fixture
def desk() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield sender


def heard(listener: DmxInput, is_there: Callable[[list[Event]], bool]) -> list[Event]:
    end_ns, events = clock.monotonic_ns() + 20 * clock.NS, []
    while not is_there(events):
        assert clock.monotonic_ns() < end_ns, events
        events += listener.poll()
        clock.sleep_s(0.002)
    return events


def test_a_desk_is_heard_when_it_changes_a_channel(port: int, desk: socket.socket) -> None:
    listener = DmxInput("artnet", {3: (1, 5)}, streams=["artnet:3/5"], bind="127.0.0.1")
    for number, values in enumerate((b"\xff\0\0\0\x33", b"\xff\0\0\0\x33", b"\0\0\0\0\x33"), 1):
        desk.sendto(artnet.dmx(3, number, values.ljust(512, b"\0")), ("127.0.0.1", port))
        heard(listener, lambda events: events[-1:] and events[-1].source == "artnet:3/5") if number < 3 else None
    events = heard(listener, lambda events: len(events) == 2)
    listener.close()
    assert [(event.source, event.value) for event in events] == [("artnet:3/1", 0.0), ("artnet:3/5", 0.2)]


@pytest.mark.parametrize("kind", ["artnet", "sacn"])
@pytest.mark.parametrize("seed", [1, 2])
def test_hostile_packets_leave_the_receiver_answering(kind: str, seed: int, port: int, desk: socket.socket) -> None:
    listener = DmxInput(kind, {1: (1,)}, bind="127.0.0.1")
    rng, to = random.Random(seed), ("127.0.0.1", port)
    odd_name = bytearray(sacn.dmx(1, 1, bytes(512), OTHER, "desk"))
    odd_name[44:108] = b"\xff\xfe" * 32
    whole = [artnet.dmx(1, 0, bytes(512)), artnet.poll(), artnet.sync(), sacn.sync(1, 1, CID), bytes(odd_name)]
    for _ in range(400):
        bent = bytearray(rng.choice(whole))
        for _ in range(rng.randrange(4)):
            bent[rng.randrange(len(bent))] = rng.randrange(256)
        desk.sendto(bent[: rng.randrange(len(bent) + 1)], to)
    number = iter(range(1, 100_000))

    def is_there(events: list[Event]) -> bool:
        sequence, values = next(number) % 255 + 1, b"\x33".ljust(512, b"\0")
        desk.sendto(artnet.dmx(1, sequence, values) if kind == "artnet"
                    else sacn.dmx(1, sequence, values, CID, "desk", priority=200), to)
        return any(event.value == 0.2 for event in events)

    heard(listener, is_there)
    assert listener.malformed > 0
    listener.close()


def test_who_polls_is_told_which_universes_we_listen_to(port: int) -> None:
    listener = DmxInput("artnet", {0x21: (1,), 0x22: (1,)}, bind="127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as poller:
        poller.bind(("127.0.0.2", port))
        poller.settimeout(20)
        poller.sendto(artnet.poll(), ("127.0.0.1", port))
        reply = poller.recv(2000)
    listener.close()
    assert artnet.kind(reply) == artnet.POLL_REPLY
    assert reply[19] == 2 and reply[173] == 2 and reply[190:192] == bytes([1, 2])


def test_a_port_that_is_taken_is_told(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        listener = DmxInput("sacn", {1: (1,)}, bind="127.0.0.1")
        assert "cannot listen on port" in listener.lost
        listener.close()
