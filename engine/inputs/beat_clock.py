"""A clock outside, understood: MIDI clock's 24 pulses a beat, or Ableton Link, as one steady pulse. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.clock import NS
from engine.world import Event, Pulse

TICKS = 24  # a beat
LINK = "link"
FADING = 0.95  # what a tick weighs against the one after it: a memory of about two beats
OFF, OFF_TICKS = 0.25, 6  # of a period, and so often in a row: no jitter
SURE_TICKS = 48  # before so many none is judged
SPREADS, SPREAD_GAIN, SPREAD_MOST = 3.0, 0.01, 2.0  # a thread that is late all the time widens what is called jitter
SLOWEST_BPM, FASTEST_BPM = 10.0, 400.0  # what is beyond is a heap of ticks, not a tempo
LOST_S, LOST_TICKS = 0.5, 4.0  # of silence, whichever is longer
STOPPED_LOST_S = 10.0  # a clock that was stopped may be silent for longer
SIXTEENTH = 6  # ticks


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is known of the clock.

    Attributes:
        heard_s: When it was heard last, monotonic.
        at_s, period_s: When its last tick should have come, and the time from tick to tick, both smooth.
        ticks: Number of that tick, counted from its start.
        known: How many ticks the two were made of.
        waits: Whether a start waits for its first tick, which is then number `ticks`.
        off: How many ticks in a row were far off, since `off_s`.
        spread_s: How far ticks are off as a rule.
        link: What Link said last: beat and beats a minute at `at_s`.
    """

    heard_s: float = -math.inf
    at_s: float = 0.0
    period_s: float = 0.0
    ticks: int = 0
    known: int = 0
    runs: bool = True
    waits: bool = False
    jumps: int = 0
    off: int = 0
    off_s: float = 0.0
    spread_s: float = 0.0
    link: tuple[float, float] | None = None


def follow(state: ClockState, events: Iterable[Event], source: str, now_s: float) -> tuple[ClockState, Pulse | None]:
    """Return the clock after what it said, and its pulse now; None before its second tick and while it is silent.

    Args:
        source: Of its events: `midi:NAME/clock` or `link`.
        now_s: On the clock of the events' stamps.
    """
    for event in events:
        if event.source == source:
            state = _told(state, event)
    silence_s = now_s - state.heard_s
    longest_s = STOPPED_LOST_S if not state.runs else max(LOST_S, LOST_TICKS * state.period_s)
    if silence_s > longest_s:
        return state, None
    if state.link is not None:
        beat, bpm = state.link
        return state, Pulse(beat + (now_s - state.at_s) * bpm / 60, bpm)
    if not state.runs:
        return state, Pulse(state.ticks / TICKS, 60 / (TICKS * state.period_s) if state.period_s else 0.0, False,
                            state.jumps)
    if state.known < 2 or not SLOWEST_BPM <= 60 / (TICKS * state.period_s) <= FASTEST_BPM:
        return state, None
    ticks = state.ticks + (now_s - state.at_s) / state.period_s
    return state, Pulse(ticks / TICKS, 60 / (TICKS * state.period_s), True, state.jumps)


def _told(state: ClockState, event: Event) -> ClockState:
    """Return the clock after one message."""
    time_s = event.time_ns / NS
    match event.args:
        case ("tick",):
            return _ticked(replace(state, heard_s=time_s), time_s, time_s - state.heard_s)
        case ("start",):
            return replace(state, heard_s=time_s, ticks=0, waits=True)
        case ("continue",):
            return replace(state, heard_s=time_s, waits=True)
        case ("stop",):
            played = state.ticks + state.runs  # the next one, when it continues
            return replace(state, heard_s=time_s, ticks=played, runs=False, waits=False, jumps=state.jumps + 1)
        case ("position", int(sixteenth)):
            return replace(state, heard_s=time_s, ticks=sixteenth * SIXTEENTH, waits=state.runs)
        case ("lost",):
            return ClockState(jumps=state.jumps, heard_s=0.0)
        case (float(beat), float(bpm)):
            return replace(state, heard_s=time_s, at_s=time_s, link=(beat, bpm))
    return state


def _ticked(state: ClockState, time_s: float, apart_s: float) -> ClockState:
    """Return the clock after a tick; the first after a start is where that begins."""
    if state.known and apart_s > max(LOST_S, LOST_TICKS * state.period_s):
        missed = round((time_s - state.at_s) / state.period_s) - 1 if state.period_s and not state.waits else 0
        state = replace(state, known=0, ticks=state.ticks + (missed if state.runs else 0))
    if state.waits:
        state = replace(state, runs=True, waits=False, jumps=state.jumps + 1)
        if abs(time_s - state.at_s - state.period_s) > OFF * state.period_s:  # it did not tick while it was stopped
            state = replace(state, at_s=time_s - state.period_s, known=min(state.known, OFF_TICKS))
    elif state.runs and state.heard_s > -math.inf and (state.known or state.period_s):
        state = replace(state, ticks=state.ticks + 1)
    return _smoothed(state, time_s, apart_s)


def _smoothed(state: ClockState, time_s: float, apart_s: float) -> ClockState:
    """Return the clock with its line through the ticks.

    An alpha-beta filter: of growing memory while little is known, then of fading memory (N. Morrison, Introduction to
    sequential smoothing and prediction, 1969).
    """
    n = state.known
    if n == 0:
        return replace(state, at_s=time_s, known=1, off=0)
    if n == 1:
        return replace(state, at_s=time_s, period_s=max(time_s - state.at_s, 1e-4), known=2, off=0, spread_s=0.0)
    due_s = state.at_s + state.period_s
    error_s = time_s - due_s
    far_s = max(OFF * state.period_s, SPREADS * state.spread_s)
    off_s = min(abs(error_s), SPREAD_MOST * state.period_s) if n >= SURE_TICKS else state.spread_s
    state = replace(state, spread_s=state.spread_s + SPREAD_GAIN * (off_s - state.spread_s))
    if n >= SURE_TICKS and abs(error_s) > far_s:
        return _far(replace(state, at_s=due_s), time_s, apart_s, error_s)
    alpha = max(2 * (2 * n + 1) / ((n + 1) * (n + 2)), 1 - FADING**2)
    beta = max(6 / ((n + 1) * (n + 2)), (1 - FADING) ** 2)
    period_s = max(state.period_s + beta * error_s, 1e-4)
    return replace(state, at_s=due_s + alpha * error_s, period_s=period_s, known=n + 1, off=0)


def _far(state: ClockState, time_s: float, apart_s: float, error_s: float) -> ClockState:
    """Return the clock after a tick far from its time: it goes on by itself until it is sure what that means.

    Ticks in a heap were held up on their way. A row with time between them is another tempo, or, at the same tempo and
    a whole number of periods late, what remains after some were lost.
    """
    if apart_s < 0.5 * state.period_s:
        return replace(state, off=0)
    if state.off < OFF_TICKS:
        return replace(state, off=state.off + 1, off_s=state.off_s if state.off else time_s)
    period_s = (time_s - state.off_s) / state.off
    lost = round(error_s / state.period_s)
    if lost > 0 and abs(error_s - lost * state.period_s) < OFF * state.period_s > 2 * abs(period_s - state.period_s):
        return replace(state, at_s=time_s, ticks=state.ticks + lost * state.runs, off=0)
    return replace(state, at_s=time_s, period_s=period_s, known=OFF_TICKS, off=0)
