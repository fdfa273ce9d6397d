"""The empty room behind visitors where no wall is coloured: learnt slowly, never swallowing who sits still."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.world import Floats, Pixels

SETTLE_S = 3.0
ABSORB_AFTER_S = 90.0
DIFFERENT, LEARNABLE = 20.0, 9.0
SHADOW_FROM = 0.45


class EmptyRoom:
    """What the camera sees without people, in the size of the analysed picture.

    What differs stays a person for `ABSORB_AFTER_S`; only then is it taken for a moved chair and learnt.
    """

    def __init__(self, fps: float) -> None:
        self._settle = 1 / (SETTLE_S * fps)
        self._patience = round(ABSORB_AFTER_S * fps)
        self._room: Floats | None = None

    def difference(self, picture: Pixels) -> Pixels:
        """Return where the picture is not the empty room, and learn from it.

        Args:
            picture: BGR, shape (height, width, 3); the first one is taken for the empty room.

        Returns:
            0 or 255, shape (height, width).
        """
        soft = np.asarray(cv2.blur(picture, (3, 3)), np.uint8)
        if self._room is None or self._room.shape != picture.shape:
            self._room = soft.astype(np.float32)
            self._held = np.zeros(picture.shape[:2], np.int32)
            self._mask = np.zeros(picture.shape[:2], np.uint8)
        gain = self._gain(soft)
        _compare(soft, self._room, gain, self._held, self._settle, self._patience, DIFFERENT, LEARNABLE,
                 SHADOW_FROM, self._mask)  # fmt: skip
        return self._mask

    def _gain(self, picture: Pixels) -> Floats:
        """Return how much brighter each channel of the whole room is than the learnt one."""
        assert self._room is not None
        empty = self._held[::8, ::8] == 0
        if empty.mean() < 0.1:
            return np.ones(3, np.float32)
        now, known = picture[::8, ::8][empty].astype(np.float32), self._room[::8, ::8][empty]
        return np.asarray(np.clip(np.median((now + 8) / (known + 8), axis=0), 0.4, 2.5), np.float32)


@njit(
    "void(uint8[:,:,::1],float32[:,:,::1],float32[::1],int32[:,::1],float32,int64,float32,float32,float32,uint8[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _compare(picture, room, gain, held, settle, patience, different, learnable, shadow_from, mask):  # type: ignore[no-untyped-def]
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            most, least_ratio, most_ratio = np.float32(0.0), np.float32(9.0), np.float32(0.0)
            for c in range(3):
                expected = room[y, x, c] * gain[c]
                most = max(most, abs(picture[y, x, c] - expected))
                ratio = np.float32((picture[y, x, c] + 8.0) / (expected + 8.0))
                least_ratio, most_ratio = min(least_ratio, ratio), max(most_ratio, ratio)
            is_shadow = least_ratio > shadow_from and most_ratio < 1.0 and most_ratio - least_ratio < 0.07
            mask[y, x] = 255 if most > different and not is_shadow else 0
            # A shadow is no person, but learning it would leave a bright ghost behind.
            if most > learnable:
                held[y, x] += 1
            else:
                held[y, x] = max(held[y, x] - 4, 0)
            if held[y, x] == 0 or held[y, x] > patience:
                for c in range(3):
                    room[y, x, c] += settle * (picture[y, x, c] - room[y, x, c])
