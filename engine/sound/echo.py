"""The room: one feedback delay network of eight lines that all voices share by their `space`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from engine.sound.block import ECHO_LENGTH, H_RATE, H_SPEAKERS, L_ECHO, L_HUSH, MAX_SPEAKERS, QUANTUM
from engine.sound.native import memory_at

LINES = 8
MASK = ECHO_LENGTH - 1
# frames at 48 kHz: the network's lines, then the allpasses before it
DELAYS = np.array([1433, 1601, 1867, 2053, 2251, 2399, 2617, 2797, 142, 107, 379, 277], np.int64)
DECAY_S = 2.6
DAMP = np.float32(0.32)
DIFFUSE = np.float32(0.65)
WET = np.float32(0.75)
HUSH = np.float32(0.4)
STILL = 1e-8


@njit(nogil=True, error_model="numpy")
def _delay(line: Any, rate: Any) -> Any:
    """Return a line's length in frames: at least a quantum, at most what there is memory for."""
    return min(max(DELAYS[line] * rate // 48_000, QUANTUM), ECHO_LENGTH - QUANTUM)


@njit(nogil=True, error_model="numpy")
def _diffuse(block: int, line: Any, at: Any) -> None:
    """Smear the send through an allpass, in place (Schroeder 1962)."""
    memory = memory_at(block, "bus echo header")
    send, store = memory.bus[MAX_SPEAKERS], memory.echo[line]
    delay = _delay(line, memory.header[H_RATE])
    for k in range(QUANTUM):
        old = store[(at + k - delay) & MASK]
        fresh = send[k] - DIFFUSE * old
        store[(at + k) & MASK] = fresh
        send[k] = old + DIFFUSE * fresh


@njit(nogil=True, error_model="numpy")
def _is_still(block: int) -> Any:
    """Return whether nothing is sent to the room and nothing is left in it."""
    memory = memory_at(block, "levels bus")
    if memory.levels[L_ECHO] > STILL:
        return False
    send, sent = memory.bus[MAX_SPEAKERS], False
    for k in range(QUANTUM):
        sent |= send[k] != 0.0
    return not sent


@njit(nogil=True, error_model="numpy")
def add_echo(block: int) -> None:
    """Add the room's answer to the send to all speakers, each from lines of its own.

    Source:
        Jot & Chaigne 1991, with a Householder matrix; a lowpass in each line lets high tones die first.
    """
    memory = memory_at(block, "header echo_at levels bus echo mixed echo_low")
    if _is_still(block):
        return
    rate, n = memory.header[H_RATE], min(memory.header[H_SPEAKERS], MAX_SPEAKERS)
    at = memory.echo_at[0]
    for line in range(LINES, LINES + 4):
        _diffuse(block, line, at)
    hush = float32(1.0)
    if memory.levels[L_HUSH] > 0.0:
        memory.levels[L_HUSH] -= 1.0
        hush = HUSH
    send, loudest = memory.bus[MAX_SPEAKERS], float32(0.0)
    total = memory.bus[MAX_SPEAKERS + 1]
    for k in range(QUANTUM):
        total[k] = 0.0
    for line in range(LINES):
        delay = _delay(line, rate)
        keep = float32(10.0 ** (-3.0 * delay / (rate * DECAY_S))) * hush
        store, answer, low = memory.echo[line], memory.mixed[line], memory.echo_low[line]
        for k in range(QUANTUM):
            low += (float32(1.0) - DAMP) * (store[(at + k - delay) & MASK] - low)
            answer[k] = low * keep
            total[k] += low * keep
            loudest = max(loudest, abs(low))
        memory.echo_low[line] = low
    for line in range(LINES):
        store, answer = memory.echo[line], memory.mixed[line]
        sign = float32(0.35 if line % 2 else -0.35)
        for k in range(QUANTUM):
            store[(at + k) & MASK] = answer[k] - float32(2.0 / LINES) * total[k] + sign * send[k]
    for s in range(n):
        bus, first, second = memory.bus[s], memory.mixed[s % LINES], memory.mixed[(s * 3 + 5) % LINES]
        gain = WET * float32(np.sqrt(2.0 / max(n, 2)))
        for k in range(QUANTUM):
            bus[k] += gain * (first[k] - second[k])
    memory.levels[L_ECHO] = loudest
    memory.echo_at[0] = (at + QUANTUM) & MASK
