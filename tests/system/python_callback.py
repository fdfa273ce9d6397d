"""The other yardstick: a tone from a Python callback in a process that holds the interpreter lock as the scene does.

python python_callback.py HOLDS COUNT: plays 220 Hz through PulseAudio until it is ended.
"""

import sys

import numpy as np
import sounddevice

from engine.clock import NS, monotonic_ns, sleep_s

HOLDS, COUNT = map(int, sys.argv[1:])
RATE, HZ = 48_000, 220.0
frame = 0


def callback(out: np.ndarray, frames: int, _times: object, _flags: object) -> None:
    global frame
    wave = 0.2 * np.sin(2 * np.pi * HZ / RATE * (frame + np.arange(frames)))
    out[:] = wave[:, None]
    frame += frames


with sounddevice.OutputStream(device="pulse", channels=2, samplerate=RATE, blocksize=256, latency=0.02,
                              callback=callback):
    due_ns = monotonic_ns()
    while True:
        for _ in range(HOLDS):
            sum(range(COUNT))  # one call into C: nobody else gets the lock
        due_ns += NS
        while monotonic_ns() < due_ns:
            sleep_s(1 / 60)
