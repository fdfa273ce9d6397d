"""Camera-to-light latency: faint light in a pseudo-random code, and how late the camera's pictures follow it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from engine.problems import MixeurError

Array = NDArray[np.float64]
DARK, BRIGHT = 40, 80  # bytes: less than a tenth of white's luminance apart for any projector, so no change is a flash
SHORTEST_S, LONGEST_S = 0.033, 0.084  # of one level
FARTHEST_S = 0.6  # latency that is looked for
EXPOSURES_S = (0.002, 0.008, 0.016, 0.025, 0.033, 0.045, 0.06)
COARSE_S, FINE_S, AROUND_S = 0.004, 0.0005, 0.02
TREND_S = 1.0  # light that changes more slowly is the room's
LEAST_LIKENESS = 0.5
CHANCE = 4.5  # standard deviations that a part's likeness must lie above noise
DOUBT = 1e-3  # share of the light that no model explains
FEWEST = 40
RHYTHM, COHERENT = 0.1, 0.15  # how far a camera's rhythm is looked for, and how clearly it must be there


@dataclass(frozen=True, slots=True)
class Trace:
    """What was shown and what was seen.

    Attributes:
        shown_s: When each level was given to the projector, rising. Shape (m,).
        levels: 0 or 1. Shape (m,).
        seen_s: When each picture arrived. Shape (n,).
        seen: Light of each part of the pictures. Shape (n, parts).
    """

    shown_s: Array
    levels: Array
    seen_s: Array
    seen: Array


@dataclass(frozen=True, slots=True)
class Latency:
    """From light that is asked for until a picture of it has arrived; by symmetry, from a gesture to its light.

    Attributes:
        p50_ms, p99_ms: Over single pictures.
        likeness: Correlation of what was seen with what was shown.
        pictures: How many were looked at.
    """

    p50_ms: float
    p99_ms: float
    likeness: float
    pictures: int


def code_of(seed: int, seconds: float, hz: float) -> NDArray[np.bool_]:
    """Return whether each tick is bright: runs of random length, as long as a camera can tell apart."""
    rng = np.random.default_rng([seed, 11])
    shortest, longest = max(1, round(SHORTEST_S * hz)), max(2, round(LONGEST_S * hz))
    count = round(seconds * hz)
    runs = rng.integers(shortest, longest + 1, count)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs)[:count]


def latency_of(trace: Trace) -> Latency:
    """Return the latency of a chain of projector and camera.

    A camera exposes in a steady rhythm and its pictures arrive with a jitter: both are told apart first. It adds up
    light while it exposes, so the code is averaged over an exposure that is fitted with the delay; the parts of the
    picture that follow the code are weighed by how well they do. Where rhythm and code beat so that many delays fit
    alike, their mean is taken.

    Raises:
        MixeurError: Too few pictures, or they do not follow the code; with the remedy.
    Source:
        Knibbe, Benko and Wilson 2015 (MSR-TR-2015-35) for the camera that watches its own light.
    """
    if len(trace.seen_s) < FEWEST:
        raise MixeurError(f"latency: only {len(trace.seen_s)} pictures came; is the camera running at its full rate? "
                          "Measure for longer (--seconds)")
    late_s = jitter_of(trace.seen_s)
    chain = _Chain(trace, trace.seen_s - late_s)
    likeness, coarse_s, exposure_s = chain.best()
    if likeness < LEAST_LIKENESS:
        raise MixeurError(f"latency: the camera does not follow the light (likeness {likeness:.2f}); it must see the "
                          "projection, unmoved, with automatic exposure off and the room darker")
    delay_s = chain.delay(coarse_s, exposure_s)
    return Latency(1e3 * delay_s, 1e3 * (delay_s + float(np.percentile(late_s, 99))), likeness, len(late_s))


def jitter_of(arrived_s: Array) -> Array:
    """Return how much later than usual each picture of a steady camera arrived, 0 in the middle. Shape (n,).

    A picture cannot arrive before it is taken, and each is taken a period or more after the one before: so from the
    last one backwards each gets the latest beat that is left. Of a camera without a rhythm nothing is known: zeros.
    """
    usual = float(np.median(np.diff(arrived_s)))
    count = (arrived_s[-1] - arrived_s[0]) / max(usual, 1e-3)
    periods = usual * np.linspace(1 - RHYTHM, 1 + RHYTHM, round(20 * RHYTHM * count) + 1)
    phasors = np.abs(np.exp(2j * np.pi * arrived_s[None] / periods[:, None]).mean(1))
    period = float(periods[np.argmax(phasors)])
    if phasors.max() < COHERENT:
        return np.zeros(len(arrived_s))
    turn = np.angle(np.exp(2j * np.pi * arrived_s / period).mean()) / (2 * np.pi) * period
    phase = (arrived_s - turn + period / 2) % period
    begin = turn - period / 2 + float(np.percentile(phase, 2))
    beats = np.floor((arrived_s - begin) / period + 0.2)
    for place in range(len(beats) - 2, -1, -1):
        beats[place] = min(beats[place], beats[place + 1] - 1)
    late = arrived_s - begin - beats * period
    return np.asarray(late - np.median(late))


class _Chain:
    """What pictures at known times saw of the code."""

    def __init__(self, trace: Trace, taken_s: Array) -> None:
        self._taken_s, self._trace = taken_s, trace
        self._edges = np.append(trace.shown_s, trace.shown_s[-1] + 1.0)
        self._total = np.concatenate([[0.0], np.cumsum(np.diff(self._edges) * trace.levels)])
        self._trend = max(5, round(TREND_S * len(taken_s) / max(taken_s[-1] - taken_s[0], 1e-3)))
        self._signal = self._weighed()

    def best(self) -> tuple[float, float, float]:
        """Return the greatest likeness, at which delay, and with which exposure."""
        delays = np.arange(0.0, FARTHEST_S, COARSE_S)
        alike = np.stack([self._models(delays, exposure) @ self._signal for exposure in EXPOSURES_S])
        exposure, delay = np.unravel_index(np.argmax(alike), alike.shape)
        return float(alike[exposure, delay]), float(delays[delay]), EXPOSURES_S[exposure]

    def delay(self, near_s: float, exposure_s: float) -> float:
        """Return the mean of all delays about one, each as likely as it explains the light."""
        delays = np.arange(near_s - AROUND_S, near_s + AROUND_S, FINE_S)
        alike = np.stack([self._models(delays, exposure_s * share) @ self._signal
                          for share in np.linspace(0.4, 1.8, 15)])
        left = 1 - alike ** 2 + DOUBT
        likely = (left / left.min()) ** (-len(self._taken_s) / 2)
        return float((likely.sum(0) * delays).sum() / likely.sum())

    def _weighed(self) -> Array:
        """Return the light of the parts that follow the code, without its trend, of length 1."""
        parts = self._levelled(self._trace.seen)
        length = np.maximum(np.linalg.norm(parts, axis=0), 1e-9)
        delays = np.arange(0.0, FARTHEST_S, COARSE_S)
        alike = np.stack([self._models(delays, exposure) @ (parts / length) for exposure in EXPOSURES_S])
        alike[alike < CHANCE / np.sqrt(len(parts))] = 0.0
        own = alike[np.unravel_index(np.argmax((alike ** 4).sum(-1)), alike.shape[:2])]
        whole = parts @ (own / np.maximum(1 - own ** 2, 1e-3) / length)
        return np.asarray(whole / max(float(np.linalg.norm(whole)), 1e-12))

    def _models(self, delays: Array, exposure_s: float) -> Array:
        """Return what the pictures would have seen with each delay, without trend, of length 1. Shape (delays, n)."""
        middle = self._taken_s[:, None] - delays
        after, before = (np.interp(middle + side * exposure_s / 2, self._edges, self._total) for side in (1, -1))
        seen = self._levelled(after - before)
        return np.asarray((seen / np.maximum(np.linalg.norm(seen, axis=0), 1e-9)).T)

    def _levelled(self, values: Array) -> Array:
        return np.asarray(values - uniform_filter1d(values, self._trend, axis=0, mode="nearest"))
