"""The live view: what a person who sets up a camera must see of its picture; exposure, focus, what is lit. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.preflight import is_cut_off

Pixels = NDArray[np.uint8]
BINS = 64
CLIPPED = 250  # of 255
LEAST_LIT = 12  # of 255, by which light must lift the picture
WANTED, BEST = (128, 230), 204  # of white, of 255: between half and nine tenths of the camera's range
MOST_CLIPPED, LEAST_COVERED = 0.002, 0.05
RED = (40, 40, 255)


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture tells.

    Attributes:
        white: Brightness of what is lit, at 95 of 100 pixels, of 255.
        clipped: Share of the lit pixels that tell nothing any more.
        covered: Share of the picture that is lit.
        is_cut_off: Whether the light goes beyond the picture.
        sharpness: Share of the light that changes from pixel to pixel; to be made as great as it gets.
        histogram: Share of the pixels in each of 64 steps of brightness. Shape (64,).
    """

    white: float
    clipped: float
    covered: float
    is_cut_off: bool
    sharpness: float
    histogram: NDArray[np.float64]

    def faults(self, gamma: float = 1.0) -> list[str]:
        """Return what to change, and by how much; `gamma` is the camera's, 1 if its numbers are light."""
        if self.covered < LEAST_COVERED:
            return ["hardly any light is seen: projector on, lens cap off, camera aimed?"]
        found = []
        at, share = f"white is at {self.white / 255:.0%} of the camera's range", (BEST / max(self.white, 1)) ** gamma
        if self.clipped > MOST_CLIPPED:
            found.append(f"red is clipped, {self.clipped:.0%} of the light: halve the exposure, or lower the gain")
        elif self.white < WANTED[0]:
            found.append(f"too dark, {at}: expose {share:.1f} times as long, or open the lens by {np.log2(share):.1f} "
                         "stops")
        elif self.white > WANTED[1]:
            found.append(f"nearly clipped, {at}: shorten the exposure to {share:.0%}")
        if self.is_cut_off:
            found.append("light goes beyond the picture: move or turn the camera")
        return found


def look_at(picture: Pixels, dark: Pixels) -> Look:
    """Return what a picture tells.

    Args:
        picture, dark: Grey, with the projectors on, and with all of them black. Shape (height, width).
    """
    above = cv2.subtract(picture, dark)
    lit = above > max(LEAST_LIT, 0.2 * float(np.percentile(above[::4, ::4], 99)))
    seen = picture[lit]
    histogram = np.bincount((picture[::2, ::2] >> 2).ravel(), minlength=BINS) / max(picture[::2, ::2].size, 1)
    return Look(
        float(np.percentile(seen, 95)) if len(seen) else 0.0,
        float(np.mean(seen >= CLIPPED)) if len(seen) else 0.0,
        float(lit.mean()), is_cut_off(cv2.erode(lit.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0),
        _sharpness(picture, lit), histogram)


def marked(picture: Pixels) -> Pixels:
    """Return a picture (BGR) as it is shown to a person: clipped pixels are red. BGRX, shape (height, width, 4)."""
    shown = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    shown[(picture >= CLIPPED).any(2), :3] = RED
    return np.asarray(shown, np.uint8)


def _sharpness(picture: Pixels, lit: NDArray[np.bool_]) -> float:
    """Return how much of the light changes between neighbours, in the lit part; noise is the same at any focus."""
    if not lit.any():
        return 0.0
    fine = np.abs(cv2.Laplacian(picture, cv2.CV_32F))[lit]
    return float(np.mean(fine) / max(float(picture[lit].mean()), 1.0))
