"""What oscillates: additive partials, FM pairs, samples. Everything vectorises; no state is per sample.

Phases are 32-bit integers that wrap by themselves, so a quantum is the same however it was reached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int32, int64, njit

from engine.sound.block import (
    B_LENGTH,
    B_READY,
    B_START,
    F_POS,
    H_RATE,
    QUANTUM,
    SAMPLES,
    V_LOOP,
    V_SAMPLE,
)
from engine.sound.native import memory_at
from engine.sound.presets import COUNT, TABLE

TURN = 2.0**32
TURNS = np.float32(2.0**-32)
BEND = np.float32(2.0**30)  # a quarter of a turn's phase, so that an index of 12 still fits 32 bits
STEP = np.float32(1.0 / QUANTUM)
HALF = np.float32(0.5)
S1, S3 = np.float32(6.283185160087266), np.float32(-41.34165503087319)
S5, S7, S9 = np.float32(81.60100403790882), np.float32(-76.54978145256834), np.float32(39.5366994678069)
LOOP_FADE_S = 0.02
ENDING = 128  # frames over which a sample that ends fades
INDEX = 8  # column of the first FM index


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
    return min(1.0, max(0.0, (0.45 - hz / rate) * 20.0))


@njit(nogil=True, error_model="numpy")
def add_partials(block: int, voice: Any, preset: Any, hz: Any) -> None:
    """Write an additive voice's quantum to `wave[0]`."""
    memory = memory_at(block, "wave header amp aim fall phase")
    out, rate = memory.wave[0], memory.header[H_RATE]
    amp, aim, fall, phases = memory.amp[voice], memory.aim[voice], memory.fall[voice], memory.phase[voice]
    for k in range(QUANTUM):
        out[k] = 0.0
    for row in range(COUNT[preset]):
        partial_hz = hz * TABLE[preset, row, 0]
        heard = float32(audible(partial_hz, rate))
        low = amp[row] * heard
        amp[row] = aim[row] + (amp[row] - aim[row]) * fall[row]
        slope = (amp[row] * heard - low) * STEP
        step, phase = increment(partial_hz, rate), phases[row]
        for k in range(QUANTUM):
            turns = float32(int32(phase + step * int32(k))) * TURNS
            out[k] += (low + slope * float32(k)) * sine(turns)
        phases[row] = int32(phase + step * int32(QUANTUM))


@njit(nogil=True, error_model="numpy")
def modulate(block: int, voice: Any, preset: Any, hz: Any) -> None:
    """Write an FM voice's quantum to `wave[0]`; the index falls where the pitch would make it fold back.

    Source:
        Chowning 1973, as phase modulation.
    """
    memory = memory_at(block, "wave header amp aim fall phase")
    out, rate = memory.wave[0], memory.header[H_RATE]
    amp, aim, fall, phases = memory.amp[voice], memory.aim[voice], memory.fall[voice], memory.phase[voice]
    for k in range(QUANTUM):
        out[k] = 0.0
    for row in range(COUNT[preset]):
        carrier_hz, modulator_hz = hz * TABLE[preset, row, 0], hz * TABLE[preset, row, 1]
        heard, deep = float32(audible(carrier_hz, rate)), float32(audible(carrier_hz + 2.0 * modulator_hz, rate))
        low, low_index = amp[row] * heard, amp[INDEX + row] * deep
        for column in (row, INDEX + row):
            amp[column] = aim[column] + (amp[column] - aim[column]) * fall[column]
        slope, slope_index = (amp[row] * heard - low) * STEP, (amp[INDEX + row] * deep - low_index) * STEP
        step, phase = increment(carrier_hz, rate), phases[row]
        step_m, phase_m = increment(modulator_hz, rate), phases[INDEX + row]
        for k in range(QUANTUM):
            bend = (low_index + slope_index * float32(k)) * sine(float32(int32(phase_m + step_m * int32(k))) * TURNS)
            bent = int32(phase + step * int32(k) + int32(bend * BEND) * int32(4))
            out[k] += (low + slope * float32(k)) * sine(float32(bent) * TURNS)
        phases[row] = int32(phase + step * int32(QUANTUM))
        phases[INDEX + row] = int32(phase_m + step_m * int32(QUANTUM))


@njit(nogil=True, error_model="numpy", inline="always")
def _read(wave: Any, position: Any) -> Any:
    """Return the sample at a fractional position by a Catmull-Rom cubic."""
    i = int64(position)
    last = wave.size - 1
    t = float32(position - i)
    a, b = wave[max(i - 1, 0)], wave[min(i, last)]
    c, d = wave[min(i + 1, last)], wave[min(i + 2, last)]
    return b + HALF * t * (c - a + t * (float32(2) * a - float32(5) * b + float32(4) * c - d
                                        + t * (float32(3) * (b - c) + d - a)))


@njit(nogil=True, error_model="numpy")
def play_sample(block: int, voice: Any, offset: Any, speed: Any) -> bool:
    """Write a quantum of a sample to `wave[0]` from frame `offset` on; return False when it is over.

    A loop is closed by a cross-fade of its last 20 ms with what is before its beginning.
    """
    memory = memory_at(block, "wave sample voice bank header voice_f")
    out = memory.wave[0]
    for k in range(QUANTUM):
        out[k] = 0.0
    entry = memory.sample[min(max(memory.voice[voice, V_SAMPLE], 0), SAMPLES - 1)]
    length, start = entry[B_LENGTH], entry[B_START]
    if entry[B_READY] == 0 or length < 4 or start < 0 or start + length > memory.bank.size:
        return False
    wave = memory.bank[start : start + length]
    is_loop = memory.voice[voice, V_LOOP] != 0
    fade = min(int64(LOOP_FADE_S * memory.header[H_RATE]), length // 2)
    turn = float64(length - fade) if is_loop else float64(length)
    speed = min(max(speed, 0.0), 64.0)
    begin = memory.voice_f[voice, F_POS]
    for k in range(offset, QUANTUM):
        position = begin + speed * (k - offset)
        if is_loop:
            position -= np.floor(position / turn) * turn
            value = _read(wave, position)
            if position < fade and begin + speed * (k - offset) >= turn:
                share = float32(position / fade)
                value = value * share + _read(wave, position + turn) * (float32(1.0) - share)
            out[k] = value
        elif position < length:
            out[k] = _read(wave, position) * float32(min(1.0, (length - position) / (ENDING * max(speed, 1e-3))))
    position = begin + speed * (QUANTUM - offset)
    if is_loop and position >= 2.0 * turn:  # stay in the second turn: it has the cross-fade
        position -= np.floor(position / turn - 1.0) * turn
    memory.voice_f[voice, F_POS] = position
    return bool(is_loop or position < length)
