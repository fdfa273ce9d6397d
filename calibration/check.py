"""Checks on a scan's frames as they arrive: light and its inverse must add up to white and black, row by row."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]
Floats = NDArray[np.float32]
Fault = Literal["", "stale", "torn", "moved", "light", "over-exposed", "dark"]
REMEDIES: dict[Fault, str] = {
    "stale": "the camera gave a picture of the frame before; wait longer after each frame (--wait-s)",
    "torn": "the camera's picture holds two frames; wait longer after each frame, or use a global shutter",
    "moved": "the picture moved by more than its noise; fix the tripod, the projector and the floor between them",
    "light": "the brightness changed; switch off the camera's automatic exposure and gain, keep the room's light still",
    "over-exposed": "white is clipped; shorten the exposure or lower the gain until white stays below nine tenths",
    "dark": "the camera hardly sees the projection; lengthen the exposure, darken the room, take the lens cap off",
}
CLIPPED_SHARE = 0.02  # of the lit pixels
LEAST_DN = 12.0  # of contrast, in the brighter half of what is lit
BORDER_PX = 7  # side of the square that must be lit as a whole: a trembling border is no torn frame
EXCESS = 4.0  # chi square of a row of pixels, from which it is wrong
ROW_SHARE = 0.08  # of the contrast: a whole row may be brighter by so much through a colour wheel
DRIFT_SHARE = 0.015  # of the light of white and black
LEAST_ROWS, LEAST_ROW_PX = 3, 20
STALE_ROWS = 0.6
ALIKE = 0.15  # of the contrast: less than any two frames of a scan differ in a row
RESOLVED = 0.5  # of the contrast: by so much stripes differ from their inverse that the camera tells apart
MOST_TREMBLING = 0.35  # of the pixels of coarse stripes plainly differ through it; of frames that are late, half
PLAIN = 0.25  # of the contrast: more than a moved picture changes on most of its pixels


@dataclass(frozen=True)
class Reference:
    """White and black, each seen twice: what a pair of frames must add up to, and how much it may differ.

    Attributes:
        total: White and black together. Shape (height, width).
        contrast: White less black.
        variance: Of what a pair differs from the total.
        is_lit: Where the projection is, without its border.
        gamma: The camera's; pictures are made linear with it.
    """

    total: Floats
    contrast: Floats
    variance: Floats
    is_lit: NDArray[np.bool_]
    gamma: float = 1.0

    @functools.cached_property
    def lit(self) -> Floats:
        """1 where the projection is, 0 elsewhere."""
        return self.is_lit.astype(np.float32)

    @functools.cached_property
    def count(self) -> Floats:
        """How many pixels of each row are lit, at least 1."""
        return np.asarray(np.maximum(self.lit.sum(1), 1), np.float32)

    @functools.cached_property
    def row_contrast(self) -> Floats:
        """Mean contrast of each row."""
        return np.asarray((self.contrast * self.lit).sum(1) / self.count, np.float32)

    @functools.cached_property
    def light(self) -> float:
        """Of all lit pixels together, in white and black."""
        return max(float(self.total[self.is_lit].sum()), 1.0)

    @functools.cached_property
    def certainty(self) -> Floats:
        """How much each lit pixel says."""
        return np.asarray(self.lit / self.variance, np.float32)


def reference_of(whites: tuple[Picture, Picture], blacks: tuple[Picture, Picture], gamma: float = 1.0) -> Reference:
    """Return what pairs are held against; noise is a constant and a share of the light, told by the two of a kind."""
    white, black = ((linear(pair[0], gamma) + linear(pair[1], gamma)) / 2 for pair in (whites, blacks))
    contrast = white - black
    lit = contrast > max(0.1 * float(np.percentile(contrast[::4, ::4], 99)), 2.0)
    is_lit = cv2.erode(lit.astype(np.uint8), np.ones((BORDER_PX, BORDER_PX), np.uint8)) > 0
    noises = []
    for pair, mean in ((whites, white), (blacks, black)):
        apart = (linear(pair[0], gamma) - linear(pair[1], gamma))[is_lit]
        spread = 1.4826 * float(np.median(np.abs(apart))) if len(apart) else 1.0
        noises.append((max(spread ** 2 / 2, float(np.mean(apart ** 2)) / 2 if spread == 0 else 0, 0.05),
                       float(mean[is_lit].mean()) if len(apart) else 1.0))
    (bright, at_bright), (dim, at_dim) = noises
    slope = max(bright - dim, 0.0) / max(at_bright - at_dim, 1.0)
    total = white + black
    variance = 1.5 * (2 * max(dim - slope * at_dim, 0.05) + slope * total)
    return Reference(np.asarray(total, np.float32), np.asarray(contrast, np.float32), np.asarray(variance, np.float32),
                     is_lit, gamma)


def white_fault(white: Picture, reference: Reference) -> Fault:
    """Return what is wrong with the exposure, or an empty text."""
    if reference.is_lit.mean() < 0.002 or np.percentile(reference.contrast[reference.is_lit], 50) < LEAST_DN:
        return "dark"
    top = np.iinfo(white.dtype).max
    return "over-exposed" if np.mean(white[reference.is_lit] >= top) > CLIPPED_SHARE else ""


def pair_fault(shown: Picture, inverse: Picture, reference: Reference) -> Fault:
    """Return what is wrong with a frame or its inverse, or an empty text."""
    lit = reference.is_lit
    left, rows, wrong = _sums(shown, inverse, reference)
    drift = cv2.sumElems(left)[0] / reference.light
    if not wrong.any() and abs(drift) <= DRIFT_SHARE:
        return ""
    plain = np.mean(np.abs(left[lit]) > PLAIN * reference.contrast[lit])
    if wrong.sum() > STALE_ROWS * rows.sum():
        return "stale" if plain > 0.15 else "light" if abs(drift) > DRIFT_SHARE else "moved"
    if _longest_run(wrong[rows]) >= LEAST_ROWS:
        bad = lit & wrong[:, None]
        return "torn" if np.mean(np.abs(left[bad]) > PLAIN / 2 * reference.contrast[bad]) > 0.15 else "moved"
    return "light" if abs(drift) > DRIFT_SHARE else ""


def is_late(shown: Picture, inverse: Picture, before: Picture, reference: Reference, is_coarse: bool = False) -> bool:
    """Return whether the wrong rows of a pair look like the frame before, or are wronger than trembling makes them.

    Stripes that the camera hardly resolves look like their inverse, or turn into it as the picture trembles: they tell
    nothing.

    Args:
        before: The picture that was shown before `shown`.
        is_coarse: Whether stripes are wider than any trembling.
    """
    left, _, wrong = _sums(shown, inverse, reference)
    plain = np.mean(np.abs(left) > PLAIN * reference.contrast, where=reference.is_lit)
    if is_coarse and plain > MOST_TREMBLING:
        return True
    first, second, third = (linear(picture, reference.gamma) for picture in (before, shown, inverse))
    late = np.zeros(len(wrong), bool)
    for one, other in ((first, second), (second, third)):
        tells = _apart(one, reference.total - one, reference) > RESOLVED
        late |= tells & (_apart(one, other, reference) < ALIKE)
    return bool(wrong.any() and np.mean(late[wrong]) > 0.5)


def is_repeated(shown: Picture, inverse: Picture, before: Picture, reference: Reference) -> bool:
    """Return whether a pair is the one before it, which adds up as well: both of its pictures came two frames late.

    Args:
        before: What was seen of that pair's `shown`.
    """
    lit, gamma = reference.is_lit, reference.gamma
    light, dark, old = (linear(picture, gamma)[lit] for picture in (shown, inverse, before))
    contrast = float(reference.contrast[lit].mean())
    is_resolved = np.abs(light - dark).mean() > RESOLVED * contrast
    return bool(is_resolved and np.abs(light - old).mean() < ALIKE * contrast)


def _sums(shown: Picture, inverse: Picture,
          reference: Reference) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what a pair differs from white and black together, which rows are lit, and which of them are wrong."""
    if reference.gamma == 1 and shown.dtype == np.uint8:
        left = np.asarray(cv2.add(shown, inverse, dtype=cv2.CV_32F), np.float32)
    else:
        left = linear(shown, reference.gamma) + linear(inverse, reference.gamma)
    left = np.asarray(cv2.multiply(cv2.subtract(left, reference.total), reference.lit), np.float32)
    count, weight = reference.count, reference.certainty
    rows = count >= LEAST_ROW_PX
    mean = left.sum(1) / count
    weighed = left * weight
    square, product, total = (np.einsum("ij,ij->i", weighed, left), weighed.sum(1), weight.sum(1))
    spread = (square - 2 * mean * product + mean * mean * total) / count
    return left, rows, rows & ((spread > EXCESS) | (np.abs(mean) > ROW_SHARE * reference.row_contrast))


def _apart(one: Floats, other: Floats, reference: Reference) -> Floats:
    """Return how far the rows of two pictures differ, in shares of the contrast."""
    apart = (np.abs(one - other) * reference.lit).sum(1) / reference.count
    return np.asarray(apart / np.maximum(reference.row_contrast, 1e-3), np.float32)


def has_moved(before: Picture, after: Picture, reference: Reference) -> bool:
    """Return whether two whites, taken before and after a scan, differ by more than noise on many pixels."""
    left = np.abs(linear(before, reference.gamma) - linear(after, reference.gamma))[reference.is_lit]
    return bool(np.mean(left ** 2 > 36 * reference.variance[reference.is_lit]) > 0.01)


def linear(picture: Picture, gamma: float) -> Floats:
    """Return a picture as light, 0..255. Shape (height, width), float32."""
    top = np.iinfo(picture.dtype).max
    if gamma == 1 and top == 255:
        return picture.astype(np.float32)
    if top == 255:
        table = (255 * (np.arange(256) / 255) ** gamma).astype(np.float32)
        return np.asarray(cv2.LUT(picture, table), np.float32)
    return np.asarray(255 * (picture / np.float32(top)) ** np.float32(gamma), np.float32)


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
