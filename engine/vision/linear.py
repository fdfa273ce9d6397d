"""sRGB and linear light by short polynomials: exact to 0.9 % of full light, and back to a tenth of a level."""

from __future__ import annotations

import numpy as np

from engine.world import Floats

DECODE = (0.74636, 0.24481)  # light = v^2 (d0 + d1 v), v from 0 to 1
ENCODE = (1.15368, -0.19325, 0.04384)  # v = r (e0 + r (e1 + r e2)), r the square root of light


def light_of(levels: Floats) -> Floats:
    """Return levels, 0..255, as linear light, 0..1."""
    v = levels * np.float32(1 / 255)
    return np.asarray(v * v * (np.float32(DECODE[0]) + np.float32(DECODE[1]) * v), np.float32)
