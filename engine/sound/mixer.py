"""One quantum of the whole engine, and the callback that serves any device block from quanta."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32, float64, int32, int64, njit, void

from engine.sound.block import (
    DELAY,
    FREE,
    H_ACTIVE,
    H_CALLBACKS,
    H_CHANNELS,
    H_FRAME,
    H_LEFT,
    H_PANIC,
    H_PANIC_SEEN,
    H_RATE,
    H_SPEAKERS,
    H_STAMP_NS,
    H_UNDERFLOWS,
    HISTORY,
    L_HUSH,
    L_MASTER,
    L_MASTER_NOW,
    MAX_SPEAKERS,
    OP_CLEAR,
    OP_GAIN,
    OP_HOLD,
    OP_NOTE,
    OP_RELEASE,
    OP_SET,
    OP_STOP,
    OWNERS,
    QUANTUM,
    R_ID,
    R_LENGTH,
    R_LEVEL,
    R_OP,
    R_OWNER,
    R_WHEN,
    RECORD,
    S_DELAY,
    S_TRIM,
    SLOTS,
    V_STATE,
)
from engine.sound.echo import add_echo
from engine.sound.limiter import limit
from engine.sound.native import memory_at, native_ns, store_release
from engine.sound.ring import ANY, count_late, drain, due, forget, forget_owner
from engine.sound.sounding import follow, sound_voice
from engine.sound.voices import change_voice, end_owner, end_voice, find_voice, start_voice
from engine.sound.waves import STEP

types: Any = numba.types  # numba says little of its own types
cfunc: Any = numba.cfunc
carray: Any = numba.carray  # type: ignore[attr-defined]

OWNER_TAU_S, MASTER_TAU_S = 0.02, 0.05
DC_HZ = 12.0
METER_FALL, METER_TAU_S = 0.995, 0.3
UNDERFLOW = 4  # paOutputUnderflow
RECENT = 4096


@njit(nogil=True, error_model="numpy")
def _obey(block: int, frame: Any) -> None:
    """Carry out the record in `work`."""
    memory = memory_at(block, "work work_f owner")
    work, work_f = memory.work, memory.work_f
    op, owner, when = work[R_OP] & 0xFF, work[R_OWNER] % OWNERS, max(work[R_WHEN], frame)
    count_late(block, work[R_WHEN], frame)
    if op in (OP_NOTE, OP_HOLD):
        start_voice(block, work, work_f, when, work[R_OP])
    elif op in (OP_SET, OP_RELEASE):
        v = find_voice(block, owner, work[R_ID])
        if v >= 0 and op == OP_SET:
            change_voice(block, v, work_f)
        elif v >= 0:
            end_voice(block, v, when)
    elif op == OP_STOP:
        end_owner(block, owner, False)
        forget_owner(block, owner, work[R_OP])
    elif op == OP_GAIN:
        memory.owner[owner, 0] = min(max(work_f[R_LEVEL], 0.0), 1.0)
        if work_f[R_LENGTH] == 0.0:
            memory.owner[owner, 1] = memory.owner[owner, 0]
    elif op == OP_CLEAR:
        end_owner(block, -1, False)
        forget_owner(block, -1, work[R_OP])


@njit(nogil=True, error_model="numpy")
def _listen(block: int, frame: Any) -> None:
    """Carry out what is due before the end of the quantum that begins at `frame`."""
    memory = memory_at(block, "header levels work pending")
    drain(block)
    if memory.header[H_PANIC] != memory.header[H_PANIC_SEEN]:
        memory.header[H_PANIC_SEEN] = memory.header[H_PANIC]
        end_owner(block, -1, True)
        forget_owner(block, -1, ANY)
        memory.levels[L_HUSH] = 400.0
    index = due(block, frame + QUANTUM)
    while index >= 0:
        for word in range(RECORD):
            memory.work[word] = memory.pending[index, word]
        forget(block, index)
        _obey(block, frame)
        index = due(block, frame + QUANTUM)


@njit(nogil=True, error_model="numpy")
def _add_voices(block: int, frame: Any) -> None:
    memory = memory_at(block, "header owner bus voice")
    near = follow(OWNER_TAU_S, memory.header[H_RATE])
    for owner in range(OWNERS):
        memory.owner[owner, 1] += (memory.owner[owner, 0] - memory.owner[owner, 1]) * near
    for s in range(MAX_SPEAKERS + 2):
        if s < memory.header[H_SPEAKERS] or s >= MAX_SPEAKERS:
            for k in range(QUANTUM):
                memory.bus[s, k] = 0.0
    n = 0
    for v in range(SLOTS):
        if memory.voice[v, V_STATE] != FREE and sound_voice(block, v, frame):
            n += 1
    memory.header[H_ACTIVE] = n


@njit(nogil=True, error_model="numpy")
def _send_out(block: int, frame: Any) -> None:
    """Bring each speaker's bus to its outputs: no direct current, master level, trim, delay, route."""
    memory = memory_at(block, "header levels mixed bus delay dc speaker route")
    rate, n, channels = memory.header[H_RATE], memory.header[H_SPEAKERS], memory.header[H_CHANNELS]
    keep = 1.0 - 2.0 * np.pi * DC_HZ / rate
    low = memory.levels[L_MASTER_NOW]
    high = low + (memory.levels[L_MASTER] - low) * follow(MASTER_TAU_S, rate)
    memory.levels[L_MASTER_NOW] = high
    for c in range(channels):
        for k in range(QUANTUM):
            memory.mixed[c, k] = 0.0
    for s in range(n):
        bus, line = memory.bus[s], memory.delay[s]
        last, held = memory.dc[s, 0], memory.dc[s, 1]
        trim = memory.speaker[s, S_TRIM]
        gain, slope = float32(low * trim), float32((high - low) * trim) * STEP
        for k in range(QUANTUM):
            value = float64(bus[k])
            held = value - last + keep * held
            last = value
            line[(frame + k) & (DELAY - 1)] = float32(held) * (gain + slope * float32(k))
        memory.dc[s, 0], memory.dc[s, 1] = last, held if abs(held) > 1e-20 else 0.0
        delay = min(max(int64(memory.speaker[s, S_DELAY]), 0), DELAY - QUANTUM)
        for c in range(channels):
            share = memory.route[s, c]
            if share != 0.0:
                for k in range(QUANTUM):
                    memory.mixed[c, k] += share * line[(frame + k - delay) & (DELAY - 1)]


@njit(nogil=True, error_model="numpy")
def _measure(block: int) -> None:
    """Follow the peak (falling 32 dB a second) and the mean square of each output."""
    memory = memory_at(block, "header ready meter")
    near = follow(METER_TAU_S, memory.header[H_RATE])
    for c in range(memory.header[H_CHANNELS]):
        peak, square = 0.0, 0.0
        for k in range(QUANTUM):
            value = float64(memory.ready[k, c])
            peak = max(peak, abs(value))
            square += value * value
        memory.meter[c, 0] = max(peak, memory.meter[c, 0] * METER_FALL)
        memory.meter[c, 1] += (square / QUANTUM - memory.meter[c, 1]) * near


@njit(nogil=True, error_model="numpy")
def _quantum(block: int, now_ns: Any) -> None:
    memory = memory_at(block, "header")
    frame = memory.header[H_FRAME]
    _listen(block, frame)
    _add_voices(block, frame)
    add_echo(block)
    _send_out(block, frame)
    limit(block, now_ns)
    _measure(block)
    memory.header[H_FRAME] = frame + QUANTUM
    memory.header[H_LEFT] = QUANTUM


@njit(void(int64, types.Array(types.float32, 2, "C"), int64), cache=True, nogil=True)
def render(block: int, out: Any, now_ns: Any) -> None:
    """Write the next frames of all outputs.

    Args:
        memory: The engine's state; quanta that a block leaves over wait in it for the next one.
        out: Shape (frames, channels), float32.
        now_ns: Monotonic time, for the deadman.
    """
    memory = memory_at(block, "header ready")
    header = memory.header
    channels = min(out.shape[1], header[H_CHANNELS])
    for i in range(out.shape[0]):
        if header[H_LEFT] <= 0 or header[H_LEFT] > QUANTUM:
            _quantum(block, now_ns)
        row = QUANTUM - header[H_LEFT]
        for c in range(channels):
            out[i, c] = memory.ready[row, c]
        for c in range(channels, out.shape[1]):
            out[i, c] = 0.0
        header[H_LEFT] -= 1


@njit(void(int64, types.Array(types.float32, 2, "C")), cache=True, nogil=True)
def serve(block: int, out: Any) -> None:
    """Render a block for a clocked device, and write when it was and what it cost."""
    memory = memory_at(block, "header history costs")
    header = memory.header
    begin_ns = native_ns()
    header[H_STAMP_NS] = begin_ns
    render(block, out, begin_ns)
    count = header[H_CALLBACKS]
    memory.history[count % HISTORY, 0] = header[H_FRAME]
    memory.history[count % HISTORY, 1] = begin_ns
    cost_us = (native_ns() - begin_ns) / 1000.0
    bucket = min(int64(4.0 * np.log2(1.0 + cost_us)), 63)
    memory.costs[bucket] += 1
    if count % RECENT == 0:
        for i in range(64):
            memory.costs[i] //= 2
    store_release(header, H_CALLBACKS, count + 1)


@cfunc(int32(types.voidptr, types.CPointer(types.float32), types.ulong, types.voidptr, types.ulong,
             types.int64), cache=True)
def audio_callback(_input: Any, out: Any, frames: Any, _times: Any, flags: Any, block: Any) -> Any:
    """Serve PortAudio: a C function that runs no Python and takes no lock. `block` is the sound block's address."""
    memory = memory_at(block, "header")
    if flags & UNDERFLOW:
        memory.header[H_UNDERFLOWS] += 1
    serve(block, carray(out, (int64(frames), memory.header[H_CHANNELS])))
    return 0
