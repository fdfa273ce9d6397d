"""The lives of voices: starting, following what is asked, ending, stealing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, njit

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.noise import seed_of
from engine.sound.pan import aim_pan, begin_pan
from engine.sound.sources import start_source
from engine.sound.timbre import colour

SILENT = 1e-4  # of an envelope: -80 dB
NEVER = 1 << 62
LONGEST_S = 3600.0
MIN_ATTACK_S, MIN_HOLD_ATTACK_S = 0.002, 0.02


@njit(nogil=True, error_model="numpy")
def find_voice(block: int, owner: Any, key: Any) -> Any:
    """Return the slot of a hold that is on, or -1."""
    memory = memory_at(block, "voice")
    for v in range(b.SLOTS):
        voice = memory.voice[v]
        is_on = voice[b.V_STATE] == b.ON and voice[b.V_KIND] == b.OP_HOLD
        if is_on and voice[b.V_ID] == key and voice[b.V_OWNER] == owner:
            return v
    return -1


@njit(nogil=True, error_model="numpy")
def end_voice(block: int, v: Any, frame: Any) -> None:
    """Let a voice begin its release at a frame."""
    memory = memory_at(block, "voice")
    if memory.voice[v, b.V_STATE] == b.ON:
        memory.voice[v, b.V_END] = min(memory.voice[v, b.V_END], frame)


@njit(nogil=True, error_model="numpy")
def end_owner(block: int, owner: Any, frame: Any, at_once: Any) -> None:
    """Release all voices of an owner from a frame on, of everyone if it is -1; `at_once` takes 10 ms."""
    memory = memory_at(block, "voice")
    for v in range(b.SLOTS):
        voice = memory.voice[v]
        if voice[b.V_STATE] != b.FREE and (owner < 0 or voice[b.V_OWNER] == owner):
            if at_once and voice[b.V_STATE] != b.KILLED:
                voice[b.V_STATE], voice[b.V_KILLED] = b.KILLED, frame
            end_voice(block, v, frame)


@njit(nogil=True, error_model="numpy")
def _free_slot(block: int, frame: Any) -> Any:
    """Return a slot for a voice that begins at a frame; beyond the limit the quietest, of equals the oldest, goes."""
    memory = memory_at(block, "voice voice_f header")
    free, victim, n = -1, -1, 0
    quietest, oldest = 1e30, NEVER
    for v in range(b.SLOTS):
        state = memory.voice[v, b.V_STATE]
        if state == b.FREE:
            if free < 0:
                free = v
        elif state != b.KILLED:
            n += 1
            age, loudness = memory.voice[v, b.V_AGE], abs(memory.voice_f[v, b.F_AMP] * memory.voice_f[v, b.F_ENV])
            if state == b.ON and loudness < SILENT:  # only just begun
                loudness = memory.voice_f[v, b.F_LEVEL_TO] ** 2
            if loudness < quietest or (loudness == quietest and age < oldest):
                quietest, oldest, victim = loudness, age, v
    if n >= b.MAX_VOICES and victim >= 0 and free >= 0:
        memory.voice[victim, b.V_STATE], memory.voice[victim, b.V_KILLED] = b.KILLED, frame
        memory.header[b.H_STOLEN] += 1
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
    """Aim a voice's gains at a place, from the frame of the record in `work` on."""
    memory = memory_at(block, "voice_f header work")
    memory.voice_f[v, b.F_X], memory.voice_f[v, b.F_Y] = x, y
    aim_pan(block, v, x, y, max(memory.work[b.R_WHEN], memory.header[b.H_FRAME]))


@njit(nogil=True, error_model="numpy")
def asked_level(block: int, v: Any) -> Any:
    """Return the level that a voice is to have, moved by the value it is bound to."""
    memory = memory_at(block, "voice voice_f values")
    index = memory.voice[v, b.V_BIND_LEVEL]
    share = min(max(memory.values[index], 0.0), 1.0) if index >= 0 else 1.0
    return memory.voice_f[v, b.F_LEVEL_TO] * share


@njit(nogil=True, error_model="numpy")
def _take_instrument(block: int, v: Any, record: Any, record_f: Any) -> Any:
    """Give a voice its own copy of its instrument; return False if the row has been given to another since."""
    memory = memory_at(block, "instrument patch voice move move_to")
    row = record[b.R_PRESET] % b.TICKET
    if row >= b.INSTRUMENTS or memory.instrument[row, b.P_TICKET] != record[b.R_PRESET] // b.TICKET:
        return False
    patch = memory.patch[v]
    for column in range(b.PATCH):
        patch[column] = memory.instrument[row, column]
    memory.voice[v, b.V_SOURCE] = int64(patch[b.P_KIND])
    move(block, v, record_f)
    for control in range(b.MOVES):
        memory.move[v, control] = memory.move_to[v, control]
    return True


@njit(nogil=True, error_model="numpy")
def move(block: int, v: Any, record_f: Any) -> None:
    """Aim a voice's controls at what a record says of them, the others at what the instrument has."""
    memory = memory_at(block, "patch move_to")
    for control in range(b.MOVES):
        memory.move_to[v, control] = known(record_f[b.R_MOVES + control], memory.patch[v, b.P_MOVES + control])


@njit(nogil=True, error_model="numpy")
def start_voice(block: int, record: Any, record_f: Any, frame: Any, order: Any) -> None:
    """Give a note or a hold a voice; without a free slot or its instrument it is dropped and counted."""
    memory = memory_at(block, "header voice voice_f patch")
    v = _free_slot(block, frame)
    if v < 0 or not _take_instrument(block, v, record, record_f):
        memory.header[b.H_DROPPED] += 1
        return
    voice, number, rate, patch = memory.voice[v], memory.voice_f[v], memory.header[b.H_RATE], memory.patch[v]
    held = (record[b.R_OP] & 0xFF) == b.OP_HOLD
    voice[b.V_KIND] = record[b.R_OP] & 0xFF
    voice[b.V_ID], voice[b.V_OWNER] = record[b.R_ID], record[b.R_OWNER] % b.OWNERS
    voice[b.V_SAMPLE], voice[b.V_AGE] = record[b.R_SAMPLE] % b.LOOP_FLAG, order
    voice[b.V_LOOP] = record[b.R_SAMPLE] // b.LOOP_FLAG
    voice[b.V_BIND_LEVEL], voice[b.V_BIND_PITCH] = _bound(record_f[b.R_BIND], 0), _bound(record_f[b.R_BIND], 1)
    voice[b.V_START] = frame
    length = record_f[b.R_LENGTH]
    voice[b.V_END] = NEVER if held or length >= 1e6 else frame + int64(known(length, 0.0) * rate)
    number[b.F_PITCH] = number[b.F_PITCH_TO] = record_f[b.R_PITCH]
    number[b.F_HZ] = 440.0 * 2.0 ** ((record_f[b.R_PITCH] - 69.0) / 12.0)
    number[b.F_LEVEL_TO] = record_f[b.R_LEVEL]
    number[b.F_LEVEL] = asked_level(block, v)
    shortest_s = MIN_HOLD_ATTACK_S if held else MIN_ATTACK_S
    number[b.F_ATTACK] = max(known(record_f[b.R_ATTACK], patch[b.P_ATTACK_S]), shortest_s) * rate
    release_s = min(max(known(record_f[b.R_RELEASE], patch[b.P_RELEASE_S]), 0.01), LONGEST_S)
    number[b.F_FALL] = -np.log(1000.0) / (rate * release_s)
    number[b.F_SPACE] = number[b.F_SEND] = _share(record_f[b.R_SPACE])
    number[b.F_ENV] = number[b.F_AMP] = number[b.F_POS] = 0.0
    number[b.F_BACK] = number[b.F_BACK_OLD] = number[b.F_TUNED_HZ] = 0.0
    number[b.F_X], number[b.F_Y] = record_f[b.R_X], record_f[b.R_Y]
    begin_pan(block, v, record_f[b.R_X], record_f[b.R_Y], frame)
    colour(block, v, record_f[b.R_BRIGHT] + (0.0 if held else (record_f[b.R_LEVEL] - 0.5) * 0.3))
    memory.header[b.H_STARTED] += 1
    voice[b.V_SEED] = seed_of(memory.header[b.H_STARTED])
    start_source(block, v, frame % b.QUANTUM)
    voice[b.V_STATE] = b.ON


@njit(nogil=True, error_model="numpy")
def _bound(packed: Any, which: Any) -> Any:
    """Return the index in the value table that a voice's level (0) or pitch (1) is bound to, or -1."""
    if not 0.0 < packed < 1e9:
        return -1
    index = (int64(packed) // (1 if which == 0 else 1024)) % 1024 - 1
    return min(index, b.VALUES - 1)


@njit(nogil=True, error_model="numpy")
def change_voice(block: int, v: Any, record_f: Any) -> None:
    """Aim a sounding hold at new values."""
    memory = memory_at(block, "voice_f")
    number = memory.voice_f[v]
    number[b.F_PITCH_TO], number[b.F_LEVEL_TO] = record_f[b.R_PITCH], record_f[b.R_LEVEL]
    number[b.F_SPACE] = _share(record_f[b.R_SPACE])
    move(block, v, record_f)
    if record_f[b.R_X] != number[b.F_X] or record_f[b.R_Y] != number[b.F_Y]:
        place(block, v, record_f[b.R_X], record_f[b.R_Y])
    if record_f[b.R_BRIGHT] != number[b.F_BRIGHT]:
        colour(block, v, record_f[b.R_BRIGHT])
