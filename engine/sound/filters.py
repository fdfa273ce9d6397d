"""The filters of the voices: as each sample needs the one before, those of many voices run side by side.

Source:
    The state variable filter with trapezoidal integrators, stable while it is moved: Zavalishin 2012, Simper 2013.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, njit

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.timbre import OWN_PITCH
from engine.sound.waves import HIGHEST, STEP, fade

LOWEST_HZ = 5.0
BRIGHT_OCTAVES = 4.0  # from the dullest to the brightest
STILL = 1e-15  # of a filter's memory: below it numbers get slow


@njit(nogil=True, error_model="numpy")
def has_filter(patch: Any) -> Any:
    """Return whether an instrument has a filter."""
    if patch[b.P_KIND] < b.KIND_SAW or patch[b.P_KIND] > b.KIND_NOISE:
        return False
    return patch[b.P_LOW] + patch[b.P_BAND] + patch[b.P_HIGH] > 0.0


@njit(nogil=True, error_model="numpy")
def tune_filter(block: int, v: Any) -> None:
    """Aim a voice's filter at the cutoff and resonance that it is to have at the end of the quantum."""
    memory = memory_at(block, "patch voice_f move header")
    patch, number, move = memory.patch[v], memory.voice_f[v], memory.move[v]
    octaves = patch[b.P_TRACK] * (number[b.F_PITCH] - OWN_PITCH) / 12.0 + fade(block, v, b.SWEEP)
    octaves += BRIGHT_OCTAVES * (min(max(number[b.F_BRIGHT], 0.0), 1.0) - 0.5)
    if octaves != number[b.F_OCTAVES] or move[b.C_CUTOFF] != number[b.F_CUTOFF]:
        number[b.F_OCTAVES], number[b.F_CUTOFF] = octaves, move[b.C_CUTOFF]
        share = max(move[b.C_CUTOFF] * 2.0**octaves, LOWEST_HZ) / memory.header[b.H_RATE]
        number[b.F_G_TO] = np.tan(np.pi * min(share, HIGHEST))
    number[b.F_DAMP_TO] = 2.0 - 1.98 * min(max(move[b.C_RESONANCE], 0.0), 1.0)


@njit(nogil=True, error_model="numpy")
def start_filter(block: int, v: Any, offset: Any) -> None:
    """Begin with an empty filter that stands where it is to be, its sweep at its height at frame `offset`."""
    memory = memory_at(block, "patch voice_f amp aim fall header")
    patch, number = memory.patch[v], memory.voice_f[v]
    memory.aim[v, b.SWEEP] = memory.fall[v, b.SWEEP] = memory.amp[v, b.SWEEP] = 0.0
    if patch[b.P_SWEEP_S] > 0.0:
        frames = memory.header[b.H_RATE] * patch[b.P_SWEEP_S]
        memory.fall[v, b.SWEEP] = np.exp(-b.QUANTUM / frames)
        memory.amp[v, b.SWEEP] = patch[b.P_SWEEP] * np.exp((b.QUANTUM + offset) / frames)
    number[b.F_S1] = number[b.F_S2] = 0.0
    number[b.F_OCTAVES] = np.nan
    tune_filter(block, v)
    number[b.F_G], number[b.F_DAMP] = number[b.F_G_TO], number[b.F_DAMP_TO]


@njit(nogil=True, error_model="numpy")
def put_lane(block: int, v: Any, n: Any) -> None:
    """Bring a voice and the quantum in `wave[0]` to a lane."""
    memory = memory_at(block, "wave lanes lane lane_voice voice_f patch")
    number, patch, lane, step = memory.voice_f[v], memory.patch[v], memory.lane, float64(STEP)
    memory.lane_voice[n] = v
    for k in range(b.QUANTUM):
        memory.lanes[k, n] = memory.wave[0, k]
    lane[b.A_S1, n], lane[b.A_S2, n] = number[b.F_S1], number[b.F_S2]
    lane[b.A_G, n], lane[b.A_DAMP, n] = number[b.F_G], number[b.F_DAMP]
    lane[b.A_G_STEP, n] = (number[b.F_G_TO] - number[b.F_G]) * step
    lane[b.A_DAMP_STEP, n] = (number[b.F_DAMP_TO] - number[b.F_DAMP]) * step
    lane[b.A_LOW, n], lane[b.A_BAND, n], lane[b.A_HIGH, n] = patch[b.P_LOW], patch[b.P_BAND], patch[b.P_HIGH]


@njit(nogil=True, error_model="numpy")
def run_lanes(block: int, n: Any) -> None:
    """Filter the first `n` lanes, in place. One that resonates passes less of all: noise stays as loud."""
    memory = memory_at(block, "lanes lane lane_voice voice_f")
    lane, one, two = memory.lane, float32(1.0), float32(2.0)
    s1, s2, g, g_step = lane[b.A_S1], lane[b.A_S2], lane[b.A_G], lane[b.A_G_STEP]
    damp, damp_step, low = lane[b.A_DAMP], lane[b.A_DAMP_STEP], lane[b.A_LOW]
    band, high = lane[b.A_BAND], lane[b.A_HIGH]
    for i in range(n, b.LANES):
        s1[i] = s2[i] = g[i] = g_step[i] = damp[i] = damp_step[i] = low[i] = band[i] = high[i] = float32(0.0)
    for k in range(b.QUANTUM):
        frame = memory.lanes[k]
        for i in range(b.LANES):
            g[i] += g_step[i]
            damp[i] += damp_step[i]
            rest = frame[i] - s2[i]
            first = (s1[i] + g[i] * rest) / (one + g[i] * (g[i] + damp[i]))
            second = s2[i] + g[i] * first
            s1[i] = two * first - s1[i]
            s2[i] = two * second - s2[i]
            passed = low[i] * second + band[i] * first + high[i] * (frame[i] - damp[i] * first - second)
            frame[i] = passed * np.sqrt(damp[i])
    for i in range(n):
        number = memory.voice_f[memory.lane_voice[i]]
        number[b.F_S1], number[b.F_S2] = s1[i], s2[i]
        number[b.F_G], number[b.F_DAMP] = number[b.F_G_TO], number[b.F_DAMP_TO]
        if abs(number[b.F_S1]) < STILL and abs(number[b.F_S2]) < STILL:
            number[b.F_S1] = number[b.F_S2] = 0.0


@njit(nogil=True, error_model="numpy")
def take_lane(block: int, n: Any) -> None:
    """Bring a lane's quantum back to `wave[0]`."""
    memory = memory_at(block, "wave lanes")
    for k in range(b.QUANTUM):
        memory.wave[0, k] = memory.lanes[k, n]
