"""A step without the frequencies that would fold back: what a saw's and a pulse's edges are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLEP_PHASES = 256  # places of an edge between two frames
CUTOFF = 0.4625  # of the rate, at half the amplitude: 20 kHz passes, 24 kHz does not
KAISER_BETA = 7.2


def bandlimited_step(taps: int) -> NDArray[np.float32]:
    """Return what a band-limited step has more than a bare one, for each place of the edge between two frames.

    The edge of row p lies p / BLEP_PHASES after column taps / 2 - 1; rows between two are interpolated.

    Returns:
        Shape (BLEP_PHASES + 1, taps), float32.

    Source:
        Brandt, Hard Sync Without Aliasing, ICMC 2001; here with linear phase and a Kaiser window.
    """
    n = taps * BLEP_PHASES
    time = np.arange(n + 1) / BLEP_PHASES - taps / 2
    impulse = 2 * CUTOFF * np.sinc(2 * CUTOFF * time) * np.kaiser(n + 1, KAISER_BETA)
    risen = np.concatenate([[0.0], np.cumsum(impulse[1:] + impulse[:-1])])
    step = risen / risen[-1]
    column, phase = np.arange(taps), np.arange(BLEP_PHASES + 1)[:, None]
    at = (column + 1) * BLEP_PHASES - phase
    bare = column >= taps // 2
    extra: NDArray[np.float32] = (step[at.clip(0, len(step) - 1)] - bare).astype(np.float32)
    return extra
