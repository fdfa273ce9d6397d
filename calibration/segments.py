"""Segments: the connected surfaces that a camera sees lit, told apart by where the code jumps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.decode import Codes, Decoded

LEAST_SHARE = 2e-4  # of the picture: a smaller piece is noise
LEAST_PX = 150
SMOOTHING_PX = 5


def smoothed(codes: Codes) -> Codes:
    """Return codes without the errors of single pixels: the median of 5 x 5."""
    return np.asarray(cv2.medianBlur(codes, SMOOTHING_PX), np.uint16)


def jump_of(codes: tuple[Codes, Codes], is_lit: NDArray[np.bool_]) -> float:
    """Return how far neighbouring codes may differ on one surface, in projector pixels."""
    steps = []
    both = is_lit[::3, 1:] & is_lit[::3, :-1]
    for code in codes:
        differences = np.abs(np.diff(code[::3].astype(np.int32), axis=1))[both]
        steps.append(float(differences.mean()) if len(differences) and differences.max() < 50 else
                     float(np.mean(np.minimum(differences, 10))) if len(differences) else 0.0)
    return 2.0 + 1.5 * max(steps)


def segments_of(decoded: Decoded, codes: tuple[Codes, Codes], jump_px: float) -> NDArray[np.int32]:
    """Return the number of the surface that each pixel belongs to, 0 for none; the largest is 1.

    Args:
        codes: Smoothed; neighbours that differ by more than `jump_px` lie on two surfaces.
    """
    usable = decoded.is_lit & decoded.is_certain
    for code, smooth in zip(decoded.codes, codes, strict=True):
        usable &= cv2.absdiff(code, smooth) <= jump_px
        usable &= ~_jumps(smooth, jump_px)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(usable.astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    order = np.argsort(-areas)
    number = np.zeros(count, np.int32)
    large = [label for label in order if areas[label] >= max(LEAST_PX, LEAST_SHARE * usable.size)]
    number[large] = np.arange(1, len(large) + 1)
    return np.asarray(number[labels], np.int32)


def _jumps(code: Codes, jump_px: float) -> NDArray[np.bool_]:
    """Return the pixels whose right or lower neighbour is far away on the projector."""
    jumps = np.zeros(code.shape, bool)
    jumps[:, :-1] |= cv2.absdiff(code[:, 1:], code[:, :-1]) > jump_px
    jumps[:-1] |= cv2.absdiff(code[1:], code[:-1]) > jump_px
    return jumps
