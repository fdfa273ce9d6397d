"""What all oscillators share: phases, the sine, and what is still to be heard at a frequency.

Phases are 32-bit integers that wrap by themselves, so a quantum is the same however it was reached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int32, int64, njit

from engine.sound.block import QUANTUM
from engine.sound.native import memory_at

TURN = 2.0**32
TURNS = np.float32(2.0**-32)
STEP = np.float32(1.0 / QUANTUM)
HALF = np.float32(0.5)
S1, S3 = np.float32(6.283185160087266), np.float32(-41.34165503087319)
S5, S7, S9 = np.float32(81.60100403790882), np.float32(-76.54978145256834), np.float32(39.5366994678069)
HIGHEST = 0.45  # of the rate: nothing above it is played


@njit(nogil=True, error_model="numpy", inline="always")
def sine(turns: Any) -> Any:
    """Return the sine of -0.5..0.5 turns, to -135 dB in float32 (own minimax fit of degree 9)."""
    turns = max(min(turns, HALF - turns), -HALF - turns)
    square = turns * turns
    return turns * (S1 + square * (S3 + square * (S5 + square * (S7 + square * S9))))


@njit(nogil=True, error_model="numpy")
def increment(hz: Any, rate: Any) -> Any:
    """Return how far a phase goes in one frame."""
    return int32(int64(hz * (TURN / rate)))


@njit(nogil=True, error_model="numpy")
def audible(hz: Any, rate: Any) -> Any:
    """Return 1 below 0.40 of the rate, falling to 0 at 0.45: nothing folds back."""
    return min(1.0, max(0.0, (HIGHEST - hz / rate) * 20.0))


@njit(nogil=True, error_model="numpy")
def fade(block: int, v: Any, row: Any) -> Any:
    """Let a partial's amplitude come nearer to its aim by one quantum; return it."""
    memory = memory_at(block, "amp aim fall")
    aim = memory.aim[v, row]
    memory.amp[v, row] = aim + (memory.amp[v, row] - aim) * memory.fall[v, row]
    return memory.amp[v, row]


@njit(nogil=True, error_model="numpy")
def start_phase(block: int, v: Any, row: Any, hz: Any, rate: Any, offset: Any) -> None:
    """Set a phase so that it is 0 at frame `offset` of the quantum in which the voice begins."""
    memory = memory_at(block, "phase")
    memory.phase[v, row] = int32(-int64(increment(hz, rate)) * offset)
