"""The dose governor: books what is heard, second by second, and says how much gain keeps it below all ceilings.

Three ceilings: LAeq and LCeq over 15 min, LAeq over 8 h. Of each budget one half is there for what is loud now; when
it is used up, the level falls to what can go on for ever. Whatever comes, no budget is overdrawn: the gain stays
so low that the loudest sound there can be, from now on and falling 3 dB a second, fits into what is left.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float64, njit, void

from engine.sound.ceilings import (
    G_A15,
    G_BEGUN,
    G_COUNT,
    G_FROM_DB,
    G_LOUD_A,
    G_LOUD_C,
    G_MAX_A15,
    G_MOST_A,
    G_MOST_C,
    G_TO_DB,
    MINUTES,
    SECONDS,
)

types: Any = numba.types  # numba says little of its own types

EIGHT_HOURS_S = 28_800.0
FALL_DB, RISE_DB = 3.0, 0.2  # a second
REACT_S = 3.0  # a second until it is seen, and 1.45 s of sound in a fall of 3 dB a second; rounded up
AIM = 10.0**-0.03  # of a budget: what is held stays 0.3 dB below the ceiling
FREE = 0.5  # of a budget, for what is loud now
BURST_S, BURST_8H_S = 60.0, 600.0  # in which the free half may be spent
RISE_S, FALL_S = 10.0, 120.0  # how soon a level is believed to have come, and to have gone
LEAST = 1e-12


@njit(nogil=True, error_model="numpy")
def _lasting(ring: Any, column: Any, newest: Any, budget: Any) -> tuple[float, float]:
    """Return the power that may go on for ever within a budget, in energy an entry, and what has been spent of it.

    Entries leave the ring as they grow old, so each age sets a bound of its own: the least of them counts.
    """
    n = ring.shape[0]
    at = newest % n
    least, entries, spent = budget, float(n), 0.0
    for age in range(1, n + 1):
        spent += ring[at, column]
        at = at - 1 if at > 0 else n - 1
        if age < n and (budget - spent) * entries < least * (n - age):
            least, entries = budget - spent, float(n - age)
    return max(least, 0.0) / entries, spent


@njit(nogil=True, error_model="numpy")
def _allowed(guard: Any, seconds: Any, minutes: Any, which: Any) -> Any:
    """Return the largest power gain that one ceiling allows: 0 and 1 are A and C over 15 min, 2 is A over 8 h."""
    count = max(int(guard[G_COUNT]) - 1, 0)
    if which < 2:
        budget, burst_s = guard[G_MAX_A15 + which] * SECONDS, BURST_S
        power, spent = _lasting(seconds, which, count, budget * AIM)
    else:
        budget, burst_s = guard[G_MAX_A15 + which] * EIGHT_HOURS_S, BURST_8H_S
        power, spent = _lasting(minutes, 0, count // 60, budget * AIM)
        power /= 60.0
    guard[G_A15 + which] = spent
    power = max(power, (budget * (1.0 - FREE) - spent) / burst_s)
    loud, most = (guard[G_LOUD_C], guard[G_MOST_C]) if which == 1 else (guard[G_LOUD_A], guard[G_MOST_A])
    return min(power / max(loud, LEAST), (budget - spent) / max(most * REACT_S, LEAST))


@njit(void(types.Array(types.float64, 1, "C"), types.Array(types.float64, 2, "C"), types.Array(types.float64, 2, "C")),
      cache=True, nogil=True)
def choose_gain(guard: Any, seconds: Any, minutes: Any) -> None:
    """Choose the gain at the end of the second that begins, in dB: `guard[G_TO_DB]`, from `guard[G_FROM_DB]` on."""
    gain = 1.0
    for which in range(3):
        gain = min(gain, _allowed(guard, seconds, minutes, which))
    wanted_db = 10.0 * np.log10(max(gain, LEAST))
    if guard[G_BEGUN] == 0.0:
        guard[G_BEGUN], guard[G_TO_DB] = 1.0, wanted_db
    guard[G_FROM_DB] = guard[G_TO_DB]
    guard[G_TO_DB] = min(max(wanted_db, guard[G_FROM_DB] - FALL_DB), guard[G_FROM_DB] + RISE_DB)


@njit(void(types.Array(types.float64, 1, "C"), types.Array(types.float64, 2, "C"), types.Array(types.float64, 2, "C"),
           float64, float64, float64, float64), cache=True, nogil=True)
def book_second(guard: Any, seconds: Any, minutes: Any, a: Any, c: Any, asked_a: Any, asked_c: Any) -> None:
    """Book a second that is over, and choose the gain of the next one.

    Args:
        guard, seconds, minutes: The sections of the block.
        a, c: Energy that was heard, A- and C-weighted, in SPL.
        asked_a, asked_c: What it would have been without the governor's gain.
    """
    count = int(guard[G_COUNT])
    minute = count // 60 % MINUTES
    seconds[count % SECONDS, 0], seconds[count % SECONDS, 1] = a, c
    if count % 60 == 0:
        minutes[minute, 0] = minutes[minute, 1] = 0.0
    minutes[minute, 0] += a
    minutes[minute, 1] += c
    guard[G_COUNT] = count + 1
    for place, asked in ((G_LOUD_A, asked_a), (G_LOUD_C, asked_c)):
        tau_s = RISE_S if asked > guard[place] else FALL_S
        guard[place] += (asked - guard[place]) * (1.0 - np.exp(-1.0 / tau_s))
    choose_gain(guard, seconds, minutes)
