"""SuperCollider's server as a yardstick: synth definitions and scores written byte by byte, rendered offline.

Source:
    "Synth Definition File Format" (version 2) and "Non-Realtime Synthesis" of SuperCollider's reference.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

SCALAR, AUDIO = 0, 2
MULTIPLY = 2  # BinaryOpUGen
# level 0 at first, 3 segments, released after the second: (level, seconds, shape, curve) of attack, decay, release
ADSR = (0.0, 3.0, 2.0, -99.0, 1.0, 0.01, 5.0, -4.0, 0.7, 0.1, 5.0, -4.0, 0.0, 0.3, 5.0, -4.0)
Input = tuple[int, int] | float  # another unit's output, or a constant


class SynthDef:
    """One definition, built unit by unit."""

    def __init__(self, name: str, hz: float) -> None:
        self.name = name
        self._hz = hz
        self._constants: list[float] = []
        self._units: list[bytes] = []
        self.hz = self._unit("Control", SCALAR, (), (SCALAR,))

    def _unit(self, kind: str, rate: int, inputs: Sequence[Input], outputs: Sequence[int] = (AUDIO,),
              special: int = 0) -> tuple[int, int]:
        data = _text(kind) + struct.pack(">biih", rate, len(inputs), len(outputs), special)
        for value in inputs:
            if not isinstance(value, tuple):
                if value not in self._constants:
                    self._constants.append(value)
                value = -1, self._constants.index(value)
            data += struct.pack(">ii", *value)
        self._units.append(data + bytes(outputs))
        return len(self._units) - 1, 0

    def sine(self, ratio: float, phase: Input = 0.0) -> tuple[int, int]:
        """Add an oscillator at a multiple of the voice's pitch."""
        hz = self._unit("BinaryOpUGen", SCALAR, (self.hz, ratio), (SCALAR,), MULTIPLY)
        return self._unit("SinOsc", AUDIO, (hz, phase))

    def filtered_saw(self, cutoff_hz: float, reciprocal_q: float) -> tuple[int, int]:
        """Add a band-limited saw at the voice's pitch through a resonant lowpass."""
        return self._unit("RLPF", AUDIO, (self._unit("Saw", AUDIO, (self.hz,)), cutoff_hz, reciprocal_q))

    def scaled(self, unit: Input, factor: float, plus: Input = 0.0) -> tuple[int, int]:
        if plus == 0.0:
            return self._unit("BinaryOpUGen", AUDIO, (unit, factor), special=MULTIPLY)
        return self._unit("MulAdd", AUDIO, (unit, factor, plus))

    def finish(self, signal: Input, level: float) -> bytes:
        """Shape the signal by an envelope, pan it to two outputs, and return the definition as bytes."""
        envelope = self._unit("EnvGen", AUDIO, (1.0, level, 0.0, 1.0, 2.0, *ADSR))
        shaped = self._unit("BinaryOpUGen", AUDIO, (signal, envelope), special=MULTIPLY)
        left, _ = self._unit("Pan2", AUDIO, (shaped, 0.3, 1.0), (AUDIO, AUDIO))
        self._unit("Out", AUDIO, (0.0, (left, 0), (left, 1)), ())
        constants = struct.pack(f">i{len(self._constants)}f", len(self._constants), *self._constants)
        params = struct.pack(">if", 1, self._hz) + struct.pack(">i", 1) + _text("hz") + struct.pack(">i", 0)
        units = struct.pack(">i", len(self._units)) + b"".join(self._units) + struct.pack(">h", 0)
        return b"SCgf" + struct.pack(">ih", 2, 1) + _text(self.name) + constants + params + units


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _osc(address: str, *args: str | bytes | int | float) -> bytes:
    """Return an OSC message."""
    tags, data = ",", b""
    for arg in args:
        if isinstance(arg, str):
            tags, data = tags + "s", data + _padded(arg.encode() + b"\0")
        elif isinstance(arg, bytes):
            tags, data = tags + "b", data + struct.pack(">i", len(arg)) + _padded(arg)
        else:
            kind = "f" if isinstance(arg, float) else "i"
            tags, data = tags + kind, data + struct.pack(">" + kind, arg)
    return _padded(address.encode() + b"\0") + _padded(tags.encode() + b"\0") + data


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def write_score(path: Path, definition: bytes, name: str, pitches_hz: Sequence[float], seconds: float) -> None:
    """Write a score: all voices at once, held to the end."""
    voices = [_osc("/s_new", name, 1000 + i, 1, 0, "hz", float(hz)) for i, hz in enumerate(pitches_hz)]
    bundles = [(0.0, [_osc("/d_recv", definition)]), (0.001, voices), (seconds, [_osc("/c_set", 0, 0.0)])]
    with path.open("wb") as file:
        for time, messages in bundles:
            body = b"#bundle\0" + struct.pack(">II", int(time), int(time % 1 * 2**32))
            body += b"".join(struct.pack(">i", len(message)) + message for message in messages)
            file.write(struct.pack(">i", len(body)) + body)


def render_cpu_s(program: str, score: Path, out: Path, block: int) -> float:
    """Return the processor time that scsynth needs for a score, in seconds."""
    command = [program, "-N", str(score), "_", str(out), "48000", "WAV", "float"]
    command += ["-o", "2", "-z", str(block), "-n", "4096"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
