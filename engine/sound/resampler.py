"""From the engine's frames to those of a device that runs at another rate; `rate.py` prepares it."""

from __future__ import annotations

from typing import Any

from numba import float32, njit

from engine.sound import block as b
from engine.sound.limiter import CEILING
from engine.sound.native import memory_at

TOP = float32(CEILING)


@njit(nogil=True, error_model="numpy")
def is_bridged(block: int) -> Any:
    """Return whether the device's rate is not the engine's."""
    memory = memory_at(block, "resampler")
    return memory.resampler[b.A_DEVICE] > 0


@njit(nogil=True, error_model="numpy")
def wanted(block: int, n: int) -> Any:
    """Return the first and the end of the window's rows that must be rendered for `n` frames of the device."""
    memory = memory_at(block, "resampler window")
    at = memory.resampler
    device = max(at[b.A_DEVICE], 1)  # the keeper may take it away meanwhile
    first = min(max(at[b.A_FILLED], 0), memory.window.shape[0])
    end = min((at[b.A_PLACE] + (n - 1) * at[b.A_ENGINE]) // device + b.TAPS, memory.window.shape[0])
    at[b.A_FILLED] = max(first, end)
    return first, max(first, end)


@njit(nogil=True, error_model="numpy")
def resample(block: int, out: Any) -> None:
    """Write frames of the device, none above the ceiling, and let go of what the next ones do not need.

    Args:
        out: Shape (frames, channels), float32; at most as many frames as were `wanted`.
    """
    memory = memory_at(block, "resampler window taps")
    at, window = memory.resampler, memory.window
    row = memory.taps[b.PHASES + 1]
    place, engine, device = at[b.A_PLACE], at[b.A_ENGINE], at[b.A_DEVICE]
    if device <= 0:
        return
    for i in range(out.shape[0]):
        first = min(place // device, window.shape[0] - b.TAPS)
        between = (place % device) * b.PHASES / device
        phase = int(between)
        low, high, near = memory.taps[phase], memory.taps[phase + 1], float32(between - phase)
        for t in range(b.TAPS):
            row[t] = low[t] + (high[t] - low[t]) * near
        for c in range(out.shape[1]):
            out[i, c] = 0.0
        for t in range(b.TAPS):
            for c in range(out.shape[1]):
                out[i, c] += row[t] * window[first + t, c]
        for c in range(out.shape[1]):
            out[i, c] = min(max(out[i, c], -TOP), TOP)
        place += engine
    gone = min(place // device, at[b.A_FILLED])
    for i in range(at[b.A_FILLED] - gone):
        for c in range(out.shape[1]):
            window[i, c] = window[i + gone, c]
    at[b.A_PLACE], at[b.A_FILLED] = place - gone * device, at[b.A_FILLED] - gone
