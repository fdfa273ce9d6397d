"""A measured room: the send is convolved with its response, in uniform partitions of a real-time FFT."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from engine.sound import block as b
from engine.sound.native import memory_at

SIZE = 2 * b.PART
STEPS = b.PART // b.QUANTUM
COS = np.cos(2.0 * np.pi * np.arange(b.PART) / SIZE).astype(np.float32)
SIN = np.sin(2.0 * np.pi * np.arange(b.PART) / SIZE).astype(np.float32)
SCALE = np.float32(1.0 / SIZE)


@njit(nogil=True, error_model="numpy")
def transform(fold: Any) -> None:
    """Write the Fourier transform of 512 complex numbers from the rows 0 (real) and 1 of `fold` to its rows 2 and 3.

    Args:
        fold: Shape (4, 512), float32; the rows 0 and 1 are used up.

    Source:
        Stockham's self-sorting FFT, radix 2.
    """
    length, stride, source = SIZE, 1, 0
    while length > 1:
        half, to = length // 2, 2 - source
        re, im, out_re, out_im = fold[source], fold[source + 1], fold[to], fold[to + 1]
        for p in range(half):
            cos, sin = COS[p * stride], -SIN[p * stride]
            first, second, low, high = stride * p, stride * (p + half), stride * 2 * p, stride * (2 * p + 1)
            for q in range(stride):
                more_re, more_im = re[first + q] + re[second + q], im[first + q] + im[second + q]
                less_re, less_im = re[first + q] - re[second + q], im[first + q] - im[second + q]
                out_re[low + q], out_im[low + q] = more_re, more_im
                out_re[high + q] = less_re * cos - less_im * sin
                out_im[high + q] = less_re * sin + less_im * cos
        length, stride, source = half, stride * 2, to


@njit(nogil=True, error_model="numpy")
def _add_products(block: int, first: Any, last: Any) -> None:
    """Add to the sums what the partitions `first` to `last` make of the spectra that have gone by."""
    memory = memory_at(block, "response past spectrum convolver")
    head, parts = memory.convolver[b.C_HEAD], memory.convolver[b.C_PARTS]
    for channel in range(memory.convolver[b.C_CHANNELS]):
        re, im = memory.spectrum[channel, 0], memory.spectrum[channel, 1]
        for part in range(first, last):
            place = head - part
            past = memory.past[place if place >= 0 else place + parts]
            room = memory.response[channel, part]
            past_re, past_im, room_re, room_im = past[0], past[1], room[0], room[1]
            for k in range(b.BINS):
                re[k] += past_re[k] * room_re[k] - past_im[k] * room_im[k]
                im[k] += past_re[k] * room_im[k] + past_im[k] * room_re[k]


@njit(nogil=True, error_model="numpy")
def _take_spectrum(block: int) -> None:
    """Transform the newest two partitions of the send."""
    memory = memory_at(block, "fold heard past convolver")
    fold, past = memory.fold, memory.past[memory.convolver[b.C_HEAD]]
    for k in range(SIZE):
        fold[0, k], fold[1, k] = memory.heard[k], 0.0
    transform(fold)
    for k in range(b.PART + 1):
        past[0, k], past[1, k] = fold[2, k], fold[3, k]
    for k in range(b.PART):
        memory.heard[k] = memory.heard[b.PART + k]


@njit(nogil=True, error_model="numpy")
def _give_wave(block: int, channel: Any) -> None:
    """Transform the sums of two channels back, one as the real and one as the imaginary part, and clear them."""
    memory = memory_at(block, "fold spectrum answer")
    fold, one, other = memory.fold, memory.spectrum[channel], memory.spectrum[channel + 1]
    one[1, 0] = one[1, b.PART] = other[1, 0] = other[1, b.PART] = 0.0
    for k in range(b.PART + 1):  # real and imaginary part change places: that makes it the inverse
        fold[1, k], fold[0, k] = one[0, k] - other[1, k], one[1, k] + other[0, k]
        if 0 < k < b.PART:
            fold[1, SIZE - k], fold[0, SIZE - k] = one[0, k] + other[1, k], other[0, k] - one[1, k]
    transform(fold)
    for k in range(b.PART):
        memory.answer[channel, k] = fold[3, b.PART + k] * SCALE
        memory.answer[channel + 1, k] = fold[2, b.PART + k] * SCALE
    for k in range(b.BINS):
        one[0, k] = one[1, k] = other[0, k] = other[1, k] = 0.0


@njit(nogil=True, error_model="numpy")
def convolve(block: int, send: Any, gain: Any, gain_to: Any) -> None:
    """Add the room's answer to the send to all speakers, three quanta late; each quantum does a fourth of the work.

    Args:
        send: Shape (64,), float32.
        gain, gain_to: At the quantum's begin and end.
    """
    memory = memory_at(block, "convolver heard answer bus header")
    state = memory.convolver
    step, parts, channels = state[b.C_STEP], state[b.C_PARTS], state[b.C_CHANNELS]
    for k in range(b.QUANTUM):
        memory.heard[b.PART + step * b.QUANTUM + k] = send[k]
    _add_products(block, 1 + (parts - 1) * step // STEPS, 1 + (parts - 1) * (step + 1) // STEPS)
    if step == STEPS - 1:
        _take_spectrum(block)
        _add_products(block, 0, 1)
        for channel in range(0, channels, 2):
            _give_wave(block, channel)
        state[b.C_HEAD] = (state[b.C_HEAD] + 1) % parts
    state[b.C_STEP] = step = (step + 1) % STEPS
    low, slope = float32(gain), float32((gain_to - gain) / b.QUANTUM)
    for s in range(min(memory.header[b.H_SPEAKERS], b.MAX_SPEAKERS)):
        bus, answer = memory.bus[s], memory.answer[s % channels]
        for k in range(b.QUANTUM):
            bus[k] += (low + slope * float32(k)) * answer[step * b.QUANTUM + k]


@njit(nogil=True, error_model="numpy")
def empty(flat: Any) -> None:
    """Set all of a row to nothing."""
    for i in range(flat.size):
        flat[i] = 0.0


@njit(nogil=True, error_model="numpy")
def clear_convolver(block: int) -> None:
    """Forget all sound that is still in the room."""
    memory = memory_at(block, "convolver past spectrum heard answer")
    empty(memory.past.ravel())
    empty(memory.spectrum.ravel())
    empty(memory.answer.ravel())
    empty(memory.heard)
    memory.convolver[b.C_HEAD] = memory.convolver[b.C_STEP] = 0
