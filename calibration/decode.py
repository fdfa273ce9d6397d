"""Decoding: from the pictures of a scan to the projector column and row that each camera pixel sees."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.gray_kernel import add_bit, to_numbers
from calibration.patterns import AXES, Axis, Pattern, Plan
from calibration.waves import places_of
from engine.problems import MixeurError

Picture = NDArray[Any]  # grey, uint8 or uint16
Codes = NDArray[np.uint16]
STRIP_ROWS = 64  # decoded at once: the code and what it is made of stay in the second-level cache
LEAST_LIT = 0.08  # of the brightest contrast
LEAST_DN = 6.0  # of contrast between white and black, of 255
FINE_BITS = range(2, 5)  # stripes of 8 to 32 px: fine enough for light from far walls, coarse enough for any camera


@dataclass(frozen=True)
class Scan:
    """The pictures of one camera, one for each pattern of the plan, grey, of one size and type."""

    plan: Plan
    pictures: Sequence[Picture]

    def picture(self, pattern: Pattern) -> Picture:
        """Return the picture of a pattern; `MixeurError` if the scan has none."""
        return self.pictures[self.plan.index(pattern)]

    def pair(self, axis: Axis, bit: int) -> tuple[Picture, Picture]:
        """Return the picture of a bit and of its inverse; a scan without inverses takes half of white and black."""
        shown, inverse = Pattern("bit", axis, bit), Pattern("bit", axis, bit, True)
        if inverse in self.plan.places:
            return self.picture(shown), self.picture(inverse)
        return self.picture(shown), cv2.addWeighted(self.white, 0.5, self.black, 0.5, 0)

    @property
    def white(self) -> Picture:
        """The picture of the fully lit room; without such a frame, what the others say of it."""
        return self._bounds[1]

    @property
    def black(self) -> Picture:
        """The picture of the room as it is without the projector; without such a frame, what the others say of it."""
        return self._bounds[0]

    @property
    def is_paired(self) -> bool:
        """Whether each bit has its inverse."""
        return any(pattern.inverse for pattern in self.plan.patterns)

    @functools.cached_property
    def is_upside_down(self) -> bool:
        """Whether the frame that is called white is the darker one: the manifest has the two in the wrong order."""
        given = [Pattern("white"), Pattern("black")]
        if not all(pattern in self.plan.patterns for pattern in given):
            return False
        white, black = (float(cv2.mean(self.picture(pattern))[0]) for pattern in given)
        return white < black

    @functools.cached_property
    def light(self) -> NDArray[np.float32]:
        """The scene as evenly lit as can be, the mean of all frames that add up to even light; little noise is left."""
        chosen = [pattern for pattern in self.plan.patterns
                  if pattern.role == "step" or (pattern.role == "bit" and self.is_paired)]
        total = np.zeros(self.pictures[0].shape, np.float32)
        for pattern in chosen or [Pattern("white")]:
            cv2.accumulate(self.picture(pattern), total)
        return np.asarray(total / max(1, len(chosen)), np.float32)

    @functools.cached_property
    def _bounds(self) -> tuple[Picture, Picture]:
        """What each pixel shows without and with the projector's light."""
        given = [Pattern("black"), Pattern("white")]
        low, high = (self.picture(one) if one in self.plan.patterns else None for one in given)
        if low is None or high is None:
            found = self._extremes()
            low, high = found[0] if low is None else low, found[1] if high is None else high
        return (high, low) if self.is_upside_down else (low, high)

    def _extremes(self) -> tuple[Picture, Picture]:
        rest = [picture for pattern, picture in zip(self.plan.patterns, self.pictures, strict=True)
                if pattern.role in ("bit", "step")]
        low, high = rest[0].copy(), rest[0].copy()
        for picture in rest[1:]:
            cv2.min(low, picture, dst=low)
            cv2.max(high, picture, dst=high)
        return low, high


@dataclass(frozen=True)
class Decoded:
    """What each camera pixel sees.

    Attributes:
        codes: Of columns and of rows. Shape (height, width) each, uint16.
        confidence: Least difference of a bit from its inverse over all bits. Shape (height, width).
        contrast: White less black. Shape (height, width).
        is_lit: Where the projector's light arrives and can be told. Shape (height, width).
        is_certain: Where no light from other walls can have turned a bit. Shape (height, width).
    """

    codes: tuple[Codes, Codes]
    confidence: Picture
    contrast: Picture
    is_lit: NDArray[np.bool_]
    is_certain: NDArray[np.bool_]


def decode(scan: Scan) -> Decoded:
    """Return what each camera pixel sees, in whole projector pixels.

    Raises:
        MixeurError: Hardly a pixel is lit, or all bits of an axis are missing.
    """
    has_bits = any(pattern.role == "bit" for pattern in scan.plan.patterns)
    columns, rows, confidence = codes_of(scan) if has_bits else _waves_of(scan)
    contrast = cv2.subtract(scan.white, scan.black)
    scale = unit_of(scan.white)
    bright = float(np.percentile(contrast[::4, ::4], 99))
    is_lit = contrast > max(LEAST_LIT * bright, LEAST_DN * scale)
    if is_lit.mean() < 0.001:
        raise MixeurError("scan: the camera sees no difference between white and black; is the projector on, the lens "
                          "cap off, and does the camera look at the projection? Then take the scan again")
    for code, length in zip((columns, rows), scan.plan.size, strict=True):
        is_lit &= code < length
    return Decoded((columns, rows), confidence, contrast, is_lit, _certain(scan, confidence))


def _waves_of(scan: Scan) -> tuple[Codes, Codes, Picture]:
    """Return columns, rows and confidence of each pixel of a scan that has waves only."""
    codes = []
    for axis in AXES:
        if not any(pattern.role == "step" and pattern.axis == axis for pattern in scan.plan.patterns):
            raise MixeurError(f"scan: has no waves along its {axis}; take it again with `calibrate scan`")
        place = places_of(scan, axis)
        codes.append(np.where((place >= 0) & (place < 65_535), place, 65_535).astype(np.uint16))
    return codes[0], codes[1], cv2.subtract(scan.white, scan.black)


def codes_of(scan: Scan) -> tuple[Codes, Codes, Picture]:
    """Return columns, rows and confidence of each pixel; strips of the picture go through two threads."""
    shape, kind = scan.pictures[0].shape, scan.pictures[0].dtype
    codes = tuple(np.zeros(shape, np.uint16) for _ in AXES)
    confidence = np.full(shape, np.iinfo(kind).max, kind)
    pairs = [[(bit, [_flat(picture) for picture in scan.pair(axis, bit)]) for bit in scan.plan.bits(axis)]
             for axis in AXES]
    if not all(pairs):
        raise MixeurError("scan: has no frames of columns or none of rows; take it again with `calibrate scan`")
    length = STRIP_ROWS * shape[1]
    cut = 1 << scan.plan.xor_bit if scan.plan.kind == "xor" else 0

    def work(start: int) -> None:
        strip = slice(start, start + length)
        for code, its in zip(codes, pairs, strict=True):
            own = _flat(code)[strip]
            for bit, (shown, inverse) in its:
                add_bit(shown[strip], inverse[strip], np.uint16(1 << bit), own, _flat(confidence)[strip])
            if scan.plan.kind != "binary":
                to_numbers(np.uint16(cut), np.uint16(sum(1 << bit for bit, _ in its if 1 << bit > cut)), own)
            own &= np.uint16(0xFFFF >> its[-1][0] << its[-1][0])  # finer bits are not known

    if confidence.size <= length:
        work(0)
    else:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(0, confidence.size, length)))
    for code, offset in zip(codes, scan.plan.offset, strict=True):
        if offset:
            np.subtract(code, np.uint16(offset), out=code)  # what lies before the first one wraps round
        if scan.plan.cell_px > 1:
            np.multiply(code, np.uint16(scan.plan.cell_px), out=code, where=code <= 65_535 // scan.plan.cell_px)
    return codes[0], codes[1], confidence


def unit_of(white: Picture) -> float:
    """Return what one number of an 8-bit picture is in this one; cameras store 10, 12 or 14 bits in 16 as well."""
    if white.dtype == np.uint8:
        return 1.0
    return float(1 << max(0, int(white.max()).bit_length() - 8))


def _flat(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture).reshape(-1)


def _certain(scan: Scan, confidence: Picture) -> NDArray[np.bool_]:
    """Return where the direct light is stronger than all that may come from elsewhere, or every bit is plain.

    Source:
        Xu and Aliaga 2007, "Robust pixel classification for 3D modeling with structured light"; Nayar et al. 2006.
    """
    brightest, darkest = scan.black.copy(), scan.white.copy()
    if not scan.is_paired or not any(set(FINE_BITS) & set(scan.plan.bits(axis)) for axis in AXES):
        return np.ones(confidence.shape, bool)
    for axis in AXES:
        for bit in scan.plan.bits(axis):
            if bit in FINE_BITS:
                for picture in scan.pair(axis, bit):
                    cv2.max(brightest, picture, dst=brightest)
                    cv2.min(darkest, picture, dst=darkest)
    direct = cv2.subtract(brightest, darkest, dtype=cv2.CV_32F)
    elsewhere = 2 * cv2.subtract(darkest, scan.black, dtype=cv2.CV_32F)
    return np.asarray(confidence >= elsewhere - direct)
