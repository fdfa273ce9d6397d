"""Measures flashes in recorded pictures, as WCAG 2.3.1 defines them. It shares no code with the guard, on purpose.

sRGB is decoded exactly, luminance is averaged over squares of any place and size, and swings are found afterwards,
in the whole recording, by taking the smallest away until all that are left count. A flash is a pair of opposing
changes (WCAG 2.3.1, ITU-R BT.1702) and belongs to a second if both take place in it: of a slow rise at its beginning
as much as counts must be left, and the last change must have gone so far before it ends, wherever it comes to later.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIGNAL = np.arange(256) / 255
LIGHT = np.where(SIGNAL <= 0.04045, SIGNAL / 12.92, ((SIGNAL + 0.055) / 1.055) ** 2.4).astype(np.float32)


class Recording:
    """Luminance and redness of all squares of a grid over time.

    Args:
        square_px: Width and height of a square.
        offset_px: (x, y) at which the first square begins.
        order: Of the bytes.
    """

    def __init__(self, square_px: int, offset_px: tuple[int, int] = (0, 0), order: str = "bgra") -> None:
        self.square_px, self.offset_px = square_px, offset_px
        self._red, self._blue = (0, 2) if order == "rgba" else (2, 0)
        self.times: list[float] = []
        self._luminance: list[NDArray[np.floating]] = []
        self._redness: list[NDArray[np.floating]] = []
        self._is_red: list[NDArray[np.bool_]] = []

    def take(self, light: NDArray[np.float32], time_s: float) -> None:
        """Take one frame, as `light_of` decodes it."""
        x, y = self.offset_px
        size = self.square_px
        rows, columns = (light.shape[0] - y) // size, (light.shape[1] - x) // size
        part = light[y : y + rows * size, x : x + columns * size]
        tall = np.add.reduceat(part, range(0, rows * size, size), axis=0)
        self.keep(np.add.reduceat(tall, range(0, columns * size, size), axis=1) / size**2, time_s)

    def keep(self, means: NDArray[np.float32], time_s: float) -> None:
        """Keep the linear light of all squares in one frame. Shape (rows, columns, 3)."""
        means = means.reshape(-1, 3)
        r, g, b = means[:, self._red], means[:, 1], means[:, self._blue]
        self.times.append(time_s)
        self._luminance.append(0.2126 * r + 0.7152 * g + 0.0722 * b)
        self._redness.append(np.maximum(r - g - b, 0) * 320)
        self._is_red.append(r / np.maximum(r + g + b, 1e-12) >= 0.8)

    def series(self) -> list[tuple[NDArray[np.floating], NDArray[np.bool_], float]]:
        """Return luminance and redness: of each the values (frames, squares; luminance has their mean as one more),
        which count at a swing's end, and from what change on.
        """
        luminance = np.array(self._luminance)
        luminance = np.hstack([luminance, luminance.mean(axis=1, keepdims=True)])
        return [(luminance, luminance < 0.80, 0.10), (np.array(self._redness), np.array(self._is_red), 20.0)]

    def most_flashes(self, after_s: float = 0.0) -> int:
        """Return the most general or red flashes of any square, or of their mean, in any second from a time on."""
        most = 0
        for values, counts, change in self.series():
            alike = {values[:, i].tobytes(): i for i in np.flatnonzero(np.ptp(values, axis=0) >= change)}
            for i in alike.values():
                found = swings(values[:, i], counts[:, i], change)
                most = max(most, most_in_a_second(found, self.times, after_s) // 2)
        return most


def light_of(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the linear light of a picture. Shape (height, width, 3)."""
    return LIGHT[picture[..., :3]]


def swings(series: NDArray[np.floating], counts: NDArray[np.bool_], change: float) -> list[tuple[int, int]]:
    """Return when swings of at least `change` happen that count at one of their ends.

    Returns:
        Of each the last frame from which on it still goes so far, and the first by which it has gone so far.
    """
    found = []
    for a, b in pairwise(_turns(series, change - 1e-9)):
        if counts[a] or counts[b]:
            gone, left = abs(series[a : b + 1] - series[a]), abs(series[b] - series[a : b + 1])
            found.append((a + int(np.flatnonzero(left >= change - 1e-9)[-1]) + 1,
                          a + int(np.argmax(gone >= change - 1e-9))))
    return found


def _turns(series: NDArray[np.floating], change: float) -> list[int]:
    """Return the frames between which a series swings by at least `change`, one way and the other in turn."""
    turns = [0]
    for frame in range(1, len(series)):
        if series[frame] == series[turns[-1]]:
            continue
        if len(turns) > 1 and (series[frame] > series[turns[-1]]) == (series[turns[-1]] > series[turns[-2]]):
            turns[-1] = frame
        else:
            turns.append(frame)
    while len(turns) > 1:
        sizes = np.abs(np.diff(series[turns]))
        least = int(np.argmin(sizes))
        if sizes[least] >= change:
            break
        if least == 0:
            del turns[0]
        elif least == len(sizes) - 1:
            del turns[-1]
        else:
            del turns[least : least + 2]
    return turns


def most_in_a_second(found: list[tuple[int, int]], times: Sequence[float], after_s: float = 0.0) -> int:
    """Return how many swings lie in the fullest second, its end left out, of those that begin from a time on."""
    return max((sum(times[reached] < times[leaves] + 1.0 - 1e-6 for _, reached in found[first:])
                for first, (leaves, _) in enumerate(found) if times[leaves] >= after_s), default=0)
