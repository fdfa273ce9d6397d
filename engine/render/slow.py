"""Slow: a picture that changes only slowly, in quiet hours as a whole, and beside a desk where somebody works."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.world import Calm

Pixels = NDArray[np.uint8]
STEEPEST = 2.2  # how much more a point's light changes than its signal, at most: near white
FREE = math.log(255 * 60.0)  # steps of the signal a second that are no limit; paces are kept as logarithms
TURN_S = 3.0  # from free to slow and back
EDGE = 0.12  # of the width: over which a slow part becomes free


class Slow:
    """Slows one view's picture down.

    Args:
        width: Of the picture, in pixels.
    """

    def __init__(self, width: int) -> None:
        self._at = (np.arange(width) + 0.5) / width
        self._pace = np.full(width, FREE)
        self._owed = np.zeros(width)
        self._kept: Pixels | None = None

    def apply(self, picture: Pixels, calm: Sequence[Calm], dt: float) -> None:
        """Let a picture differ from the one before by no more than it may, in place.

        Args:
            picture: Opaque RGBA. Shape (height, width, 4), uint8.
            calm: Where it is to be slow, and how; nothing: it becomes free again.
            dt: Seconds since the last picture.
        """
        if self._kept is None and not calm:
            return
        wished = self._wished(calm)
        if self._kept is None and bool((wished == FREE).all()):
            return
        turn = FREE * dt / TURN_S
        self._pace += np.clip(wished - self._pace, -turn, turn)
        if self._kept is None:
            self._kept = picture.copy()
            return
        slow = np.flatnonzero(self._pace < FREE)
        if not slow.size:
            self._kept = None
            return
        part = slice(int(slow[0]), int(slow[-1]) + 1)
        self._hold(picture[:, part], self._kept[:, part], self._steps(dt)[part])
        np.copyto(self._kept, picture)

    def _wished(self, calm: Sequence[Calm]) -> NDArray[np.float64]:
        wished = np.full(len(self._at), FREE)
        for each in calm:
            beside = np.maximum(np.maximum(each.left - self._at, self._at - each.right), 0.0)
            slow = math.log(max(each.change, 1e-3) * 255 / STEEPEST)
            if slow < FREE:
                wished = np.minimum(wished, slow + (FREE - slow) * np.minimum(beside / EDGE, 1.0))
        return wished

    def _steps(self, dt: float) -> NDArray[np.uint8]:
        """Return by how much the signal of each column may change now; what is less than a step is owed to later."""
        self._owed = np.where(self._pace < FREE, np.minimum(self._owed % 1 + np.exp(self._pace) * dt, 255.0), 255.0)
        return self._owed.astype(np.uint8)

    @staticmethod
    def _hold(asked: Pixels, kept: Pixels, steps: NDArray[np.uint8]) -> None:
        step: Any = np.ascontiguousarray(np.broadcast_to(steps[None, :, None], asked.shape))
        least, most = cv2.subtract(kept, step), cv2.add(kept, step)
        asked[...] = cv2.min(cv2.max(asked, least), most)
