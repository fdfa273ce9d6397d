"""The sound of one voice in one quantum: envelope, glides, and its way into the bus."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.pan import turn_pan
from engine.sound.sources import add_source
from engine.sound.voices import SILENT, asked_level
from engine.sound.waves import STEP

LEVEL_TAU_S, PITCH_TAU_S, SEND_TAU_S = 0.012, 0.015, 0.025
KILL = 0.3  # a stolen voice falls by this factor a quantum: gone in 10 ms
LOUDEST = np.float32(64.0)


@njit(nogil=True, error_model="numpy")
def follow(tau_s: Any, rate: Any) -> Any:
    """Return the share by which a smoothed value nears its aim in one quantum."""
    return 1.0 - np.exp(-b.QUANTUM / (rate * tau_s))


@njit(nogil=True, error_model="numpy")
def _envelope(block: int, v: Any, until: Any) -> Any:
    """Return a voice's envelope at the end of the quantum, and move its state on."""
    memory = memory_at(block, "voice voice_f")
    voice, number = memory.voice[v], memory.voice_f[v]
    rise = min((until - voice[b.V_START]) / number[b.F_ATTACK], 1.0)
    if voice[b.V_STATE] == b.ON and voice[b.V_END] < until:
        voice[b.V_STATE] = b.RELEASED
    if voice[b.V_STATE] == b.RELEASED:
        number[b.F_ENV] *= number[b.F_FALL]
    elif voice[b.V_STATE] == b.KILLED:
        number[b.F_ENV] *= KILL
    if number[b.F_ENV] < SILENT:
        number[b.F_ENV] = 0.0
    return rise * rise * (3.0 - 2.0 * rise) * number[b.F_ENV]


@njit(nogil=True, error_model="numpy")
def _glide(block: int, v: Any) -> Any:
    """Move pitch and level towards what is asked; return the level."""
    memory = memory_at(block, "voice voice_f header values")
    voice, number, rate = memory.voice[v], memory.voice_f[v], memory.header[b.H_RATE]
    pitch = number[b.F_PITCH_TO]
    if voice[b.V_BIND_PITCH] >= 0:
        pitch += memory.values[voice[b.V_BIND_PITCH]]
    if abs(pitch - number[b.F_PITCH]) > 1e-6:
        number[b.F_PITCH] += (pitch - number[b.F_PITCH]) * follow(PITCH_TAU_S, rate)
        number[b.F_HZ] = 440.0 * 2.0 ** ((min(number[b.F_PITCH], 160.0) - 69.0) / 12.0)
    number[b.F_LEVEL] += (asked_level(block, v) - number[b.F_LEVEL]) * follow(LEVEL_TAU_S, rate)
    return number[b.F_LEVEL]


@njit(nogil=True, error_model="numpy")
def _shape(block: int, low: Any, high: Any, offset: Any) -> Any:
    """Ramp `wave[0]` from one amplitude to another, silent before `offset`; return False if it holds a bad number."""
    memory = memory_at(block, "wave")
    wave = memory.wave[0]
    if offset > 0:
        slope = float32(high / max(b.QUANTUM - offset, 1))
        for k in range(b.QUANTUM):
            wave[k] *= float32(max(k - offset, 0)) * slope
    else:
        start, slope = float32(low), float32(high - low) * STEP
        for k in range(b.QUANTUM):
            wave[k] *= start + slope * float32(k)
    bad = 0
    for k in range(b.QUANTUM):
        bad |= 0 if abs(wave[k]) < LOUDEST else 1
    return bad == 0


@njit(nogil=True, error_model="numpy")
def _mix(block: int, v: Any, n: Any) -> None:
    """Add `wave[0]` to the speakers by gliding gains, and to the echo's send, the bus's row after the last speaker."""
    memory = memory_at(block, "wave gain gain_low voice_f header bus")
    wave, now = memory.wave[0], memory.gain[v]
    number, rate = memory.voice_f[v], memory.header[b.H_RATE]
    near = float32(follow(SEND_TAU_S, rate))
    turn_pan(block, v, memory.header[b.H_FRAME] + b.QUANTUM)
    for s in range(n):
        low = memory.gain_low[s]
        slope = (now[s] - low) * STEP
        bus = memory.bus[s]
        for k in range(b.QUANTUM):
            bus[k] += wave[k] * (low + slope * float32(k))
    low = float32(number[b.F_SEND])
    number[b.F_SEND] += (number[b.F_SPACE] - number[b.F_SEND]) * near
    slope = (float32(number[b.F_SEND]) - low) * STEP
    bus = memory.bus[b.MAX_SPEAKERS]
    for k in range(b.QUANTUM):
        bus[k] += wave[k] * (low + slope * float32(k))


@njit(nogil=True, error_model="numpy")
def sound_voice(block: int, v: Any, frame: Any) -> Any:
    """Mix a voice's quantum that begins at `frame` into the bus; return False, and free the voice, when it is over."""
    memory = memory_at(block, "voice voice_f owner header")
    voice, number = memory.voice[v], memory.voice_f[v]
    offset = min(max(voice[b.V_START] - frame, 0), b.QUANTUM)
    level = _glide(block, v)
    env = _envelope(block, v, frame + b.QUANTUM)
    aim = level * level * env * memory.owner[voice[b.V_OWNER] % b.OWNERS, 1]
    lasts = add_source(block, v, offset)
    if not _shape(block, number[b.F_AMP], aim, offset):
        memory.header[b.H_BAD] += 1
        voice[b.V_STATE] = b.FREE
        return False
    number[b.F_AMP] = aim
    _mix(block, v, memory.header[b.H_SPEAKERS])
    if number[b.F_ENV] == 0.0 or not lasts:
        voice[b.V_STATE] = b.FREE
        return False
    return True
