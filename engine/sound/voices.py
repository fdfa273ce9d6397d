"""The lives of voices: starting, following what is asked, ending, stealing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, njit

from engine.sound.block import (
    F_AMP,
    F_ATTACK,
    F_BRIGHT,
    F_ENV,
    F_FALL,
    F_HZ,
    F_LEVEL,
    F_LEVEL_TO,
    F_PITCH,
    F_PITCH_TO,
    F_POS,
    F_SEND,
    F_SPACE,
    F_X,
    F_Y,
    FREE,
    H_DROPPED,
    H_RATE,
    H_SPEAKERS,
    H_STOLEN,
    KILLED,
    LOOP_FLAG,
    MAX_SPEAKERS,
    MAX_VOICES,
    ON,
    OP_HOLD,
    OWNERS,
    QUANTUM,
    R_ATTACK,
    R_BIND,
    R_BRIGHT,
    R_ID,
    R_LENGTH,
    R_LEVEL,
    R_OP,
    R_OWNER,
    R_PITCH,
    R_PRESET,
    R_RELEASE,
    R_SAMPLE,
    R_SPACE,
    R_X,
    R_Y,
    SLOTS,
    V_AGE,
    V_BIND_LEVEL,
    V_BIND_PITCH,
    V_END,
    V_ID,
    V_KIND,
    V_LOOP,
    V_OWNER,
    V_PRESET,
    V_SAMPLE,
    V_START,
    V_STATE,
    VALUES,
)
from engine.sound.native import memory_at
from engine.sound.pan import pan_gains
from engine.sound.presets import (
    ADDITIVE,
    ATTACK_S,
    COUNT,
    KIND,
    MIN_ATTACK_S,
    MIN_HOLD_ATTACK_S,
    RELEASE_S,
    TABLE,
)
from engine.sound.waves import INDEX

SILENT = 1e-4  # of an envelope: -80 dB
FOLLOW = 0.9  # a quantum
NEVER = 1 << 62


@njit(nogil=True, error_model="numpy")
def find_voice(block: int, owner: Any, key: Any) -> Any:
    """Return the slot of a hold that is on, or -1."""
    memory = memory_at(block, "voice")
    for v in range(SLOTS):
        voice = memory.voice[v]
        if voice[V_STATE] == ON and voice[V_KIND] == OP_HOLD and voice[V_ID] == key and voice[V_OWNER] == owner:
            return v
    return -1


@njit(nogil=True, error_model="numpy")
def end_voice(block: int, v: Any, frame: Any) -> None:
    """Let a voice begin its release at a frame."""
    memory = memory_at(block, "voice")
    if memory.voice[v, V_STATE] == ON:
        memory.voice[v, V_END] = min(memory.voice[v, V_END], frame)


@njit(nogil=True, error_model="numpy")
def end_owner(block: int, owner: Any, at_once: Any) -> None:
    """Release all voices of an owner, of everyone if it is -1; `at_once` takes 10 ms."""
    memory = memory_at(block, "voice")
    for v in range(SLOTS):
        voice = memory.voice[v]
        if voice[V_STATE] != FREE and (owner < 0 or voice[V_OWNER] == owner):
            if at_once:
                voice[V_STATE] = KILLED
            elif voice[V_STATE] == ON:
                voice[V_END] = 0


@njit(nogil=True, error_model="numpy")
def _free_slot(block: int) -> Any:
    """Return a slot for a new voice; beyond the limit the quietest, and of equals the oldest, is stolen."""
    memory = memory_at(block, "voice voice_f header")
    free, victim, n = -1, -1, 0
    quietest, oldest = 1e30, NEVER
    for v in range(SLOTS):
        state = memory.voice[v, V_STATE]
        if state == FREE:
            if free < 0:
                free = v
        elif state != KILLED:
            n += 1
            age, loudness = memory.voice[v, V_AGE], abs(memory.voice_f[v, F_AMP])
            if state == ON and loudness < SILENT:  # only just begun
                loudness = memory.voice_f[v, F_LEVEL_TO] ** 2
            if loudness < quietest or (loudness == quietest and age < oldest):
                quietest, oldest, victim = loudness, age, v
    if n >= MAX_VOICES and victim >= 0 and free >= 0:
        memory.voice[victim, V_STATE] = KILLED
        memory.header[H_STOLEN] += 1
    return free


@njit(nogil=True, error_model="numpy")
def known(value: Any, default: Any) -> Any:
    """Return a record's optional number: not a number means the default."""
    return default if np.isnan(value) else value


@njit(nogil=True, error_model="numpy")
def _share(value: Any) -> Any:
    """Return a number clipped to 0..1; a bad one is 0, so that it never reaches the echo."""
    return min(max(value, 0.0), 1.0) if value > 0.0 else 0.0


@njit(nogil=True, error_model="numpy")
def place(block: int, v: Any, x: Any, y: Any) -> None:
    """Aim a voice's gains at a place."""
    memory = memory_at(block, "voice_f speaker header gain_to")
    memory.voice_f[v, F_X], memory.voice_f[v, F_Y] = x, y
    pan_gains(memory.speaker, min(memory.header[H_SPEAKERS], MAX_SPEAKERS), x, y, memory.gain_to[v])


@njit(nogil=True, error_model="numpy")
def colour(block: int, v: Any, bright: Any) -> None:
    """Aim a voice's partials or FM indices at a brightness; 0.5 is the preset's own."""
    memory = memory_at(block, "voice_f voice aim")
    memory.voice_f[v, F_BRIGHT] = bright
    preset = memory.voice[v, V_PRESET]
    tilt = min(max(bright, 0.0), 1.0) * 3.0 - 1.5
    for row in range(COUNT[preset]):
        if KIND[preset] == ADDITIVE:
            memory.aim[v, row] = TABLE[preset, row, 1] * min(TABLE[preset, row, 0] ** tilt, 4.0)
        else:
            memory.aim[v, row] = TABLE[preset, row, 5]
            memory.aim[v, INDEX + row] = TABLE[preset, row, 2] * np.exp(tilt) * (0.5 / np.pi)


@njit(nogil=True, error_model="numpy")
def _strike(block: int, v: Any, held: Any) -> None:
    """Start a voice's partials full, and let those of a note fall by their own decays; higher notes fall faster."""
    memory = memory_at(block, "voice voice_f phase")
    preset = memory.voice[v, V_PRESET]
    short = min(max((262.0 / memory.voice_f[v, F_HZ]) ** 0.4, 0.3), 2.0)
    for column in range(memory.phase.shape[1]):
        memory.phase[v, column] = 0
    for row in range(COUNT[preset]):
        if KIND[preset] == ADDITIVE:
            _let_fall(block, v, row, 0.0 if held else TABLE[preset, row, 2] * short, 0.0)
        else:
            index_s, stays = TABLE[preset, row, 3] * short, TABLE[preset, row, 4]
            _let_fall(block, v, row, 0.0 if held else TABLE[preset, row, 6] * short, 0.0)
            _let_fall(block, v, INDEX + row, index_s, max(stays, 0.4) if held else stays)


@njit(nogil=True, error_model="numpy")
def _let_fall(block: int, v: Any, column: Any, decay_s: Any, stays: Any) -> None:
    """Let a partial fall from its aim to a share of it; with no decay it stays, and follows changes."""
    memory = memory_at(block, "amp aim fall header")
    memory.amp[v, column] = memory.aim[v, column]
    if decay_s > 0.0:
        memory.fall[v, column] = np.exp(-QUANTUM / (memory.header[H_RATE] * decay_s))
        memory.aim[v, column] *= stays
    else:
        memory.fall[v, column] = FOLLOW


@njit(nogil=True, error_model="numpy")
def asked_level(block: int, v: Any) -> Any:
    """Return the level that a voice is to have, moved by the value it is bound to."""
    memory = memory_at(block, "voice voice_f values")
    index = memory.voice[v, V_BIND_LEVEL]
    share = min(max(memory.values[index], 0.0), 1.0) if index >= 0 else 1.0
    return memory.voice_f[v, F_LEVEL_TO] * share


@njit(nogil=True, error_model="numpy")
def start_voice(block: int, record: Any, record_f: Any, frame: Any, order: Any) -> None:
    """Give a note or a hold a voice; without a free slot it is dropped and counted."""
    memory = memory_at(block, "header voice voice_f gain gain_to")
    v = _free_slot(block)
    if v < 0:
        memory.header[H_DROPPED] += 1
        return
    voice, number, rate = memory.voice[v], memory.voice_f[v], memory.header[H_RATE]
    preset = min(max(record[R_PRESET], 0), KIND.size - 1)
    held = (record[R_OP] & 0xFF) == OP_HOLD
    voice[V_KIND], voice[V_ID], voice[V_OWNER] = record[R_OP] & 0xFF, record[R_ID], record[R_OWNER] % OWNERS
    voice[V_PRESET], voice[V_SAMPLE], voice[V_AGE] = preset, record[R_SAMPLE] % LOOP_FLAG, order
    voice[V_LOOP] = record[R_SAMPLE] // LOOP_FLAG
    voice[V_BIND_LEVEL], voice[V_BIND_PITCH] = _bound(record_f[R_BIND], 0), _bound(record_f[R_BIND], 1)
    voice[V_START] = frame
    length = record_f[R_LENGTH]
    voice[V_END] = frame + int64(length * rate) if not held and length < 1e6 else NEVER
    number[F_PITCH] = number[F_PITCH_TO] = record_f[R_PITCH]
    number[F_HZ] = 440.0 * 2.0 ** ((record_f[R_PITCH] - 69.0) / 12.0)
    number[F_LEVEL_TO] = record_f[R_LEVEL]
    number[F_LEVEL] = asked_level(block, v)
    shortest_s = MIN_HOLD_ATTACK_S if held else MIN_ATTACK_S
    number[F_ATTACK] = max(known(record_f[R_ATTACK], ATTACK_S[preset]), shortest_s) * rate
    number[F_FALL] = np.exp(-6.908 * QUANTUM / (rate * max(known(record_f[R_RELEASE], RELEASE_S[preset]), 0.01)))
    number[F_SPACE] = number[F_SEND] = _share(record_f[R_SPACE])
    number[F_ENV], number[F_AMP], number[F_POS] = 1.0, 0.0, 0.0
    place(block, v, record_f[R_X], record_f[R_Y])
    for s in range(MAX_SPEAKERS):
        memory.gain[v, s] = memory.gain_to[v, s]
    colour(block, v, record_f[R_BRIGHT] + (0.0 if held else (record_f[R_LEVEL] - 0.5) * 0.3))
    _strike(block, v, held)
    voice[V_STATE] = ON


@njit(nogil=True, error_model="numpy")
def _bound(packed: Any, which: Any) -> Any:
    """Return the index in the value table that a voice's level (0) or pitch (1) is bound to, or -1."""
    if not 0.0 < packed < 1e9:
        return -1
    index = (int64(packed) // (1 if which == 0 else 1024)) % 1024 - 1
    return min(index, VALUES - 1)


@njit(nogil=True, error_model="numpy")
def change_voice(block: int, v: Any, record_f: Any) -> None:
    """Aim a sounding hold at new values."""
    memory = memory_at(block, "voice_f")
    number = memory.voice_f[v]
    number[F_PITCH_TO], number[F_LEVEL_TO] = record_f[R_PITCH], record_f[R_LEVEL]
    number[F_SPACE] = _share(record_f[R_SPACE])
    if record_f[R_X] != number[F_X] or record_f[R_Y] != number[F_Y]:
        place(block, v, record_f[R_X], record_f[R_Y])
    if record_f[R_BRIGHT] != number[F_BRIGHT]:
        colour(block, v, record_f[R_BRIGHT])
