"""What flashes are, as figures: WCAG 2.3.1 and the extended rule of EA IRIS, with a margin for who measures otherwise.

A transition is a change of relative luminance by 0.10 or more whose darker end lies below 0.80, against the direction
of the one before; two of them are a flash. Red flashes are counted beside: changes by 20/320 of what saturated red has
more than green and blue. There is no area exception: a hand's breadth of a wall is enough.
"""

from __future__ import annotations

import numpy as np

LUMINANCE = (np.float32(0.2126), np.float32(0.7152), np.float32(0.0722))
PALE_RED, RED = np.float32(0.7), np.float32(0.79)  # its part of all light: from 0.80 on it is saturated, below 0.7 not
CHANGE = (np.float32(0.085), np.float32(0.06))  # of luminance and of redness: 0.10, 20/320
CAUTION = (np.float32(0.05), np.float32(0.035))  # the same where no transition is left: what is held still stirs a bit
DARK = (np.float32(0.81), np.float32(1e9))  # a change that stays above this does not count; of red all count
MOST_FLASHES = 3  # in a second
WINDOW_S = 0.9999  # a transition that is one second old does not count any more
WARNING = 4  # transitions a second that may not go on for long
SLOTS, LONG = 50, 40  # tenths of a second that are remembered, and in how many of them WARNING may stand
KEPT = 2 * MOST_FLASHES + 1
RELEASE_S = 0.6  # in which a picture that was held comes back
STIR = 0.03  # of light, by which what is held may still change
STEPS = 2048
LIGHT = (1893, 3)  # of a byte s: s * s * (LIGHT[0] + LIGHT[1] * s)


def light_of(signal: np.ndarray) -> np.ndarray:
    """Return the light of signals 0..1, as the kernels decode it: sRGB's within 0.003."""
    return np.asarray(signal * signal * (LIGHT[0] + 255 * LIGHT[1] * signal) / (LIGHT[0] + 255 * LIGHT[1]))


def _encoded() -> np.ndarray:
    """Return the byte of each light, in even steps of its root."""
    signals = np.linspace(0, 1, 4096)
    return np.interp(np.linspace(0, 1, STEPS) ** 2, light_of(signals), signals * 255).astype(np.float32)


def _leak() -> np.ndarray:
    """Return for each byte that is held which part of the picture may show through: its light changes by `STIR`."""
    held = np.arange(256)[:, None] / 255
    parts = np.linspace(0, 1, 2001)[None, :]
    reach = light_of(held + parts * (1 - held)) - light_of(held * (1 - parts))
    return np.asarray(parts[0, (reach <= STIR).sum(axis=1) - 1], np.float32)


ENCODED, LEAK = _encoded(), _leak()
