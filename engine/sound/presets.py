"""The instruments that come with the engine, made of the same voices that an artist makes."""

from __future__ import annotations

import math

from engine.sound.block import KIND_GRAINS, KIND_SAMPLE, MOVES
from engine.sound.voice import Voice

SAMPLE, GRAINS = "sample", "grains"  # the instruments that play recordings
NOT_ASKED = tuple((control, math.nan) for control in range(MOVES))

# Bell: partials of J.-C. Risset's additive bell (Dodge & Jerse 1997, p. 105), the two beating pairs kept.
PRESETS: dict[str, Voice] = {
    SAMPLE: Voice(KIND_SAMPLE, 0.003, 0.25, moves=NOT_ASKED),
    GRAINS: Voice(KIND_GRAINS, 0.02, 0.25, moves=NOT_ASKED),
    "warm": Voice.partials(
        (0.5, 0.16), (0.9985, 0.5), (1.0017, 0.5), (1.998, 0.22, 4.0), (2.0034, 0.20, 4.0), (2.9967, 0.11, 2.2),
        (3.004, 0.09, 2.2), (4.003, 0.05, 1.4), (5.006, 0.026, 0.9), (6.01, 0.014, 0.7), attack=0.06, release=1.4),
    "bell": Voice.partials(
        (0.56, 0.42, 3.2), (0.563, 0.30, 2.9), (0.92, 0.42, 2.1), (0.9235, 0.62, 1.8), (1.19, 0.80, 1.05),
        (1.7, 0.52, 0.9), (2.0, 0.44, 0.75), (2.74, 0.40, 0.55), (3.0, 0.36, 0.42), (3.76, 0.26, 0.30),
        (4.07, 0.30, 0.22), attack=0.003, release=2.8),
    "glass": Voice.partials(
        (1.0, 0.8, 1.7), (1.0022, 0.42, 1.6), (2.324, 0.20, 0.85), (2.327, 0.12, 0.8), (4.252, 0.10, 0.4),
        (6.63, 0.055, 0.22), (9.38, 0.03, 0.12), attack=0.006, release=1.8),
    "pluck": Voice.partials(
        (1.0, 0.8, 0.95), (1.0008, 0.35, 1.1), (2.001, 0.42, 0.6), (3.003, 0.28, 0.42), (4.007, 0.17, 0.3),
        (5.013, 0.12, 0.23), (6.022, 0.085, 0.18), (7.035, 0.06, 0.14), (8.05, 0.04, 0.11), (9.07, 0.03, 0.09),
        attack=0.003, release=0.45),
    "organ": Voice.partials(
        (0.5, 0.35), (1.0, 0.6), (1.499, 0.22), (2.001, 0.32), (3.0, 0.14), (4.003, 0.16), (6.0, 0.05),
        (8.006, 0.05), attack=0.03, release=0.35),
    "sine": Voice.partials(1.0, attack=0.005, release=0.15),
    "fm": Voice.fm((1.0, 0.85, 1.9), (1.0, 1.35, 0.5, 0.35), (1.0014, 0.22, 0.7), (14.0, 0.75, 0.10),
                   attack=0.003, release=0.5),
    "brass": Voice.fm((0.9988, 0.6), (0.9988, 2.6, 0.9, 0.62), (1.0013, 0.5), (1.0013, 2.1, 0.9, 0.62),
                      attack=0.055, release=0.22),
    "wood": Voice.fm((1.0, 0.95, 0.28), (3.92, 1.1, 0.03), (1.0, 0.16, 0.06), (9.2, 0.6, 0.012),
                     attack=0.002, release=0.2),
    "deep": Voice.fm((0.9991, 0.7), (0.5, 0.9, 3.0, 0.5), (1.0009, 0.5), (2.0, 0.35, 2.0, 0.5),
                     attack=0.09, release=1.8),
    "pad": Voice.saw(900.0, 0.25, unison=5, detune=0.22, track=0.6, sweep=-1.5, sweep_s=1.2, attack=0.5, release=1.8),
    "string": Voice.string(decay=1.6, damping=0.45, pick=0.17, release=0.35),
    "breath": Voice.noise(1600.0, 0.88, track=1.0, filter="band", attack=0.25, release=0.7),
}
NAMES = tuple(PRESETS)
VOICES = tuple(name for name in NAMES if name not in (SAMPLE, GRAINS))
