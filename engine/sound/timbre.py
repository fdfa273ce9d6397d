"""The timbre of a voice as it begins and as it is asked to be: brightness, decays, phases."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.waves import audible, start_phase

FOLLOW = 0.9  # a quantum
OWN_PITCH = 60.0  # at which a cutoff that follows the pitch is the one that was asked for
INDEX = 0.5 / np.pi  # turns of bend for an FM index of 1


@njit(nogil=True, error_model="numpy")
def bends(patch: Any, row: Any) -> Any:
    """Return whether an FM operator bends another and is not heard itself."""
    return patch[b.P_KIND] == b.KIND_FM and patch[b.P_ROWS + b.ROW * row + b.W_BENT_BY] >= 0.0


@njit(nogil=True, error_model="numpy")
def colour(block: int, v: Any, bright: Any) -> None:
    """Aim a voice's partials or FM indices at a brightness; 0.5 is the instrument's own. Filters follow it too."""
    memory = memory_at(block, "voice_f patch aim header")
    memory.voice_f[v, b.F_BRIGHT] = bright
    patch, tilt = memory.patch[v], min(max(bright, 0.0), 1.0) * 3.0 - 1.5
    for row in range(min(int(patch[b.P_COUNT]), b.PARTIALS)):
        cell = b.P_ROWS + b.ROW * row
        share = 1.0
        if patch[b.P_KIND] == b.KIND_PARTIALS:
            share = min(patch[cell + b.W_RATIO] ** tilt, 4.0)
        elif bends(patch, row):
            share = np.exp(tilt) * INDEX
        elif patch[b.P_KIND] == b.KIND_NOISE and patch[b.P_HIGH] == 0.0:
            share = _narrow(patch, memory.voice_f[v, b.F_PITCH], memory.header[b.H_RATE])
        memory.aim[v, row] = patch[cell + b.W_LEVEL] * share


@njit(nogil=True, error_model="numpy")
def _narrow(patch: Any, pitch: Any, rate: Any) -> Any:
    """Return by how much noise is to be louder for what the filter, where its instrument has it, takes away."""
    if patch[b.P_LOW] + patch[b.P_BAND] == 0.0:
        return 1.0
    hz = patch[b.P_MOVES + b.C_CUTOFF] * 2.0 ** (patch[b.P_TRACK] * (pitch - OWN_PITCH) / 12.0)
    return 1.0 / np.sqrt(min(np.pi * max(hz, 20.0) / rate, 1.0))


@njit(nogil=True, error_model="numpy")
def strike(block: int, v: Any, held: Any, offset: Any) -> None:
    """Start a voice's partials full, and let those of a note fall by their own decays; higher notes fall faster."""
    memory = memory_at(block, "voice_f patch header last amp")
    patch, hz, rate = memory.patch[v], memory.voice_f[v, b.F_HZ], memory.header[b.H_RATE]
    short = shorter(hz)
    for row in range(min(int(patch[b.P_COUNT]), b.PARTIALS)):
        cell = b.P_ROWS + b.ROW * row
        decay_s, stays = patch[cell + b.W_DECAY_S] * short, patch[cell + b.W_STAYS]
        row_hz = hz * patch[cell + b.W_RATIO]
        start_phase(block, v, row, row_hz, rate, offset)
        if bends(patch, row):
            let_fall(block, v, row, decay_s, max(stays, 0.4) if held else stays, offset)
            memory.last[v, row] = memory.amp[v, row]
        else:
            let_fall(block, v, row, 0.0 if held else decay_s, stays, offset)
            memory.last[v, row] = memory.amp[v, row] * audible(row_hz, rate)


@njit(nogil=True, error_model="numpy")
def shorter(hz: Any) -> Any:
    """Return the factor of decays at a pitch."""
    return min(max((262.0 / hz) ** 0.4, 0.3), 2.0)


@njit(nogil=True, error_model="numpy")
def let_fall(block: int, v: Any, row: Any, decay_s: Any, stays: Any, offset: Any) -> None:
    """Let a partial fall from its aim at frame `offset` to a share of it; with no decay it follows its aim."""
    memory = memory_at(block, "amp aim fall header")
    full = memory.aim[v, row]
    memory.amp[v, row], memory.fall[v, row] = full, FOLLOW
    if decay_s > 0.0:
        frames = memory.header[b.H_RATE] * decay_s
        memory.fall[v, row] = np.exp(-b.QUANTUM / frames)
        memory.aim[v, row] *= stays
        memory.amp[v, row] += (full - memory.aim[v, row]) * (np.exp(offset / frames) - 1.0)
