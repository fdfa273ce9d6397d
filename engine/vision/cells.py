"""Cells: a picture seen coarsely, and gaps in what is known of it filled in from around."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.world import Floats, Pixels

CELL = 4


@njit(nogil=True)
def _fold(picture, top, bottom, total, least, most):  # type: ignore[no-untyped-def]
    """Lay the rows from `top` to `bottom` over each other: sum, least and highest level of each column."""
    for y in range(top, bottom):
        line = picture[y]
        is_first = y == top
        # Loops of two arrays each: of more, the compiler gives up telling that they do not overlap.
        for x in range(line.shape[0]):
            total[x] = np.uint16(line[x]) + (np.uint16(0) if is_first else total[x])
        for x in range(line.shape[0]):
            least[x] = line[x] if is_first else min(least[x], line[x])
        for x in range(line.shape[0]):
            most[x] = line[x] if is_first else max(most[x], line[x])


@njit("void(uint8[:,:,::1],int64,float32[:,:,::1],float32[:,::1])", nogil=True, cache=True)
def gather(picture, channel, cells, ripple):  # type: ignore[no-untyped-def]
    """Find each cell's mean colour, and how far apart the highest and the least level of a channel are there.

    A cell is `CELL` columns wide; in a picture that they do not fit they overlap.
    """
    height, width = picture.shape[:2]
    rows, columns = ripple.shape
    flat, last = picture.reshape(height, width * 3), 3 * (width - 1)
    total, least, most = np.empty(3 * width, np.uint16), np.empty(3 * width, np.uint8), np.empty(3 * width, np.uint8)
    for row in range(rows):
        top, bottom = row * height // rows, (row + 1) * height // rows
        _fold(flat, top, bottom, total, least, most)
        share = np.float32(1 / (CELL * (bottom - top)))
        for column in range(columns):
            x_0 = 3 * (column * width // columns)
            x_1, x_2, x_3 = min(x_0 + 3, last), min(x_0 + 6, last), min(x_0 + 9, last)
            for c in range(3):
                levels = np.float32(total[x_0 + c]) + np.float32(total[x_1 + c])
                levels += np.float32(total[x_2 + c]) + np.float32(total[x_3 + c])
                cells[row, column, c] = levels * share
            k_0, k_1, k_2, k_3 = x_0 + channel, x_1 + channel, x_2 + channel, x_3 + channel
            low = min(min(least[k_0], least[k_1]), min(least[k_2], least[k_3]))
            high = max(max(most[k_0], most[k_1]), max(most[k_2], most[k_3]))
            ripple[row, column] = np.float32(high) - np.float32(low)


@njit("void(uint8[:,::1],uint8[:,::1],uint8[:,::1],uint8[:,::1])", nogil=True, cache=True)
def _range(picture, least, most, mean):  # type: ignore[no-untyped-def]
    height, width = picture.shape
    rows, columns = mean.shape
    total, lowest, highest = np.empty(width, np.uint16), np.empty(width, np.uint8), np.empty(width, np.uint8)
    for row in range(rows):
        top, bottom = row * height // rows, (row + 1) * height // rows
        _fold(picture, top, bottom, total, lowest, highest)
        share = np.float32(1 / (CELL * (bottom - top)))
        for column in range(columns):
            x_0 = column * width // columns
            x_1, x_2, x_3 = min(x_0 + 1, width - 1), min(x_0 + 2, width - 1), min(x_0 + 3, width - 1)
            levels = np.float32(total[x_0]) + np.float32(total[x_1])
            levels += np.float32(total[x_2]) + np.float32(total[x_3])
            mean[row, column] = np.uint8(levels * share + np.float32(0.5))
            least[row, column] = min(min(lowest[x_0], lowest[x_1]), min(lowest[x_2], lowest[x_3]))
            most[row, column] = max(max(highest[x_0], highest[x_1]), max(highest[x_2], highest[x_3]))


def ranges(picture: Pixels, shape: tuple[int, ...]) -> tuple[Pixels, Pixels, Pixels]:
    """Return the least, the highest and the mean level of each cell.

    Args:
        picture: One channel. Shape (height, width).
        shape: (rows, columns) of the cells.
    """
    least, most, mean = (np.empty(shape, np.uint8) for _ in range(3))
    _range(picture, least, most, mean)
    return least, most, mean


@njit("void(float32[:,:,::1],float32[:,::1],float32[:,:,::1])", nogil=True, cache=True)
def _take(values, sure, known):  # type: ignore[no-untyped-def]
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            for c in range(values.shape[2]):
                known[y, x, c] = values[y, x, c] * sure[y, x]


@njit("void(float32[:,:,::1],float32[:,::1],float32,float32[:,:,::1])", nogil=True, cache=True)
def _approach(mean, weight, times, result):  # type: ignore[no-untyped-def]
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            share = min(weight[y, x] * times, np.float32(1))
            whole = np.float32(1) / max(weight[y, x], np.float32(1e-6))
            for c in range(result.shape[2]):
                result[y, x, c] += share * (mean[y, x, c] * whole - result[y, x, c])


def filled(values: Floats, sure: Floats, reaches: tuple[int, ...], otherwise: Floats | float = 0.0) -> Floats:
    """Return values where sure, and elsewhere the mean of the nearest sure neighbours (normalised convolution).

    Args:
        values: Shape (rows, columns) or (rows, columns, n).
        sure: 1 or 0. Shape (rows, columns).
        reaches: Widths of the neighbourhoods, widest first.
        otherwise: Value where no neighbour is sure.
    """
    shape = (*sure.shape, -1)
    flat, result = np.ascontiguousarray(values).reshape(shape), np.empty(values.shape, np.float32)
    result[:] = otherwise
    known = np.empty(flat.shape, np.float32)
    _take(flat, sure, known)
    for reach in reaches:
        mean = np.asarray(cv2.blur(known, (reach, reach)), np.float32).reshape(flat.shape)
        weight = np.asarray(cv2.blur(sure, (reach, reach)), np.float32)
        _approach(mean, weight, reach * reach / 4, result.reshape(shape))
    return result
