"""Ears: whether a show is heard, from the sound server's own output or from what the sound process says of itself."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Callable, Mapping
from threading import Event, Thread

import numpy as np

RATE = 8000
CHUNK_S = 0.05
CHUNK = round(RATE * CHUNK_S)
MOST_SILENT = 30
AUDIBLE = 3e-4
BYTES = 4
WORDS = [
    "parec", "-d", "@DEFAULT_MONITOR@", f"--rate={RATE}", "--channels=1", "--format=float32le", "--raw",
    "--latency-msec=50", "--client-name=mixeur stress",
]  # fmt: skip


def hears_a_server(env: Mapping[str, str]) -> bool:
    """Return whether a PulseAudio or PipeWire server answers and can be recorded from."""
    if not (shutil.which("parec") and shutil.which("pactl")):
        return False
    try:
        return not subprocess.run(["pactl", "info"], env=dict(env), capture_output=True, timeout=5).returncode
    except subprocess.TimeoutExpired:
        return False


class ServerEars:
    """Records what the default output plays; a server that is gone is looked for again.

    Args:
        env: Where the server is.
        heard: Called with the loudness of each 50 ms that is audible, in a thread of its own.
    """

    def __init__(self, env: Mapping[str, str], heard: Callable[[float], None]) -> None:
        self._env, self._heard = dict(env), heard
        self._ending = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._ending.set()
        if self._process is not None:
            self._process.kill()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._process = subprocess.Popen(
                WORDS, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            self._listen(self._process)
            self._process.kill()
            self._process.wait()
            self._ending.wait(0.2)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Listen until nothing is heard for a while: the recording may have been moved to another output."""
        assert process.stdout is not None
        silent = 0
        while silent < MOST_SILENT and select.select([process.stdout], [], [], CHUNK_S * MOST_SILENT)[0]:
            raw = os.read(process.stdout.fileno(), CHUNK * BYTES)
            if not raw:
                return
            loudness = float(np.abs(np.frombuffer(raw[: len(raw) // BYTES * BYTES], "<f4")).max(initial=0.0))
            silent = 0 if loudness > AUDIBLE else silent + 1
            if not silent:
                self._heard(loudness)
