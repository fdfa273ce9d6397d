"""Shake: where the picture stood while each bit was seen, told by what a frame and its inverse add up to; and scan by
scan, told by the wall where two projectors light it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.blas import one_thread
from calibration.decode import Scan
from calibration.patterns import AXES, Axis

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
PIECE_PX = (640, 400)  # of the picture's middle: enough to tell a hundredth of a pixel from a wall's texture
SOFT_PX = 1.0  # sigma: noise must not look like texture
THINNED = 2  # of so many soft pixels one is looked at
BORDER_PX = 9  # side of the square that must be lit as a whole
SHAKEN_PX, SURE = 0.02, 4.0  # less is none; nor is what is less than so many sigmas for all bits
FEWEST = 5000  # pixels
ROUNDS, OUTLIER = 4, 2.0
TEXTURE_PX = 12.0  # sigma of what is about a place
MOST_PX = 3.0  # a picture that stood farther off was knocked, which is no shake
Bits = Mapping[tuple[Axis, int], Array]


@dataclass(frozen=True)
class Tremble:
    """How a picture moved while a scan was taken, in camera_px.

    Attributes:
        shift_px: Where it stood while each bit and its inverse were seen, against the scan's mean. Shape (2,) each.
        apart_px: Half of how far it moved between the two. Shape (2,) each.
    """

    shift_px: Bits
    apart_px: Bits

    @property
    def most_px(self) -> float:
        """How far the picture stood off at most."""
        return max(float(np.abs(shift).max()) for shift in self.shift_px.values())

    def shifts(self, axis: Axis, bits: Sequence[int]) -> Array:
        """Return where the picture stood while bits were seen. Shape (len(bits), 2)."""
        return np.array([self.shift_px[axis, bit] for bit in bits])


def tremble_of(scan: Scan, labels: NDArray[np.int32], bits: Mapping[Axis, Sequence[int]]) -> Tremble | None:
    """Return how the picture moved; None where nothing shook, or where the wall has too little texture to tell.

    A frame and its inverse add up to the wall in even light, and to the slopes of their stripes by as much as the
    picture moved between the two.

    Args:
        labels: Segments, 0 for none.
        bits: Those whose places matter.
    Source:
        Lucas and Kanade 1981, for one shift of the whole picture.
    """
    one_thread()
    rows, columns = np.nonzero(labels[::8, ::8])
    if not scan.is_paired or not len(rows):
        return None
    middle = (8 * int(np.median(rows)), 8 * int(np.median(columns)))
    piece = tuple(slice(max(0, at - reach // 2), at + reach // 2)
                  for at, reach in zip(middle, PIECE_PX[::-1], strict=True))
    usable = (labels[piece] > 0).astype(np.uint8)
    usable[scan.white[piece] >= np.iinfo(scan.white.dtype).max] = 0
    lit = np.flatnonzero(cv2.erode(usable, np.ones((BORDER_PX, BORDER_PX), np.uint8), borderValue=0))
    if len(lit) < FEWEST:
        return None
    lit = lit[::THINNED]
    wanted = {axis: own for axis, own in bits.items() if own}
    if not any(_is_moved([_soft_pair(scan, axis, bit, piece)[0] for bit in own], lit) for axis, own in wanted.items()):
        return None
    every = [(axis, bit) for axis in AXES for bit in scan.plan.bits(axis)]
    found, sigma = _solved_all([_soft_pair(scan, *one, piece) for one in every], lit)
    own = [every.index((axis, bit)) for axis in wanted for bit in wanted[axis]]
    shift, unsure = np.abs(found[own, :2]), sigma[own]
    if shift.max() <= SHAKEN_PX or (shift / unsure).max() <= SURE:
        return None
    return Tremble(dict(zip(every, found[:, :2], strict=True)), dict(zip(every, found[:, 3:], strict=True)))


def steady_light(scan: Scan, tremble: Tremble | None) -> Floats:
    """Return the scene as evenly lit as can be, without the stripes that a trembling picture leaves in `Scan.light`."""
    if tremble is None:
        return scan.light
    total, across, down = (np.zeros(scan.pictures[0].shape, np.float32) for _ in range(3))
    for (axis, bit), (x, y) in tremble.apart_px.items():
        shown, inverse = scan.pair(axis, bit)
        cv2.accumulate(shown, total)
        cv2.accumulate(inverse, total)
        apart = cv2.subtract(shown, inverse, dtype=cv2.CV_32F)
        cv2.scaleAdd(apart, x, across, across)
        cv2.scaleAdd(apart, y, down, down)
    return np.asarray((total + _slope(across, 1) + _slope(down, 0)) / (2 * len(tremble.apart_px)), np.float32)


def shifts_between(lights: Sequence[Floats], seen: Sequence[NDArray[np.bool_]]) -> Array:
    """Return where the picture stood during each of several scans by one camera, against each other, in camera_px.

    Where two projectors light the same wall its texture tells, whatever lights it. All zero where there is too little.

    Args:
        lights: The scene evenly lit by one projector each (`steady_light`). Shape (height, width).
        seen: Where each projector's light is. Shape (height, width).
    Returns:
        Shape (n, 2).
    """
    rows, apart = [np.zeros(len(lights))], [np.zeros(2)]
    for one, other in itertools.combinations(range(len(lights)), 2):
        found = _between(lights[one], lights[other], seen[one] & seen[other])
        if found is not None:
            sure = 1 / float(found[1].max())
            row = np.zeros(len(lights))
            row[one], row[other] = -sure, sure
            rows.append(row)
            apart.append(found[0] * sure)
    return np.asarray(np.linalg.lstsq(np.array(rows), np.array(apart), rcond=None)[0])


def _between(one: Floats, other: Floats, both: NDArray[np.bool_]) -> tuple[Array, Array] | None:
    """Return how far the second picture stands from the first, and its standard deviations; None if that is unknown."""
    lit = cv2.erode(both.astype(np.uint8), np.ones((BORDER_PX, BORDER_PX), np.uint8), borderValue=0) > 0
    if lit.sum() < FEWEST:
        return None
    piece = tuple(slice(max(0, own[0] - BORDER_PX), own[-1] + BORDER_PX)
                  for own in (np.flatnonzero(lit.any(axis)) for axis in (1, 0)))
    lit = lit[piece]
    first, second = (_texture(light[piece], both[piece]) for light in (one, other))
    shift = np.zeros(2)
    for _ in range(ROUNDS):
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])  # of the place that is looked up
        back = cv2.warpAffine(second, move, second.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        known = np.column_stack([-part[lit] for part in np.gradient((first + back) / 2)[::-1]] + [np.ones(lit.sum())])
        step, sigma = _solved(known, (back - first)[lit].astype(np.float64))
        shift += step[:2]
    sigma = sigma[:2]
    return (shift, sigma) if np.abs(shift).max() < MOST_PX and (np.abs(shift) > SURE * sigma).any() else None


def _texture(light: Floats, lit: NDArray[np.bool_]) -> Floats:
    """Return how much lighter than about it each place of a wall is, whatever lights it; softened."""
    dark, mask = np.log(np.maximum(light, 1)), lit.astype(np.float32)
    around, count = (cv2.GaussianBlur(part, (0, 0), TEXTURE_PX) for part in (dark * mask, mask))
    fine = np.where(lit, dark - around / np.maximum(count, 1e-6), 0)
    return np.asarray(cv2.GaussianBlur(fine, (0, 0), SOFT_PX), np.float32)


def _slope(picture: Floats, axis: int) -> Floats:
    """Return how a picture grows from row to row (0) or from column to column (1)."""
    return np.asarray(cv2.Sobel(picture, cv2.CV_32F, axis, 1 - axis, ksize=1, scale=0.5), np.float32)


def _is_moved(own: Sequence[Floats], lit: NDArray[np.int64]) -> bool:
    """Return whether what follows each other stands apart."""
    known = _known(np.asarray(np.mean(own, axis=0), np.float32), lit)
    inverse = np.linalg.pinv(known.T @ known)
    steps = [inverse @ (known.T @ (after - before).ravel()[lit]) for before, after in itertools.pairwise(own)]
    return any(float(np.abs(step[:2]).max()) >= SHAKEN_PX for step in steps)


def _known(light: Floats, lit: NDArray[np.int64]) -> Array:
    """Return what a small shift, or more light, changes at each lit pixel. Shape (n, 3)."""
    parts = [-_slope(light, 1), -_slope(light, 0), light / light.mean()]
    return np.stack([part.ravel()[lit] for part in parts], 1).astype(np.float64)


def _solved_all(pairs: Sequence[tuple[Floats, Floats]], lit: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return of each bit its shift, its light and half of what its two frames stood apart, and the shift's sigmas.

    The mean of all is made anew once it is known what the stripes left in it.

    Returns:
        Shapes (n, 5) and (n, 2).
    """
    found, sigma = np.zeros((len(pairs), 5)), np.zeros((len(pairs), 2))
    for _ in range(2):
        mean = np.asarray(np.mean([total + np.float32(x) * _slope(apart, 1) + np.float32(y) * _slope(apart, 0)
                                   for (total, apart), (*_, x, y) in zip(pairs, found, strict=True)], axis=0))
        known = _known(mean, lit)
        for number, (total, apart) in enumerate(pairs):
            stripes = np.stack([-_slope(apart, 1).ravel()[lit], -_slope(apart, 0).ravel()[lit]], 1)
            found[number], own = _solved(np.hstack([known, stripes]), (total - mean).ravel()[lit].astype(np.float64))
            sigma[number] = own[:2]
    found[:, :2] -= found[:, :2].mean(0)
    return found, sigma / np.sqrt(THINNED)


def _solved(known: Array, left: Array) -> tuple[Array, Array]:
    """Return what is left in terms of what is known, and standard deviations; in rounds outliers are left out."""
    kept = np.ones(len(left), bool)
    for _ in range(ROUNDS):
        inverse = np.linalg.pinv((known * kept[:, None]).T @ known)
        values = inverse @ (known.T @ (left * kept))
        error = left - known @ values
        spread = 1.4826 * float(np.median(np.abs(error[kept])))
        kept = np.abs(error) < OUTLIER * spread
    sigma = spread * np.sqrt(np.diag(inverse))
    return values, sigma * 2 * np.sqrt(np.pi) * SOFT_PX  # what was made soft tells less than it has pixels


def _soft_pair(scan: Scan, axis: Axis, bit: int, piece: tuple[slice, ...]) -> tuple[Floats, Floats]:
    """Return the sum and the difference of a frame and its inverse, softened."""
    shown, inverse = (picture[piece] for picture in scan.pair(axis, bit))
    total, apart = (cv2.GaussianBlur(part, (0, 0), SOFT_PX) for part in
                    (cv2.add(shown, inverse, dtype=cv2.CV_32F), cv2.subtract(shown, inverse, dtype=cv2.CV_32F)))
    return np.asarray(total), np.asarray(apart)
