"""What a fixed camera sees without people, learnt from a whole video, and what stands out from it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.ndimage import uniform_filter

from engine.world import Floats, Pixels

LEAST_DIFFERENCE, NOISES = 13.0, 4.0
SHADOW_FROM, SHADOW_GREY = 0.5, 0.06
SHADE_FROM, SHADE_TO, SHADE_STEP, SHADE_BINS = 0.3, 0.95, 0.05, 14
SHADE_DIFFERENCE, SHADE_SHARE, SHADE_APART = 20.0, 0.25, 0.06
GRAIN_KEPT = 0.45
FAINT, SHADOW_SAYS = 0.7, -0.4


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
            middle = np.sort(strip, axis=0)[len(strip) // 2].astype(np.float32)
            self._scene[top : top + 32] = middle
            # The lower third of differences is noise even where people walk half of the time.
            off = np.sort(np.abs(strip - middle).max(axis=3).astype(np.uint8), axis=0)[len(strip) // 3]
            self._limit[top : top + 32] = NOISES * off
        # Where people stay long their differences are no noise: hardly any place is far noisier than most.
        usual = max(LEAST_DIFFERENCE, float(self._limit.mean()))
        self._limit = np.clip(cv2.blur(self._limit, (5, 5)), usual, 2 * usual)
        grey = cv2.transform(self._scene, np.full((1, 3), 1 / 3, np.float32))
        self._grain = grey - cv2.blur(grey, (7, 7))
        self._strength = cv2.blur(self._grain * self._grain, (7, 7))
        self._shade = self._learn_shade(samples)

    def evidence(self, picture: Pixels) -> Floats:
        """Return how much speaks for somebody at each pixel, from -1 to 1. Shape (height, width)."""
        values, expected, off = self._compared(picture)
        found = np.clip(cv2.blur(off, (3, 3)) / FAINT - 1, -1, 1)
        found[self._shadow(values, expected)] = SHADOW_SAYS
        return np.asarray(cv2.blur(found, (3, 3)), np.float32)

    def _compared(self, picture: Pixels) -> tuple[Floats, Floats, Floats]:
        """Return the picture without its noise, the scene in the same light, and how far they are apart, in limits."""
        values = cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32)
        expected = self._scene * self._gain(values)
        return values, expected, np.abs(values - expected).max(axis=2) / self._limit

    def _learn_shade(self, samples: Sequence[Pixels]) -> Floats | None:
        """Return what the sun's shadows leave of each channel: the one that is found everywhere. Shape (3,)."""
        counts = np.zeros(SHADE_BINS**3)
        for picture in samples:
            values, expected, off = self._compared(picture)
            ratio = ((values + 6) / (expected + 6))[off * self._limit > SHADE_DIFFERENCE]
            low, high = ratio.min(axis=1), ratio.max(axis=1)
            ratio = ratio[(low > SHADE_FROM) & (high < SHADE_TO) & (high - low < 0.2)]
            cells = ((ratio - SHADE_FROM) / SHADE_STEP).astype(int)
            counts += np.bincount(cells @ (SHADE_BINS**2, SHADE_BINS, 1), minlength=len(counts))
        counts = counts.reshape((SHADE_BINS,) * 3)
        near = uniform_filter(counts, 3, mode="constant") * 27
        peak = np.unravel_index(int(near.argmax()), near.shape)
        if counts.sum() < 50 * len(samples) or near[peak] < SHADE_SHARE * counts.sum():
            return None
        around = tuple(slice(max(0, k - 1), k + 2) for k in peak)
        cells = np.stack(np.meshgrid(*(np.arange(SHADE_BINS)[part] for part in around), indexing="ij"), axis=-1) + 0.5
        middle = (counts[around][..., None] * cells).sum(axis=(0, 1, 2)) / counts[around].sum()
        return np.asarray(SHADE_FROM + SHADE_STEP * middle, np.float32)

    def _gain(self, values: Floats) -> Floats:
        """Return how much brighter each channel of the whole picture is than the scene. Shape (3,)."""
        ratio = (values[::8, ::8] + 8) / (self._scene[::8, ::8] + 8)
        return np.asarray(np.clip(np.median(ratio, axis=(0, 1)), 0.6, 1.6), np.float32)

    def _shadow(self, values: Floats, expected: Floats) -> Pixels:
        """Return where it is only darker: as much as shadows are here, or as grey as before, with its own grain."""
        ratio = (values + 6) / (expected + 6)
        low, high = ratio.min(axis=2), ratio.max(axis=2)
        shadow = (low > SHADOW_FROM) & (high < 1.0) & (high - low < SHADOW_GREY)
        grey = cv2.transform(values, np.full((1, 3), 1 / 3, np.float32))
        grain = grey - cv2.blur(grey, (7, 7))
        middle = (0.5 * (low + high)).astype(np.float32)
        same = cv2.blur(grain * self._grain, (7, 7)) > GRAIN_KEPT * middle * self._strength
        found = shadow & (same | ((self._strength < 9.0) & (low > 0.65)))
        if self._shade is not None:
            depth = ((1 - ratio) / (1 - self._shade)).mean(axis=2)
            apart = np.abs(1 - depth[..., None] * (1 - self._shade) - ratio).max(axis=2)
            found |= (depth > 0.1) & (depth < 1.15) & (apart < SHADE_APART)
        return np.asarray(found)
