"""A smooth function of the picture's plane: a uniform cubic B-spline, fitted to values on an even grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, solveh_banded

from engine.problems import MixeurError

Array = NDArray[np.float64]
REACH = 3  # knots beyond its own over which a cubic B-spline extends
STIFFNESS = 1e-6  # of bending against one value of weight 1 a knot


@dataclass(frozen=True)
class Spline:
    """A tensor product of uniform cubic B-splines.

    Attributes:
        origin: (x, y) of the first knot.
        spacing: Between knots, the same on both axes.
        coefficients: Shape (rows, columns).
    Source:
        de Boor 1978, "A Practical Guide to Splines"; Eilers and Marx 1996 for the penalty.
    """

    origin: tuple[float, float]
    spacing: float
    coefficients: Array

    @classmethod
    def flat(cls, low: tuple[float, float], high: tuple[float, float], spacing: float) -> Spline:
        """Return the spline that is 0 between two corners."""
        counts = [int(np.ceil((b - a) / spacing - 1e-9)) + REACH for a, b in zip(low, high, strict=True)]
        return cls(low, spacing, np.zeros((max(counts[1], 4), max(counts[0], 4))))

    def on_grid(self, xs: Array, ys: Array) -> Array:
        """Return the values at all crossings of columns and rows. Shape (len(ys), len(xs))."""
        columns, rows = self.bases(xs, ys)
        return rows @ self.coefficients @ columns.T

    def at(self, x: Array, y: Array) -> Array:
        """Return the values at points; beyond the knots the last piece goes on. Shape of x."""
        total = np.zeros(np.shape(x))
        first_x, weights_x = _pieces((np.asarray(x) - self.origin[0]) / self.spacing, self.coefficients.shape[1])
        first_y, weights_y = _pieces((np.asarray(y) - self.origin[1]) / self.spacing, self.coefficients.shape[0])
        for down in range(4):
            for across in range(4):
                total += self.coefficients[first_y + down, first_x + across] * weights_y[down] * weights_x[across]
        return total

    def fitted(self, xs: Array, ys: Array, values: Array, weights: Array) -> Spline:
        """Return the spline on the same knots that comes nearest to values on a grid, bending as little as it can.

        Args:
            xs, ys: Columns and rows of the grid, lengths c and r.
            values, weights: Shape (r, c); a weight of 0 is no value.
        Raises:
            MixeurError: There are no values.
        """
        columns, rows = self.bases(xs, ys)
        right = rows.T @ (weights * values) @ columns
        band = _normal_band(rows, columns, weights)
        total = float(weights.sum())
        if total <= 0:
            raise MixeurError("fit: no values")
        _add_bending(band, self.coefficients.shape, STIFFNESS * total / self.coefficients.size)
        try:
            solved = solveh_banded(band, right.ravel(), lower=True, overwrite_ab=True, check_finite=False)
        except LinAlgError:
            raise MixeurError("fit: the marks do not determine a surface; take the scan again") from None
        return Spline(self.origin, self.spacing, solved.reshape(self.coefficients.shape))

    def plus(self, other: Spline) -> Spline:
        """Return the sum of two splines on the same knots."""
        return Spline(self.origin, self.spacing, self.coefficients + other.coefficients)

    def bases(self, xs: Array, ys: Array) -> tuple[Array, Array]:
        """Return how much each spline counts at columns and at rows. Shapes (len(xs), columns), (len(ys), rows)."""
        return (_basis((xs - self.origin[0]) / self.spacing, self.coefficients.shape[1]),
                _basis((ys - self.origin[1]) / self.spacing, self.coefficients.shape[0]))


def _pieces(at: Array, count: int) -> tuple[NDArray[np.int64], list[Array]]:
    """Return the first of the four splines that matter at each place, and their weights."""
    first = np.clip(np.floor(at).astype(np.int64), 0, count - 4)
    t = at - first
    return first, [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
                   (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6]


def _basis(at: Array, count: int) -> Array:
    first, weights = _pieces(at, count)
    basis = np.zeros((len(at), count))
    for offset, weight in enumerate(weights):
        basis[np.arange(len(at)), first + offset] = weight
    return basis


def _normal_band(rows: Array, columns: Array, weights: Array) -> Array:
    """Return the normal equations' matrix as its lower band, knot by knot in rows; its blocks are products of bases."""
    count_y, count_x = rows.shape[1], columns.shape[1]
    band = np.zeros((REACH * count_x + REACH + 1, count_y * count_x))
    for across in range(-REACH, REACH + 1):
        weighted = weights @ _shifted_product(columns, across)
        for down in range(REACH + 1):
            if down * count_x + across >= 0:
                block = _shifted_product(rows, down).T @ weighted
                band[down * count_x + across] += block.ravel()
    return band


def _shifted_product(basis: Array, shift: int) -> Array:
    """Return each spline times the one `shift` further, 0 where there is none. Shape of the basis."""
    product = np.zeros_like(basis)
    if shift >= 0:
        product[:, :basis.shape[1] - shift] = basis[:, :basis.shape[1] - shift] * basis[:, shift:]
    else:
        product[:, -shift:] = basis[:, -shift:] * basis[:, :shift]
    return product


def _add_bending(band: Array, shape: tuple[int, int], weight: float) -> None:
    """Add the squares of second differences of the coefficients, along, down and across."""
    count_y, count_x = shape
    second_x, second_y = _gram(count_x, 2), _gram(count_y, 2)
    first_x, first_y = _gram(count_x, 1), _gram(count_y, 1)
    parts = ((np.eye(count_y), second_x, 1.0), (second_y, np.eye(count_x), 1.0), (first_y, first_x, 2.0))
    for vertical, horizontal, share in parts:
        for across in range(-2, 3):
            for down in range(3):
                if down * count_x + across >= 0:
                    block = np.outer(_diagonal(vertical, down), _diagonal(horizontal, across))
                    band[down * count_x + across] += weight * share * block.ravel()


def _gram(count: int, order: int) -> Array:
    differences = np.diff(np.eye(count), order, axis=0)
    return differences.T @ differences


def _diagonal(matrix: Array, shift: int) -> Array:
    """Return matrix[i, i + shift] for each i, 0 where there is none."""
    line = np.zeros(len(matrix))
    if shift >= 0:
        line[:len(matrix) - shift] = np.diag(matrix, shift)
    else:
        line[-shift:] = np.diag(matrix, shift)
    return line
