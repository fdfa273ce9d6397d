"""The sound of the voices in one quantum: glides, envelopes, and their way into the bus."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from engine.sound import block as b
from engine.sound.filters import has_filter, put_lane, run_lanes, take_lane, tune_filter
from engine.sound.native import memory_at
from engine.sound.pan import turn_pan
from engine.sound.sources import add_source
from engine.sound.voices import SILENT, asked_level
from engine.sound.waves import STEP

LEVEL_TAU_S, PITCH_TAU_S, SEND_TAU_S, MOVE_TAU_S = 0.012, 0.015, 0.025, 0.02
KILL_S = 0.01
LOUDEST = np.float32(64.0)
ENVELOPE, POWERS = 6, 7  # rows of `wave`


@njit(nogil=True, error_model="numpy")
def follow(tau_s: Any, rate: Any) -> Any:
    """Return the share by which a smoothed value nears its aim in one quantum."""
    return 1.0 - np.exp(-b.QUANTUM / (rate * tau_s))


@njit(nogil=True, error_model="numpy")
def _smooth(env: Any, first: Any, slope: Any) -> None:
    """Multiply an envelope by a rise from 0 to 1, soft at both ends, that stands at `first` at its first frame."""
    zero, one, two, three = float32(0.0), float32(1.0), float32(2.0), float32(3.0)
    for k in range(b.QUANTUM):
        x = min(max(float32(first) + float32(slope) * float32(k), zero), one)
        env[k] *= x * x * (three - two * x)


@njit(nogil=True, error_model="numpy")
def _release(env: Any, powers: Any, first: Any, ratio: Any) -> Any:
    """Multiply an envelope by a fall by `ratio` a frame that is 1 up to the frame where it is 1, and 0 below -80 dB.

    Returns:
        Whether it has reached 0.
    """
    floor, scale, zero, one = float32(SILENT), float32(1.0 / (1.0 - SILENT)), float32(0.0), float32(1.0)
    powers[0] = first
    known, factor = 1, ratio
    while known < b.QUANTUM:
        share = float32(factor)
        for k in range(known):
            powers[known + k] = powers[k] * share
        factor *= factor
        known *= 2
    for k in range(b.QUANTUM):
        env[k] *= max(min(powers[k], one) - floor, zero) * scale
    return powers[b.QUANTUM - 1] <= floor


@njit(nogil=True, error_model="numpy")
def _envelope(block: int, v: Any, frame: Any) -> Any:
    """Write a voice's envelope of the quantum, to the frame; return whether it is over.

    It rises from its very first frame and falls from its very last, whichever quantum that is in.
    """
    memory = memory_at(block, "voice voice_f wave header")
    voice, number, env = memory.voice[v], memory.voice_f[v], memory.wave[ENVELOPE]
    for k in range(b.QUANTUM):
        env[k] = float32(1.0)
    is_over = False
    if frame - voice[b.V_START] < number[b.F_ATTACK]:
        _smooth(env, (frame - voice[b.V_START]) / number[b.F_ATTACK], 1.0 / number[b.F_ATTACK])
    if voice[b.V_STATE] == b.ON and voice[b.V_END] < frame + b.QUANTUM:
        voice[b.V_STATE] = b.RELEASED
    if voice[b.V_END] < frame + b.QUANTUM:
        first = np.exp(number[b.F_FALL] * (frame - voice[b.V_END]))
        is_over = _release(env, memory.wave[POWERS], first, np.exp(number[b.F_FALL]))
    if voice[b.V_STATE] == b.KILLED:
        frames = KILL_S * memory.header[b.H_RATE]
        _smooth(env, 1.0 - (frame - voice[b.V_KILLED]) / frames, -1.0 / frames)
        is_over = is_over or frame + b.QUANTUM >= voice[b.V_KILLED] + frames
    number[b.F_ENV] = env[b.QUANTUM - 1]
    return is_over


@njit(nogil=True, error_model="numpy")
def _glide(block: int, v: Any) -> None:
    """Move pitch, level and controls towards what is asked."""
    memory = memory_at(block, "voice voice_f levels values move move_to")
    voice, number = memory.voice[v], memory.voice_f[v]
    pitch = number[b.F_PITCH_TO]
    if voice[b.V_BIND_PITCH] >= 0:
        pitch += memory.values[voice[b.V_BIND_PITCH]]
    if pitch != number[b.F_PITCH]:
        number[b.F_PITCH] += (pitch - number[b.F_PITCH]) * memory.levels[b.L_NEAR_PITCH]
        if abs(pitch - number[b.F_PITCH]) < 1e-5:
            number[b.F_PITCH] = pitch
        number[b.F_HZ] = 440.0 * 2.0 ** ((min(number[b.F_PITCH], 160.0) - 69.0) / 12.0)
    number[b.F_LEVEL] += (asked_level(block, v) - number[b.F_LEVEL]) * memory.levels[b.L_NEAR_LEVEL]
    for control in range(b.MOVES):
        rest = memory.move_to[v, control] - memory.move[v, control]
        if rest != 0.0:
            memory.move[v, control] += rest * memory.levels[b.L_NEAR_MOVE]
            if abs(rest) < 1e-5 * abs(memory.move_to[v, control]):
                memory.move[v, control] = memory.move_to[v, control]


@njit(nogil=True, error_model="numpy")
def _shape(block: int, low: Any, high: Any) -> Any:
    """Give `wave[0]` its envelope and an amplitude that goes from one to another; return False if a number is bad."""
    memory = memory_at(block, "wave")
    wave, env = memory.wave[0], memory.wave[ENVELOPE]
    start, slope = float32(low), float32(high - low) * STEP
    bad = 0
    for k in range(b.QUANTUM):
        wave[k] *= env[k] * (start + slope * float32(k))
        bad |= 0 if abs(wave[k]) < LOUDEST else 1
    return bad == 0


@njit(nogil=True, error_model="numpy")
def _mix(block: int, v: Any, n: Any) -> None:
    """Add `wave[0]` to the speakers by gliding gains, and to the echo's send, the bus's row after the last speaker."""
    memory = memory_at(block, "wave gain gain_low voice_f levels header bus")
    wave, now = memory.wave[0], memory.gain[v]
    number, near = memory.voice_f[v], float32(memory.levels[b.L_NEAR_SEND])
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
def _finish(block: int, v: Any, frame: Any) -> Any:
    """Mix a voice's quantum in `wave[0]` into the bus; return 0, and free the voice, when it is over, else 1."""
    memory = memory_at(block, "voice voice_f owner header")
    voice, number = memory.voice[v], memory.voice_f[v]
    aim = number[b.F_LEVEL] * number[b.F_LEVEL] * memory.owner[voice[b.V_OWNER] % b.OWNERS, 1]
    before = aim if voice[b.V_START] >= frame else number[b.F_AMP]
    is_over = _envelope(block, v, frame)
    if not _shape(block, before, aim):
        memory.header[b.H_BAD] += 1
        voice[b.V_STATE] = b.FREE
        return 0
    number[b.F_AMP] = aim
    _mix(block, v, memory.header[b.H_SPEAKERS])
    if is_over or not voice[b.V_LASTS]:
        voice[b.V_STATE] = b.FREE
        return 0
    return 1


@njit(nogil=True, error_model="numpy")
def _finish_lanes(block: int, n: Any, frame: Any) -> Any:
    """Filter the voices that wait for it, and mix them; return how many go on."""
    memory = memory_at(block, "lane_voice")
    if n == 0:
        return 0
    run_lanes(block, n)
    living = 0
    for i in range(n):
        take_lane(block, i)
        living += _finish(block, memory.lane_voice[i], frame)
    return living


@njit(nogil=True, error_model="numpy")
def sound_voices(block: int, frame: Any) -> Any:
    """Mix the quantum of all voices that begins at `frame` into the bus; return how many go on after it."""
    memory = memory_at(block, "voice patch header levels")
    rate, living, waiting = memory.header[b.H_RATE], 0, 0
    memory.levels[b.L_NEAR_PITCH], memory.levels[b.L_NEAR_LEVEL] = follow(PITCH_TAU_S, rate), follow(LEVEL_TAU_S, rate)
    memory.levels[b.L_NEAR_SEND], memory.levels[b.L_NEAR_MOVE] = follow(SEND_TAU_S, rate), follow(MOVE_TAU_S, rate)
    for v in range(b.SLOTS):
        voice = memory.voice[v]
        if voice[b.V_STATE] == b.FREE:
            continue
        _glide(block, v)
        offset = min(max(voice[b.V_START] - frame, 0), b.QUANTUM)
        voice[b.V_LASTS] = 1 if add_source(block, v, frame, offset) else 0
        if not has_filter(memory.patch[v]):
            living += _finish(block, v, frame)
            continue
        tune_filter(block, v)
        put_lane(block, v, waiting)
        waiting += 1
        if waiting == b.LANES:
            living += _finish_lanes(block, waiting, frame)
            waiting = 0
    return living + _finish_lanes(block, waiting, frame)
