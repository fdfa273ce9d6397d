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

from engine.world import Floats, Pixels

WINDOW, NEAR, MEDIAN, OPEN = (7, 7), (5, 5), 5, 5
REACH = 3
CLIP = 1.5  # a pixel's grain counts up to so many times the floor's: speckles of light say no more
SAME_GRAIN = 0.48
THIN, BAND_GRAIN = 7, 0.45  # pixels; a part has many pixels, so it tells floor more surely than a window
TOLERANCE = 2.7
UNEVEN = 0.012  # how far light may change nearby, as a share
ABSORB_AFTER_S = 90.0
LEARN_S = 20.0


class LitFloor:
    """Tells visitors from the floor in pictures of half the camera's size.

    Args:
        fps: Pictures a second.
    """

    def __init__(self, fps: float) -> None:
        self._rate, self._patience = 1 / (LEARN_S * fps), round(ABSORB_AFTER_S * fps)
        self._floor: Floats | None = None
        self._taken = 0
        self._noise = 2.0

    @property
    def is_known(self) -> bool:
        """Return whether an empty floor was learnt."""
        return self._floor is not None

    def learn(self, picture: Pixels) -> None:
        """Take one more picture of the empty floor, BGR; the mean of all is the floor, their spread the noise."""
        values = picture.astype(np.float32)
        if self._floor is None or self._floor.shape != values.shape:
            self._floor, self._taken = values, 1
            self._held = np.zeros(values.shape[:2], np.int32)
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
        self._mean = cv2.blur(self._floor, NEAR)
        self._smooth, self._grain = _grain(self._floor)
        self._roughness = float(np.sqrt(np.mean((self._grain / np.maximum(self._smooth, 1.0)) ** 2)))
        self._since = 0

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
        values = picture.astype(np.float32)
        light = np.asarray(cv2.divide(cv2.blur(values, NEAR), self._mean), np.float32)
        sure = self._known_grain(values)
        mask = np.empty(picture.shape[:2], np.uint8)
        _explain(values, self._floor, light, sure, self._noise * TOLERANCE, UNEVEN * TOLERANCE, REACH, mask)
        mask = self._without_bands(mask)
        self._learn(values, light, mask, sure)
        return mask

    def _known_grain(self, values: Floats) -> Pixels:
        """Return 1 where the picture around a pixel has the floor's grain. Shape (height, width)."""
        smooth, grain = _grain(values)
        wanted = cv2.multiply(cv2.divide(smooth, self._smooth), self._grain)
        limit = smooth * np.float32(CLIP * self._roughness)
        clipped = cv2.min(cv2.max(grain, -limit), limit)
        self._both, self._known = cv2.multiply(clipped, wanted), cv2.multiply(wanted, wanted)
        both, known = cv2.blur(self._both, WINDOW), cv2.blur(self._known, WINDOW)
        sure = cv2.compare(both, cv2.multiply(known, np.ones_like(known), scale=SAME_GRAIN), cv2.CMP_GT)
        return np.asarray(cv2.morphologyEx(sure, cv2.MORPH_OPEN, np.ones((OPEN, OPEN), np.uint8)), np.uint8)

    def _without_bands(self, mask: Pixels) -> Pixels:
        """Return a mask without thin parts that as a whole have the floor's grain: edges of light, not arms."""
        thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN, THIN)))
        _, labels = cv2.connectedComponents(cv2.subtract(mask, thick), connectivity=8, ltype=cv2.CV_16U)
        rows, columns = np.nonzero(labels)
        part = labels[rows, columns]
        both = np.bincount(part, self._both[rows, columns])
        known = np.bincount(part, self._known[rows, columns])
        is_floor = both > BAND_GRAIN * known
        kept = mask.copy()
        kept[rows, columns] = np.where(is_floor[part], 0, 255)
        return kept

    def _learn(self, values: Floats, light: Floats, mask: Pixels, sure: Pixels) -> None:
        assert self._floor is not None
        _absorb(values, light, mask, sure, self._held, self._patience, np.float32(self._rate), self._floor)
        self._since += 1
        if self._since >= 30:
            self._know()


def _grain(values: Floats) -> tuple[Floats, Floats]:
    """Return the grey picture without its grain, and the grain; edges of light stay in the first."""
    grey = np.asarray(cv2.transform(values, np.full((1, 3), 1 / 3, np.float32)), np.float32)
    smooth = np.asarray(cv2.medianBlur(grey, MEDIAN), np.float32)
    return smooth, grey - smooth


@njit(
    "void(float32[:,:,::1],float32[:,:,::1],float32[:,:,::1],uint8[:,::1],float32,float32,int64,uint8[:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _explain(values, floor, light, sure, tolerance, uneven, reach, mask):  # type: ignore[no-untyped-def]
    """Mark what no floor nearby explains: 255. At an edge of light a pixel may lie between its two sides."""
    height, width = mask.shape
    low, high = np.empty(3, np.float32), np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            seen, found = False, False
            for step in range(9):
                place = (step + 4) % 9  # the pixel's own place first: mostly it is enough
                v, u = y + (place // 3 - 1) * reach, x + (place % 3 - 1) * reach
                if v < 0 or u < 0 or v >= height or u >= width or sure[v, u] == 0:
                    continue
                found = True
                for c in range(3):
                    wanted = light[v, u, c] * floor[y, x, c]
                    low[c] = min(low[c], wanted) if seen else wanted
                    high[c] = max(high[c], wanted) if seen else wanted
                    spare = tolerance + uneven * wanted
                    if values[y, x, c] < low[c] - spare or values[y, x, c] > high[c] + spare:
                        found = False
                seen = True
                if found:
                    break
            mask[y, x] = 0 if found else 255


@njit(
    "void(float32[:,:,::1],float32[:,:,::1],uint8[:,::1],uint8[:,::1],int32[:,::1],int64,float32,float32[:,:,::1])",
    nogil=True, cache=True,
)  # fmt: skip
def _absorb(values, light, mask, sure, held, patience, rate, floor):  # type: ignore[no-untyped-def]
    """Move the floor towards what is seen of it, and take for floor what has not changed for very long."""
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            if mask[y, x] == 0:
                held[y, x] = max(held[y, x] - 4, 0)
                if sure[y, x]:
                    for c in range(3):
                        bare = values[y, x, c] / max(light[y, x, c], np.float32(0.05))
                        floor[y, x, c] += rate * (bare - floor[y, x, c])
            else:
                held[y, x] += 1
                if held[y, x] > patience:
                    for c in range(3):
                        floor[y, x, c] += np.float32(8) * rate * (values[y, x, c] - floor[y, x, c])
