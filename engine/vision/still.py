"""What a fixed camera sees without people, learnt from a whole video, and what stands out from it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.world import Floats, Pixels

LEAST_DIFFERENCE, NOISES = 20.0, 4.5
SHADOW_FROM, SHADOW_GREY = 0.5, 0.06
GRAIN_KEPT = 0.45


class StillScene:
    """The empty scene as the median of pictures spread over a video, with each pixel's own noise.

    Args:
        samples: BGR pictures, at least 3, all of one size.
    """

    def __init__(self, samples: Sequence[Pixels]) -> None:
        stack = np.stack(samples)
        self._scene = np.empty(stack.shape[1:], np.float32)
        self._limit = np.empty(stack.shape[1:3], np.float32)
        for top in range(0, stack.shape[1], 32):  # in strips: the whole would be copied several times
            strip = stack[:, top : top + 32]
            middle = np.median(strip, axis=0).astype(np.float32)
            self._scene[top : top + 32] = middle
            # The lower third of differences is noise even where people walk half of the time.
            off = np.percentile(np.abs(strip - middle).max(axis=3), 33, axis=0)
            self._limit[top : top + 32] = np.maximum(LEAST_DIFFERENCE, NOISES * off)
        self._limit = np.minimum(cv2.blur(self._limit, (3, 3)), 3 * LEAST_DIFFERENCE)
        grey = cv2.transform(self._scene, np.full((1, 3), 1 / 3, np.float32))
        self._grain = grey - cv2.blur(grey, (7, 7))
        self._strength = cv2.blur(self._grain * self._grain, (7, 7))

    def difference(self, picture: Pixels) -> Pixels:
        """Return where somebody is: 0 or 255, shape (height, width); shadows and changes of the light are left out."""
        values = cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32)
        expected = self._scene * self._gain(values)
        off = np.abs(values - expected).max(axis=2)
        stands_out = off > self._limit
        stands_out &= ~self._shadow(values, expected)
        mask = stands_out.astype(np.uint8) * np.uint8(255)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)

    def _gain(self, values: Floats) -> Floats:
        """Return how much brighter each channel of the whole picture is than the scene. Shape (3,)."""
        ratio = (values[::8, ::8] + 8) / (self._scene[::8, ::8] + 8)
        return np.asarray(np.clip(np.median(ratio, axis=(0, 1)), 0.6, 1.6), np.float32)

    def _shadow(self, values: Floats, expected: Floats) -> Pixels:
        """Return where it is only darker, as grey as before, with the scene's own grain."""
        ratio = (values + 6) / (expected + 6)
        low, high = ratio.min(axis=2), ratio.max(axis=2)
        shadow = (low > SHADOW_FROM) & (high < 1.0) & (high - low < SHADOW_GREY)
        grey = cv2.transform(values, np.full((1, 3), 1 / 3, np.float32))
        grain = grey - cv2.blur(grey, (7, 7))
        middle = (0.5 * (low + high)).astype(np.float32)
        same = cv2.blur(grain * self._grain, (7, 7)) > GRAIN_KEPT * middle * self._strength
        flat = (self._strength < 9.0) & (low > 0.65)
        return np.asarray(shadow & (same | flat))
