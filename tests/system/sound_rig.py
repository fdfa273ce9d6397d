"""A real sound path without a sound card: PulseAudio with an 8-channel null sink, and recordings of what it plays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
MAP = "front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right"
RATE = 48_000


def missing_tools() -> str:
    """Return what the rig needs and this machine has not, or nothing."""
    return ", ".join(tool for tool in ("pulseaudio", "pactl", "parec") if not shutil.which(tool))


class SoundRig:
    """A PulseAudio server of our own in a folder of its own; `env` points programs at it.

    The folder's path must be short: a Unix socket's is limited to 107 bytes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.start()

    def record(self, path: Path) -> Recording:
        """Start to record all outputs of the sink."""
        return Recording(path, self.env)

    def native_tone(self, folder: Path, hz: float, seconds: float, latency_ms: int,
                    ) -> tuple[Recording, subprocess.Popen[bytes]]:  # fmt: skip
        """Start the yardstick: a tone that the server's own player plays to its second sink, and its recording."""
        wave = np.sin(2 * np.pi * hz / RATE * np.arange(round(seconds * RATE))).astype("<f4") * np.float32(0.2)
        (folder / "native.raw").write_bytes(np.repeat(wave, 2).tobytes())
        player = subprocess.Popen(
            ["pacat", "-d", "mic", f"--rate={RATE}", "--channels=2", "--format=float32le", "--raw",
             f"--latency-msec={latency_ms}", folder / "native.raw"], env=self.env)
        return Recording(folder / "native_heard.raw", self.env, "mic", "front-left,front-right"), player

    def start(self) -> None:
        """Start the server, or start it again after it was stopped."""
        command = [HERE / "start_sound.sh", self._folder]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.env = {**os.environ, **dict(re.findall(r"(\w+)=(\S+)", text))}
        self._pid = int(self.env["SOUND_PID"])

    def control(self, *words: str) -> str:
        """Tell the server something in pactl's own words; return its answer."""
        answer = subprocess.run(["pactl", *words], env=self.env, check=True, capture_output=True, text=True)
        return answer.stdout.strip()

    def pull(self, name: str = "speakers") -> None:
        """Take the speakers away, as if their plug were pulled."""
        modules = self.control("list", "short", "modules").splitlines()
        for line in [line for line in modules if f"sink_name={name}" in line][::-1]:
            self.control("unload-module", line.split()[0])

    def plug(self, channels: int = 8, rate: int = RATE, name: str = "speakers") -> None:
        """Give the speakers back; with another rate than before they keep to it, whatever plays on them."""
        names = ",".join(MAP.split(",")[:channels])
        kind = (f"rate={rate}", f"channels={channels}", f"channel_map={names}", "format=float32le")
        if rate == RATE:
            self.control("load-module", "module-null-sink", f"sink_name={name}", *kind)
        else:  # a null sink itself would be switched to the rate of the first stream
            self.control("load-module", "module-null-sink", f"sink_name={name}_card", *kind)
            self.control("load-module", "module-remap-sink", f"sink_name={name}", f"master={name}_card",
                         *kind)

    def signal(self, number: int) -> None:
        """Send the server a signal: SIGKILL, SIGSTOP, SIGCONT."""
        os.kill(self._pid, number)

    def stop(self) -> None:
        """End the server."""
        os.kill(self._pid, signal.SIGTERM)


@contextmanager
def running() -> Iterator[SoundRig]:
    """Run a server in a folder whose path is short enough."""
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        rig = SoundRig(Path(folder))
        try:
            yield rig
        finally:
            rig.stop()


class Recording:
    """A running recording of a sink, raw float32."""

    def __init__(self, path: Path, env: dict[str, str], sink: str = "speakers", channel_map: str = MAP) -> None:
        self._path = path
        self._channels = channel_map.count(",") + 1
        self._file = path.open("wb")
        self._process = subprocess.Popen(
            ["parec", "-d", f"{sink}.monitor", f"--rate={RATE}", f"--channels={self._channels}",
             f"--channel-map={channel_map}", "--format=float32le", "--raw", "--latency-msec=20"],
            stdout=self._file, env=env)

    def stop(self) -> NDArray[np.float32]:
        """Return what was recorded. Shape (frames, channels), float32."""
        self._process.terminate()
        self._process.wait()
        self._file.close()
        return self.so_far()

    def frames(self) -> int:
        """Return how much was recorded up to now."""
        return self._path.stat().st_size // (4 * self._channels)

    def so_far(self) -> NDArray[np.float32]:
        """Return what was recorded up to now. Shape (frames, channels), float32."""
        raw = np.fromfile(self._path, "<f4")
        return raw[: raw.size // self._channels * self._channels].reshape(-1, self._channels)


def breaks(wave: NDArray[np.float32], hz: float, rate: int = RATE) -> NDArray[np.int64]:
    """Return where a steady sine is broken, as frames; at most one within 20 ms.

    A steady sine obeys x[n+1] = 2 cos(w) x[n] - x[n-1]; what does not fit is a discontinuity.
    """
    wave = wave.astype(np.float64)
    error = np.abs(wave[2:] - 2 * np.cos(2 * np.pi * hz / rate) * wave[1:-1] + wave[:-2])
    level = np.sqrt(2 * np.mean(wave**2))
    found = np.flatnonzero(error > max(1e-5, 2e-3 * level))
    return found[np.diff(found, prepend=-(10**9)) > rate // 50]


def jumps(wave: NDArray[np.float32], rate: int = RATE, least: float = 2e-3) -> NDArray[np.int64]:
    """Return where low tones (below 1 kHz) are broken in any channel, as frames; at most one within 20 ms.

    The sixth difference is deaf to them (-100 dB and less) and hears a jump twenty times as loud as it is.
    """
    error = np.abs(np.diff(wave.astype(np.float64), 6, axis=0)).max(axis=1)
    found = np.flatnonzero(error > least)
    return found[np.diff(found, prepend=-(10**9)) > rate // 50]


def strongest_hz(wave: NDArray[np.float32], rate: int = RATE) -> float:
    """Return the frequency of the strongest partial, to a small part of a hertz for a second of sound."""
    window = np.hanning(len(wave))
    power = np.abs(np.fft.rfft(wave * window, 4 * len(wave)))
    peak = int(power.argmax())
    a, b, c = np.log(power[peak - 1 : peak + 2] + 1e-20)
    return float((peak + 0.5 * (a - c) / (a - 2 * b + c)) * rate / (4 * len(wave)))
