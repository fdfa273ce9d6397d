"""Gates really close: sockets, cameras; and open again as they were."""

import random
import socket
import threading
from pathlib import Path

import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.control.gates import Gates
from engine.doors import Doors
from engine.frame import Frame
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.inputs.camera_process import run_camera
from engine.inputs.osc import OscListener
from engine.inputs.osc_send import OscSender
from engine.show.model import Camera, Osc, OscTarget
from engine.sound.events import Sounds
from engine.supervise.memory import Block
from engine.world import Now, Visitor

MESSAGE = b"/level\0\0,f\0\0\x3f\0\0\0"


def until(true, patience_s: float = 10.0) -> float:
    """Wait for something; return how long it took, in seconds."""
    start_ns = monotonic_ns()
    while not true():
        assert monotonic_ns() - start_ns < patience_s * NS, "it never came"
        sleep_s(0.005)
    return (monotonic_ns() - start_ns) / NS


def listening(port: int) -> set[str]:
    """Return the addresses of this machine on which UDP or TCP listens at a port, as the kernel tells."""
    found = set()
    for table in ("/proc/net/udp", "/proc/net/tcp"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, number = line.split()[1].split(":")
            if int(number, 16) == port and (table.endswith("udp") or line.split()[3] == "0A"):
                found.add(address)
    return found


@pytest.mark.skipif(not Path("/proc/net/udp").exists(), reason="asks the kernel of Linux")
def test_closed_waves_leave_a_socket_for_this_machine_alone_and_open_ones_are_back() -> None:
    listener = OscListener(Osc(port=0, bind="0.0.0.0"))
    try:
        assert listening(listener.port) == {"00000000"}
        listener.shut(True)
        until(lambda: listening(listener.port) == {"0100007F"})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            until(lambda: sender.sendto(MESSAGE, ("127.0.0.1", listener.port)) and listener.poll() != [])
        listener.shut(False)
        until(lambda: listening(listener.port) == {"00000000"})
    finally:
        listener.close()


def test_closed_waves_send_nothing_to_others_and_all_to_this_machine() -> None:
    sender = OscSender({"far": OscTarget(name="far", host="192.0.2.1"), "near": OscTarget(name="near", port=9)})
    sender.shut(True)
    sender.send("far", "/cue", 1)
    assert sender.sent == 0
    sender.send("near", "/cue", 1)
    assert sender.sent == 1
    sender.shut(False)
    sender.send("far", "/cue", 1)
    assert sender.sent + sender.errors["far"] == 2
    sender.close()


def test_closed_others_let_the_camera_go_in_a_second_and_it_comes_back() -> None:
    camera = Camera(name="room", key="blue", size=(64, 36))
    block = Block.private(camera_block_size(camera))
    link, ending = CameraLink(camera, block), threading.Event()
    thread = threading.Thread(target=run_camera, args=(camera, block, ending.is_set))
    thread.start()
    try:
        until(lambda: link.poll(monotonic_ns())[0].state == "live", 60)
        link.shut(True)
        until(lambda: link.poll(monotonic_ns())[0].state == "lost")
        assert link.poll(monotonic_ns())[1] is None
        assert link.lost == "", "nobody need be called for what the show wished"
        link.shut(False)
        until(lambda: link.poll(monotonic_ns())[0].state == "live", 60)
    finally:
        ending.set()
        thread.join()


class Paper:
    def __init__(self) -> None:
        self.is_shut, self.calls = False, 0

    def shut(self, on: bool) -> None:
        assert on is not self.is_shut, "told once"
        self.is_shut = on
        self.calls += 1


def test_a_thousand_turns_leave_no_gate_half_closed() -> None:
    waves, sounds, others = Paper(), Paper(), Paper()
    doors, chance = Doors((waves,), (sounds,), (others,)), random.Random(1)
    for _ in range(1000):
        closed = frozenset(gate for gate in ("waves", "sounds", "others") if chance.random() < 0.5)
        doors.keep(closed)
        assert (waves.is_shut, sounds.is_shut, others.is_shut) == tuple(
            g in closed for g in ("waves", "sounds", "others")
        )
    doors.keep(())
    assert not (waves.is_shut or sounds.is_shut or others.is_shut)


def test_a_gate_is_closed_only_while_it_is_asked_for() -> None:
    gates, now = Gates(), Now(dt=0.1, presence="somebody", visitors=(Visitor(1, 0.5, 0.9),))
    frame = Frame(sounds=(Sounds("a"),))
    gates.ask({"others", "sounds"})
    for _ in range(10):
        seen = gates.meet(now)
    assert (seen.presence, seen.visitors, seen.gates["others"], seen.gates["waves"]) == ("unknown", (), 0.0, 1.0)
    assert gates.quieten(frame, -15.0).sounds[0].gain == 0
    gates.ask(())
    for _ in range(10):
        seen = gates.meet(now)
    assert seen is now
    assert gates.quieten(frame, -15.0) is frame


def test_a_quiet_house_is_less_loud_by_what_the_show_says() -> None:
    gates, frame = Gates(), Frame(sounds=(Sounds("a"),))
    for _ in range(40):
        gates.meet(Now(dt=0.1, quiet=True))
    assert gates.quieten(frame, -20.0).sounds[0].gain == pytest.approx(0.1)
