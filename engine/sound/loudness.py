"""The last stage before the device: the gain that keeps the public's ears safe, then all that is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, njit

from engine.sound import block as b
from engine.sound import ceilings as g
from engine.sound.dose import book_second, choose_gain
from engine.sound.native import memory_at
from engine.sound.true_peak import SENT, true_peak
from engine.sound.waves import STEP
from engine.sound.weighting import HIGH, LOW, MIDDLE, RUMBLE, SHELF

CAP_RISE_S, CAP_FALL_S = 0.03, 0.3  # how soon the cap believes that a level has come, and gone
UNCAPPED_DB = 3.0  # a second, when a measured number takes the cap's place
METER_FALL, METER_TAU_S = 0.995, 0.3
LIMITED_S = 1.0  # how slowly the limiter's meter comes back
HOP_S = 0.1
STILL = 1e-30  # of a filter: what is less is nothing, before the processor slows down over it
NULL = b.BACKENDS.index("null")


@njit(nogil=True, error_model="numpy")
def _near(tau_s: Any, rate: Any) -> Any:
    """Return the share by which a smoothed value nears its aim in one quantum."""
    return 1.0 - np.exp(-b.QUANTUM / (rate * tau_s))


@njit(nogil=True, error_model="numpy")
def _cap_gain(block: int) -> Any:
    """Return the gain that keeps the loudest output's RMS at the cap of an uncalibrated room; 1 without a cap."""
    memory = memory_at(block, "header ready guard")
    guard, rate = memory.guard, memory.header[b.H_RATE]
    if guard[g.G_CAP] == 0.0:
        guard[g.G_CAP_POWER] = 0.0
        return min(guard[g.G_CAP_GAIN] * 10.0 ** (UNCAPPED_DB * b.QUANTUM / (20.0 * rate)), 1.0)
    power = 0.0
    for c in range(memory.header[b.H_CHANNELS]):
        square = 0.0
        for k in range(b.QUANTUM):
            square += float64(memory.ready[k, c]) ** 2
        power = max(power, square / b.QUANTUM)
    before = guard[g.G_CAP_POWER]
    tau_s = CAP_RISE_S if power > before else CAP_FALL_S
    guard[g.G_CAP_POWER] = before + (power - before) * _near(tau_s, rate)
    return min(1.0, np.sqrt(guard[g.G_CAP] / max(guard[g.G_CAP_POWER], 1e-12)))


@njit(nogil=True, error_model="numpy")
def hold_ceilings(block: int) -> None:
    """Bring the quantum in `ready` to the gain of the dose governor and of the cap.

    This stands after the limiter, so that what the governor reckons with as the loudest sound there can be is true.
    """
    memory = memory_at(block, "header ready guard seconds minutes")
    guard, header = memory.guard, memory.header
    if guard[g.G_BEGUN] == 0.0:
        choose_gain(guard, memory.seconds, memory.minutes)
        guard[g.G_GAIN] = 10.0 ** (guard[g.G_TO_DB] / 20.0)
    share = min((guard[g.G_FRAMES] + b.QUANTUM) / header[b.H_RATE], 1.0)
    gain_db = guard[g.G_FROM_DB] + (guard[g.G_TO_DB] - guard[g.G_FROM_DB]) * share
    governed = 10.0 ** (gain_db / 20.0) if gain_db < 0.0 else 1.0
    cap = _cap_gain(block)
    before, after = guard[g.G_GAIN] * guard[g.G_CAP_GAIN], governed * cap
    guard[g.G_BEFORE], guard[g.G_GAIN], guard[g.G_CAP_GAIN] = guard[g.G_GAIN], governed, cap
    if before == 1.0 and after == 1.0:
        return
    start, slope = float32(before), float32(after - before) * STEP
    for k in range(b.QUANTUM):
        gain = start + slope * float32(k)
        for c in range(header[b.H_CHANNELS]):
            memory.ready[k, c] *= gain


@njit(nogil=True, error_model="numpy")
def _filter(block: int, section: Any, n: Any) -> None:
    """Send `weighed` through a section, in place; all outputs at once (transposed direct form II)."""
    memory = memory_at(block, "weights weighed weighing")
    b0, b1, b2, a1, a2 = (memory.weights[section, 0], memory.weights[section, 1], memory.weights[section, 2],
                          memory.weights[section, 3], memory.weights[section, 4])
    first, second = memory.weighing[section, 0], memory.weighing[section, 1]
    for k in range(b.QUANTUM):
        row = memory.weighed[k]
        for c in range(n):
            x = row[c]
            y = b0 * x + first[c]
            first[c] = b1 * x - a1 * y + second[c]
            second[c] = b2 * x - a2 * y
            row[c] = y
    for c in range(n):
        first[c] = first[c] if abs(first[c]) > STILL else 0.0
        second[c] = second[c] if abs(second[c]) > STILL else 0.0


@njit(nogil=True, error_model="numpy")
def _take(block: int, n: Any) -> None:
    """Copy the quantum in `ready` to `weighed`."""
    memory = memory_at(block, "ready weighed")
    for k in range(b.QUANTUM):
        for c in range(n):
            memory.weighed[k, c] = float64(memory.ready[k, c])


@njit(nogil=True, error_model="numpy")
def _energy(block: int, n: Any) -> Any:
    """Return the energy in `weighed` of all outputs, in seconds of full scale."""
    memory = memory_at(block, "weighed header")
    energy = 0.0
    for k in range(b.QUANTUM):
        for c in range(n):
            energy += memory.weighed[k, c] ** 2
    return energy / memory.header[b.H_RATE]


@njit(nogil=True, error_model="numpy")
def _book(block: int, a: Any, c: Any) -> None:
    """Book a quantum's energies as they are heard; without a device nothing is."""
    memory = memory_at(block, "guard header seconds minutes")
    guard, rate = memory.guard, memory.header[b.H_RATE]
    heard, gain = guard[g.G_HEARD], max(0.5 * (guard[g.G_BEFORE] + guard[g.G_GAIN]), 1e-6)
    guard[g.G_ASKED_A] += a * heard / gain**2
    guard[g.G_ASKED_C] += c * heard / gain**2
    if memory.header[b.H_BACKEND] != NULL:
        guard[g.G_A] += a * heard
        guard[g.G_C] += c * heard
    guard[g.G_FRAMES] += b.QUANTUM
    if guard[g.G_FRAMES] >= rate:
        guard[g.G_FRAMES] -= rate
        book_second(guard, memory.seconds, memory.minutes, guard[g.G_A], guard[g.G_C], guard[g.G_ASKED_A],
                    guard[g.G_ASKED_C])
        guard[g.G_A] = guard[g.G_C] = guard[g.G_ASKED_A] = guard[g.G_ASKED_C] = 0.0


@njit(nogil=True, error_model="numpy")
def _add_momentary(block: int, n: Any) -> None:
    """Add the K-weighted quantum in `weighed` to the hop under way; after a hop, write what the last four were.

    Source:
        ITU-R BS.1770-4 annex 1: mean square over 400 ms, moved on by 100 ms. All outputs count alike.
    """
    memory = memory_at(block, "weighed hops meter guard header")
    guard, now = memory.guard, memory.hops[b.HOPS]
    for k in range(b.QUANTUM):
        for c in range(n):
            now[c] += memory.weighed[k, c] ** 2
    guard[g.G_HOP_FRAMES] += b.QUANTUM
    if guard[g.G_HOP_FRAMES] < HOP_S * memory.header[b.H_RATE]:
        return
    place = int(guard[g.G_HOP]) % b.HOPS
    for c in range(n):
        memory.hops[place, c] = now[c] / guard[g.G_HOP_FRAMES]
        now[c] = 0.0
        mean = 0.0
        for hop in range(b.HOPS):
            mean += memory.hops[hop, c] / b.HOPS
        memory.meter[c, b.O_MOMENTARY] = mean
    guard[g.G_HOP] += 1
    guard[g.G_HOP_FRAMES] = 0.0


@njit(nogil=True, error_model="numpy")
def _follow_levels(block: int, n: Any) -> None:
    """Follow peak and true peak (falling 32 dB a second), the mean square, and how far the limiter went down."""
    memory = memory_at(block, "header ready meter peaks guard levels")
    near, guard = _near(METER_TAU_S, memory.header[b.H_RATE]), memory.guard
    for c in range(n):
        meter, wave = memory.meter[c], memory.peaks[SENT, c]
        peak, square = 0.0, 0.0
        for k in range(b.QUANTUM):
            value = memory.ready[k, c]
            wave[b.PEAK_TAPS + k] = value
            peak = max(peak, abs(float64(value)))
            square += float64(value) ** 2
        meter[b.O_PEAK] = max(peak, meter[b.O_PEAK] * METER_FALL)
        meter[b.O_TRUE_PEAK] = max(float64(true_peak(block, SENT, c)), meter[b.O_TRUE_PEAK] * METER_FALL)
        meter[b.O_SQUARE] += (square / b.QUANTUM - meter[b.O_SQUARE]) * near
    limited = guard[g.G_LIMITED] + (1.0 - guard[g.G_LIMITED]) * _near(LIMITED_S, memory.header[b.H_RATE])
    guard[g.G_LIMITED] = min(memory.levels[b.L_LIMIT], limited)


@njit(nogil=True, error_model="numpy")
def measure(block: int) -> None:
    """Measure the quantum in `ready`: levels, dose, momentary loudness."""
    n = memory_at(block, "header").header[b.H_CHANNELS]
    _follow_levels(block, n)
    _take(block, n)
    _filter(block, LOW, n)
    _filter(block, HIGH, n)
    c_energy = _energy(block, n)
    _filter(block, MIDDLE, n)
    _book(block, _energy(block, n), c_energy)
    _take(block, n)
    _filter(block, SHELF, n)
    _filter(block, RUMBLE, n)
    _add_momentary(block, n)
