"""Afterglow: the last picture before a scene failed, which fades out over what takes its place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.layer import Group, Layer, Order, Still

Pixels = NDArray[np.uint8]


class Afterglow:
    """Keeps one view's last good picture, no longer than it shows."""

    def __init__(self) -> None:
        self._number = 0
        self._kept: Pixels | None = None

    def with_still(self, groups: tuple[Group, ...], still: Still | None, shown: Pixels,
                   order: Order = "rgba") -> tuple[Group, ...]:
        """Return the groups and, where one is asked for, the picture that is fading out.

        Args:
            shown: The view's picture as of the frame before, opaque, in `order`; it is copied when a still begins.
        """
        if still is None:
            self._kept = None
            return groups
        if still.number != self._number:
            self._number = still.number
            self._kept = shown.copy() if order == "rgba" else np.asarray(cv2.cvtColor(shown, cv2.COLOR_BGRA2RGBA))
        if self._kept is None:
            return groups
        return (*groups, Group((Layer(self._kept, kind="people"),), still.weight))
