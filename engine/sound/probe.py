"""Sounds that tell speakers apart and measure them: pink noise, and a number as tones that can be counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.show import model
from engine.sound.equaliser import design
from engine.sound.speakers import rows

LEVEL_DB = -20.0  # RMS of all of them, against full scale
LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0
TENS_HZ, TENS_S = 330.0, 0.5  # a long low tone for each ten
ONES_HZ, ONES_S = 660.0, 0.16  # a short high one for each of the rest
PAUSE_S, RAMP_S = 0.12, 0.02
NOISE_S = 0.8

Wave = NDArray[np.float64]


def pink_noise(seconds: float, rate: int, seed: int = 1) -> Wave:
    """Return pink noise of 20 Hz to 20 kHz at -20 dBFS RMS that may be repeated without a seam. Shape (frames,)."""
    n = round(seconds * rate)
    hz = np.fft.rfftfreq(n, 1 / rate)
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(hz))
    inside = (hz >= LOWEST_HZ) & (hz <= min(HIGHEST_HZ, 0.45 * rate))
    return _levelled(np.fft.irfft(np.where(inside, np.exp(1j * phases) / np.sqrt(np.maximum(hz, 1.0)), 0), n))


def pink_gain_db(speaker: model.Speaker, rate: int) -> float:
    """Return by how much a speaker's trim and filters make pink noise louder."""
    hz = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, 0.45 * rate), 512)  # it is as strong in each octave
    z, power, numbers = np.exp(-2j * np.pi * hz / rate), np.ones(len(hz)), np.zeros(8)
    for kind, band_hz, q, gain_db in rows(speaker):
        design.py_func(kind, band_hz, q, gain_db, rate, numbers)
        b0, b1, b2, a1, a2, *_ = numbers
        power *= np.abs((b0 + b1 * z + b2 * z**2) / (1 + a1 * z + a2 * z**2)) ** 2
    return speaker.trim_db + 10 * float(np.log10(power.mean()))


def call(number: int, rate: int) -> Wave:
    """Return a speaker's call: pink noise, then its number, 23 as two long low tones and three short high ones."""
    tens, ones = divmod(number, 10)
    tones = [_tone(TENS_HZ, TENS_S, rate)] * tens + [_tone(ONES_HZ, ONES_S, rate)] * ones
    pause = np.zeros(round(PAUSE_S * rate))
    noise = _ramped(pink_noise(NOISE_S, rate), rate)
    return np.concatenate([noise, *(part for tone in tones for part in (pause, tone))])


def _tone(hz: float, seconds: float, rate: int) -> Wave:
    return _ramped(_levelled(np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)), rate)


def _levelled(wave: Wave) -> Wave:
    return wave * float(10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(wave**2)))


def _ramped(wave: Wave, rate: int) -> Wave:
    ramp = np.sin(np.linspace(0, np.pi / 2, round(RAMP_S * rate))) ** 2
    wave = wave.copy()
    wave[: len(ramp)] *= ramp
    wave[-len(ramp) :] *= ramp[::-1]
    return wave
