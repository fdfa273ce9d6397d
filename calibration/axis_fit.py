"""One axis of one surface: the residual of its marks against a homography, gathered in bins, made smooth."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.crossings import Marks
from calibration.spline import Spline

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom of a segment, in whole camera pixels
SHARE_BINS, SHARE_STEPS = 24, 1024  # of the place between two pixels: in which it is learnt, and taken back
PHASE_BINS, FEWEST_WAVES = 48, 4  # of a wave's length, and how many waves tell its own error from the surface
BIN_PX = 4  # marks are gathered in squares of so many camera pixels
OUTLIERS = (np.inf, 10.0, 4.0)  # robust sigmas, round by round: what is far off at first may only be curved
SYSTEMATIC_PX = 0.015  # what may be left after the fit, in most places
UNTOLD = 0.5  # share of the bits' shifts, squared, that the wall's texture may leave open where it is believed


class AxisFit:
    """One axis of one segment: the residual of its marks, gathered in bins, made smooth, again and again."""

    def __init__(self, box: Box, width: int, homography: Array, axis: int, marks: Marks) -> None:
        left, top, right, bottom = box
        self.box, self.marks, self.share, self.exact = box, marks, marks.share.copy(), marks.projector_px.copy()
        self.xs, self.ys = _centres(left, right, 1), _centres(top, bottom, 1)
        self.flat = projected(homography, self.xs[None], self.ys[:, None])[axis]
        self.stride = len(self.xs)
        bounds = np.searchsorted(marks.group, np.arange(max(1, len(marks.bits)) + 1))
        self.groups = [slice(*ends) for ends in itertools.pairwise(bounds.tolist())]
        self.stood = np.zeros(len(self.groups))  # where each group was seen against the others, in projector_px
        row, column = np.divmod(marks.index, width)
        if marks.shift_px.any():
            self.slopes = np.stack(_slopes(homography, axis, column + 0.5, row + 0.5), 1)
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
                self._straighten(spline, weight)
            error, weight, sigma = self._errors(spline, OUTLIERS[-1])
            if not self._is_systematic(spline, error, weight) or min(right - left, bottom - top) < spacing:
                break
        if self.marks.shift_px.any() and self._is_told(weight):
            self.exact += self.slopes @ self._mean_shift(weight) - np.average(self.stood, weights=self._weights(weight))
            error, _, _ = self._errors(spline, np.inf)
            spline = spline.plus(self._smooth(spline, error, weight))
            error, weight, sigma = self._errors(spline, OUTLIERS[-1])
        is_odd = np.rint(self.marks.projector_px / self._edge_px()).astype(np.int64) & 1
        parts = [self._smooth(spline, error, weight * (is_odd == parity)) for parity in (0, 1)]
        apart = np.abs(parts[0].on_grid(self.columns, self.rows) - parts[1].on_grid(self.columns, self.rows))
        apart[self._gathered(weight) == 0] = np.nan
        return spline, sigma, apart

    def _edge_px(self) -> float:
        """Return how far the stripes' edges lie apart on the projector, or the part of a wave that counts as one."""
        if self.marks.period_px:
            return self.marks.period_px / 4
        edges = np.unique(np.rint(2 * self.marks.projector_px[::max(1, len(self.exact) // 50_000)]))
        return max(0.5, float(np.median(np.diff(edges)))) / 2 if len(edges) > 1 else 1.0

    def _errors(self, spline: Spline, outlier: float) -> tuple[Array, Array, float]:
        """Return each mark's residual, its weight (0 for an outlier), and the robust sigma."""
        error, _ = self._left(spline)
        sigmas = [_robust(error[group]) for group in self.groups]
        weight = self.marks.weight.copy()
        for sigma, group in zip(sigmas, self.groups, strict=True):
            weight[group] *= (min(sigmas) / sigma) ** 2
            weight[group][np.abs(error[group]) > outlier * sigma] = 0.0
        return error, weight, min(sigmas)

    def _left(self, spline: Spline) -> tuple[Array, Array]:
        """Return each mark's residual, and how far its pixels lie apart on the projector."""
        known = (self.flat + spline.on_grid(self.xs, self.ys)).ravel()
        before = known[self.before]
        slope = known[self.after] - before
        return self.exact - before - self.share * slope, slope

    def _straighten(self, spline: Spline, weight: Array) -> None:
        """Learn from what is left how a mark's place between its pixels is misjudged, and put it right.

        Where stripes and pixels beat slowly, that error would else look like a wave of the wall. So would a picture
        that trembled from bit to bit.
        """
        if self.marks.period_px:
            self._straighten_waves(spline)
        if not self.marks.share.any():
            return
        error, slope = self._left(spline)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = error / slope
        good = np.abs(off) < 0.5
        bins = self._place(SHARE_BINS)
        shape = (len(self.groups), SHARE_BINS)
        total, number = (np.bincount(bins, some, shape[0] * shape[1]).reshape(shape)
                         for some in (np.where(good, off, 0.0), good))
        curve = total / np.maximum(number, 1)
        curve = (curve - curve[:, ::-1]) / 2  # an edge's error is odd about the middle, a wall's is not
        middles, fine = (((np.arange(count) + 0.5) / count) for count in (SHARE_BINS, SHARE_STEPS))
        table = np.concatenate([np.interp(fine, middles, line) for line in curve])
        self.share += table[self._place(SHARE_STEPS)]
        far = total.sum(1) / np.maximum(number.sum(1), 1)
        far -= np.average(far, weights=self._weights(weight))
        for place, group in enumerate(self.groups):
            step = far[place] * slope[group]
            self.exact[group] -= step
            self.stood[place] -= step.mean() if len(step) else 0.0

    def _is_told(self, weight: Array) -> bool:
        """Return whether the wall's texture says of the bits what their marks say."""
        told = self.slopes * self.marks.shift_px[self.marks.group]
        told = np.array([part.sum() / max(len(part), 1) for part in (told[group] for group in self.groups)])
        count = self._weights(weight)
        told, stood = (part - np.average(part, weights=count) for part in (told, self.stood))
        return float(count @ (told - stood) ** 2) < UNTOLD * float(count @ stood ** 2)

    def _mean_shift(self, weight: Array) -> Array:
        """Return where the picture stood in the mean of all marks. Shape (2,)."""
        return np.asarray(np.average(self.marks.shift_px, axis=0, weights=self._weights(weight)))

    def _weights(self, weight: Array) -> Array:
        """Return what each group counts."""
        return np.array([weight[group].sum() for group in self.groups]) + 1e-12

    def _place(self, count: int) -> NDArray[np.int64]:
        """Return in which of so many parts of the way between its pixels each mark lies, group after group."""
        place = (self.share * count).astype(np.int64)
        np.clip(place, 0, count - 1, out=place)
        for number, group in enumerate(self.groups):
            place[group] += number * count
        return place

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


def projected(matrix: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return where a homography takes places."""
    u, v, w = (a * x + b * y + c for a, b, c in matrix)
    return u / w, v / w


def _slopes(matrix: Array, axis: int, x: Array, y: Array) -> tuple[Array, Array]:
    """Return how a coordinate grows from column to column and from row to row of the camera's picture."""
    u, v, w = (a * x + b * y + c for a, b, c in matrix)
    at = (u, v)[axis] / w
    return (matrix[axis, 0] - at * matrix[2, 0]) / w, (matrix[axis, 1] - at * matrix[2, 1]) / w
