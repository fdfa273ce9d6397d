"""The limiter: no output ever passes -1 dBTP, and nothing starts or stops at once."""

from __future__ import annotations

from typing import Any

from numba import float32, njit

from engine.sound import block as b
from engine.sound.echo import clear_room
from engine.sound.native import memory_at
from engine.sound.true_peak import LIMITED, true_peak
from engine.sound.waves import STEP

CEILING = 0.891  # -1 dBFS
PEAK_CEILING = 0.86  # -1.3 dBTP: at four times the rate a peak near the highest tones is seen 0.4 dB too low
RELEASE_S = 0.12
START_S, BLACKOUT_S, DEAD_S, BACK_S = 0.1, 0.3, 2.0, 0.3
DEAD_NS = 1_000_000_000
HUGE = 1e9


@njit(nogil=True, error_model="numpy")
def _step(position: Any, change: Any) -> Any:
    return min(max(position + change, 0.0), 1.0)


@njit(nogil=True, error_model="numpy")
def _smooth(position: Any) -> Any:
    return position * position * (3.0 - 2.0 * position)


@njit(nogil=True, error_model="numpy")
def fade_target(block: int, now_ns: Any) -> Any:
    """Move the fades of start, blackout and deadman by one quantum; return the gain at its end."""
    memory = memory_at(block, "header levels")
    header, levels = memory.header, memory.levels
    quantum_s = b.QUANTUM / header[b.H_RATE]
    levels[b.L_START] = _step(levels[b.L_START], quantum_s / START_S * (1.0 if header[b.H_RUNNING] else -2.0))
    levels[b.L_LIGHT] = _step(levels[b.L_LIGHT], quantum_s / BLACKOUT_S * (-1.0 if header[b.H_BLACKOUT] else 1.0))
    if header[b.H_LIVE] and now_ns - header[b.H_HEARTBEAT_NS] > DEAD_NS:
        levels[b.L_ALIVE] = _step(levels[b.L_ALIVE], -quantum_s / DEAD_S)
    else:
        levels[b.L_ALIVE] = _step(levels[b.L_ALIVE], quantum_s / BACK_S)
    return _smooth(levels[b.L_START]) * _smooth(levels[b.L_LIGHT]) * _smooth(levels[b.L_ALIVE])


@njit(nogil=True, error_model="numpy")
def _wipe(block: int) -> None:
    """Clear everything that remembers sound, after a number in it was bad."""
    memory = memory_at(block, "header mixed dc delay peaks biquad")
    for part in (memory.mixed, memory.delay, memory.peaks[LIMITED]):
        flat = part.ravel()
        for i in range(flat.size):
            flat[i] = 0.0
    for i in range(memory.dc.shape[0]):
        memory.dc[i, 0] = memory.dc[i, 1] = 0.0
    for biquads in memory.biquad.reshape(-1, 8):
        biquads[5] = biquads[6] = 0.0
    clear_room(block)
    memory.header[b.H_BAD] += 1


@njit(nogil=True, error_model="numpy")
def _room(block: int, n: Any) -> Any:
    """Return the gain that the quantum in `mixed` allows, linked over all outputs; a bad number silences it."""
    memory = memory_at(block, "mixed peaks")
    bad = 0
    for c in range(n):
        for k in range(b.QUANTUM):
            value = memory.mixed[c, k]
            memory.peaks[LIMITED, c, b.PEAK_TAPS + k] = value
            bad |= 0 if abs(value) < HUGE else 1
    if bad:
        _wipe(block)
        return 1.0
    peak: Any = float32(0.0)
    for c in range(n):
        peak = max(peak, true_peak(block, LIMITED, c))
    return min(1.0, PEAK_CEILING / max(peak, 1e-9))


@njit(nogil=True, error_model="numpy")
def limit(block: int, now_ns: Any) -> None:
    """Write the quantum before the one in `mixed` to `ready`, limited and faded, and keep the new one.

    The gain is a line between the quanta's borders. At each border it is at most what both neighbours allow, so no
    sample in between passes the ceiling: a look-ahead limiter with one quantum of delay and a ramp of the same length.
    """
    memory = memory_at(block, "levels header ahead ready mixed")
    levels, n = memory.levels, memory.header[b.H_CHANNELS]
    room = _room(block, n)
    before = levels[b.L_LIMIT]
    risen = before + (1.0 - before) * min(1.0, b.QUANTUM / (memory.header[b.H_RATE] * RELEASE_S))
    after = min(min(levels[b.L_ROOM], room), risen)
    fade_before, fade_after = levels[b.L_FADE_NOW], fade_target(block, now_ns)
    gain, slope = float32(before), float32(after - before) * STEP
    fade, fade_slope = float32(fade_before), float32(fade_after - fade_before) * STEP
    top = float32(CEILING)
    for c in range(n):
        for k in range(b.QUANTUM):
            value = memory.ahead[c, k] * (gain + slope * float32(k)) * (fade + fade_slope * float32(k))
            memory.ready[k, c] = min(max(value, -top), top)
            memory.ahead[c, k] = memory.mixed[c, k]
    levels[b.L_LIMIT], levels[b.L_ROOM], levels[b.L_FADE_NOW] = after, room, fade_after
