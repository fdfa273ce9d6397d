"""The room that all voices share by their `space`: a feedback delay network, or a measured room's response."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int64, njit, void

from engine.sound import block as b
from engine.sound.convolver import clear_convolver, convolve, empty
from engine.sound.native import load_acquire, memory_at, store_release
from engine.sound.waves import STEP

LINES = b.ECHO_LINES - b.DIFFUSERS
MASK = b.ECHO_LENGTH - 1
# frames at 48 kHz and size 1: the network's lines, then the allpasses before it
DELAYS = np.array([1049, 1137, 1237, 1341, 1459, 1579, 1721, 1867, 2027, 2203, 2389, 2593, 2819, 3061, 3323, 3607,
                   142, 107, 379, 277], np.int64)
SIGNS = np.array([1, -1, 1, 1, -1, 1, -1, -1, 1, 1, -1, 1, -1, -1, 1, -1], np.float32)
DIFFUSE = np.float32(0.65)
MIDDLE_HZ, HIGH_HZ = 500.0, 8000.0  # where the decay is `decay_s`, and where the damping shortens it
TURN_HZ, TURN_STEP_HZ = 0.31, 0.083
WET = np.float32(1.49)
HUSH = np.float32(0.4)
STILL = 1e-8
DIP_S, RISE_S = 0.05, 0.2  # another room takes over in silence


@njit(void(int64), cache=True, nogil=True)
def announce_room(block: int) -> None:
    """Tell the renderer that `room` has been written."""
    memory = memory_at(block, "layout")
    store_release(memory.layout, b.Y_ROOM_WRITTEN, memory.layout[b.Y_ROOM_WRITTEN] + 1)


@njit(void(int64, int64), cache=True, nogil=True)
def announce_response(block: int, key: int) -> None:
    """Tell the renderer which response to use; 0: none, but the network."""
    memory = memory_at(block, "convolver")
    store_release(memory.convolver, b.C_WANTED, key)


@njit(nogil=True, error_model="numpy")
def damp(delay: float, decay_s: float, damping: float, rate: float) -> Any:
    """Return the gain and the pole of the lowpass in a line of `delay` frames.

    At 500 Hz the sound falls 60 dB in `decay_s`, at 8 kHz in `1 - damping` of that.

    Source:
        Jot & Chaigne 1991; the pole solves |H(8 kHz)| / |H(500 Hz)| of a one-pole filter for the ratio wanted.
    """
    high_hz = min(HIGH_HZ, 0.4 * rate)
    middle = 10.0 ** (-3.0 * delay / (rate * decay_s))
    ratio2 = 10.0 ** (-6.0 * delay / rate * (1.0 / (decay_s * max(1.0 - damping, 0.02)) - 1.0 / decay_s))
    cos_middle, cos_high = np.cos(2.0 * np.pi * MIDDLE_HZ / rate), np.cos(2.0 * np.pi * high_hz / rate)
    pole = 0.0
    if ratio2 < 0.9999:
        half = (cos_middle - ratio2 * cos_high) / (1.0 - ratio2)
        pole = half - np.sqrt(max(half * half - 1.0, 0.0))
    gain = middle * np.sqrt(1.0 - 2.0 * pole * cos_middle + pole * pole)  # as if the lowpass had (1 - pole) = 1
    return min(gain, 0.9995 * (1.0 - pole)), pole


@njit(nogil=True, error_model="numpy")
def _adopt_room(block: int) -> Any:
    """Move on to the room that is wanted: the last one fades out, the new one begins empty, and the send fades in.

    Returns the room's gain at the quantum's end.
    """
    memory = memory_at(block, "layout levels header room_now convolver")
    layout, levels, rate = memory.layout, memory.levels, memory.header[b.H_RATE]
    written, is_first = load_acquire(layout, b.Y_ROOM_WRITTEN), layout[b.Y_ROOM_ADOPTED] < 0
    wanted = load_acquire(memory.convolver, b.C_WANTED)
    levels[b.L_SENT_NOW] = _smooth(levels[b.L_SENT])
    levels[b.L_SENT] = min(levels[b.L_SENT] + b.QUANTUM / (rate * RISE_S), 1.0)
    if written == layout[b.Y_ROOM_ADOPTED] and wanted == memory.convolver[b.C_USED]:
        return _smooth(levels[b.L_WET]) * memory.room_now[b.O_LEVEL]
    if levels[b.L_WET] > 0.0 and not is_first:
        levels[b.L_WET] = max(levels[b.L_WET] - b.QUANTUM / (rate * DIP_S), 0.0)
        return _smooth(levels[b.L_WET]) * memory.room_now[b.O_LEVEL]
    layout[b.Y_ROOM_ADOPTED], memory.convolver[b.C_USED] = written, wanted
    _enter(block)
    levels[b.L_WET], levels[b.L_SENT] = 1.0, 1.0 if is_first else 0.0
    levels[b.L_SENT_NOW] = levels[b.L_SENT]
    return memory.room_now[b.O_LEVEL]


@njit(nogil=True, error_model="numpy")
def _smooth(share: Any) -> Any:
    return share * share * (3.0 - 2.0 * share)


@njit(nogil=True, error_model="numpy")
def _enter(block: int) -> None:
    """Take the wanted room's numbers over, and empty it."""
    memory = memory_at(block, "room room_now convolver")
    for i in range(memory.room.size):
        memory.room_now[i] = memory.room[i]
    memory.convolver[b.C_PARTS] = min(max(memory.convolver[b.C_PARTS_TO], 1), b.PARTS)
    memory.convolver[b.C_CHANNELS] = min(max(memory.convolver[b.C_CHANNELS_TO], 1), b.ROOM_CHANNELS)
    clear_room(block)
    _tune(block)


@njit(nogil=True, error_model="numpy")
def clear_room(block: int) -> None:
    """Forget all sound that is still in the room, or on its way to it."""
    memory = memory_at(block, "echo echo_low before levels")
    empty(memory.echo.ravel())
    empty(memory.echo_low)
    empty(memory.before)
    clear_convolver(block)
    memory.levels[b.L_ECHO] = 0.0


@njit(nogil=True, error_model="numpy")
def _tune(block: int) -> None:
    """Work out all lines' lengths, gains and poles."""
    memory = memory_at(block, "header room_now echo_line")
    rate, room = memory.header[b.H_RATE], memory.room_now
    for line in range(b.ECHO_LINES):
        mine = memory.echo_line[line]
        delay = int64(DELAYS[line] * max(room[b.O_SIZE], 0.01) * rate / 48_000.0)
        mine[0] = min(max(delay, b.QUANTUM), b.ECHO_LENGTH - b.QUANTUM)
        mine[1], mine[2] = damp(mine[0], max(room[b.O_DECAY], 0.05), room[b.O_DAMPING], float(rate))


@njit(nogil=True, error_model="numpy")
def _is_still(block: int) -> Any:
    """Return whether nothing is sent to the room and nothing is on its way in it."""
    memory = memory_at(block, "levels bus echo_at header room_now convolver")
    send, sent = memory.bus[b.MAX_SPEAKERS], memory.levels[b.L_ECHO] > STILL
    for k in range(b.QUANTUM):
        sent |= send[k] != 0.0
    if sent:
        longest = b.ECHO_LENGTH + int64(memory.room_now[b.O_PREDELAY] * memory.header[b.H_RATE])
        memory.echo_at[1] = (longest + memory.convolver[b.C_PARTS] * b.PART) // b.QUANTUM + 2
    memory.echo_at[1] = max(memory.echo_at[1] - 1, 0)
    return memory.echo_at[1] == 0


@njit(nogil=True, error_model="numpy")
def _delay_send(block: int, at: Any) -> None:
    """Put the send off by the time that the first sound takes to come back from the walls."""
    memory = memory_at(block, "bus before header room_now levels")
    send, mask = memory.bus[b.MAX_SPEAKERS], b.PREDELAY - 1
    low = float32(memory.levels[b.L_SENT_NOW])
    slope = float32(_smooth(memory.levels[b.L_SENT])) - low
    delay = min(max(int64(memory.room_now[b.O_PREDELAY] * memory.header[b.H_RATE]), 0), b.PREDELAY - b.QUANTUM)
    for k in range(b.QUANTUM):
        memory.before[(at + k) & mask] = send[k] * (low + slope * STEP * float32(k))
    for k in range(b.QUANTUM):
        send[k] = memory.before[(at + k - delay) & mask]


@njit(nogil=True, error_model="numpy")
def _diffuse(block: int, line: Any, at: Any) -> None:
    """Smear the send through an allpass, in place (Schroeder 1962)."""
    memory = memory_at(block, "bus echo echo_line")
    send, store, delay = memory.bus[b.MAX_SPEAKERS], memory.echo[line], int64(memory.echo_line[line, 0])
    for k in range(b.QUANTUM):
        old = store[(at + k - delay) & MASK]
        fresh = send[k] - DIFFUSE * old
        store[(at + k) & MASK] = fresh
        send[k] = old + DIFFUSE * fresh


@njit(nogil=True, error_model="numpy")
def _turn_pairs(rows: Any, at: Any, rate: Any) -> None:
    """Rotate neighbouring rows slowly into each other, each pair at a pace of its own, so that no tone can stand.

    Source:
        Schlecht & Habets 2015 (JASA 138): feedback matrices that change in time; power and decay stay.
    """
    for pair in range(LINES // 2):
        one, other = rows[2 * pair], rows[2 * pair + 1]
        turn = 2.0 * np.pi * (TURN_HZ + TURN_STEP_HZ * pair) / rate * (1.0 if pair % 2 else -1.0)
        cos, sin = float32(np.cos(turn * at)), float32(np.sin(turn * at))
        cos_step = float32(np.cos(turn * (at + b.QUANTUM)) - cos) / float32(b.QUANTUM)
        sin_step = float32(np.sin(turn * (at + b.QUANTUM)) - sin) / float32(b.QUANTUM)
        for k in range(b.QUANTUM):
            c, s = cos + cos_step * float32(k), sin + sin_step * float32(k)
            one[k], other[k] = c * one[k] - s * other[k], s * one[k] + c * other[k]


@njit(nogil=True, error_model="numpy")
def _mix_lines(rows: Any) -> None:
    """Mix 16 rows of a quantum by a Hadamard matrix, in place: every line goes to every line, at equal power."""
    quarter = float32(0.25)
    width = 1
    while width < LINES:
        for low in range(LINES):
            if low & width == 0:
                one, other = rows[low], rows[low + width]
                for k in range(b.QUANTUM):
                    more, less = one[k] + other[k], one[k] - other[k]
                    one[k], other[k] = more, less
        width *= 2
    for line in range(LINES):
        for k in range(b.QUANTUM):
            rows[line, k] *= quarter


@njit(nogil=True, error_model="numpy")
def _answer(block: int, at: Any) -> None:
    """Write what comes out of the mixed lines to the first rows of `mixed`, and feed it back with the send."""
    memory = memory_at(block, "bus echo echo_line echo_low mixed levels header")
    hush, loudest, send = float32(1.0), float32(0.0), memory.bus[b.MAX_SPEAKERS]
    if memory.levels[b.L_HUSH] > 0.0:
        memory.levels[b.L_HUSH] -= 1.0
        hush = HUSH
    for line in range(LINES):
        delay = int64(memory.echo_line[line, 0])
        gain, pole = float32(memory.echo_line[line, 1]) * hush, float32(memory.echo_line[line, 2])
        store, out, low = memory.echo[line], memory.mixed[line], memory.echo_low[line]
        for k in range(b.QUANTUM):
            low = gain * store[(at + k - delay) & MASK] + pole * low
            out[k] = low
            loudest = max(loudest, abs(low))
        memory.echo_low[line] = low
    memory.levels[b.L_ECHO] = loudest
    _turn_pairs(memory.mixed, at, memory.header[b.H_RATE])
    _mix_lines(memory.mixed)
    for line in range(LINES):
        store, out, sign = memory.echo[line], memory.mixed[line], SIGNS[line] * float32(0.25)
        for k in range(b.QUANTUM):
            store[(at + k) & MASK] = out[k] + sign * send[k]


@njit(nogil=True, error_model="numpy")
def _spread(block: int, gain: Any, gain_to: Any) -> None:
    """Add the answers to the speakers' buses: to the first 16 one each, to others the difference of two."""
    memory = memory_at(block, "header bus mixed")
    low, slope = float32(gain), float32((gain_to - gain) / b.QUANTUM)
    for s in range(min(memory.header[b.H_SPEAKERS], b.MAX_SPEAKERS)):
        bus, first = memory.bus[s], memory.mixed[s % LINES]
        second = memory.mixed[(s + 1 + 2 * (s // LINES)) % LINES]
        share = float32(1.0) if s < LINES else float32(np.sqrt(0.5))
        less = float32(0.0) if s < LINES else share
        for k in range(b.QUANTUM):
            bus[k] += (low + slope * float32(k)) * (share * first[k] - less * second[k])


@njit(nogil=True, error_model="numpy")
def add_echo(block: int) -> None:
    """Add the room's answer to the send to all speakers.

    Source:
        Jot & Chaigne 1991, with a Hadamard matrix of 16 lines; or the response that the show gives, convolved.
    """
    memory = memory_at(block, "levels header echo_at convolver bus")
    gain = memory.levels[b.L_WET_NOW]
    gain_to = _adopt_room(block) * np.sqrt(2.0 / max(memory.header[b.H_SPEAKERS], 2))
    memory.levels[b.L_WET_NOW] = gain_to
    if _is_still(block):
        return
    at = memory.echo_at[0]
    memory.echo_at[0] = at + b.QUANTUM
    _delay_send(block, at)
    if memory.convolver[b.C_USED] != 0:
        memory.levels[b.L_ECHO] = 0.0
        convolve(block, memory.bus[b.MAX_SPEAKERS], gain, gain_to)
        return
    for line in range(LINES, b.ECHO_LINES):
        _diffuse(block, line, at)
    _answer(block, at)
    _spread(block, gain * WET, gain_to * WET)
