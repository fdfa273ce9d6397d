"""The null backend: no device, but the pace of one, so that the show runs and is measured the same."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns, sleep_s
from engine.show import model
from engine.sound.block import H_OUTPUTS, H_RATE, Memory, address
from engine.sound.mixer import serve
from engine.sound.rate import meet_rate
from engine.sound.stream import route

BEHIND_NS = 500_000_000  # after a longer stop (a suspended laptop) time is not made up for


class NullStream:
    """A thread that renders a block whenever one is due, and lets it go.

    Args:
        heard: Gets each block, valid until the next one, and when it was due on the monotonic clock.
    """

    name = "null"

    def __init__(self, memory: Memory, sound: model.Sound,
                 heard: Callable[[NDArray[np.float32], int], None] = lambda out, due_ns: None) -> None:
        self._memory, self._heard = memory, heard
        self._sound = sound
        self._stop = threading.Event()
        self.channels = int(memory.header[H_OUTPUTS])
        route(memory, self.channels)
        meet_rate(memory, int(memory.header[H_RATE]), sound.block)
        self._thread = threading.Thread(target=self._run, name="null-sound", daemon=True)
        self._thread.start()

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        out = np.zeros((self._sound.block, self.channels), np.float32)
        rate = int(self._memory.header[H_RATE])
        start_ns, n = monotonic_ns(), 0
        while not self._stop.is_set():
            due_ns = start_ns + round(n * self._sound.block * NS / rate)
            now_ns = monotonic_ns()
            if now_ns < due_ns:
                sleep_s((due_ns - now_ns) / NS)
            elif now_ns - due_ns > BEHIND_NS:
                start_ns, n = now_ns, 0
            serve(address(self._memory), out)
            self._heard(out, due_ns)
            n += 1

    def close(self) -> None:
        """Stop within a block."""
        self._stop.set()
        self._thread.join(1.0)
