"""How sound files lie in the sample bank: each wave with silence around it, and its copies at half, a quarter ... rate.

The copies are what is read when a file is played faster than twice; so nothing folds back. Knows no kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

MARGIN = 64  # frames of silence before, between and after the waves, so that no filter needs to ask where it is
OCTAVES = 5  # copies
CHUNK = 65_536
HALF_TAPS = 127
HALF_BETA = 7.86  # -80 dB
Wave = NDArray[np.float32]


def lengths(length: int) -> list[int]:
    """Return the frames of a wave and of its copies."""
    frames = [length]
    for _ in range(OCTAVES):
        frames.append((frames[-1] + 1) // 2)
    return frames


def place_size(length: int) -> int:
    """Return the room in the bank that a wave of so many frames takes."""
    return MARGIN + sum(frames + MARGIN for frames in lengths(length))


def gap(taken: Iterable[tuple[int, int]], size: int, capacity: int) -> int | None:
    """Return where the first free place of a size begins, or None. taken: (start, size) of each place in use."""
    end = 0
    for start, length in sorted(taken):
        if start - end >= size:
            return end
        end = max(end, start + length)
    return end if capacity - end >= size else None


def fill_copies(place: Wave, length: int) -> None:
    """Write the copies of a wave behind it. place: shape (place_size(length),); the wave begins at MARGIN."""
    start = MARGIN
    for frames in lengths(length)[:-1]:
        halve(place[start - MARGIN : start + frames + MARGIN], place[start + frames + MARGIN :])
        start += frames + MARGIN


def halve(wave: Wave, out: Wave) -> None:
    """Write a wave at half its rate, without what would fold back.

    Args:
        wave: With MARGIN frames before and after it.
        out: Its first frames are written, half as many as the wave has, rounded up.
    """
    frames, reach = len(wave) - 2 * MARGIN, HALF_TAPS // 2
    kernel = half_band()
    for begin in range(0, (frames + 1) // 2, CHUNK):
        n = min(CHUNK, (frames + 1) // 2 - begin)
        first = MARGIN + 2 * begin
        part = np.zeros(n, np.float32)
        for tap in [0, *range(1, reach + 1, 2)]:
            part += kernel[reach + tap] * wave[first + tap : first + tap + 2 * n - 1 : 2]
            if tap:
                part += kernel[reach - tap] * wave[first - tap : first - tap + 2 * n - 1 : 2]
        out[begin : begin + n] = part


@cache
def half_band() -> Wave:
    """Return a filter that keeps the lower half of the spectrum; every other tap is 0. Shape (HALF_TAPS,), float32."""
    taps = np.arange(HALF_TAPS) - HALF_TAPS // 2
    kernel = 0.5 * np.sinc(taps / 2) * np.kaiser(HALF_TAPS, HALF_BETA)
    kernel[np.abs(kernel) < 1e-12] = 0.0
    return np.asarray(kernel / kernel.sum(), np.float32)
