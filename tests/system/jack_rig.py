"""A JACK server without a sound card, that can be killed and started again at another rate."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import soundfile
from numpy.typing import NDArray

from engine.clock import sleep_s

NAME = "mixeur-test"  # always the same: a server takes over the place of a dead one of its name
MEMORY = Path("/dev/shm")
PERIOD = 1024


def missing_tools() -> str:
    """Return what the rig needs and this machine has not, or nothing."""
    return ", ".join(tool for tool in ("jackd", "jack_rec", "jack_wait") if not shutil.which(tool))


class JackRig:
    """JACK's dummy server with 8 outputs; `env` points programs at it, and at no other sound."""

    def __init__(self, folder: Path) -> None:
        self.env = {**os.environ, "JACK_DEFAULT_SERVER": NAME, "JACK_NO_AUDIO_RESERVATION": "1",
                    "PULSE_SERVER": f"unix:{folder}/none"}
        self._folder = folder
        _forget_the_dead()
        self.start()

    def start(self, rate: int = 48_000) -> None:
        """Start the server, or start it again after it was killed."""
        words = ["jackd", "-r", "-d", "dummy", "-r", str(rate), "-p", str(PERIOD), "-P", "8", "-C", "2"]
        self._log = (self._folder / "jackd.log").open("a")
        self._server = subprocess.Popen(words, env=self.env, stdout=self._log, stderr=self._log)
        for _ in range(100):
            if subprocess.run(["jack_wait", "-c"], env=self.env, capture_output=True, text=True).stdout == "running\n":
                return
            assert self._server.poll() is None, (self._folder / "jackd.log").read_text()
            sleep_s(0.1)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server in order: one that is killed keeps one of the eight places that a machine has."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        self._server.send_signal(number)
        self._server.wait(20)
        self._log.close()

    def record(self, seconds: float, channel: int = 0) -> tuple[NDArray, int]:
        """Return what the sound process plays on an output, and the rate. Shape (frames,), float64."""
        path = self._folder / "jack.wav"
        words = ["jack_rec", "-f", path, "-d", str(seconds), "-b", "24", f"PortAudio:out_{channel}"]
        subprocess.run(list(map(str, words)), env=self.env, check=True, capture_output=True)
        wave, rate = soundfile.read(path)
        return wave, int(rate)


def _forget_the_dead() -> None:
    """Clear JACK's register of servers if none is alive: it is full for ever once eight were killed."""
    if subprocess.run(["pgrep", "-x", "jackd"], capture_output=True).returncode:
        for path in filter(Path.is_file, MEMORY.glob("jack[-_]s*")):
            path.unlink(missing_ok=True)
