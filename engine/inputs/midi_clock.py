"""MIDI clock out: the show's beat as 24 pulses a beat, from a process of its own."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Literal, Protocol

from engine import clock
from engine.clock import NS
from engine.inputs.beat_clock import SIXTEENTH, TICKS
from engine.music.tempo import Tempo
from engine.show.model import MidiDevice

AGAIN_NS = 5 * NS  # after its end the process is started again
END_S = 2.0
LOOK_S = 0.02  # a change of tempo begins later than this
LATE_S = 0.25  # what is later than this is not made up for: the receiver is told where we are instead
SIXTEENTHS = 1 << 14  # what a song position can say
Word = Literal["clock", "start", "continue", "stop", "songpos"]


class Output(Protocol):
    """A MIDI output."""

    @property
    def state(self) -> str:
        """Return `open` while it is there."""

    def tell_clock(self, word: Word, position: int = 0) -> None:
        """Send a word of the clock; never waits."""


@dataclass(frozen=True, slots=True)
class _Line:
    tempo: Tempo
    base_ns: int


class ClockProcess:
    """The engine's end of the process that sends the clock to a device; nothing here waits.

    In the engine a pulse would wait for the interpreter's lock: with a scene that takes a whole frame the median was
    7 ms late, and one of a hundred 60 ms, while a bare sender beside it was 0.1 and 4 ms late.
    """

    def __init__(self, device: MidiDevice) -> None:
        self._device = device
        self._told: Tempo | None = None
        self._begun_ns = 0
        self._process = self._begin()

    def follow(self, tempo: Tempo, time_s: float, due_ns: int) -> None:
        """Take the beat as it is in a frame of show time `time_s`, due at monotonic `due_ns`."""
        if self._process.poll() is not None and clock.monotonic_ns() - self._begun_ns > AGAIN_NS:
            self._process, self._told = self._begin(), None
        if tempo is not self._told and self._process.stdin is not None:
            line = {"points": tempo.points, "jumps": tempo.jumps, "base_ns": due_ns - round(time_s * NS)}
            with contextlib.suppress(OSError):  # it has ended, or is behind: then a later tempo will do
                os.write(self._process.stdin.fileno(), json.dumps(line).encode() + b"\n")
                self._told = tempo

    def close(self) -> None:
        """Let it stop the receiver, and end."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=END_S)
        self._process.kill()

    def _begin(self) -> subprocess.Popen[bytes]:
        self._begun_ns = clock.monotonic_ns()
        device = self._device
        plan = {"parent": os.getpid(), "name": device.name, "output": device.output,
                "clock_offset_ms": device.clock_offset_ms}
        words = [sys.executable, "-P", "-m", "engine.supervise.child", "engine.inputs.midi_clock_process"]
        process = subprocess.Popen([*words, json.dumps(plan)], stdin=subprocess.PIPE)
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        return process


class MidiClock:
    """Sends the beat to an output, from a thread.

    Args:
        offset_ms: Added to each pulse's time: what the receiver's sound should wait for ours.

    Attributes:
        late_us: How late each of the last pulses was sent, newest last.
    """

    def __init__(self, output: Output, offset_ms: float = 0.0, name: str = "midi") -> None:
        self._output, self._offset_ns = output, round(offset_ms * 1e6)
        self._line: _Line | None = None
        self._next: int | None = None
        self._jumps = 0
        self._is_running = False
        self._closing = threading.Event()
        self.late_us: list[float] = []
        self._thread = threading.Thread(target=self._run, name=f"{name} clock", daemon=True)
        self._thread.start()

    def follow(self, tempo: Tempo, time_s: float, due_ns: int) -> None:
        """Take the beat as it is in a frame of show time `time_s`, due at monotonic `due_ns`."""
        self._line = _Line(tempo, due_ns - round(time_s * NS))

    def close(self) -> None:
        """Stop the receiver and end."""
        self._closing.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            clock.sleep_s(self._turn())
        if self._is_running:
            self._output.tell_clock("stop")

    def _turn(self) -> float:
        """Send what is due; return for how many seconds nothing else is."""
        line = self._line
        if line is None or self._output.state != "open":
            self._next, self._is_running = None, False
            return LOOK_S
        now_ns = clock.monotonic_ns()
        if self._next is None or line.tempo.jumps != self._jumps:
            self._begin(line, now_ns)
        due_s = line.tempo.time_of((self._next or 0) / TICKS)
        if math.isinf(due_s):
            self._stop()
            self._next = None
            return LOOK_S
        late_s = (now_ns - self._offset_ns - line.base_ns) / NS - due_s
        if late_s < 0.0:
            return min(-late_s, LOOK_S)
        if late_s > LATE_S:
            self._next = None
            return 0.0
        self._send(late_s)
        return 0.0

    def _begin(self, line: _Line, now_ns: int) -> None:
        """Choose the next sixteenth as the pulse to begin with."""
        self._stop()
        self._jumps = line.tempo.jumps
        beat = line.tempo.beat_at((now_ns - self._offset_ns - line.base_ns) / NS)
        self._next = SIXTEENTH * max(math.ceil(beat * TICKS / SIXTEENTH), 0)

    def _send(self, late_s: float) -> None:
        assert self._next is not None
        if not self._is_running:
            self._output.tell_clock("songpos", self._next // SIXTEENTH % SIXTEENTHS)
            self._output.tell_clock("continue" if self._next else "start")
            self._is_running = True
        self._output.tell_clock("clock")
        self._next += 1
        self.late_us = [*self.late_us[-499:], late_s * 1e6]

    def _stop(self) -> None:
        if self._is_running:
            self._output.tell_clock("stop")
            self._is_running = False
