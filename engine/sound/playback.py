"""Sound files as voices: read from the bank at any speed, once or in a loop without a seam."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int64, njit

from engine.sound.block import (
    B_LENGTH,
    B_READY,
    B_START,
    F_POS,
    H_RATE,
    QUANTUM,
    SAMPLES,
    V_LOOP,
    V_SAMPLE,
)
from engine.sound.native import memory_at
from engine.sound.waves import HALF

LOOP_FADE_S = 0.02
ENDING = 128  # frames over which a sample that ends fades


@njit(nogil=True, error_model="numpy", inline="always")
def _read(wave: Any, position: Any) -> Any:
    """Return the sample at a fractional position by a Catmull-Rom cubic."""
    i = int64(position)
    last = wave.size - 1
    t = float32(position - i)
    a, b = wave[max(i - 1, 0)], wave[min(i, last)]
    c, d = wave[min(i + 1, last)], wave[min(i + 2, last)]
    return b + HALF * t * (c - a + t * (float32(2) * a - float32(5) * b + float32(4) * c - d
                                        + t * (float32(3) * (b - c) + d - a)))


@njit(nogil=True, error_model="numpy")
def play_sample(block: int, voice: Any, offset: Any, speed: Any) -> bool:
    """Write a quantum of a sample to `wave[0]` from frame `offset` on; return False when it is over.

    A loop is closed by a cross-fade of its last 20 ms with what is before its beginning.
    """
    memory = memory_at(block, "wave sample voice bank header voice_f")
    out = memory.wave[0]
    for k in range(QUANTUM):
        out[k] = 0.0
    entry = memory.sample[min(max(memory.voice[voice, V_SAMPLE], 0), SAMPLES - 1)]
    length, start = entry[B_LENGTH], entry[B_START]
    if entry[B_READY] == 0 or length < 4 or start < 0 or start + length > memory.bank.size:
        return False
    wave = memory.bank[start : start + length]
    is_loop = memory.voice[voice, V_LOOP] != 0
    fade = min(int64(LOOP_FADE_S * memory.header[H_RATE]), length // 2)
    turn = float64(length - fade) if is_loop else float64(length)
    speed = min(max(speed, 0.0), 64.0)
    begin = memory.voice_f[voice, F_POS]
    for k in range(offset, QUANTUM):
        position = begin + speed * (k - offset)
        if is_loop:
            position -= np.floor(position / turn) * turn
            value = _read(wave, position)
            if position < fade and begin + speed * (k - offset) >= turn:
                share = float32(position / fade)
                value = value * share + _read(wave, position + turn) * (float32(1.0) - share)
            out[k] = value
        elif position < length:
            out[k] = _read(wave, position) * float32(min(1.0, (length - position) / (ENDING * max(speed, 1e-3))))
    position = begin + speed * (QUANTUM - offset)
    if is_loop and position >= 2.0 * turn:  # stay in the second turn: it has the cross-fade
        position -= np.floor(position / turn - 1.0) * turn
    memory.voice_f[voice, F_POS] = position
    return bool(is_loop or position < length)
