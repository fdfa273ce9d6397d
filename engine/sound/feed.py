"""What each speaker is fed: its bus without direct current, delayed, equalised, trimmed, and sent to its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int64, njit

from engine.sound import block as b
from engine.sound.equaliser import equalise
from engine.sound.layout import SWAP_S
from engine.sound.native import memory_at
from engine.sound.waves import STEP

MASTER_TAU_S = 0.05
DC_HZ = 12.0


@njit(nogil=True, error_model="numpy")
def _hold(block: int, s: Any, frame: Any, keep: Any) -> None:
    """Take the direct current off a speaker's bus and write it to the speaker's delay line."""
    memory = memory_at(block, "bus delay dc")
    bus, line = memory.bus[s], memory.delay[s]
    last, held = memory.dc[s, 0], memory.dc[s, 1]
    for k in range(b.QUANTUM):
        value = float64(bus[k])
        held = value - last + keep * held
        last = value
        line[(frame + k) & (b.DELAY - 1)] = float32(held)
    memory.dc[s, 0], memory.dc[s, 1] = last, held if abs(held) > 1e-20 else 0.0


@njit(nogil=True, error_model="numpy")
def _pass(block: int, line: Any, s: Any, frame: Any) -> None:
    """Write a speaker's quantum, as one of the two lines makes it, to `tap[line]`."""
    memory = memory_at(block, "delay line biquad tap")
    mine, wave, store = memory.line[line, s], memory.tap[line], memory.delay[s]
    delay, trim = int64(mine[b.I_DELAY]), mine[b.I_TRIM]
    for k in range(b.QUANTUM):
        wave[k] = trim * float64(store[(frame + k - delay) & (b.DELAY - 1)])
    equalise(wave, memory.biquad[line, s], int64(mine[b.I_BANDS]))


@njit(nogil=True, error_model="numpy")
def _smooth(share: Any) -> Any:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


@njit(nogil=True, error_model="numpy")
def _swap(block: int, s: Any, line: Any, frame: Any) -> None:
    """Write a speaker's quantum to `tap[line]`; while a new layout takes over, both lines are heard."""
    memory = memory_at(block, "levels header tap")
    _pass(block, line, s, frame)
    after = memory.levels[b.L_SWAP]
    if after >= 1.0:
        return
    _pass(block, 1 - line, s, frame)
    low, high = _smooth(after), _smooth(after + b.QUANTUM / (memory.header[b.H_RATE] * SWAP_S))
    new, old = memory.tap[line], memory.tap[1 - line]
    for k in range(b.QUANTUM):
        new[k] = old[k] + (new[k] - old[k]) * (low + (high - low) * k / b.QUANTUM)


@njit(nogil=True, error_model="numpy")
def feed_speakers(block: int, frame: Any) -> None:
    """Bring each speaker's bus to its outputs: no direct current, delay, equaliser, trim, master level, route."""
    memory = memory_at(block, "header levels mixed tap route layout")
    rate, n, channels = memory.header[b.H_RATE], memory.header[b.H_SPEAKERS], memory.header[b.H_CHANNELS]
    keep = 1.0 - 2.0 * np.pi * DC_HZ / rate
    low = memory.levels[b.L_MASTER_NOW]
    high = low + (memory.levels[b.L_MASTER] - low) * (1.0 - np.exp(-b.QUANTUM / (rate * MASTER_TAU_S)))
    memory.levels[b.L_MASTER_NOW] = high
    gain, slope = float32(low), float32(high - low) * STEP
    line = memory.layout[b.Y_LINE]
    for c in range(channels):
        for k in range(b.QUANTUM):
            memory.mixed[c, k] = 0.0
    for s in range(n):
        _hold(block, s, frame, keep)
        _swap(block, s, line, frame)
        wave = memory.tap[line]
        for c in range(channels):
            share = memory.route[s, c]
            if share != 0.0:
                for k in range(b.QUANTUM):
                    memory.mixed[c, k] += share * (gain + slope * float32(k)) * float32(wave[k])
