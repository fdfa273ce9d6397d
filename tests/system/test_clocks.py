"""Clocks of others for real: MIDI over python-rtmidi on a JACK server, and two peers of Ableton Link."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.beat_clock import LINK, ClockState, follow
from engine.inputs.link import LinkClock
from engine.inputs.midi import MidiInput, MidiOutput
from engine.inputs.midi_clock import MidiClock
from engine.music.tempo import Tempo
from engine.show.model import MidiDevice
from tests.system.rig import until

pytestmark = [pytest.mark.system, pytest.mark.patient]
HERE = Path(__file__).parent
SOURCE = "midi:desk/clock"


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A JACK server of our own that plays nowhere: its MIDI is real all the same."""
    if find_spec("rtmidi") is None or not shutil.which("jackd"):
        pytest.skip("needs python-rtmidi (the extra `midi`) and jackd")
    name = f"mixeur{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.rtmidi/UNIX_JACK")
    log = (tmp_path / "jackd.log").open("w")
    server = subprocess.Popen(["jackd", "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "128"],
                              stdout=log, stderr=log)
    try:
        assert until(lambda: subprocess.run(["jack_wait", "-s", name, "-c"], capture_output=True, text=True).stdout
                     .startswith("running") if shutil.which("jack_wait") else log.tell() > 0, 30)
        sleep_s(1.0)
        yield
    finally:
        server.terminate()
        server.wait(10)


def peer(file: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-P", HERE / file, *words], text=True, env=os.environ,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.usefixtures("jack")
def test_a_midi_clock_over_jack_leads_and_its_loss_is_told() -> None:
    sender = peer("midi_peer.py", "send", "drummer", "133", "5")
    assert sender.stdout is not None and sender.stdin is not None
    assert sender.stdout.readline() == "open\n"
    port = MidiInput(MidiDevice(name="desk", input="drummer", clock="in"))
    state, tempos, words = ClockState(), [], []
    try:
        assert until(lambda: not port.lost, 30), port.lost
        sender.stdin.write("\n")
        sender.stdin.flush()
        end_ns = monotonic_ns() + 20 * NS
        while "stop" not in words and monotonic_ns() < end_ns:
            events = port.poll()
            words += [event.args[0] for event in events]
            state, pulse = follow(state, events, SOURCE, monotonic_ns() / NS)
            if pulse is not None and pulse.runs:
                tempos.append((pulse.bpm, pulse.beat))
            sleep_s(1 / 60)
        sender.stdin.write("\n")
        sender.stdin.flush()
        sender.wait(10)
        assert until(lambda: bool(port.lost), 30)
    finally:
        port.close()
        sender.kill()
    count = words.count("tick")  # a JACK server that is late drops a period, and what was to be played in it
    print(f"{count} of {round(5 * 133 * 24 / 60)} ticks came; {np.median([bpm for bpm, _ in tempos]):.2f} bpm, "
          f"beat {tempos[-1][1]:.2f} of {5 * 133 / 60:.2f}")
    assert words[0] == "start" and words.count("stop") == 1 and count > 60
    assert np.median([bpm for bpm, _ in tempos]) == pytest.approx(133, abs=2)
    assert tempos[-1][1] == pytest.approx(5 * 133 / 60, abs=0.5)
    assert port.lost.startswith("no input 'drummer'")


@pytest.mark.usefixtures("jack")
def test_our_clock_over_jack_says_where_it_begins_and_ticks() -> None:
    listener = peer("midi_peer.py", "hear", "box", "7")
    assert listener.stdout is not None and listener.stdout.readline() == "open\n"
    out = MidiOutput(MidiDevice(name="synth", output="box", clock="out"))
    assert until(lambda: not out.lost, 30), out.lost
    clock = MidiClock(out)
    clock.follow(Tempo.steady(120), 0.0, monotonic_ns())
    try:
        heard = json.loads(listener.stdout.readline())
    finally:
        clock.close()
        out.close()
        listener.kill()
    times = np.array([time_s for kind, time_s in heard if kind == "clock"])
    kinds = [kind for kind, _ in heard if kind != "control_change"]
    line = np.polyval(np.polyfit(np.arange(len(times)), times, 1), np.arange(len(times)))
    off_ms = 1000 * np.abs(times - line)
    print(f"{len(times)} ticks, jitter p50 {np.median(off_ms):.2f} p99 {np.percentile(off_ms, 99):.2f} ms")
    assert kinds[0] == "songpos" and kinds[1] in ("start", "continue") and len(times) > 48


@pytest.mark.skipif(find_spec("aalink") is None, reason="needs aalink (the extra `link`, GPL); pip install aalink")
def test_two_peers_of_link_agree_on_beat_and_tempo_also_after_a_change() -> None:
    other = peer("link_peer.py", "97")
    assert other.stdout is not None and other.stdin is not None
    ours, state = LinkClock(120.0), ClockState()
    offs: list[float] = []
    try:
        for wanted in (None, 141.0):
            if wanted is not None:
                ours.turn(wanted)
            end_ns = monotonic_ns() + 30 * NS
            together = 0
            while together < 15:
                assert monotonic_ns() < end_ns, f"peers: {ours.peers}; {ours.lost}"
                at_ns, took_ns, beat, tempo, peers = json.loads(other.stdout.readline())
                state, pulse = follow(state, ours.poll(), LINK, at_ns / NS)
                agreed = pulse is not None and abs(pulse.bpm - tempo) < 1e-3 and (wanted is None or pulse.bpm == wanted)
                if peers == 1 and pulse is not None and agreed:
                    together += 1
                    if took_ns < 200_000 and together > 5:
                        offs.append((pulse.beat - beat + 2) % 4 - 2)
            sleep_s(0.2)
    finally:
        ours.close()
        other.kill()
    off_ms = np.abs(np.array(offs)) * 60 / 141 * 1000
    print(f"phase between the peers p50 {np.median(off_ms):.3f} max {off_ms.max():.3f} ms")
    assert len(offs) > 4 and np.median(off_ms) < 5.0
