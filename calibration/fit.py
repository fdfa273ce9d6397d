"""The fit: from marks to a smooth map camera_px -> projector_px of each segment, as exact as all marks together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.crossings import Marks, marks_of
from calibration.decode import Codes, Decoded, Scan, decode
from calibration.patterns import AXES
from calibration.segments import jump_of, segments_of, smoothed
from calibration.spline import Spline
from engine.problems import MixeurError

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom of a segment, in whole camera pixels
SHARE_BINS = 24  # of the place between two pixels
PHASE_BINS, FEWEST_WAVES = 48, 4  # of a wave's length, and how many waves tell its own error from the surface
BIN_PX = 4  # marks are gathered in squares of so many camera pixels
SPACINGS_PX = (48.0, 24.0, 12.0)  # of the knots, until nothing is left that is not noise
OUTLIERS = (np.inf, 10.0, 4.0)  # robust sigmas, round by round: what is far off at first may only be curved
SYSTEMATIC_PX = 0.015  # what may be left after the fit, in most places
TORN_PX = 5  # side of the square around a pixel that must hold one segment only
ACCEPT_PX = 1.5  # a pixel whose code is farther from the fit is not accepted


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
        flat = _projected(self.homography, x, y)
        return np.stack([f + spline.at(x, y) for f, spline in zip(flat, self.splines, strict=True)], 1)

    def on_grid(self, xs: Array, ys: Array) -> Array:
        """Return projector_px at all crossings of columns and rows. Shape (2, len(ys), len(xs))."""
        flat = _projected(self.homography, xs[None], ys[:, None])
        return np.stack([f + s.on_grid(xs, ys) for f, s in zip(flat, self.splines, strict=True)])


@dataclass(frozen=True)
class CameraMap:
    """What a camera sees of one projector, to a fraction of a pixel.

    Attributes:
        size: (width, height) of the projector.
        labels: Number of the segment of each accepted camera pixel, 0 for none. Shape (height, width).
        projector_px: At the pixels' centres; nan where there is none. Shape (2, height, width), float32.
        segments: By their numbers less 1.
    """

    size: tuple[int, int]
    labels: NDArray[np.int32]
    projector_px: NDArray[np.float32]
    segments: Sequence[Segment]

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
        raise MixeurError("fit: the pictures hold light but no code; is the projector at its native resolution, with "
                          "sharpness and keystone off, and are the frames in order? Take the scan again")
    with ThreadPoolExecutor(2) as pool:
        marks = list(pool.map(lambda axis: marks_of(scan, decoded, codes, labels, axis), AXES))
        owners = [labels.ravel()[mark.index] for mark in marks]
        segments = []
        for number in range(1, count + 1):
            own = [mark if count == 1 else mark.of(np.flatnonzero(owner == number))
                   for mark, owner in zip(marks, owners, strict=True)]
            segment = segment_of(number, labels, codes, own, pool)
            if segment is not None:
                segments.append(segment)
    return _mapped(scan, decoded, labels, segments)


def segment_of(number: int, labels: NDArray[np.int32], codes: tuple[Codes, Codes], marks: Sequence[Marks],
               pool: ThreadPoolExecutor, spacings_px: Sequence[float] = SPACINGS_PX) -> Segment | None:
    """Return one surface's smooth map; None if it has hardly any marks.

    Args:
        marks: On this surface, of columns and of rows.
        spacings_px: Of the knots, tried in turn until nothing is left that is not noise.
    """
    if min(len(mark.index) for mark in marks) < 30:
        return None
    rows, columns = np.nonzero(labels == number)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    homography = _homography(rows, columns, codes, box)
    fits = list(pool.map(lambda axis: _AxisFit(box, labels.shape[1], homography, axis, marks[axis]).run(spacings_px),
                         (0, 1)))
    apart = np.hypot(fits[0][2], fits[1][2])
    return Segment(number, box, homography, (fits[0][0], fits[1][0]), max(fits[0][1], fits[1][1]),
                   apart[np.isfinite(apart)])


class _AxisFit:
    """One axis of one segment: the residual of its marks, gathered in bins, made smooth, again and again."""

    def __init__(self, box: Box, width: int, homography: Array, axis: int, marks: Marks) -> None:
        left, top, right, bottom = box
        self.box, self.marks, self.share, self.exact = box, marks, marks.share.copy(), marks.projector_px.copy()
        self.xs, self.ys = _centres(left, right, 1), _centres(top, bottom, 1)
        self.flat = _projected(homography, self.xs[None], self.ys[:, None])[axis]
        self.stride = len(self.xs)
        row, column = np.divmod(marks.index, width)
        self.before = (row - top) * self.stride + column - left
        self.after = self.before + (1 if marks.step == 1 else self.stride) * (marks.share > 0)
        self.bins = (-(-len(self.ys) // BIN_PX), -(-len(self.xs) // BIN_PX))
        self.bin = (row - top) // BIN_PX * self.bins[1] + (column - left) // BIN_PX
        self.columns = _centres(left, left + BIN_PX * self.bins[1], BIN_PX)
        self.rows = _centres(top, top + BIN_PX * self.bins[0], BIN_PX)

    def run(self, spacings_px: Sequence[float]) -> tuple[Spline, float, Array]:
        """Return the spline, the noise of a mark, and how far even and odd stripes lie apart in each bin."""
        left, top, right, bottom = self.box
        for spacing in spacings_px:
            spline = Spline.flat((float(left), float(top)), (float(right), float(bottom)), spacing)
            for outlier in OUTLIERS:
                error, weight, sigma = self._errors(spline, outlier)
                spline = spline.plus(self._smooth(spline, error, weight))
                self._straighten(spline)
            error, weight, sigma = self._errors(spline, OUTLIERS[-1])
            if not self._is_systematic(spline, error, weight) or min(right - left, bottom - top) < spacing:
                break
        is_odd = np.rint(self.exact / self._edge_px()).astype(np.int64) & 1
        parts = [self._smooth(spline, error, weight * (is_odd == parity)) for parity in (0, 1)]
        apart = np.abs(parts[0].on_grid(self.columns, self.rows) - parts[1].on_grid(self.columns, self.rows))
        apart[self._gathered(weight) == 0] = np.nan
        return spline, sigma, apart

    def _edge_px(self) -> float:
        """Return how far the stripes' edges lie apart on the projector, or the part of a wave that counts as one."""
        if self.marks.period_px:
            return self.marks.period_px / 4
        edges = np.unique(np.rint(2 * self.exact[::max(1, len(self.exact) // 50_000)]))
        return max(0.5, float(np.median(np.diff(edges)))) / 2 if len(edges) > 1 else 1.0

    def _errors(self, spline: Spline, outlier: float) -> tuple[Array, Array, float]:
        """Return each mark's residual, its weight (0 for an outlier), and the robust sigma."""
        error, _ = self._left(spline)
        sigmas = np.array([_robust(error[self.marks.group == group]) for group in range(self.marks.group.max() + 1)])
        weight = self.marks.weight * (sigmas.min() / sigmas)[self.marks.group] ** 2
        weight[np.abs(error) > outlier * sigmas[self.marks.group]] = 0.0
        return error, weight, float(sigmas.min())

    def _left(self, spline: Spline) -> tuple[Array, Array]:
        """Return each mark's residual, and how far its pixels lie apart on the projector."""
        known = (self.flat + spline.on_grid(self.xs, self.ys)).ravel()
        before = known[self.before]
        slope = known[self.after] - before
        return self.exact - before - self.share * slope, slope

    def _straighten(self, spline: Spline) -> None:
        """Learn from what is left how a mark's place between its pixels is misjudged, and put it right.

        Where stripes and pixels beat slowly, that error would else look like a wave of the wall.
        """
        if self.marks.period_px:
            self._straighten_waves(spline)
        if not self.marks.share.any():
            return
        error, slope = self._left(spline)
        place = np.minimum((self.marks.share * SHARE_BINS).astype(np.int64), SHARE_BINS - 1)
        bins = place + self.marks.group * SHARE_BINS
        steep = np.abs(slope) > 1e-6
        off = np.where(steep, error / np.where(steep, slope, 1.0), 0.0)
        good = np.abs(off) < 0.5
        count = int(self.marks.group.max() + 1)
        total, number = (np.bincount(bins[good], some, count * SHARE_BINS).reshape(count, SHARE_BINS)
                         for some in (off[good], np.ones(int(good.sum()))))
        curve = total / np.maximum(number, 1)
        curve = (curve - curve[:, ::-1]) / 2  # an edge's error is odd about the middle, a wall's is not
        middles = (np.arange(SHARE_BINS) + 0.5) / SHARE_BINS
        for group, line in enumerate(curve):
            own = self.marks.group == group
            self.share[own] += np.interp(self.marks.share[own], middles, line)

    def _straighten_waves(self, spline: Spline) -> None:
        """Learn how a wave is misjudged that the projector's gamma has bent, and put it right: each length alike."""
        turns = self.exact / self.marks.period_px
        if np.ptp(turns) < FEWEST_WAVES:
            return
        error, _ = self._left(spline)
        good = np.abs(error) < 4 * _robust(error)
        bins = ((turns % 1) * PHASE_BINS).astype(np.int64) % PHASE_BINS
        number = np.bincount(bins[good], minlength=PHASE_BINS)
        curve = np.bincount(bins[good], error[good], PHASE_BINS) / np.maximum(number, 1)
        waves = np.fft.rfft(curve)
        waves[0], waves[9:] = 0, 0  # a constant is the lens's, and what is finer is noise
        middles = (np.arange(PHASE_BINS) + 0.5) / PHASE_BINS
        self.exact -= np.interp(turns % 1, middles, np.fft.irfft(waves, PHASE_BINS), period=1)

    def _smooth(self, like: Spline, error: Array, weight: Array) -> Spline:
        total = self._gathered(weight)
        mean = self._gathered(weight * error) / np.maximum(total, 1e-12)
        empty = Spline(like.origin, like.spacing, np.zeros_like(like.coefficients))
        return empty.fitted(self.columns, self.rows, mean, total) if total.any() else empty

    def _gathered(self, values: Array) -> Array:
        return np.asarray(np.bincount(self.bin, values, self.bins[0] * self.bins[1]).reshape(self.bins), np.float64)

    def _is_systematic(self, spline: Spline, error: Array, weight: Array) -> bool:
        """Return whether something is left that is half as wide as the knots' distance; noise and texture are not."""
        side = round(spline.spacing / 2 / BIN_PX)
        rows, columns = (-(-count // side) * side for count in self.bins)
        padded = np.zeros((2, rows, columns))
        padded[:, :self.bins[0], :self.bins[1]] = self._gathered(weight * error), self._gathered(weight)
        left, total = padded.reshape(2, rows // side, side, columns // side, side).sum((2, 4))
        full = total > 0.5 * total.mean()
        return float(np.percentile(np.abs(left[full] / total[full]), 95)) > SYSTEMATIC_PX


def _centres(start: int, stop: int, step: int) -> Array:
    """Return the middles of cells of a width from start to stop."""
    return np.asarray(np.arange(start, stop, step) + step / 2, np.float64)


def _robust(error: Array) -> float:
    """Return the sigma of errors by their median."""
    if not len(error):
        return 1e9
    return max(1.4826 * float(np.median(np.abs(error[::max(1, len(error) // 20_000)]))), 1e-4)


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


def _projected(matrix: Array, x: Array, y: Array) -> tuple[Array, Array]:
    u, v, w = (a * x + b * y + c for a, b, c in matrix)
    return u / w, v / w


def _mapped(scan: Scan, decoded: Decoded, labels: NDArray[np.int32], segments: Sequence[Segment]) -> CameraMap:
    """Evaluate the segments on the camera's pixels; pixels that agree with a segment beside them join it."""
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
            joins &= np.abs(code[window] + np.float32(half) - place) <= ACCEPT_PX + half - 0.5
        accepted[window][joins] = segment.number
        for full, place in zip(projector_px, seen, strict=True):
            full[window][joins] = place[joins]
    torn = _torn(accepted)
    accepted[torn] = 0
    projector_px[:, torn] = np.nan
    return CameraMap(scan.plan.size, accepted, projector_px, segments)


def _torn(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels so near to another segment that they may see both."""
    side = np.ones((TORN_PX, TORN_PX), np.uint8)
    numbers = labels.astype(np.float32)
    highest = cv2.dilate(numbers, side)
    lowest = -cv2.dilate(np.where(labels > 0, -numbers, np.float32(-1e9)), side)
    return np.asarray((labels > 0) & (highest != lowest))
