"""How fast a device really takes sound: what it says when it is opened need not stay so.

PipeWire changes the rate of its whole graph when it is told to, an interface follows the clock at its digital input;
both go on without a word, and everything sounds too low and too slow, or too high and too fast.
"""

from __future__ import annotations

import numpy as np

from engine.clock import NS

USUAL = (8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
WINDOW_NS = 5 * NS
NEAR = 0.004  # a line through 5 s of callbacks that come in bursts is a tenth of that off


class Clocked:
    """Watches one stream.

    Args:
        rate: What it was opened at.
        block: Frames a callback.
    """

    def __init__(self, rate: int, block: int) -> None:
        self._rate, self._block = rate, block
        self._looks: list[tuple[int, int]] = []
        self._before = 0

    def look(self, callbacks: int, now_ns: int) -> int:
        """Return the rate that it really has once that has been another one for two windows of 5 s; else 0.

        Args:
            callbacks: How many there were so far.
        """
        self._looks.append((now_ns, callbacks))
        if now_ns - self._looks[0][0] < WINDOW_NS:
            return 0
        looks = np.array(self._looks, np.float64)
        self._looks = []
        per_ns = np.polyfit(looks[:, 0] - looks[0, 0], looks[:, 1] - looks[0, 1], 1)[0]
        seen = per_ns * NS * self._block
        nearest = min(USUAL, key=lambda usual: abs(usual - seen))
        is_another = abs(seen / nearest - 1) < NEAR and abs(nearest / self._rate - 1) > 2 * NEAR
        before, self._before = self._before, nearest if is_another else 0
        return nearest if is_another and before == nearest else 0
