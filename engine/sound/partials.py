"""Sums of sines: each partial with its own multiple of the pitch, level and decay."""

from __future__ import annotations

from typing import Any

from numba import float32, int32, njit

from engine.sound.block import F_HZ, H_RATE, P_COUNT, P_ROWS, PARTIALS, QUANTUM, ROW, W_RATIO
from engine.sound.native import memory_at
from engine.sound.waves import STEP, TURNS, audible, fade, increment, sine


@njit(nogil=True, error_model="numpy")
def add_partials(block: int, v: Any) -> Any:
    """Write a quantum of partials to `wave[0]`; return the loudest one's amplitude."""
    memory = memory_at(block, "wave header voice_f patch last phase amp")
    out, patch, phases, last = memory.wave[0], memory.patch[v], memory.phase[v], memory.last[v]
    rate, hz, loudest = memory.header[H_RATE], memory.voice_f[v, F_HZ], float32(0.0)
    for k in range(QUANTUM):
        out[k] = 0.0
    for row in range(min(int(patch[P_COUNT]), PARTIALS)):
        partial_hz = hz * patch[P_ROWS + ROW * row + W_RATIO]
        loudest = max(loudest, memory.amp[v, row])
        low = last[row]
        high = float32(fade(block, v, row) * audible(partial_hz, rate))
        last[row] = high
        slope = (high - low) * STEP
        step, phase = increment(partial_hz, rate), phases[row]
        for k in range(QUANTUM):
            turns = float32(int32(phase + step * int32(k))) * TURNS
            out[k] += (low + slope * float32(k)) * sine(turns)
        phases[row] = int32(phase + step * int32(QUANTUM))
    return loudest
