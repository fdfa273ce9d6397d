"""The fit: from marks to a smooth map camera_px -> projector_px of each segment, as exact as all marks together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.axis_fit import BIN_PX, AxisFit, Box, projected
from calibration.blas import one_thread
from calibration.crossings import Marks, marks_of
from calibration.decode import Codes, Decoded, Scan, decode
from calibration.patterns import AXES
from calibration.segments import jump_of, segments_of, smoothed
from calibration.shake import Tremble, tremble_of
from calibration.spline import Spline
from engine.problems import MixeurError

Array = NDArray[np.float64]
SPACINGS_PX = (48.0, 24.0, 12.0)  # of the knots, until nothing is left that is not noise
TORN_PX = 5  # side of the square around a pixel that must hold one segment only
ACCEPT_PX = 1.5  # a pixel whose code is farther from the fit is not accepted
ACCEPT_MEAN_PX, MEAN_OVER_PX = 0.75, 3  # nor one about which all codes are: at a surface's rim the fit may go astray
NO_CODE = ("fit: the pictures hold light but no code; is the projector at its native resolution, with sharpness and "
           "keystone off, and are the frames in order? Take the scan again")


@dataclass(frozen=True)
class Segment:
    """One connected surface: a homography and what is left, as two splines.

    Attributes:
        number: In `CameraMap.labels`.
        box: Where it stands in the camera's picture.
        homography: camera_px -> projector_px. Shape (3, 3).
        splines: Of the columns' and the rows' residual.
        noise_px: Robust sigma of single marks.
        even_odd_px: Differences between the fits of even and of odd stripes, on the bins of both.
    """

    number: int
    box: Box
    homography: Array
    splines: tuple[Spline, Spline]
    noise_px: float
    even_odd_px: Array = field(repr=False)

    def at(self, camera_px: Array) -> Array:
        """Return projector_px at camera_px. Shape (n, 2) both."""
        x, y = camera_px[:, 0], camera_px[:, 1]
        flat = projected(self.homography, x, y)
        return np.stack([f + spline.at(x, y) for f, spline in zip(flat, self.splines, strict=True)], 1)

    def moved(self, shift_px: Array) -> Segment:
        """Return the segment as it is seen where the picture stands so far back, in camera_px. Shape (2,)."""
        to = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]], [0, 0, 1]])
        columns, rows = (replace(one, origin=(one.origin[0] - shift_px[0], one.origin[1] - shift_px[1]))
                         for one in self.splines)
        return replace(self, homography=self.homography @ to, splines=(columns, rows))

    def on_grid(self, xs: Array, ys: Array) -> Array:
        """Return projector_px at all crossings of columns and rows. Shape (2, len(ys), len(xs))."""
        flat = projected(self.homography, xs[None], ys[:, None])
        return np.stack([f + s.on_grid(xs, ys) for f, s in zip(flat, self.splines, strict=True)])


@dataclass(frozen=True)
class CameraMap:
    """What a camera sees of one projector, to a fraction of a pixel.

    Attributes:
        size: (width, height) of the projector.
        labels: Number of the segment of each accepted camera pixel, 0 for none. Shape (height, width).
        projector_px: At the pixels' centres; nan where there is none. Shape (2, height, width), float32.
        segments: By their numbers less 1.
        tremble: How the picture moved while the bits were shown; None where nothing shook.
    """

    size: tuple[int, int]
    labels: NDArray[np.int32]
    projector_px: NDArray[np.float32]
    segments: Sequence[Segment]
    tremble: Tremble | None = None

    def moved(self, shift_px: Array) -> CameraMap:
        """Return the map as it is seen where the picture stands so far back, in camera_px. Shape (2,)."""
        segments = [segment.moved(shift_px) for segment in self.segments]
        projector_px = np.full_like(self.projector_px, np.nan)
        for segment in segments:
            own = self.labels == segment.number
            rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
            if len(rows):
                window = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
                seen = segment.on_grid(np.arange(columns[0], columns[-1] + 1) + 0.5,
                                       np.arange(rows[0], rows[-1] + 1) + 0.5)
                np.copyto(projector_px[:, *window], seen, where=own[window], casting="same_kind")
        return replace(self, segments=segments, projector_px=projector_px)

    @property
    def even_odd_p95_px(self) -> float:
        """How far the fits of even and of odd stripes lie apart: the honest error bar."""
        return float(np.percentile(np.concatenate([segment.even_odd_px for segment in self.segments]), 95))

    @property
    def noise_px(self) -> float:
        """Noise of a single mark."""
        return max(segment.noise_px for segment in self.segments)


def solve(scan: Scan) -> CameraMap:
    """Decode a scan and fit it.

    Raises:
        MixeurError: With cause and remedy, where nothing can be fitted.
    """
    return fit(scan, decode(scan))


def fit(scan: Scan, decoded: Decoded) -> CameraMap:
    """Return the smooth map of every segment; `MixeurError` where there is none."""
    codes = (smoothed(decoded.codes[0]), smoothed(decoded.codes[1]))
    labels = segments_of(decoded, codes, jump_of(codes, decoded.is_lit))
    count = int(labels.max())
    if count == 0:
        raise MixeurError(NO_CODE)
    with ThreadPoolExecutor(2) as pool:
        marks = list(pool.map(lambda axis: marks_of(scan, decoded, codes, labels, axis), AXES))
        tremble = tremble_of(scan, labels, {axis: mark.bits for axis, mark in zip(AXES, marks, strict=True)})
        if tremble is not None:
            marks = [replace(mark, shift_px=tremble.shifts(axis, mark.bits)) if mark.bits else mark
                     for axis, mark in zip(AXES, marks, strict=True)]
        segments = _segments(labels, codes, marks, pool)
    found = _mapped(scan, decoded, labels, segments, tremble)
    if not found.labels.any():
        raise MixeurError(NO_CODE)
    return found


def _segments(labels: NDArray[np.int32], codes: tuple[Codes, Codes], marks: Sequence[Marks],
              pool: ThreadPoolExecutor) -> list[Segment]:
    count = int(labels.max())
    owners = [labels.ravel()[mark.index] for mark in marks]
    segments = []
    for number in range(1, count + 1):
        own = [mark if count == 1 else mark.of(np.flatnonzero(owner == number))
               for mark, owner in zip(marks, owners, strict=True)]
        segment = segment_of(number, labels, codes, own, pool)
        if segment is not None:
            segments.append(segment)
    return segments


def segment_of(number: int, labels: NDArray[np.int32], codes: tuple[Codes, Codes], marks: Sequence[Marks],
               pool: ThreadPoolExecutor, spacings_px: Sequence[float] = SPACINGS_PX) -> Segment | None:
    """Return one surface's smooth map; None if it has hardly any marks.

    Args:
        marks: On this surface, of columns and of rows.
        spacings_px: Of the knots, tried in turn until nothing is left that is not noise.
    """
    one_thread()
    if min(len(mark.index) for mark in marks) < 30:
        return None
    rows, columns = np.nonzero(labels == number)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    homography = _homography(rows, columns, codes, box)
    fits = list(pool.map(lambda axis: AxisFit(box, labels.shape[1], homography, axis, marks[axis]).run(spacings_px),
                         (0, 1)))
    apart = np.hypot(fits[0][2], fits[1][2])
    return Segment(number, box, homography, (fits[0][0], fits[1][0]), max(fits[0][1], fits[1][1]),
                   apart[np.isfinite(apart)])


def _homography(rows: NDArray[np.int64], columns: NDArray[np.int64], codes: tuple[Codes, Codes], box: Box) -> Array:
    """Return the robust homography of a segment, or an affine map where its horizon would cross the segment."""
    step = max(1, len(rows) // 3000)
    rows, columns = rows[::step], columns[::step]
    camera = np.stack([columns + 0.5, rows + 0.5], 1).astype(np.float64)
    projector = np.stack([code[rows, columns] + 0.5 for code in codes], 1).astype(np.float64)
    found, _ = cv2.findHomography(camera, projector, cv2.USAC_MAGSAC, 3.0)
    if found is not None and np.isfinite(found).all():
        left, top, right, bottom = box
        depth = np.array([found[2] @ (x, y, 1) for x in (left, right) for y in (top, bottom)])
        if np.all(depth > 0.2) and np.all(depth < 5):
            return np.asarray(found, np.float64)
    ones = np.column_stack([camera, np.ones(len(camera))])
    affine = np.linalg.lstsq(ones, projector, rcond=None)[0].T
    return np.vstack([affine, (0.0, 0.0, 1.0)])


def _mapped(scan: Scan, decoded: Decoded, labels: NDArray[np.int32], segments: Sequence[Segment],
            tremble: Tremble | None) -> CameraMap:
    """Evaluate the segments on the camera's pixels; pixels that agree with a segment beside them join it.

    Codes are as they were seen: where the picture had moved, so far in camera pixels, they may stand off by as much.
    """
    accepted = np.zeros_like(labels)
    projector_px = np.full((2, *labels.shape), np.nan, np.float32)
    shape = labels.shape
    for segment in segments:
        left, top, right, bottom = segment.box
        top, left, bottom, right = max(top - BIN_PX, 0), max(left - BIN_PX, 0), bottom + BIN_PX, right + BIN_PX
        window = np.s_[top:min(bottom, shape[0]), left:min(right, shape[1])]
        own = (labels[window] == segment.number).astype(np.uint8)
        near = cv2.dilate(own, np.ones((2 * BIN_PX + 1, 2 * BIN_PX + 1), np.uint8)) > 0
        seen = segment.on_grid(left + np.arange(own.shape[1]) + 0.5, top + np.arange(own.shape[0]) + 0.5)
        joins = near & decoded.is_lit[window] & (accepted[window] == 0)
        for code, place, axis in zip(decoded.codes, seen, AXES, strict=True):
            half = 0.5 * scan.plan.cell_px * (1 << (scan.plan.bits(axis) or (0,))[-1])  # of a step of the code
            off = np.asarray(code[window] + np.float32(half) - place, np.float32)
            slack = half - 0.5
            if tremble is not None:
                slack += tremble.most_px * float(np.median(np.hypot(*np.gradient(place))))
            joins &= np.abs(off) <= ACCEPT_PX + slack
            joins &= np.abs(mean_of(off, joins)) <= ACCEPT_MEAN_PX + slack
        accepted[window][joins] = segment.number
        for full, place in zip(projector_px, seen, strict=True):
            full[window][joins] = place[joins]
    torn = _torn(accepted)
    accepted[torn] = 0
    projector_px[:, torn] = np.nan
    return CameraMap(scan.plan.size, accepted, projector_px, segments, tremble)


def mean_of(values: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the mean of the values about each place, of those that count."""
    side, counts = (MEAN_OVER_PX, MEAN_OVER_PX), where.astype(np.float32)
    total, number = (cv2.boxFilter(part, cv2.CV_32F, side, normalize=False) for part in (values * counts, counts))
    return np.asarray(total / np.maximum(number, 1), np.float32)


def _torn(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels so near to another segment that they may see both."""
    side = np.ones((TORN_PX, TORN_PX), np.uint8)
    numbers = labels.astype(np.float32)
    highest = cv2.dilate(numbers, side)
    lowest = -cv2.dilate(np.where(labels > 0, -numbers, np.float32(-1e9)), side)
    return np.asarray((labels > 0) & (highest != lowest))
