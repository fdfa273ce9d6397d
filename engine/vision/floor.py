"""The empty floor under visitors, seen from above: known again in any light, so that a projector may play on it.

Light and shadow change how bright the floor is, but not its grain: where the picture has the grain of the learnt
floor, it is floor, and tells how it is lit there. A pixel is a visitor's if no floor nearby is lit in such a way that
it would look like this.

Source:
    Comparing grain, not brightness: Jacques, Jung & Musse 2006 (normalised cross-correlation). Here it is the
    slope of the picture's grain over the floor's, and the median keeps edges of light out of the grain.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.vision.floor_light import (
    add_channels,
    find_lit,
    grow_lit,
    light_floor,
    mend_edges,
    weigh_grain,
    weigh_spare,
)
from engine.vision.steady import LONGEST, Steady
from engine.vision.touch import Ground
from engine.world import Floats, Pixels

WINDOW, CLOSE, MEDIAN, OPEN = (7, 7), (5, 5), 5, 5
CLIP = 1.5  # a pixel's grain counts up to so many times the floor's: speckles of light say no more
SAME_GRAIN = 0.48
GAIN, BONUS = 0.2, 3.0  # what a window of grain weighs beside how well the light nearby explains a pixel
MODEL = 0.25  # share of a pixel's misfit that is no noise: it is not averaged away
UNEVEN = 0.015  # how far light may change from pixel to pixel, as a share
ROUNDS, FOLLOW = 4, 0.2
ABSORB_AFTER_S = 90.0
LEARN_S, LEARN_EACH = 20.0, 4


class LitFloor:
    """Tells visitors from the floor in pictures of half the camera's size.

    Args:
        fps: Pictures a second.
    """

    def __init__(self, fps: float) -> None:
        self._rate, self._patience = LEARN_EACH / (LEARN_S * fps), round(ABSORB_AFTER_S * fps / LEARN_EACH)
        self._floor: Floats | None = None
        self._taken = self._seen = 0
        self._noise = 2.0
        self._steady = Steady()

    @property
    def is_known(self) -> bool:
        """Return whether an empty floor was learnt."""
        return self._floor is not None

    @property
    def ground(self) -> Ground:
        """Return what the last picture told of the floor; valid until the next one."""
        assert self._floor is not None
        return Ground(self._steadied, self._floor, self._known, self._noise)

    def learn(self, picture: Pixels) -> None:
        """Take one more picture of the empty floor, BGR; the mean of all is the floor, their spread the noise."""
        values = picture.astype(np.float32)
        if self._floor is None or self._floor.shape != values.shape:
            self._floor, self._taken = values, 1
            self._held = np.zeros(values.shape[:2], np.int32)
            self._light = np.empty_like(values)
            self._grey = np.empty(values.shape[:2], np.uint16)
            self._evidence = np.empty(values.shape[:2], np.float32)
            self._known = np.empty(values.shape[:2], np.uint8)
            self._left = np.empty((self._known.size, 2), np.int32)
        else:
            self._taken += 1
            gain = np.median(values[::4, ::4] / np.maximum(self._floor[::4, ::4], 1.0), axis=(0, 1))
            off = values / gain - self._floor
            spread = 1.4826 * float(np.median(np.abs(off - np.median(off, axis=(0, 1)))))
            share = 1 / min(self._taken, 60)
            self._noise += max(share, 0.1) * (spread - self._noise)
            self._floor += np.float32(share) * off
        self._know()

    def _know(self) -> None:
        assert self._floor is not None
        self._bare = np.asarray(1 / np.maximum(cv2.medianBlur(self._floor, MEDIAN), 1), np.float32)
        grey = np.asarray(self._floor.sum(axis=2), np.float32)
        smooth = cv2.medianBlur(grey, MEDIAN)
        self._grain = np.asarray((grey - smooth) / np.maximum(smooth, 1.0), np.float32)
        self._roughness = float(np.sqrt(np.mean(self._grain**2)))

    def difference(self, picture: Pixels) -> Pixels:
        """Return where the picture is no floor, and learn from the rest.

        Args:
            picture: BGR, half of the camera's size, shape (height, width, 3).

        Returns:
            0 or 255, shape (height, width).
        """
        if self._floor is None or self._floor.shape != picture.shape:
            self.learn(picture)
        assert self._floor is not None
        picture = self._steadied = self._steady.take(picture, self._noise)
        sure = self._explain(picture)
        mask = np.asarray(cv2.threshold(self._known, 0, 255, cv2.THRESH_BINARY_INV)[1], np.uint8)
        self._seen += 1
        _absorb(picture, self._light, mask, sure, self._held, self._seen % LEARN_EACH, self._patience,
                np.float32(self._rate), self._floor)  # fmt: skip
        if self._seen % (LEARN_EACH * 16) == 0:
            self._know()
        return mask

    def _explain(self, picture: Pixels) -> Pixels:
        """Find out what is floor; returns where its grain is seen around. Shape (height, width)."""
        add_channels(picture, self._grey)
        smooth_grey = np.asarray(cv2.medianBlur(self._grey, MEDIAN), np.uint16)
        weigh_grain(self._grey, smooth_grey, self._grain, np.float32(CLIP * self._roughness), np.float32(SAME_GRAIN),
                    self._evidence)  # fmt: skip
        sure = (np.asarray(cv2.blur(self._evidence, WINDOW)) > 0).view(np.uint8)
        sure = np.asarray(cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((OPEN, OPEN), np.uint8)), np.uint8)
        noise2 = np.float32(1.2 * self._noise**2 + 0.1) * (MODEL + (1 - MODEL) / np.arange(1, LONGEST + 1))
        noise2, uneven2 = noise2.astype(np.float32), np.float32(UNEVEN**2)
        spare, age = np.asarray(cv2.blur(self._evidence, CLOSE), np.float32), self._steady.age
        weigh_spare(age, noise2, np.float32(2 * GAIN * CLOSE[0] * CLOSE[1] / 3), np.float32(2 * BONUS), spare)
        light_floor(np.asarray(cv2.medianBlur(picture, MEDIAN), np.uint8), self._bare, self._light)
        find_lit(picture, self._floor, spare, sure, age, noise2, uneven2, self._light, self._known)
        count = grow_lit(picture, self._floor, spare, age, noise2, uneven2, ROUNDS, np.float32(FOLLOW), self._light,
                         self._known, self._left)  # fmt: skip
        mend_edges(picture, self._floor, spare, age, noise2, uneven2, self._light, self._known, self._left, count)
        return sure


@njit(
    "void(uint8[:,:,::1],float32[:,:,::1],uint8[:,::1],uint8[:,::1],int32[:,::1],int64,int64,float32,"
    "float32[:,:,::1])", nogil=True, cache=True,
)  # fmt: skip
def _absorb(picture, light, mask, sure, held, first, patience, rate, floor):  # type: ignore[no-untyped-def]
    """Move the floor towards what is seen of it, and take for floor what has not changed for very long.

    Args:
        first: Only this row is done, and every `LEARN_EACH`th after it: each picture has as much to do.
    """
    for y in range(first, mask.shape[0], LEARN_EACH):
        for x in range(mask.shape[1]):
            if mask[y, x] == 0:
                held[y, x] = max(held[y, x] - 4, 0)
                if sure[y, x]:
                    for c in range(3):
                        bare = np.float32(picture[y, x, c]) / max(light[y, x, c], np.float32(0.05))
                        floor[y, x, c] += rate * (bare - floor[y, x, c])
            else:
                held[y, x] += 1
                if held[y, x] > patience:
                    for c in range(3):
                        floor[y, x, c] += np.float32(8) * rate * (np.float32(picture[y, x, c]) - floor[y, x, c])
