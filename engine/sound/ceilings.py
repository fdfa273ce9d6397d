"""The ceilings of loudness as numbers for the kernels. Powers are 10^(level/10), energies power times seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.show import model
from engine.sound.weighting import PINK_HZ, analogue_power, pink_c_db

SECONDS = 900  # 15 min
MINUTES = 481  # 8 h and the minute under way
PINK_DBFS = -20.0
CAP_DBFS = -20.0
CAP_MARGIN_DB = 0.75  # what an attack of full scale adds to its second
PEAK_POWER = 0.795  # of a square at the limiter's -1 dBFS

# the section `guard` of the block, float64
(G_HEARD, G_CAP, G_MAX_A15, G_MAX_C15, G_MAX_A8, G_MOST_A, G_MOST_C, G_BEGUN, G_COUNT, G_FRAMES, G_FROM_DB, G_TO_DB,
 G_GAIN, G_BEFORE, G_CAP_GAIN, G_CAP_POWER, G_A, G_C, G_ASKED_A, G_ASKED_C, G_LOUD_A, G_LOUD_C, G_A15, G_C15, G_A8,
 G_LIMITED, G_HOP, G_HOP_FRAMES) = range(28)


def set_ceilings(guard: NDArray[np.float64], sound: model.Sound, outputs: int) -> None:
    """Write what a technician has measured and allowed; without a measured number the output is capped instead.

    Args:
        guard: The section of that name.
        outputs: How many speakers may sound at once.
    """
    heard = 0.0
    if sound.pink_spl_db is not None:
        heard = _power(sound.pink_spl_db - PINK_DBFS - pink_c_db())
    guard[G_HEARD] = heard
    guard[G_CAP] = 0.0 if heard else _power(CAP_DBFS - CAP_MARGIN_DB)
    guard[G_MAX_A15] = _power(sound.max_laeq15_db)
    guard[G_MAX_C15] = _power(sound.max_lceq15_db)
    guard[G_MAX_A8] = _power(sound.max_laeq8h_db)
    strongest_a = float(analogue_power(np.geomspace(*PINK_HZ, 200))[0].max())
    guard[G_MOST_C] = heard * PEAK_POWER * outputs
    guard[G_MOST_A] = guard[G_MOST_C] * strongest_a * 1.03  # the digital filter is within 0.12 dB


def let_measure(guard: NDArray[np.float64]) -> None:
    """Let noise of a known level pass as it is, for the command that hums it to a sound level meter."""
    guard[[G_HEARD, G_CAP, G_MOST_A, G_MOST_C, G_LOUD_A, G_LOUD_C, G_FROM_DB, G_TO_DB]] = 0.0


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))
