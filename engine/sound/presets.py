"""The instruments as tables: partials with their own decay, and FM pairs; frozen into the numba kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.block import PARTIALS

ADDITIVE, FM, SAMPLE = range(3)
SAMPLE_PRESET = 0  # the row that plays from the bank


@dataclass(frozen=True, slots=True)
class Preset:
    """One instrument.

    Attributes:
        kind: `ADDITIVE`: rows are (ratio, amplitude, decay_s). `FM`: rows are (carrier ratio, modulator ratio, index,
            seconds in which the index falls to a third, share of the index that stays, amplitude, decay_s).
        rows: Decays are the time constant; 0 lasts as long as the note.
        attack_s: Rise; holds rise in no less than 20 ms.
        release_s: Fall by 60 dB after the end.
    """

    kind: int
    rows: tuple[tuple[float, ...], ...]
    attack_s: float
    release_s: float


# Bell: partials of J.-C. Risset's additive bell (Dodge & Jerse 1997, p. 105), the two beating pairs kept.
PRESETS: dict[str, Preset] = {
    "sample": Preset(SAMPLE, (), 0.003, 0.25),
    "warm": Preset(ADDITIVE, (
        (0.5, 0.16, 0), (0.9985, 0.5, 0), (1.0017, 0.5, 0), (1.998, 0.22, 4.0), (2.0034, 0.20, 4.0),
        (2.9967, 0.11, 2.2), (3.004, 0.09, 2.2), (4.003, 0.05, 1.4), (5.006, 0.026, 0.9), (6.01, 0.014, 0.7),
    ), 0.06, 1.4),
    "bell": Preset(ADDITIVE, (
        (0.56, 0.42, 3.2), (0.563, 0.30, 2.9), (0.92, 0.42, 2.1), (0.9235, 0.62, 1.8), (1.19, 0.80, 1.05),
        (1.7, 0.52, 0.9), (2.0, 0.44, 0.75), (2.74, 0.40, 0.55), (3.0, 0.36, 0.42), (3.76, 0.26, 0.30),
        (4.07, 0.30, 0.22),
    ), 0.003, 2.8),
    "glass": Preset(ADDITIVE, (
        (1.0, 0.8, 1.7), (1.0022, 0.42, 1.6), (2.324, 0.20, 0.85), (2.327, 0.12, 0.8), (4.252, 0.10, 0.4),
        (6.63, 0.055, 0.22), (9.38, 0.03, 0.12),
    ), 0.006, 1.8),
    "pluck": Preset(ADDITIVE, (
        (1.0, 0.8, 0.95), (1.0008, 0.35, 1.1), (2.001, 0.42, 0.6), (3.003, 0.28, 0.42), (4.007, 0.17, 0.3),
        (5.013, 0.12, 0.23), (6.022, 0.085, 0.18), (7.035, 0.06, 0.14), (8.05, 0.04, 0.11), (9.07, 0.03, 0.09),
    ), 0.003, 0.45),
    "organ": Preset(ADDITIVE, (
        (0.5, 0.35, 0), (1.0, 0.6, 0), (1.499, 0.22, 0), (2.001, 0.32, 0), (3.0, 0.14, 0), (4.003, 0.16, 0),
        (6.0, 0.05, 0), (8.006, 0.05, 0),
    ), 0.03, 0.35),
    "sine": Preset(ADDITIVE, (
        (1.0, 1.0, 0),
    ), 0.005, 0.15),
    "fm": Preset(FM, (
        (1.0, 1.0, 1.35, 0.5, 0.35, 0.85, 1.9), (1.0014, 14.0, 0.75, 0.10, 0.0, 0.22, 0.7),
    ), 0.003, 0.5),
    "brass": Preset(FM, (
        (0.9988, 0.9988, 2.6, 0.9, 0.62, 0.6, 0), (1.0013, 1.0013, 2.1, 0.9, 0.62, 0.5, 0),
    ), 0.055, 0.22),
    "wood": Preset(FM, (
        (1.0, 3.92, 1.1, 0.03, 0.0, 0.95, 0.28), (1.0, 9.2, 0.6, 0.012, 0.0, 0.16, 0.06),
    ), 0.002, 0.2),
    "deep": Preset(FM, (
        (0.9991, 0.5, 0.9, 3.0, 0.5, 0.7, 0), (1.0009, 2.0, 0.35, 2.0, 0.5, 0.5, 0),
    ), 0.09, 1.8),
}
NAMES = tuple(PRESETS)
HEADROOM = 0.32  # amplitude of a voice at full level
MIN_ATTACK_S, MIN_HOLD_ATTACK_S = 0.002, 0.02

KIND = np.array([preset.kind for preset in PRESETS.values()], np.int64)
COUNT = np.array([len(preset.rows) for preset in PRESETS.values()], np.int64)
ATTACK_S = np.array([preset.attack_s for preset in PRESETS.values()])
RELEASE_S = np.array([preset.release_s for preset in PRESETS.values()])
TABLE = np.zeros((len(PRESETS), PARTIALS, 7))
for _index, _preset in enumerate(PRESETS.values()):
    for _row, _values in enumerate(_preset.rows):
        TABLE[_index, _row, : len(_values)] = _values
    _column = {ADDITIVE: 1, FM: 5}.get(_preset.kind)
    if _column is not None:  # equal power whatever the number of partials
        TABLE[_index, :, _column] *= HEADROOM / np.sqrt((TABLE[_index, :, _column] ** 2).sum())
