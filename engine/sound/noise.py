"""White noise without a state: a number of a voice's seed and of the frame, the same in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, njit, uint32

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.waves import STEP, fade

SCALE = np.float32(2.0**-31)


@njit(nogil=True, error_model="numpy", inline="always")
def white(seed: Any, index: Any) -> Any:
    """Return a number of -1..1 that has nothing to do with those of other seeds and places.

    Source:
        The integer hash `lowbias32` of C. Wellons, with T. Ettinger's constants.
    """
    x = uint32(index) ^ uint32(seed)
    x = uint32((x ^ (x >> uint32(16))) * uint32(0x21F0AAAD))
    x = uint32((x ^ (x >> uint32(15))) * uint32(0xD35A2D97))
    return float32(int32(x ^ (x >> uint32(15)))) * SCALE


@njit(nogil=True, error_model="numpy")
def seed_of(count: Any) -> Any:
    """Return the seed of the nth voice."""
    return int32(uint32(count) * uint32(0x9E3779B9))


@njit(nogil=True, error_model="numpy")
def add_noise(block: int, v: Any, frame: Any) -> Any:
    """Write a quantum of noise to `wave[0]`; return its amplitude."""
    memory = memory_at(block, "wave voice last amp")
    out, seed = memory.wave[0], memory.voice[v, b.V_SEED]
    begin, low, loudest = uint32(frame - memory.voice[v, b.V_START]), memory.last[v, 0], memory.amp[v, 0]
    memory.last[v, 0] = fade(block, v, 0)
    slope = (memory.last[v, 0] - low) * STEP
    for k in range(b.QUANTUM):
        out[k] = (low + slope * float32(k)) * white(seed, begin + uint32(k))
    return loudest
