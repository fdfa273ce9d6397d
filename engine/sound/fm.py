"""Frequency modulation: up to four sines that bend each other's phase along a routing, the last one also its own.

Source:
    Chowning 1973, as phase modulation; feedback over the mean of the last two values: Tomisawa 1981.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, njit

from engine.sound.block import (
    F_BACK,
    F_BACK_OLD,
    F_HZ,
    F_TUNED_HZ,
    H_RATE,
    P_BACK,
    P_COUNT,
    P_ROWS,
    QUANTUM,
    ROW,
    W_BENT_BY,
    W_RATIO,
)
from engine.sound.native import memory_at
from engine.sound.waves import HALF, HIGHEST, STEP, TURNS, audible, fade, increment, sine

OPERATORS = 4
SUM = 5  # row of `wave`
INDEX = 0.5 / np.pi  # turns of bend for an index of 1
BACK = np.float32(0.25)  # turns of bend of the whole feedback, nearly a saw


@njit(nogil=True, error_model="numpy")
def _limit(block: int, v: Any, n: Any) -> None:
    """Write to `loop` the greatest amplitude of each operator at which what it bends folds nothing back.

    Twice as many sidebands as the index, and two more, must fit: what is above them is below -50 dB.
    """
    memory = memory_at(block, "patch voice_f header band loop amp aim")
    patch, number, band, most = memory.patch[v], memory.voice_f[v], memory.band, memory.loop[v]
    number[F_TUNED_HZ], top = number[F_HZ], HIGHEST * memory.header[H_RATE]
    for i in range(n - 1, -1, -1):
        cell = P_ROWS + ROW * i
        band[i], bent_by, most[i] = number[F_HZ] * patch[cell + W_RATIO], int(patch[cell + W_BENT_BY]), 16.0
        own_hz = band[i]
        if bent_by < 0:
            bent_by = -1 - bent_by
        for j in range(i + 1, n):
            if bent_by >> j & 1:
                allowed = 0.5 * max((top - own_hz) / band[j] - 2.0, 0.0)
                most[j] = min(float(most[j]), allowed * INDEX)
                band[i] += min(max(memory.amp[v, j], memory.aim[v, j]) / INDEX, allowed) * band[j]


@njit(nogil=True, error_model="numpy")
def _bend(block: int, bent_by: Any, first: Any, n: Any) -> Any:
    """Return the row of `wave` that holds the sum of the operators that bend, -1 if none does."""
    memory = memory_at(block, "wave")
    bend, row = memory.wave[SUM], -1
    for j in range(first, n):
        if bent_by >> j & 1:
            other, before = memory.wave[1 + j], memory.wave[max(row, 0)]
            if row < 0:
                row = 1 + j
            else:
                for k in range(QUANTUM):
                    bend[k] = before[k] + other[k]
                row = SUM
    return row


@njit(nogil=True, error_model="numpy")
def _feed_back(block: int, v: Any, out: Any, phase: Any, step: Any, low: Any, slope: Any) -> None:
    """Write an operator that bends itself; the one loop here in which each value needs the one before."""
    memory = memory_at(block, "voice_f patch")
    share = float32(memory.patch[v, P_BACK]) * BACK
    old, older = float32(memory.voice_f[v, F_BACK]), float32(memory.voice_f[v, F_BACK_OLD])
    for k in range(QUANTUM):
        turns = float32(int32(phase + step * int32(k))) * TURNS + share * HALF * (old + older)
        older = old
        old = sine(turns - np.floor(turns + HALF))
        out[k] = old * (low + slope * float32(k))
    memory.voice_f[v, F_BACK], memory.voice_f[v, F_BACK_OLD] = old, older


@njit(nogil=True, error_model="numpy")
def modulate(block: int, v: Any) -> Any:
    """Write a quantum of FM to `wave[0]`; return the loudest amplitude of those that are heard.

    An index falls where the pitch would make it fold back.
    """
    memory = memory_at(block, "wave header voice_f patch last phase amp loop")
    total, patch, last = memory.wave[0], memory.patch[v], memory.last[v]
    n, rate = min(int(patch[P_COUNT]), OPERATORS), memory.header[H_RATE]
    loudest = float32(0.0)
    if memory.voice_f[v, F_TUNED_HZ] != memory.voice_f[v, F_HZ]:
        _limit(block, v, n)
    for k in range(QUANTUM):
        total[k] = 0.0
    for i in range(n - 1, -1, -1):
        cell = P_ROWS + ROW * i
        hz, bent_by = memory.voice_f[v, F_HZ] * patch[cell + W_RATIO], int(patch[cell + W_BENT_BY])
        is_heard, low = bent_by < 0, last[i]
        if is_heard:
            bent_by = -1 - bent_by
            loudest = max(loudest, memory.amp[v, i])
            last[i] = float32(fade(block, v, i) * audible(hz, rate))
        else:
            last[i] = min(fade(block, v, i), memory.loop[v, i])
        slope, step, phase = (last[i] - low) * STEP, increment(hz, rate), memory.phase[v, i]
        out = memory.wave[1 + i]
        if i == n - 1 and patch[P_BACK] > 0.0:
            _feed_back(block, v, out, phase, step, low, slope)
        elif bent_by:
            bend = memory.wave[_bend(block, bent_by, i + 1, n)]
            for k in range(QUANTUM):
                turns = float32(int32(phase + step * int32(k))) * TURNS + bend[k]
                out[k] = sine(turns - np.floor(turns + HALF)) * (low + slope * float32(k))
        else:
            for k in range(QUANTUM):
                out[k] = sine(float32(int32(phase + step * int32(k))) * TURNS) * (low + slope * float32(k))
        if is_heard:
            for k in range(QUANTUM):
                total[k] += out[k]
        memory.phase[v, i] = int32(phase + step * int32(QUANTUM))
    return loudest
