"""Touch: one raw level, understood through two nested baselines. Pure; the same samples give the same touches.

The level of the thing nobody touches (`idle`) is learnt while it is dark. When one person holds it, their own level
(`solo`) is learnt: alone, nothing happens. Only what rises beyond it, skin to skin with another person, is a contact.
All levels inside are raw; seconds may start anywhere, but samples and `now_s` must share the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal, NamedTuple

from engine.inputs.contact import Contact
from engine.show.model import TouchInput
from engine.world import Touch

Phase = Literal["dark", "armed", "playing", "release"]
Sample = tuple[float, float]

ARM_S = 0.15
SETTLE_S = 0.4
THIN_S = 0.004
RELEASE_S = 0.12
FADE_S = 1.0
LOST_S = 0.5
LEFT_S = 5.0
ADAPT_S = 30.0
NOISE_S = 2.0
SMOOTH_S = 0.025
AGAIN_S = 1.0
USUAL_SOLO = (0.25, 0.6)
NOMINAL_SOLO = 0.4
LEARNT_SPAN = (0.3, 3.0)
SURE = 6.5
"""A single sample counts as a contact when it is that many times the noise above the holder."""


class TouchState(NamedTuple):
    """What is known of one touched thing between two steps.

    Attributes:
        source: Where the level comes from.
        phase: `dark` nobody, `armed` one person, `playing` a contact, `release` its fade.
        since_s: When the phase began.
        recent: Samples of the last 400 ms.
        idle: Raw level while nobody touches; None until 400 ms were heard.
        solo: Raw level of the person who holds; None until it is settled.
        span: Raw change that counts as 1, learnt from the holder's skin: dry and wet hands differ tenfold.
        noise: Standard deviation of the raw level.
        edge_s: Since when the condition that ends the phase holds; None while it does not.
        contact: The contact that lasts or fades.
        began, ended: How many contacts did.
    """

    source: str = ""
    phase: Phase = "dark"
    since_s: float = 0.0
    recent: tuple[Sample, ...] = ()
    idle: float | None = None
    solo: float | None = None
    span: float = 1.0
    noise: float = 0.0
    edge_s: float | None = None
    contact: Contact = Contact()
    began: int = 0
    ended: int = 0


def is_switch(source: str) -> bool:
    """Return whether a source says only that there is a contact: a key, or MIDI notes made by two people's skin."""
    return source.startswith("key:") or (source.startswith("midi:") and "/note" in source) or "#note" in source


def is_stream(source: str) -> bool:
    """Return whether a source speaks all the time, so that its silence means something; others speak at changes."""
    return source.startswith(("osc:", "serial:")) and not is_switch(source)


def patience_s(conf: TouchInput) -> float | None:
    """Return how long a touch may be silent (C10), or None for one that speaks only when it changes."""
    if not is_stream(conf.source):
        return None
    return LOST_S if conf.timeout_s is None else conf.timeout_s


def step(state: TouchState, samples: Sequence[Sample], now_s: float, conf: TouchInput) -> tuple[TouchState, Touch]:
    """Take what was heard since the last step and return the new state and the touch as scenes see it.

    Args:
        samples: (seconds, raw level), in order of arrival, at any rate from 25 to 1000 a second; broken numbers are
            left out. A key or a MIDI controller speaks only when it changes: its last level is held.
        now_s: The time of this frame, in the same seconds.
    """
    before = state
    if state.source != conf.source:  # what was learnt of one source says nothing of another
        ended = state.ended + (state.phase == "playing")
        state = TouchState(source=conf.source, began=state.began, ended=ended)
    kept = tuple(sample for sample in state.recent if sample[0] > now_s - SETTLE_S - 0.1)
    state = state._replace(recent=kept or state.recent[-1:])
    streams = is_stream(conf.source)
    heard = [sample for sample in samples if math.isfinite(sample[1])]
    for time_s, raw in _thinned(heard) if streams else heard:
        last_s = state.recent[-1][0] if state.recent else -math.inf
        state = _hear(state, max(min(time_s, now_s), last_s), raw, conf)
    if state.recent and not streams:
        state = _hear(state, max(now_s, state.recent[-1][0]), state.recent[-1][1], conf)
    state = _pass_time(state, now_s, conf)
    return state, _touch(before, state, now_s)


def _thinned(samples: Sequence[Sample]) -> list[Sample]:
    """Return the means of what came within 4 ms: a sensor of 1000 Hz then costs no more than one of 250 Hz."""
    bins: list[list[Sample]] = []
    for sample in samples:
        if bins and 0 <= sample[0] - bins[-1][0][0] < THIN_S:
            bins[-1].append(sample)
        else:
            bins.append([sample])
    return [(each[-1][0], sum(raw for _, raw in each) / len(each)) for each in bins]


def _hear(state: TouchState, time_s: float, raw: float, conf: TouchInput) -> TouchState:
    dt = time_s - state.recent[-1][0] if state.recent else 0.0
    if is_switch(conf.source):  # it neither drifts nor trembles, and who closes it is already beyond the holder
        state = state._replace(recent=((time_s, raw),), idle=0.0, solo=0.0, span=conf.span)
    elif not state.recent:
        state = state._replace(recent=((time_s, raw),), noise=0.02 * conf.span, span=conf.span, since_s=time_s)
    else:
        noise = state.noise if state.phase in ("playing", "release") else _learn_noise(state, raw, dt)
        state = state._replace(recent=(*state.recent, (time_s, raw)), noise=noise)
    return PHASES[state.phase](state, time_s, dt, conf)


def _learn_noise(state: TouchState, raw: float, dt: float) -> float:
    """Learn from neighbours, which do not see drift; differences of white noise are 2 / sqrt(pi) times as large."""
    jump = min(abs(raw - state.recent[-1][1]), 4 * state.noise + 0.02 * state.span)
    return state.noise + (jump / 1.128 - state.noise) * (1 - math.exp(-dt / NOISE_S))


# -- the four phases --------------------------------------------------------------------------

def _dark(state: TouchState, time_s: float, dt: float, conf: TouchInput) -> TouchState:
    if is_switch(conf.source):
        return _begin_if_touched(state, time_s, conf)
    threshold = conf.threshold * conf.span
    if state.idle is None:
        return state._replace(idle=_settled(state, threshold))
    smooth = _mean(state, SMOOTH_S)
    if smooth < state.idle - threshold:  # somebody was holding it at the start, and has gone
        settled = _settled(state, threshold)
        return state if settled is None else state._replace(idle=settled)
    idle = state.idle + (state.recent[-1][1] - state.idle) * (1 - math.exp(-dt / ADAPT_S))
    state, touched = state._replace(idle=idle), smooth - idle > threshold
    return _after(state, touched, ARM_S, time_s, lambda held: _enter(held, "armed", time_s))


def _armed(state: TouchState, time_s: float, dt: float, conf: TouchInput) -> TouchState:
    if conf.alone:  # nobody else is needed: what one person adds to the idle level is a contact
        state = _begin_if_touched(state._replace(solo=state.idle), time_s, conf)
        if state.phase == "playing":
            return state
    elif state.solo is None:
        settled = _settled(state, _contact_raw(state, conf)) if time_s - state.since_s >= SETTLE_S else None
        state = state if settled is None else _meet(state, settled, conf)
    else:
        state = _begin_if_touched(state, time_s, conf)
        if state.phase == "playing":
            return state
        state = _follow_holder(state, time_s, dt, conf)
    return _after(state, _is_left(state, conf), RELEASE_S, time_s, lambda left: _darken(left, time_s))


def _playing(state: TouchState, time_s: float, dt: float, conf: TouchInput) -> TouchState:
    rise, threshold = _mean(state, SMOOTH_S) - (state.solo or 0.0), _contact_raw(state, conf)
    room = max(state.span + (state.idle or 0.0) - (state.solo or 0.0), 0.05 * state.span)
    contact = state.contact
    if rise >= threshold / 2:
        contact = contact._replace(until_s=time_s)
    calm = _mean(state, 2 * SMOOTH_S) - (state.solo or 0.0)
    contact = contact.heard(time_s, calm, threshold, _noise(state, 2 * SMOOTH_S))
    state = state._replace(contact=contact._replace(level=min(max(rise / room, 0.0), 1.0)))
    return _after(state, rise < threshold / 2, RELEASE_S, time_s, lambda over: _end(over, time_s))


def _release(state: TouchState, time_s: float, dt: float, conf: TouchInput) -> TouchState:
    return _begin_if_touched(state, time_s, conf)


PHASES: dict[Phase, Callable[[TouchState, float, float, TouchInput], TouchState]] = {
    "dark": _dark, "armed": _armed, "playing": _playing, "release": _release}


def _pass_time(state: TouchState, now_s: float, conf: TouchInput) -> TouchState:
    """Do what happens without being heard: the fade ends, and a stream that stopped lets go."""
    silent_s = now_s - state.recent[-1][0] if state.recent else 0.0
    longest_s = patience_s(conf)
    if longest_s is not None and silent_s > longest_s and conf.lost != "hold":
        if state.phase == "playing":
            state = _end(state, now_s)
        elif state.phase == "armed" and silent_s > longest_s + LEFT_S:
            state = _darken(state, now_s)
    if state.phase == "release" and now_s - state.since_s >= FADE_S:
        is_gone = is_switch(conf.source) or _is_left(state, conf)
        state = _darken(state, now_s) if is_gone else _enter(state, "armed", now_s)
    return state


# -- what moves between them ------------------------------------------------------------------

def _enter(state: TouchState, phase: Phase, time_s: float) -> TouchState:
    return state._replace(phase=phase, since_s=time_s, edge_s=None)


def _darken(state: TouchState, time_s: float) -> TouchState:
    return _enter(state, "dark", time_s)._replace(solo=None)


def _end(state: TouchState, time_s: float) -> TouchState:
    contact = state.contact._replace(kind=state.contact.last_kind())
    return _enter(state, "release", time_s)._replace(contact=contact, ended=state.ended + 1)


def _begin_if_touched(state: TouchState, time_s: float, conf: TouchInput) -> TouchState:
    """Begin a contact on one sample far above the noise, or on a smoothed level above the threshold (C3)."""
    if state.solo is None:
        return state
    threshold = _contact_raw(state, conf)
    sample, smooth = state.recent[-1][1] - state.solo, _mean(state, SMOOTH_S) - state.solo
    if state.began and time_s - state.contact.began_s < AGAIN_S:  # only a clear touch may come again so soon (C9)
        threshold *= 2
    if smooth <= threshold and sample <= max(threshold, SURE * state.noise):
        return state
    contact = Contact(began_s=time_s, until_s=time_s)
    state = _enter(state, "playing", time_s)._replace(contact=contact, began=state.began + 1)
    return _playing(state, time_s, 0.0, conf)


def _after(state: TouchState, true: bool, wait_s: float, time_s: float,
           then: Callable[[TouchState], TouchState]) -> TouchState:
    """Go on when something has been true for a while without a break."""
    if not true:
        return state if state.edge_s is None else state._replace(edge_s=None)
    if state.edge_s is None:
        return state._replace(edge_s=time_s)
    return then(state) if time_s - state.edge_s >= wait_s else state


def _meet(state: TouchState, solo: float, conf: TouchInput) -> TouchState:
    """Learn the holder's level, and from it how far this skin drives the sensor (C12)."""
    rise = (solo - (state.idle or 0.0)) / conf.span
    usual = USUAL_SOLO[0] <= rise <= USUAL_SOLO[1]
    scale = 1.0 if usual else min(max(rise / NOMINAL_SOLO, LEARNT_SPAN[0]), LEARNT_SPAN[1])
    return state._replace(solo=solo, span=conf.span * scale)


def _follow_holder(state: TouchState, time_s: float, dt: float, conf: TouchInput) -> TouchState:
    """Let `solo` follow the slow drift of a hand (never up to a contact), and a looser grip at once."""
    solo, threshold = state.solo or 0.0, _contact_raw(state, conf)
    settled = _settled(state, threshold) if _mean(state, SMOOTH_S) < solo - threshold / 2 else None
    if settled is not None and settled < solo - threshold / 2:
        return state._replace(solo=settled)
    raw = state.recent[-1][1]
    if abs(raw - solo) > threshold:
        return state
    tau_s = min(ADAPT_S, max(SETTLE_S, time_s - state.since_s))
    return state._replace(solo=solo + (raw - solo) * (1 - math.exp(-dt / tau_s)))


def _is_left(state: TouchState, conf: TouchInput) -> bool:
    idle = state.idle or 0.0
    least = conf.threshold * conf.span / 2
    if state.solo is not None:
        least = max(least, (state.solo - idle) / 4)  # the idle level may have drifted while it was held
    return _mean(state, SMOOTH_S) - idle < least


def _contact_raw(state: TouchState, conf: TouchInput) -> float:
    return max(conf.contact * state.span, 5 * _noise(state, SMOOTH_S))


def _latest(state: TouchState, seconds: float) -> list[float]:
    """Return the raw samples of the last seconds, newest first, but two at least where there are two."""
    newest_s = state.recent[-1][0]
    found: list[float] = []
    for time_s, raw in reversed(state.recent):
        if newest_s - time_s > seconds and len(found) >= 2:
            break
        found.append(raw)
    return found


def _mean(state: TouchState, seconds: float) -> float:
    latest = _latest(state, seconds)
    return sum(latest) / len(latest)


def _noise(state: TouchState, seconds: float) -> float:
    return state.noise / math.sqrt(len(_latest(state, seconds)))


def _settled(state: TouchState, tolerance: float) -> float | None:
    """Return the median of the last 400 ms, or None while the level still moves or too little was heard."""
    newest_s = state.recent[-1][0]
    window = [raw for time_s, raw in state.recent if newest_s - time_s <= SETTLE_S]
    half = len(window) // 2
    if newest_s - state.recent[0][0] < SETTLE_S * 0.9 or half < 2:
        return None
    return median(window) if abs(median(window[:half]) - median(window[half:])) <= tolerance else None


def _touch(before: TouchState, state: TouchState, now_s: float) -> Touch:
    contact = state.contact
    if state.phase in ("dark", "armed"):
        return Touch(armed=state.phase == "armed", people=int(state.phase == "armed"), ended=state.ended > before.ended)
    fade = 1.0 if state.phase == "playing" else max(0.0, 1 - (now_s - state.since_s) / FADE_S)
    return Touch(level=contact.level * fade, began=state.began > before.began, ended=state.ended > before.ended,
                 kind=contact.kind, people=contact.people, held_s=contact.held_s(now_s, state.phase == "playing"))
