"""Hearing: what a microphone's sound is like now: how loud, where in the spectrum, how high, when it began. Pure."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOP = 512  # frames between two looks: 11 ms
WINDOW = 2048
QUICK = 1024  # the shorter window in which beginnings are sought
BANDS_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
SILENT = (0.0,) * len(BANDS_HZ)
QUIET_DB, LOUD_DB = -60.0, -10.0  # become 0 and 1
FALL_S = 0.4  # from 1 to 0
LOWEST_HZ, HIGHEST_HZ = 65.0, 2000.0
PERIODIC = 0.15  # of YIN's normalised difference
FLOOR = 1e-7  # -70 dB: what is below is not compared
RISE_DB, RISE_SHARE = 4.0, 2.0  # a beginning rises by so much over all bands, and by so many times what is usual
REST_S = 0.08  # between two beginnings
STEP = 64  # frames to which a beginning is found
SILENCE = 1e-12
Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """One look.

    Attributes:
        level: 0..1 for -60..-10 dBFS; rises at once, falls in 0.4 s.
        bands: The same for each octave of `BANDS_HZ`.
        pitch_hz: 0 while nothing has a pitch.
        began: How strongly a sound began in this look, 0..1; 0 if none did.
        began_at: In which frame, counted from the first.
    """

    level: float = 0.0
    bands: tuple[float, ...] = SILENT
    pitch_hz: float = 0.0
    began: float = 0.0
    began_at: int = 0


class Hearing:
    """Listens to one channel, hop by hop; the same sound gives the same numbers."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._wave = np.zeros(WINDOW, np.float32)
        self._frames = 0
        self._level, self._bands = 0.0, SILENT
        self._long, self._short = _window(WINDOW), _window(QUICK)
        self._octaves = _shares(np.array([hz * 2.0**0.5 for hz in (BANDS_HZ[0] / 2, *BANDS_HZ)]), WINDOW, rate)
        self._thirds = _shares(100.0 * 2.0 ** (np.arange(22) / 3), QUICK, rate)
        self._before = np.full(len(self._thirds), np.inf)
        self._rises = deque([0.0] * round(0.5 * rate / HOP), round(0.5 * rate / HOP))
        self._rest = 0
        self._pitch_hz = self._candidate_hz = 0.0

    def take(self, wave: Wave) -> Heard:
        """Hear the next hop. wave: shape (HOP,), -1..1."""
        self._wave[:-HOP] = self._wave[HOP:]
        self._wave[-HOP:] = wave
        self._frames += HOP
        level_db = 10 * math.log10(float(np.vdot(wave, wave)) / HOP + SILENCE)
        self._level = max(_share(level_db), self._level - HOP / self._rate / FALL_S)
        began = self._beginning(level_db)
        if self._frames // HOP % 2:  # in turns, as each is as much work as all the rest
            self._look_at_bands()
        else:
            self._listen_for_pitch(level_db)
        return Heard(self._level, self._bands, self._pitch_hz, began, self._begun_at() if began else 0)

    def _look_at_bands(self) -> None:
        power = self._octaves @ _powers(self._wave * self._long)
        fall = 2 * HOP / self._rate / FALL_S
        self._bands = tuple(max(_share(10 * math.log10(now + SILENCE)), before - fall)
                            for now, before in zip(power.tolist(), self._bands, strict=True))

    def _beginning(self, level_db: float) -> float:
        """Return how strongly a sound begins: a rise in many thirds of an octave at once.

        Source:
            Spectral flux on a logarithmic scale; the maximum over neighbours ignores vibrato (Böck & Widmer 2013).
        """
        power_db = 10 * np.log10(self._thirds @ _powers(self._wave[-QUICK:] * self._short) + FLOOR)
        near = self._before.copy()
        np.maximum(near[1:], self._before[:-1], out=near[1:])
        np.maximum(near[:-1], self._before[1:], out=near[:-1])
        rise_db = float(np.maximum(power_db - near, 0.0).sum()) / len(near)
        usual_db = sorted(self._rises)[len(self._rises) // 2]
        self._before = power_db
        self._rises.append(rise_db)
        self._rest -= HOP
        if self._rest > 0 or level_db < QUIET_DB + 6 or rise_db < RISE_DB + RISE_SHARE * usual_db:
            return 0.0
        self._rest = round(REST_S * self._rate)
        return min(rise_db / 20.0, 1.0)

    def _begun_at(self) -> int:
        """Return in which frame the sound began: where the power first reaches a quarter of its new strength."""
        steps = (self._wave[-QUICK - HOP :].astype(np.float64).reshape(-1, STEP) ** 2).mean(axis=1)
        before = float(np.median(steps[: HOP // STEP]))
        first = int(np.argmax(steps > before + 0.25 * (steps.max() - before)))
        return self._frames - QUICK - HOP + first * STEP

    def _listen_for_pitch(self, level_db: float) -> None:
        """Take a pitch that two looks agree on."""
        found_hz = pitch_hz(self._wave, self._rate) if level_db > QUIET_DB else 0.0
        agrees = found_hz > 0 and abs(math.log2(found_hz / (self._candidate_hz or 1e-9))) < 1 / 12
        self._candidate_hz = found_hz
        self._pitch_hz = found_hz if agrees else 0.0


def pitch_hz(wave: Wave, rate: int) -> float:
    """Return the pitch of a piece of sound, 65 to 2000 Hz, or 0 if it has none.

    Source:
        YIN, de Cheveigné & Kawahara 2002, with the differences from a Fourier transform.
    """
    data = wave.astype(np.float64)
    longest = min(int(rate / LOWEST_HZ) + 2, len(data) // 2)
    width = len(data) - longest
    size = 1 << math.ceil(math.log2(len(data)))
    products = np.fft.irfft(np.fft.rfft(data, size) * np.conj(np.fft.rfft(data[:width], size)), size)[:longest]
    energy = np.concatenate([[0.0], np.cumsum(data**2)])
    difference = energy[width] + energy[width : width + longest] - energy[:longest] - 2 * products
    difference[0] = 0.0
    sums = np.cumsum(difference)
    normal = np.ones(longest)
    np.divide(difference * np.arange(longest), sums, out=normal, where=sums > 1e-12)
    normal[0] = 1.0
    shortest = max(int(rate / HIGHEST_HZ), 2)
    below = np.flatnonzero(normal[shortest : longest - 1] < PERIODIC)
    if not below.size:
        return 0.0
    lag = shortest + int(below[0])
    while lag + 1 < longest - 1 and normal[lag + 1] < normal[lag]:
        lag += 1
    a, b, c = difference[lag - 1 : lag + 2]
    curve = a - 2 * b + c
    return float(rate / (lag + (0.5 * (a - c) / curve if curve > 0 else 0.0)))


def _window(length: int) -> NDArray[np.float64]:
    """Return a Hann window with which the sum of a spectrum's powers is a sine's mean square."""
    window: NDArray[np.float64] = np.hanning(length + 1)[:-1]
    window /= np.sqrt(0.5 * length * (window**2).sum())
    return window


def _shares(edges_hz: NDArray[np.float64], length: int, rate: int) -> NDArray[np.float64]:
    """Return which line of a spectrum belongs to which band. Shape (bands, lines); no band is empty."""
    lines_hz = np.arange(length // 2 + 1) * rate / length
    bands = []
    for low, high in itertools.pairwise(edges_hz):
        band = (lines_hz >= low) & (lines_hz < high)
        band[np.abs(lines_hz - np.sqrt(low * high)).argmin()] = True
        bands.append(band)
    return np.array(bands, np.float64)


def _powers(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    lines = np.fft.rfft(wave)
    power: NDArray[np.float64] = lines.real**2 + lines.imag**2
    return power


def _share(level_db: float) -> float:
    return min(max((level_db - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0), 1.0)
