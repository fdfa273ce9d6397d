"""OSC and MIDI with peers that are not ours: liblo over UDP and TCP, python-osc, mido in another process."""

import random
import shutil
import socket
import struct
import subprocess
import sys

import pytest

from engine import clock
from engine.inputs.midi import MidiInput, MidiOutput
from engine.inputs.osc import OscListener
from engine.inputs.osc_send import OscSender
from engine.show.model import MidiDevice, Osc, OscTarget
from engine.world import Event

pytestmark = [pytest.mark.system, pytest.mark.patient]
KILLER = b"#bundle\0" + struct.pack(">Qi", 1, -4)
WAIT_NS = 10 * clock.NS

MIDI_PEER = """
import sys, mido
from mido.sockets import connect
with connect("127.0.0.1", int(sys.argv[1])) as port:
    for number in range(100):
        port.send(mido.Message("note_on", note=number, velocity=100))
        port.send(mido.Message("note_off", note=number))
"""
MIDI_SINK = """
import mido
from mido.sockets import PortServer
server = PortServer("127.0.0.1", 0)
print(server._socket.getsockname()[1], flush=True)
for message in server.accept():
    print(message, flush=True)
"""
OSC_PEER = """
import sys
from pythonosc.udp_client import SimpleUDPClient
client = SimpleUDPClient("127.0.0.1", int(sys.argv[1]))
client.send_message("/from/python-osc", [1, 0.5, "a", True, [2, 3], b"blob"])
"""


@pytest.fixture
def listener():
    with_port = OscListener(Osc(port=0))
    yield with_port
    with_port.close()


def polled(device, count: int) -> list[Event]:
    end_ns, found = clock.monotonic_ns() + WAIT_NS, []
    while len(found) < count:
        assert clock.monotonic_ns() < end_ns, found
        found += device.poll()
        clock.sleep_s(0.01)
    return found


def oscsend(url: str, *words: str) -> None:
    if not shutil.which("oscsend"):
        pytest.skip("oscsend is missing; install liblo-tools")
    subprocess.run(["oscsend", url, *words], check=True, timeout=10)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_liblo_is_heard(listener, protocol):
    oscsend(f"osc.{protocol}://127.0.0.1:{listener.port}", "/contact/level", "fisTF", "0.5", "7", "words")
    (event,) = polled(listener, 1)
    assert (event.source, event.args) == ("osc:/contact/level", (0.5, 7, "words", True, False))


def test_types_that_python_osc_skips_are_read_from_liblo(listener):
    oscsend(f"osc.udp://127.0.0.1:{listener.port}", "/sym", "Scih", "abc", "A", "3", "5000000000")
    assert polled(listener, 1)[0].args == ("abc", "A", 3, 5_000_000_000)


def test_after_the_killer_bundle_and_ten_thousand_broken_packets_liblo_is_still_heard(listener):
    dice = random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(KILLER, ("127.0.0.1", listener.port))
        for number in range(10_000):
            packet = bytearray(dice.choice([KILLER, b"/level\0\0,f\0\0\0\0\0\1", dice.randbytes(40)]))
            packet[dice.randrange(len(packet))] = dice.randrange(256)
            sender.sendto(packet, ("127.0.0.1", listener.port))
            if number % 100 == 0:
                clock.sleep_s(0.005)
    oscsend(f"osc.udp://127.0.0.1:{listener.port}", "/still/here", "i", "1")
    found: list[Event] = []
    end_ns = clock.monotonic_ns() + WAIT_NS
    while not any(event.source == "osc:/still/here" for event in found):
        assert clock.monotonic_ns() < end_ns
        found += listener.poll()
        clock.sleep_s(0.01)
    assert listener.counters.malformed > 1_000
    assert listener.counters.failed == 0


def test_python_osc_in_another_process_is_heard(listener):
    subprocess.run([sys.executable, "-c", OSC_PEER, str(listener.port)], check=True, timeout=20)
    assert polled(listener, 1)[0].args == (1, 0.5, "a", True, (2, 3), b"blob")


def test_liblo_hears_what_we_send():
    if not shutil.which("oscdump"):
        pytest.skip("oscdump is missing; install liblo-tools")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(["stdbuf", "-oL", "oscdump", str(port)], stdout=subprocess.PIPE, text=True) as dump:
        sender = OscSender({"liblo": OscTarget(name="liblo", port=port)})
        try:
            assert dump.stdout
            for _ in range(15):  # it says nothing when it begins to listen
                sender.send("liblo", "/hello", 1, 0.5, "words")
                clock.sleep_s(0.1)
            assert '/hello ifs 1 0.500000 "words"' in dump.stdout.readline()
        finally:
            dump.kill()
            sender.close()


def test_mido_in_another_process_is_heard():
    desk = MidiInput(MidiDevice(name="desk", input="socket:127.0.0.1:0"))
    try:
        subprocess.run([sys.executable, "-c", MIDI_PEER, str(desk.port)], check=True, timeout=20)
        events = polled(desk, 400)
        assert len({event.source for event in events}) == 101
        assert events[-1].value == 0
    finally:
        desk.close()


def test_mido_in_another_process_hears_us_between_a_panic_at_the_start_and_one_at_the_end():
    with subprocess.Popen([sys.executable, "-c", MIDI_SINK], stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            out = MidiOutput(MidiDevice(name="synth", output=f"socket:127.0.0.1:{int(sink.stdout.readline())}"))
            out.note(60, 1.0)
            out.close()
            panic, *heard = ([sink.stdout.readline() for _ in range(count)] for count in (48, 2, 48))
            notes, silence = heard
            assert notes[0].startswith("note_on channel=0 note=60 velocity=127")
            assert notes[1].startswith("note_off channel=0 note=60")
            for lines in (panic, silence):
                assert sum("control=123 value=0" in line for line in lines) == 16
        finally:
            sink.kill()
