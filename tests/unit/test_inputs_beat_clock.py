"""Clocks outside: MIDI clock understood through jitter, stalls and loss, sent evenly, and both over real sockets."""

import contextlib
import socket
import sys
import threading

import mido.sockets
import numpy as np
import pytest

from engine.clock import NS, VirtualClock, monotonic_ns, sleep_s
from engine.inputs.beat_clock import TICKS, ClockState, follow
from engine.inputs.link import LinkClock
from engine.inputs.midi import MidiInput, MidiOutput
from engine.inputs.midi_clock import ClockProcess, MidiClock
from engine.music.tempo import Tempo
from engine.sense import CLOCK, Room, SenseState, sense, silences
from engine.show.model import MidiDevice, Show
from engine.show.model import Tempo as TempoTable
from engine.world import Event, Pulse, Signals

SOURCE = "midi:desk/clock"


def told(word: str, time_s: float, *more: object) -> Event:
    return Event(SOURCE, (word, *more), round(time_s * NS))


class Listener:
    """Follows a clock message by message."""

    def __init__(self) -> None:
        self.state = ClockState()

    def hear(self, *events: Event) -> None:
        self.state, _ = follow(self.state, events, SOURCE, 0.0)

    def pulse(self, time_s: float) -> Pulse | None:
        return follow(self.state, (), SOURCE, time_s)[1]

    def ticks(self, begin_s: float, count: int, bpm: float, late=lambda n: 0.0) -> float:
        """Hear so many ticks; return when the one after them is due."""
        for n in range(count):
            self.hear(told("tick", begin_s + n * 60 / bpm / TICKS + late(n)))
        return begin_s + count * 60 / bpm / TICKS


@pytest.mark.parametrize("begin_s", [3.0, 2e7])
@pytest.mark.parametrize(("name", "late"), [
    ("a driver that wakes up late", lambda rng: lambda n: float(rng.exponential(0.001))),
    ("a thread that waits at times", lambda rng: lambda n: float(rng.uniform(0, 0.005) * (rng.random() < 0.2))),
    ("frames of USB", lambda rng: lambda n: 0.001 * (n % 3) / 2),
])
def test_jitter_is_filtered(begin_s: float, name: str, late) -> None:
    clock, late = Listener(), late(np.random.default_rng(1))
    period_s = 60 / 127.3 / TICKS
    tempos, offs = [], []
    for n in range(1500):
        time_s = begin_s + n * period_s
        clock.hear(told("tick", time_s + late(n)))
        if n > 150:
            pulse = clock.pulse(time_s)
            assert pulse is not None
            tempos.append(pulse.bpm)
            offs.append(pulse.beat - n / TICKS)
    assert np.mean(tempos) == pytest.approx(127.3, abs=0.02) and np.std(tempos) < 0.08, name
    assert np.ptp(offs) * 60 / 127.3 < 0.0025 and abs(np.mean(offs)) * 60 / 127.3 < 0.0015


def test_one_interval_is_no_tempo_yet_and_two_beats_are_a_good_one() -> None:
    clock, rng = Listener(), np.random.default_rng(2)
    late = rng.normal(0, 0.001, 200)
    clock.hear(told("tick", 1.0))
    assert clock.pulse(1.01) is None
    clock.ticks(1.0 + 0.5 / TICKS, 2 * TICKS, 120, lambda n: late[n])
    assert clock.pulse(2.0).bpm == pytest.approx(120, abs=0.6)


@pytest.mark.parametrize(("before", "after"), [(120, 90), (120, 160), (100, 103)])
def test_another_tempo_is_taken_within_a_beat(before: float, after: float) -> None:
    clock = Listener()
    due_s = clock.ticks(1.0, 240, before)
    due_s = clock.ticks(due_s, 30, after)
    pulse = clock.pulse(due_s)
    assert pulse.bpm == pytest.approx(after, rel=0.02)
    assert pulse.beat == pytest.approx(270 / TICKS, abs=0.05)


def test_ticks_that_come_in_a_heap_after_a_stall_do_not_move_the_beat() -> None:
    clock, period_s = Listener(), 0.5 / TICKS
    due_s = clock.ticks(1.0, 240, 120)
    stall_s = due_s + 0.3
    for n in range(15):
        clock.hear(told("tick", max(stall_s, due_s + n * period_s)))
    due_s = clock.ticks(due_s + 15 * period_s, 24, 120)
    pulse = clock.pulse(due_s)
    assert pulse.beat == pytest.approx(279 / TICKS, abs=0.01) and pulse.bpm == pytest.approx(120, abs=1.5)


@pytest.mark.parametrize("heap_s", [0.03, 0.1])
def test_a_thread_that_always_comes_late_and_finds_heaps_hears_the_tempo_all_the_same(heap_s: float) -> None:
    clock, rng, period_s = Listener(), np.random.default_rng(1), 60 / 133 / TICKS
    turns = np.cumsum(rng.uniform(0.5, 1.5, 3000) * heap_s)
    pulses = []
    for n in range(1200):
        clock.hear(told("tick", float(turns[np.searchsorted(turns, n * period_s)])))
        pulses.append(clock.pulse(n * period_s + heap_s))
    assert np.mean([pulse.bpm for pulse in pulses[240:]]) == pytest.approx(133, abs=0.5)
    assert all(abs(pulse.bpm - 133) < 8 for pulse in pulses[240:])
    offs = [pulse.beat - (n * period_s + heap_s) * 133 / 60 for n, pulse in enumerate(pulses) if n >= 240]
    assert np.mean(offs) * 60 / 133 == pytest.approx(-heap_s / 2, abs=0.6 * heap_s) and np.ptp(offs) < 0.3


@pytest.mark.parametrize("lost", [1, 2, 7])
def test_ticks_that_were_lost_on_the_way_are_counted_all_the_same(lost: int) -> None:
    clock, rng = Listener(), np.random.default_rng(1)
    late = rng.exponential(0.0005, 1000)
    due_s = clock.ticks(1.0, 240, 120, lambda n: late[n])
    due_s = clock.ticks(due_s + lost * 0.5 / TICKS, 40, 120, lambda n: late[n])
    pulse = clock.pulse(due_s)
    assert pulse.beat == pytest.approx((280 + lost) / TICKS, abs=0.01) and pulse.bpm == pytest.approx(120, abs=0.5)


def test_start_stop_continue_and_song_position() -> None:
    clock = Listener()
    clock.hear(told("start", 0.99))
    due_s = clock.ticks(1.0, 48, 120)
    playing = clock.pulse(due_s)
    assert (playing.runs, playing.jumps) == (True, 1) and playing.beat == pytest.approx(2.0, abs=1e-6)
    clock.hear(told("stop", due_s - 0.01))
    due_s = clock.ticks(due_s, 24, 120)  # a clock goes on ticking while it is stopped
    stopped = clock.pulse(due_s)
    assert (stopped.runs, stopped.jumps, stopped.beat) == (False, 2, 2.0)
    clock.hear(told("continue", due_s - 0.01))
    due_s = clock.ticks(due_s, 24, 120)
    assert clock.pulse(due_s).beat == pytest.approx(3.0, abs=1e-6)
    clock.hear(told("stop", due_s), told("position", due_s, 40), told("continue", due_s))
    due_s = clock.ticks(due_s + 0.5, 6, 120)
    moved = clock.pulse(due_s)
    assert moved.runs and moved.beat == pytest.approx(10.25, abs=0.01)
    clock.hear(told("start", due_s))
    assert clock.pulse(due_s).jumps == moved.jumps, "it begins with its first tick"
    clock.ticks(due_s, 1, 120)
    assert clock.pulse(due_s).beat == pytest.approx(0.0, abs=0.01) and clock.pulse(due_s).jumps == moved.jumps + 1


def test_a_clock_that_falls_silent_is_lost_and_counts_on_when_it_is_back() -> None:
    clock = Listener()
    due_s = clock.ticks(1.0, 240, 120)
    assert clock.pulse(due_s + 0.4) is not None
    assert clock.pulse(due_s + 0.6) is None
    back_s = due_s + 2.0 + 0.003
    clock.ticks(back_s, 12, 120)
    assert clock.pulse(back_s + 0.25).beat == pytest.approx((240 + 96 + 12) / TICKS, abs=0.02)


def test_a_clock_whose_port_went_away_is_lost_at_once_and_begins_anew() -> None:
    clock = Listener()
    due_s = clock.ticks(1.0, 240, 120)
    clock.hear(told("lost", due_s))
    assert clock.pulse(due_s) is None and clock.state.heard_s == 0.0
    clock.hear(told("start", due_s + 5))
    due_s = clock.ticks(due_s + 5, 24, 90)
    assert clock.pulse(due_s).beat == pytest.approx(1.0, abs=0.01)


def test_a_clock_that_was_stopped_may_be_silent_but_not_for_ever() -> None:
    clock = Listener()
    due_s = clock.ticks(1.0, 240, 120)
    clock.hear(told("stop", due_s))
    assert clock.pulse(due_s + 9).runs is False
    assert clock.pulse(due_s + 11) is None


def test_the_room_declares_a_lost_clock_and_says_that_the_tempo_goes_on() -> None:
    show = Show(folder=None, midi={"desk": MidiDevice(name="desk", input="x", clock="in")})
    room, state, period_s = Room.of(show), SenseState(), 0.5 / TICKS
    for tick in VirtualClock(60, 240).ticks():
        events = [told("tick", n * period_s) for n in range(200)
                  if tick.time - 1 / 60 < n * period_s <= tick.time and n * period_s < 2]
        now, state = sense(room, state, Signals(tuple(events)), tick, VirtualClock().wall())
        if tick.time == 1.5:
            assert CLOCK not in now.lost and now.pulse.bpm == pytest.approx(120, abs=0.1)
            assert silences(room, now.lost)[CLOCK] == ""
    assert now.pulse is None and CLOCK in now.lost
    assert silences(room, now.lost)[CLOCK] == "no clock from midi:desk/clock; the tempo goes on by itself"


# -- over sockets ------------------------------------------------------------------------------


def until(is_so, what: str):
    end_ns = monotonic_ns() + 20 * NS
    while not (found := is_so()):
        assert monotonic_ns() < end_ns, what
        sleep_s(0.005)
    return found


def test_the_clock_of_a_mido_peer_comes_in_as_events_with_their_times() -> None:
    port = MidiInput(MidiDevice(name="desk", input="socket:127.0.0.1:0", clock="in"))
    deaf = MidiInput(MidiDevice(name="deaf", input="socket:127.0.0.1:0"))
    heard: list[Event] = []
    try:
        words = [mido.Message("songpos", pos=8), mido.Message("continue"), *[mido.Message("clock")] * 30,
                 mido.Message("note_on", note=60, velocity=1), mido.Message("stop")]
        for end in (port, deaf):
            with mido.sockets.connect("127.0.0.1", end.port) as peer:
                for word in words:
                    peer.send(word)
            del peer  # mido keeps the connection as long as there is a port
        until(lambda: heard.extend(port.poll()) or (heard and heard[-1].args == ("lost",)), "the peer's leaving")
        deaf_heard: list[Event] = []
        until(lambda: deaf_heard.extend(deaf.poll()) or len(deaf_heard) >= 4, f"the note and its end: {deaf_heard}")
    finally:
        port.close()
        deaf.close()
    said = [event.args for event in heard if event.source == SOURCE]
    assert said == [("position", 8), ("continue",), *[("tick",)] * 30, ("stop",), ("lost",)]
    assert [event.time_ns for event in heard] == sorted(event.time_ns for event in heard)
    assert not [event for event in deaf_heard if event.source.endswith("/clock")]


class Receiver:
    """A mido peer that listens."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._server = mido.sockets.PortServer("127.0.0.1", self.port)
        self.heard: list[tuple[int, mido.Message]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        client = self._server.accept()
        with contextlib.suppress(ValueError):  # how mido says that the peer has left
            for message in client:
                self.heard.append((monotonic_ns(), message))

    def words(self) -> list[str]:
        return [message.type for _, message in self.heard if message.type != "control_change"]


def test_the_clock_goes_out_from_the_next_sixteenth_on_and_stops_where_the_beat_does() -> None:
    receiver = Receiver()
    out = MidiOutput(MidiDevice(name="synth", output=f"socket:127.0.0.1:{receiver.port}", clock="out"))
    clock = MidiClock(out)
    try:
        start_ns = monotonic_ns()
        tempo = Tempo.steady(240).placed(0.0, 3.1, 240)
        clock.follow(tempo, 0.0, start_ns)
        until(lambda: receiver.words().count("clock") >= 50, "two beats")
        first = receiver.heard[[m.type for _, m in receiver.heard].index("songpos")][1]
        assert receiver.words()[:3] == ["songpos", "continue", "clock"] and first.pos >= 13
        clock.follow(tempo.placed(0.0, 5.0, 0.0), 0.0, start_ns)
        until(lambda: receiver.words()[-1] == "stop", "its stop")
        clock.follow(tempo.placed((monotonic_ns() - start_ns) / NS, 0.0, 240), 0.0, start_ns)
        until(lambda: receiver.words().count("clock") >= 80, "its new beginning")
        sent = len(clock.late_us)
        clock.close()
        until(lambda: receiver.words()[-1] == "stop", "the end")
    finally:
        clock.close()
        out.close()
    assert sent >= 79 and receiver.words().count("stop") == 2


def test_what_goes_out_comes_in_as_the_same_tempo() -> None:
    port = MidiInput(MidiDevice(name="desk", input="socket:127.0.0.1:0", clock="in"))
    clock = ClockProcess(MidiDevice(name="synth", output=f"socket:127.0.0.1:{port.port}", clock="out"))
    state, heard, words = ClockState(), 0, []
    start_ns = monotonic_ns()
    clock.follow(Tempo.steady(150), 0.0, start_ns)
    try:
        while heard < 150:
            assert monotonic_ns() - start_ns < 60 * NS
            events = port.poll()
            words += [event.args[0] for event in events]
            heard = words.count("tick")
            state, pulse = follow(state, events, SOURCE, monotonic_ns() / NS)
            sleep_s(0.01)
        clock.close()
        until(lambda: words.extend(event.args[0] for event in port.poll()) or "lost" in words, "its end")
    finally:
        clock.close()
        port.close()
    assert words[:2] in (["position", "continue"], ["position", "start"]) and words[-2:] == ["stop", "lost"]
    assert pulse is not None and pulse.bpm == pytest.approx(150, rel=0.05)  # whatever else the machine does


# -- Link --------------------------------------------------------------------------------------


def test_without_its_package_link_is_one_line_and_the_tempo_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aalink", None)
    link = LinkClock(100.0)
    until(lambda: link.lost, "its word")
    assert link.lost == "Ableton Link is not installed; pip install 'mixeur[link]'"
    assert link.poll() == []
    link.close()


def test_links_beat_is_the_rooms_pulse_until_it_falls_silent() -> None:
    room = Room.of(Show(folder=None, tempo=TempoTable(link=True)))
    state, pulse = follow(ClockState(), [Event("link", (7.5, 90.0), 10 * NS)], room.clock, 10.1)
    assert pulse is not None and pulse.bpm == 90.0 and pulse.beat == pytest.approx(7.5 + 0.1 * 1.5)
    assert follow(state, (), room.clock, 11.0)[1] is None
