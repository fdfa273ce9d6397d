"""The device's own rate: the engine keeps to one rate for the whole run, and the last step before a device meets it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.sound import block as b
from engine.sound.block import Memory

BETA = 9.0  # of the Kaiser window: -90 dB beside the band
WIDTH = 0.5 * 5.73 / b.TAPS  # half of that window's way from passing to stopping, in cycles a sample


def meet_rate(memory: Memory, device_rate: int, block: int) -> None:
    """Let what is rendered next come at the device's rate, in blocks of so many of its frames.

    Raises:
        ValueError: The device is more than eight times slower than the engine.
    """
    rate = int(memory.header[b.H_RATE])
    if rate > b.MOST_TIMES * device_rate:
        raise ValueError(f"its rate of {device_rate} Hz is too low")
    memory.header[b.H_BLOCK] = math.ceil(block * rate / device_rate)
    memory.resampler[:] = 0
    if device_rate != rate:
        common = math.gcd(rate, device_rate)
        memory.taps[: b.PHASES + 1] = taps(device_rate / rate)
        memory.window[: b.TAPS] = 0.0
        memory.resampler[[b.A_ENGINE, b.A_DEVICE, b.A_FILLED]] = rate // common, device_rate // common, b.TAPS - 1


def taps(ratio: float) -> NDArray[np.float32]:
    """Return a low pass between frames: row p gives the sound p/256 of a frame after the middle of its 64 frames.

    A sinc under a Kaiser window (J. O. Smith, "Digital Audio Resampling"); what lies between two rows is taken on the
    line between them (-100 dB). Shape (257, 64), float32.

    Args:
        ratio: The device's rate, in the engine's.
    """
    cut = 0.5 * min(ratio, 1.0) - WIDTH
    half = b.TAPS // 2
    at = np.arange(b.TAPS) - (half - 1) - np.arange(b.PHASES + 1)[:, None] / b.PHASES
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (at / half) ** 2, 0))) / np.i0(BETA)
    rows = 2 * cut * np.sinc(2 * cut * at) * window
    rows /= rows.sum(axis=1, keepdims=True)
    return rows.astype(np.float32)
