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


@njit("boolean(uint8[::1],float32[::1],float32[::1],float32)", nogil=True, cache=True, inline="always")
def _is_shadow(pixel, room, gain, shadow_from):  # type: ignore[no-untyped-def]
    """Tell a shadow: darker than the room, but of the same colour."""
    least, most = np.float32(9), np.float32(0)
    for c in range(3):
        ratio = (np.float32(pixel[c]) + np.float32(8)) / (room[c] * gain[c] + np.float32(8))
        least, most = min(least, ratio), max(most, ratio)
    return least > shadow_from and most < np.float32(1) and most - least < np.float32(0.07)


@njit(
    "void(uint8[:,:,::1],float32[:,:,::1],float32[::1],int32[:,::1],float32,int64,float32,float32,float32,uint8[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _compare(picture, room, gain, held, settle, patience, different, learnable, shadow_from, mask):  # type: ignore[no-untyped-def]
    channels = picture.shape[2]
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            most = np.float32(0)
            for c in range(channels):
                most = max(most, abs(np.float32(picture[y, x, c]) - room[y, x, c] * gain[c]))
            if most > learnable:
                is_shadow = _is_shadow(picture[y, x], room[y, x], gain, shadow_from)
                mask[y, x] = 255 if most > different and not is_shadow else 0
                # A shadow is no person, but learning it would leave a bright ghost behind.
                held[y, x] += 1
            else:
                mask[y, x] = 0
                held[y, x] = max(held[y, x] - 4, 0)
            if held[y, x] == 0 or held[y, x] > patience:
                for c in range(channels):
                    room[y, x, c] += settle * (np.float32(picture[y, x, c]) - room[y, x, c])
