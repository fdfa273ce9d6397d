"""Soundness: what of a scan's pictures cannot be right, in words with the remedy, before anybody trusts its map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.decode import Codes, Decoded, Picture, Scan
from calibration.fit import CameraMap
from calibration.patterns import AXES, Pattern

MOVED_PX, SURE = 1.0, 0.1  # of pictures at most LOOK_PX wide; the correlation's response, 1 for the same
LOOK_PX = 640
BEYOND = 0.02  # of the lit pixels whose code lies outside the projector; real scans have a thousandth
CLIPPED = 0.5  # of the lit pixels
EVENER = 0.8  # of the unevenness: what is left when a bit is turned round that was upside down
LEAST_MAPPED = 0.2  # of the lit pixels


def unfit(odd: Sequence[str]) -> list[str]:
    """Return what is to be said of frames that do not add up, see `calibration.folder.odd_frames`."""
    if not odd:
        return []
    return [f"frames that do not add up to white and black: {', '.join(odd)}; put the files in the order of the "
            "manifest, or take the scan again"]


def unsound(scan: Scan, decoded: Decoded) -> list[str]:
    """Return what is wrong with a scan, each with its remedy; an empty list if it may be fitted."""
    return [*_clipped(scan, decoded), *_beyond(scan, decoded), *_swapped(scan, decoded), *_moved(scan)]


def unmapped(decoded: Decoded, found: CameraMap) -> list[str]:
    """Return whether most of what is lit has a code that no surface explains."""
    share = float(np.mean(found.labels[decoded.is_lit] > 0))
    if share >= LEAST_MAPPED:
        return []
    return [f"only {share:.0%} of what is lit has a code that fits a surface; are the frames in the order that the "
            "manifest says? Compare `order`, `kind`, `first` and `inverse` with the pictures"]


def _clipped(scan: Scan, decoded: Decoded) -> Iterator[str]:
    top = np.iinfo(scan.white.dtype).max
    share = float(np.mean(scan.white[decoded.is_lit] >= top))
    if share > CLIPPED:
        yield (f"white is clipped on {share:.0%} of the projection; shorten the exposure or lower the gain until white "
               "stays below nine tenths, and take the scan again")


def _beyond(scan: Scan, decoded: Decoded) -> Iterator[str]:
    lit = decoded.contrast > 0.25 * np.percentile(decoded.contrast[::4, ::4], 99)
    for axis, code, length in zip(AXES, decoded.codes, scan.plan.size, strict=True):
        share = float(np.mean(code[lit] >= length))
        if share > BEYOND:
            yield (f"{share:.0%} of the {axis} that are seen lie outside a projector of {scan.plan.size[0]} x "
                   f"{scan.plan.size[1]}; is `projector` its native size, and does `order` name {axis} in its place?")


def _swapped(scan: Scan, decoded: Decoded) -> Iterator[str]:
    """Yield bits whose frame and inverse have changed places: turned round, the code runs far more evenly.

    Where the coarsest bit is turned round, the whole code is only mirrored, which nobody can tell from a mirror.
    """
    if scan.plan.kind == "xor":
        return
    lit = cv2.erode(decoded.is_lit.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for axis, code, offset in zip(AXES, decoded.codes, scan.plan.offset, strict=True):
        cells = code // np.uint16(scan.plan.cell_px) + np.uint16(offset)
        uneven = _unevenness(cells, lit)
        for bit in scan.plan.bits(axis):
            turned = 1 << bit if scan.plan.kind == "binary" else (2 << bit) - 1
            if _unevenness(cells ^ np.uint16(turned), lit) < EVENER * uneven:
                yield (f"frame '{Pattern('bit', axis, bit)}' and its inverse have changed places; put the files in the "
                       "order of the manifest, or take the scan again")
                break


def _unevenness(code: Codes, lit: NDArray[np.bool_]) -> float:
    """Return how far the code of lit neighbours lies apart, across and down together."""
    total = 0.0
    for after, before in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        both = lit[after] & lit[before]
        total += float(np.mean(cv2.absdiff(code[after], code[before])[both])) if both.any() else 0.0
    return total


def _moved(scan: Scan) -> Iterator[str]:
    """Yield the first pair whose sum lies elsewhere than white and black: the camera or the projector was moved."""
    if not scan.is_paired:
        return
    whole = _small(scan.white) + _small(scan.black)
    window = cv2.createHanningWindow(whole.shape[::-1], cv2.CV_32F)
    for axis in AXES:
        for bit in scan.plan.bits(axis):
            shown, inverse = scan.pair(axis, bit)
            (x, y), sure = cv2.phaseCorrelate(whole, _small(shown) + _small(inverse), window)
            if np.hypot(x, y) > MOVED_PX and sure > SURE:
                far_px = np.hypot(x, y) * scan.white.shape[1] / whole.shape[1]
                yield (f"from frame '{Pattern('bit', axis, bit)}' on the picture has moved by {far_px:.1f} camera "
                       "pixels; fix tripod, projector and floor, and take the scan again")
                return


def _small(picture: Picture) -> NDArray[np.float32]:
    step = max(1, -(-picture.shape[1] // LOOK_PX))
    size = (picture.shape[1] // step, picture.shape[0] // step)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
