"""Plucked strings: a period of noise that goes round, and loses a little each time. A held one is bowed by noise.

Source:
    Karplus & Strong 1983; Jaffe & Smith 1983 for damping and pick; tuned by cubic Lagrange interpolation (Laakso 1996).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32, int64, njit, uint32

from engine.sound import block as b
from engine.sound.native import memory_at
from engine.sound.noise import white
from engine.sound.timbre import shorter

SHORTEST = 8.0  # frames of a period
TAPS = 6  # of the loop: three of the damping, four of the tuning
LOSSLESS = 0.99999
BOW_S = 0.35  # decay of a string under the bow
BOW = 1.0
OTHER, BOWED = 1, 2  # rows of `wave`
PLUCK = 0.4  # its root mean square at full level
AUDIBLE = np.float32(1e-6)


@njit(nogil=True, error_model="numpy")
def _period(hz: Any, rate: Any) -> Any:
    return min(max(rate / max(hz, 1.0), SHORTEST), float(b.STRING_KEPT - b.QUANTUM))


@njit(nogil=True, error_model="numpy")
def _tune(block: int, v: Any) -> None:
    """Set a string's loop to its pitch: the taps of damping and tuning, and the delay of the first of them."""
    memory = memory_at(block, "patch loop header voice_f voice")
    rate, patch, taps, number = memory.header[b.H_RATE], memory.patch[v], memory.loop[v], memory.voice_f[v]
    hz = number[b.F_HZ]
    period = _period(hz, rate)
    number[b.F_TUNED_HZ], memory.voice[v, b.V_DELAY] = hz, int64(period - 2.0)
    late = period - 1.0 - memory.voice[v, b.V_DELAY]  # 1..2, where the interpolation loses least
    decay_s = BOW_S if memory.voice[v, b.V_KIND] == b.OP_HOLD else patch[b.P_ROWS + b.W_DECAY_S] * shorter(hz)
    keep = np.exp(-period / (rate * max(decay_s, 0.01)))
    number[b.F_FORCE] = PLUCK * BOW * np.sqrt(1.0 - keep * keep)
    lost = 1.0 - np.cos(2.0 * np.pi / period)
    damping = min(0.5 * patch[b.P_DAMPING], max((1.0 - keep / LOSSLESS) / lost, 0.0))
    keep /= 1.0 - damping * lost
    d1, d2, d3 = late - 1.0, late - 2.0, late - 3.0
    cubic = (-d1 * d2 * d3 / 6.0, late * d2 * d3 / 2.0, -late * d1 * d3 / 2.0, late * d1 * d2 / 6.0)
    for i in range(TAPS):
        taps[i] = 0.0
    for i in range(4):
        taps[i] += keep * cubic[i] * damping * 0.5
        taps[i + 1] += keep * cubic[i] * (1.0 - damping)
        taps[i + 2] += keep * cubic[i] * damping * 0.5


@njit(nogil=True, error_model="numpy")
def _go_round(block: int, v: Any, begin: Any, end: Any, row: Any) -> None:
    """Write what comes back of the string to frames `begin` to `end` of a row of `wave`, at most its delay of them."""
    memory = memory_at(block, "string wave loop voice")
    first, t = memory.voice[v, b.V_LINE_AT] - memory.voice[v, b.V_DELAY], memory.loop[v]
    line, out = memory.string[v, first - TAPS :], memory.wave[row, begin:end]
    t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
    for k in range(out.size):
        out[k] = (t0 * line[k + 6] + t1 * line[k + 5] + t2 * line[k + 4]
                  + t3 * line[k + 3] + t4 * line[k + 2] + t5 * line[k + 1])


@njit(nogil=True, error_model="numpy")
def add_string(block: int, v: Any, frame: Any, offset: Any) -> Any:
    """Write a quantum of a string to `wave[0]`; return whether it still moves."""
    memory = memory_at(block, "wave string voice")
    out, voice = memory.wave[0], memory.voice[v]
    if voice[b.V_LINE_AT] + b.QUANTUM > b.STRING:
        _begin_again(block, v)
    for k in range(offset):
        out[k] = float32(0.0)
    _bow(block, v, frame)
    begin = offset
    while begin < b.QUANTUM:
        begin = _advance(block, v, begin)
    moves = 0
    for k in range(b.QUANTUM):
        moves |= 1 if abs(out[k]) > AUDIBLE else 0
    return moves != 0 or offset > 0


@njit(nogil=True, error_model="numpy")
def _advance(block: int, v: Any, begin: Any) -> Any:
    """Let a string go on by as much as it is long, at most to the end of the quantum; return how far it came.

    A new pitch is faded in, as taps that jump would click.
    """
    memory = memory_at(block, "wave string voice voice_f")
    out, other, voice, number = memory.wave[0], memory.wave[OTHER], memory.voice[v], memory.voice_f[v]
    end = min(b.QUANTUM, begin + voice[b.V_DELAY])
    if number[b.F_TUNED_HZ] == number[b.F_HZ]:
        _go_round(block, v, begin, end, 0)
    else:
        _go_round(block, v, begin, end, OTHER)
        _tune(block, v)
        end = min(end, begin + voice[b.V_DELAY])
        _go_round(block, v, begin, end, 0)
        slope = float32(1.0 / (end - begin))
        for k in range(begin, end):
            out[k] = other[k] + (out[k] - other[k]) * slope * float32(k - begin + 1)
    if voice[b.V_KIND] == b.OP_HOLD:
        force, bow = float32(number[b.F_FORCE]), memory.wave[BOWED]
        for k in range(begin, end):
            out[k] += force * bow[k]
    line = memory.string[v, voice[b.V_LINE_AT] :]
    for k in range(end - begin):
        line[k] = out[begin + k]
    voice[b.V_LINE_AT] += end - begin
    return end


@njit(nogil=True, error_model="numpy")
def _bow(block: int, v: Any, frame: Any) -> None:
    """Write the noise of a bow: lines between white numbers, less the same of before, so without direct current."""
    memory = memory_at(block, "wave voice")
    if memory.voice[v, b.V_KIND] != b.OP_HOLD:
        return
    bow, seed = memory.wave[BOWED], uint32(memory.voice[v, b.V_SEED])
    since, later = uint32(frame - memory.voice[v, b.V_START]), uint32(memory.voice[v, b.V_DELAY] // 3 + 1)
    for k in range(b.QUANTUM):
        at = since + uint32(k)
        bow[k] = _line(seed, at) - _line(seed, at - later)


@njit(nogil=True, error_model="numpy", inline="always")
def _line(seed: Any, at: Any) -> Any:
    """Return noise that is white up to a twentieth of the rate."""
    place = float32(int32(at & uint32(7))) * float32(0.125)
    before = white(seed, at >> uint32(3))
    return before + (white(seed, (at >> uint32(3)) + uint32(1)) - before) * place


@njit(nogil=True, error_model="numpy")
def _begin_again(block: int, v: Any) -> None:
    """Bring the newest frames of the line to its front."""
    memory = memory_at(block, "string voice")
    line, end = memory.string[v], memory.voice[v, b.V_LINE_AT]
    for k in range(b.STRING_KEPT):
        line[k] = line[end - b.STRING_KEPT + k]
    memory.voice[v, b.V_LINE_AT] = b.STRING_KEPT


@njit(nogil=True, error_model="numpy")
def pluck(block: int, v: Any) -> None:
    """Fill a string with a period of noise, dulled by its brightness and combed by the place of the pick."""
    memory = memory_at(block, "string voice voice_f patch header")
    line, voice, number, patch = memory.string[v], memory.voice[v], memory.voice_f[v], memory.patch[v]
    hz, rate, seed = number[b.F_HZ], memory.header[b.H_RATE], voice[b.V_SEED]
    n = int64(_period(hz, rate) + 0.5)
    pick = min(max(int64(patch[b.P_PICK] * n), 1), n - 1)
    dull = np.exp(-2.0 * np.pi * min(hz * 2.0 ** (2.0 + 4.0 * min(max(number[b.F_BRIGHT], 0.0), 1.0)) / rate, 1.0))
    low, mean, power = 0.0, 0.0, 0.0
    for turn in range(2):  # the second time the lowpass has settled
        for k in range(n):
            low += (1.0 - dull) * (white(seed, k) - white(seed, k + pick if k + pick < n else k + pick - n) - low)
            if turn:
                line[k] = low
    for k in range(n):
        mean += line[k] / n
    for k in range(n):
        power += (line[k] - mean) ** 2 / n
    scale = PLUCK / np.sqrt(max(power, 1e-12))
    for k in range(n):
        line[k] = (line[k] - mean) * scale
    for k in range(n, b.STRING_KEPT):
        line[k] = line[k - n]
    voice[b.V_LINE_AT] = b.STRING_KEPT
    _tune(block, v)
