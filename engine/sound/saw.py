"""Saws and pulses without aliases: bare ramps, and at each edge what a band-limited step has more than a bare one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int32, int64, njit

from engine.sound import block as b
from engine.sound.bandlimit import BLEP_PHASES
from engine.sound.native import memory_at
from engine.sound.waves import STEP, audible, fade, increment

HALF_TURN, WHOLE_TURN = 1 << 31, 1 << 32
MIDDLE = b.QUANTUM // 2  # frames by which the sound follows the phase: half of a step's length
EDGE = np.float32(2.0**-31)


@njit(nogil=True, error_model="numpy")
def _add_ramp(block: int, phase: Any, step: Any, low: Any, slope: Any) -> None:
    """Add a quantum of a saw that begins at `phase` to the overlapping quanta."""
    memory = memory_at(block, "overlap blep")
    out, start, rise = memory.overlap[MIDDLE : MIDDLE + b.QUANTUM], low * EDGE, slope * EDGE
    for k in range(b.QUANTUM):
        out[k] += (start + rise * float32(k)) * float32(int32(phase + step * int32(k)))
    pace = int64(step)
    if pace <= 0:
        return
    turn, share, left = pace * b.QUANTUM, BLEP_PHASES / float64(pace), int64(HALF_TURN) - int64(phase)
    while left <= turn:  # each edge after the first frame, up to the next quantum's first
        n = (left - 1) // pace
        place = float64(left - n * pace) * share
        row = min(int64(place), BLEP_PHASES - 1)
        part, drop = float32(place - row), float32(-2.0) * (low + slope * float32(n))
        near, far = memory.blep[row], memory.blep[row + 1]
        edge = memory.overlap[n + 1 : n + 1 + b.QUANTUM]
        for k in range(b.QUANTUM):
            edge[k] += drop * (near[k] + part * (far[k] - near[k]))
        left += int64(WHOLE_TURN)


@njit(nogil=True, error_model="numpy")
def add_saws(block: int, v: Any) -> Any:
    """Write a quantum of saws, or of pulses, to `wave[0]`; return the loudest one's amplitude.

    A pulse is a saw less one that comes later by its width; the width glides as a small difference of their pitch.
    """
    memory = memory_at(block, "wave overlap tail patch phase last amp voice_f header move voice")
    patch, phases, last, overlap = memory.patch[v], memory.phase[v], memory.last[v], memory.overlap
    rate, n, loudest = memory.header[b.H_RATE], min(int(patch[b.P_COUNT]), b.SWEEP), float32(0.0)
    is_pulse = patch[b.P_KIND] == b.KIND_PULSE
    width = int32(int64(memory.move[v, b.C_WIDTH] * WHOLE_TURN))
    for k in range(b.QUANTUM):
        overlap[k] = memory.tail[v, k]
        overlap[b.QUANTUM + k] = float32(0.0)
    for row in range(n):
        hz = memory.voice_f[v, b.F_HZ] * patch[b.P_ROWS + b.ROW * row + b.W_RATIO]
        loudest = max(loudest, memory.amp[v, row])
        low = last[row]
        last[row] = float32(fade(block, v, row) * audible(hz, rate))
        slope, step = (last[row] - low) * STEP, increment(hz, rate)
        if low > 0.0 or last[row] > 0.0:
            _add_ramp(block, phases[row], step, low, slope)
            if is_pulse:
                later = int32(phases[row] - memory.voice[v, b.V_WIDTH])
                drift = int32(int32(memory.voice[v, b.V_WIDTH]) - width) // int32(b.QUANTUM)
                _add_ramp(block, later, step + drift, -low, -slope)
        phases[row] = int32(phases[row] + step * int32(b.QUANTUM))
    if is_pulse:
        drift = int32(int32(memory.voice[v, b.V_WIDTH]) - width) // int32(b.QUANTUM)
        memory.voice[v, b.V_WIDTH] = int32(memory.voice[v, b.V_WIDTH]) - drift * b.QUANTUM
    for k in range(b.QUANTUM):
        memory.wave[0, k] = overlap[k]
        memory.tail[v, k] = overlap[b.QUANTUM + k]
    return loudest


@njit(nogil=True, error_model="numpy")
def start_saws(block: int, v: Any) -> None:
    """Run one quantum before the first, unheard, so that the first one is whole; several saws begin at odd phases."""
    memory = memory_at(block, "tail patch phase voice_f header voice move")
    rate, patch = memory.header[b.H_RATE], memory.patch[v]
    memory.voice[v, b.V_WIDTH] = int32(int64(memory.move[v, b.C_WIDTH] * WHOLE_TURN))
    for row in range(min(int(patch[b.P_COUNT]), b.SWEEP)):
        step = increment(memory.voice_f[v, b.F_HZ] * patch[b.P_ROWS + b.ROW * row + b.W_RATIO], rate)
        odd = int32(memory.voice[v, b.V_SEED] * (2 * row + 1)) if row else int32(0)
        memory.phase[v, row] = int32(memory.phase[v, row] - step * int32(b.QUANTUM) + odd)
    for k in range(b.QUANTUM):
        memory.tail[v, k] = float32(0.0)
    add_saws(block, v)
