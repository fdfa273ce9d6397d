"""One quantum of the whole engine, and the callback that serves any device block from quanta."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import int32, int64, njit, void

from engine.sound import block as b
from engine.sound.chain import protect
from engine.sound.echo import add_echo
from engine.sound.feed import feed_speakers
from engine.sound.layout import adopt_layout
from engine.sound.native import memory_at, native_ns, store_release
from engine.sound.resampler import is_bridged, resample, wanted
from engine.sound.ring import ANY, count_late, drain, due, forget, forget_owner
from engine.sound.sounding import follow, sound_voices
from engine.sound.voices import change_voice, end_owner, end_voice, find_voice, start_voice

types: Any = numba.types  # numba says little of its own types
cfunc: Any = numba.cfunc
carray: Any = numba.carray  # type: ignore[attr-defined]

OWNER_TAU_S = 0.02
UNDERFLOW = 4  # paOutputUnderflow
ABORT = 2  # paAbort
TOO_LATE_S = 0.25  # a note after that is not played: its moment is over
RECENT = 4096


@njit(nogil=True, error_model="numpy", inline="always")  # each level of calls is optimised anew
def _obey(block: int, frame: Any) -> None:
    """Carry out the record in `work`."""
    memory = memory_at(block, "header work work_f owner")
    work, work_f = memory.work, memory.work_f
    op, owner, when = work[b.R_OP] & 0xFF, work[b.R_OWNER] % b.OWNERS, max(work[b.R_WHEN], frame)
    count_late(block, work[b.R_WHEN], frame)
    if op == b.OP_NOTE and 0 < work[b.R_WHEN] < frame - int64(TOO_LATE_S * memory.header[b.H_RATE]):
        return
    if op in (b.OP_NOTE, b.OP_HOLD):
        start_voice(block, work, work_f, when, work[b.R_OP])
    elif op in (b.OP_SET, b.OP_RELEASE):
        v = find_voice(block, owner, work[b.R_ID])
        if v >= 0 and op == b.OP_SET:
            change_voice(block, v, work_f)
        elif v >= 0:
            end_voice(block, v, when)
    elif op == b.OP_STOP:
        end_owner(block, owner, frame, False)
        forget_owner(block, owner, work[b.R_OP])
    elif op == b.OP_GAIN:
        memory.owner[owner, 0] = min(max(work_f[b.R_LEVEL], 0.0), 1.0)
        if work_f[b.R_LENGTH] == 0.0:
            memory.owner[owner, 1] = memory.owner[owner, 0]
    elif op == b.OP_CLEAR:
        end_owner(block, -1, frame, False)
        forget_owner(block, -1, work[b.R_OP])


@njit(nogil=True, error_model="numpy")
def _listen(block: int, frame: Any) -> None:
    """Carry out what is due before the end of the quantum that begins at `frame`."""
    memory = memory_at(block, "header levels work pending")
    drain(block)
    if memory.header[b.H_PANIC] != memory.header[b.H_PANIC_SEEN]:
        memory.header[b.H_PANIC_SEEN] = memory.header[b.H_PANIC]
        end_owner(block, -1, frame, True)
        forget_owner(block, -1, ANY)
        memory.levels[b.L_HUSH] = 400.0
    index = due(block, frame + b.QUANTUM)
    while index >= 0:
        for word in range(b.RECORD):
            memory.work[word] = memory.pending[index, word]
        forget(block, index)
        _obey(block, frame)
        index = due(block, frame + b.QUANTUM)


@njit(nogil=True, error_model="numpy", inline="always")  # each level of calls is optimised anew
def _add_voices(block: int, frame: Any) -> None:
    memory = memory_at(block, "header owner bus")
    near = follow(OWNER_TAU_S, memory.header[b.H_RATE])
    for owner in range(b.OWNERS):
        memory.owner[owner, 1] += (memory.owner[owner, 0] - memory.owner[owner, 1]) * near
    for s in range(b.MAX_SPEAKERS + 2):
        if s < memory.header[b.H_SPEAKERS] or s >= b.MAX_SPEAKERS:
            for k in range(b.QUANTUM):
                memory.bus[s, k] = 0.0
    memory.header[b.H_ACTIVE] = sound_voices(block, frame)


@njit(nogil=True, error_model="numpy", inline="always")  # each level of calls is optimised anew
def _quantum(block: int, now_ns: Any) -> None:
    memory = memory_at(block, "header")
    frame = memory.header[b.H_FRAME]
    adopt_layout(block, frame)
    _listen(block, frame)
    _add_voices(block, frame)
    add_echo(block)
    feed_speakers(block, frame)
    protect(block, now_ns)
    memory.header[b.H_FRAME] = frame + b.QUANTUM
    memory.header[b.H_LEFT] = b.QUANTUM


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
    channels = min(out.shape[1], header[b.H_CHANNELS])
    for i in range(out.shape[0]):
        if header[b.H_LEFT] <= 0 or header[b.H_LEFT] > b.QUANTUM:
            _quantum(block, now_ns)
        row = b.QUANTUM - header[b.H_LEFT]
        for c in range(channels):
            out[i, c] = memory.ready[row, c]
        for c in range(channels, out.shape[1]):
            out[i, c] = 0.0
        header[b.H_LEFT] -= 1


@njit(void(int64, types.Array(types.float32, 2, "C")), cache=True, nogil=True)
def serve(block: int, out: Any) -> None:
    """Render a block for a clocked device at its own rate, and write when it was and what it cost."""
    memory = memory_at(block, "header history costs window")
    header = memory.header
    begin_ns = native_ns()
    header[b.H_STAMP_NS] = begin_ns
    if is_bridged(block):
        done = 0
        while done < out.shape[0]:
            n = min(out.shape[0] - done, b.CHUNK)
            first, end = wanted(block, n)
            render(block, memory.window[first:end], begin_ns)
            resample(block, out[done : done + n])
            done += n
    else:
        render(block, out, begin_ns)
    count = header[b.H_CALLBACKS]
    memory.history[count % b.HISTORY, 0] = header[b.H_FRAME]
    memory.history[count % b.HISTORY, 1] = begin_ns
    cost_us = (native_ns() - begin_ns) / 1000.0
    bucket = min(int64(4.0 * np.log2(1.0 + cost_us)), 63)
    memory.costs[bucket] += 1
    if count % RECENT == 0:
        for i in range(64):
            memory.costs[i] //= 2
    store_release(header, b.H_CALLBACKS, count + 1)


@cfunc(int32(types.voidptr, types.CPointer(types.float32), types.ulong, types.voidptr, types.ulong,
             types.CPointer(types.int64)), cache=True)
def audio_callback(_input: Any, out: Any, frames: Any, _times: Any, flags: Any, user: Any) -> Any:
    """Serve PortAudio: a C function that runs no Python and takes no lock.

    `user` is the sound block's address, the stream's ticket and its channels. A stream that has been given up holds an
    old ticket: if it comes back to life, it is silent and ends, as another one renders the block now.
    """
    memory = memory_at(user[0], "header")
    block = carray(out, (int64(frames), user[2]))
    if user[1] != memory.header[b.H_TICKET]:
        block[:] = 0.0
        return ABORT
    if flags & UNDERFLOW:
        memory.header[b.H_UNDERFLOWS] += 1
    serve(user[0], block)
    return 0
