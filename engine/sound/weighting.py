"""Frequency weightings A, C and K as digital filters at any rate, and what pink noise weighs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SECTIONS = 5
LOW, HIGH, MIDDLE, SHELF, RUMBLE = range(SECTIONS)  # C is LOW and HIGH, A is C and MIDDLE, K is SHELF and RUMBLE
F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217  # Hz
PINK_HZ = (20.0, 20_000.0)


def weighting_sections(rate: int) -> NDArray[np.float64]:
    """Return the second-order sections of all weightings: A and C are 0 dB at 1 kHz, K as it stands.

    A bilinear transform would miss A and C by 1.5 dB at 8 kHz. Here poles are matched (z = exp(s/rate)), and the
    numerator of the lowpass is fitted to the analogue power: within 0.12 dB up to 0.45 of the rate.

    Returns:
        b0, b1, b2, a1, a2 of each section. Shape (5, 5), float64.

    Source:
        IEC 61672-1:2013 annex E; ITU-R BS.1770-4 annex 1, its filters for other rates as in libebur128.
    """
    low, middle = _highpass(F1, F1, rate), _highpass(F2, F3, rate)
    sections = np.array([low, _lowpass(rate), middle, *_k_weighting(rate)])
    sections[HIGH, :3] /= abs(response(sections[[LOW, HIGH]], 1000.0, rate))
    sections[MIDDLE, :3] /= abs(response(sections[[MIDDLE]], 1000.0, rate))
    return sections


def response(sections: NDArray[np.float64], hz: float | NDArray[np.float64], rate: int) -> NDArray[np.complex128]:
    """Return the gain of sections in series at frequencies."""
    z = np.exp(-2j * np.pi * np.asarray(hz) / rate)
    gain = np.ones_like(z)
    for b0, b1, b2, a1, a2 in sections:
        gain = gain * (b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)
    return gain


def analogue_power(hz: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the power that A and C let through at frequencies, 1 at 1 kHz (IEC 61672-1, equations E.1 and E.6)."""
    def a_and_c(f: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        c = (F4**2 * f**2 / ((f**2 + F1**2) * (f**2 + F4**2))) ** 2
        return c * f**4 / ((f**2 + F2**2) * (f**2 + F3**2)), c

    (a, c), (a_1k, c_1k) = a_and_c(hz), a_and_c(np.array(1000.0))
    return a / a_1k, c / c_1k


def pink_c_db() -> float:
    """Return how much less pink noise (equal power an octave, 20 Hz to 20 kHz) is in dB(C) than without weighting."""
    hz = np.geomspace(*PINK_HZ, 2001)
    return 10 * math.log10(float(analogue_power(hz)[1].mean()))


def _highpass(pole_hz: float, other_hz: float, rate: int) -> list[float]:
    p, q = math.exp(-2 * math.pi * pole_hz / rate), math.exp(-2 * math.pi * other_hz / rate)
    return [1.0, -2.0, 1.0, -p - q, p * q]


def _lowpass(rate: int) -> list[float]:
    """Return the double pole of 12.2 kHz with the numerator whose power fits best.

    The numerator's power is a line in cos(w) and cos(2w), so the fit is a linear one; its two roots inside the unit
    circle give the coefficients.
    """
    p = math.exp(-2 * math.pi * F4 / rate)
    hz = np.linspace(0.0, min(0.48 * rate, PINK_HZ[1]), 400)
    w = 2 * np.pi * hz / rate
    wanted = (F4**2 / (hz**2 + F4**2)) ** 2 * np.abs(1 - p * np.exp(-1j * w)) ** 4
    terms = np.stack([np.ones_like(w), 2 * np.cos(w), 2 * np.cos(2 * w)], axis=1)
    r0, r1, r2 = np.linalg.lstsq(terms / wanted[:, None], np.ones_like(w), rcond=None)[0]
    roots = np.roots([r2, r1, r0, r1, r2])
    b = np.real(np.poly(roots[np.abs(roots) < 1]))
    b *= math.sqrt(r0 / float(b @ b))
    return [*b.tolist(), -2 * p, p * p]


def _k_weighting(rate: int) -> tuple[list[float], list[float]]:
    """Return the shelf of the head and the highpass of BS.1770 at a rate."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [(high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0, (high - band * k / q + k * k) / a0,
             2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return shelf, [1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
