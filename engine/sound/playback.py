"""Voices that play from a file: once or in a loop, at any speed, forwards or backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, float32, float64, int64, njit

from engine.sound import block as b
from engine.sound.bank import MARGIN
from engine.sound.native import memory_at
from engine.sound.sinc import BEFORE, KERNELS, between, filter_for, octave_for

ENDING = 128  # frames over which a file that ends fades
FASTEST = 64.0
POINTS = 512  # at which the two sides of a loop's seam are compared
LEAST = 8.0  # frames of a loop


@njit(nogil=True, error_model="numpy")
def is_there(block: int, v: Any, first: Any) -> Any:
    """Return whether the file of a voice is in the bank; on its `first` question the voice is tied to it."""
    memory = memory_at(block, "voice sample take bank")
    slot = memory.voice[v, b.V_SAMPLE]
    if slot <= 0 or slot >= b.SAMPLES:
        return False
    entry = memory.sample[slot]
    if first:
        memory.take[v, b.K_KEY] = float64(entry[b.B_KEY])
    is_whole = entry[b.B_START] >= 0 and entry[b.B_START] + entry[b.B_SIZE] <= memory.bank.size
    return boolean(entry[b.B_READY] != 0 and is_whole and memory.take[v, b.K_KEY] == float64(entry[b.B_KEY]))


@njit(nogil=True, error_model="numpy")
def begin_take(block: int, v: Any) -> None:
    """Find where a voice begins in its file, and its loop."""
    memory = memory_at(block, "voice sample take bank move_to")
    take, asked = memory.take[v], memory.move_to[v]
    take[:] = 0.0
    if not is_there(block, v, True):
        return
    entry = memory.sample[memory.voice[v, b.V_SAMPLE]]
    length, rate = float64(entry[b.B_LENGTH]), float64(entry[b.B_RATE])
    take[b.K_WAY] = -1.0 if asked[b.T_WAY] < 0.0 else 1.0
    begin = _within(asked[b.T_LOOP_S] * rate, 0.0, length - LEAST, 0.0)
    end = _within(asked[b.T_LOOP_END_S] * rate, begin + LEAST, length, length)
    fade = np.floor(_within(asked[b.T_FADE_S] * rate, 0.0, 0.5 * (end - begin), 0.0))
    start = (begin if take[b.K_WAY] > 0.0 else end) if memory.voice[v, b.V_LOOP] else (
        0.0 if take[b.K_WAY] > 0.0 else length)
    take[b.K_POS] = _within(asked[b.T_FROM_S] * rate, 0.0, length, start)
    take[b.K_BEGIN], take[b.K_TURN], take[b.K_FADE] = begin, end - begin - fade, fade
    if memory.voice[v, b.V_LOOP] and fade > 0.0:
        wave = memory.bank[entry[b.B_START] + MARGIN : entry[b.B_START] + MARGIN + entry[b.B_LENGTH]]
        take[b.K_LIKE] = _likeness(wave, int64(begin), int64(begin + take[b.K_TURN]), int64(fade))


@njit(nogil=True, error_model="numpy")
def _within(value: Any, low: Any, high: Any, default: Any) -> Any:
    """Return a whole number of frames between two others; not a number means the default."""
    return np.floor(min(max(value, low), high)) if value == value else default


@njit(nogil=True, error_model="numpy")
def _likeness(wave: Any, here: Any, there: Any, frames: Any) -> Any:
    """Return how alike two parts of a wave are: 1 the same, 0 unrelated."""
    step = max(frames // POINTS, 1)
    product, square, other = 0.0, 1e-12, 1e-12
    for i in range(0, frames, step):
        x, y = float64(wave[here + i]), float64(wave[there + i])
        product += x * y
        square += x * x
        other += y * y
    return min(max(product / np.sqrt(square * other), -0.5), 1.0)


@njit(nogil=True, error_model="numpy", inline="always")
def value_at(bank: Any, start: Any, length: Any, place: Any, kernel: Any, taps: Any) -> Any:
    """Return a wave's value at a fractional place; outside it is silent. start: of its first sample in the bank."""
    low = int64(np.floor(place))
    low = min(max(low, -(MARGIN // 2)), length + MARGIN // 2 - 1)
    return between(bank, start + low - BEFORE, min(max(place - low, 0.0), 1.0), kernel, taps)


@njit(nogil=True, error_model="numpy")
def play_take(block: int, v: Any, offset: Any, ratio: Any) -> Any:
    """Write a quantum of a file to `wave[0]` from frame `offset` on; return False when it is over.

    Args:
        ratio: Speed; 1 is as recorded.
    """
    memory = memory_at(block, "wave sample voice bank header take part")
    out, take = memory.wave[0], memory.take[v]
    for k in range(b.QUANTUM):
        out[k] = 0.0
    if not is_there(block, v, False):
        return False
    entry = memory.sample[memory.voice[v, b.V_SAMPLE]]
    length, loops = float64(entry[b.B_LENGTH]), memory.voice[v, b.V_LOOP] != 0
    speed = min(max(ratio, 0.0), FASTEST) * take[b.K_WAY] * entry[b.B_RATE] / memory.header[b.H_RATE]
    place, frames, scale = entry[b.B_START] + MARGIN, entry[b.B_LENGTH], 1.0
    for _ in range(octave_for(speed)):
        place, frames, scale = place + frames + MARGIN, (frames + 1) // 2, scale * 0.5
    kernel = KERNELS[filter_for(abs(speed) * scale)]
    position, ending = take[b.K_POS], ENDING * max(abs(speed), 1e-3)
    is_plain = speed == 1.0 and position == np.floor(position)
    for k in range(offset, b.QUANTUM):
        if loops:
            position = _turned(take, position)
        here = position * scale
        if is_plain and 0.0 <= position < length:
            value = memory.bank[place + int64(position)]
        else:
            value = value_at(memory.bank, place, frames, here, kernel, memory.part)
        inside = position - take[b.K_BEGIN]
        if loops and (take[b.K_TURNED] != 0.0 or speed < 0.0) and 0.0 <= inside < take[b.K_FADE]:
            there = value_at(memory.bank, place, frames, here + take[b.K_TURN] * scale, kernel, memory.part)
            value = _seam(value, there, inside / take[b.K_FADE], take[b.K_LIKE])
        if not loops:
            left = length - position if speed > 0.0 else position
            value *= float32(min(max(left / ending, 0.0), 1.0))
        out[k] = value
        position += speed
    take[b.K_POS] = position
    return boolean(loops or speed == 0.0 or (position < length if speed > 0.0 else position > 0.0))


@njit(nogil=True, error_model="numpy")
def _turned(take: Any, position: Any) -> Any:
    """Return the place within the loop; before its begin (an intro) it is left alone."""
    end = take[b.K_BEGIN] + take[b.K_TURN]
    if position >= end + (take[b.K_FADE] if take[b.K_WAY] < 0.0 else 0.0):
        take[b.K_TURNED] = 1.0
        position -= take[b.K_TURN] * np.floor((position - take[b.K_BEGIN]) / take[b.K_TURN])
    elif position < take[b.K_BEGIN] and take[b.K_WAY] < 0.0:
        take[b.K_TURNED] = 1.0
        position += take[b.K_TURN] * np.ceil((take[b.K_BEGIN] - position) / take[b.K_TURN])
    return position


@njit(nogil=True, error_model="numpy")
def _seam(value: Any, before: Any, share: Any, like: Any) -> Any:
    """Return a cross-fade of constant power, whatever the two sides have in common."""
    rise, fall = np.sin(share * np.pi / 2), np.cos(share * np.pi / 2)
    even = 1.0 / np.sqrt(1.0 + 2.0 * like * rise * fall)
    return value * float32(rise * even) + before * float32(fall * even)
