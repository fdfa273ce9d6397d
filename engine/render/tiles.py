"""Tiles: the canvas's numba kernels that clear and dim a picture only where it was drawn on.

A tile is `ACROSS` x `DOWN` pixels; the brush notes which ones it touches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.render.brush import ACROSS, DOWN, FULL, S8, S16, S24


@njit("void(uint32[:, ::1], boolean[:, ::1], uint32)", nogil=True, cache=True)
def wipe(picture, touched, paint):  # type: ignore[no-untyped-def]
    """Fill all tiles that were drawn on with one packed colour, and note that they were not.

    Args:
        picture: Packed premultiplied RGBA. Shape (height, width).
        touched: Whether each tile was drawn on. Shape (ceil(height / DOWN), ceil(width / ACROSS)).
    """
    height, width = picture.shape
    for row in range(touched.shape[0]):
        for column in range(touched.shape[1]):
            if touched[row, column]:
                left, right = column * ACROSS, min((column + 1) * ACROSS, width)
                for y in range(row * DOWN, min((row + 1) * DOWN, height)):
                    picture[y, left:right] = paint
                touched[row, column] = False


@njit(inline="always")
def _faded(pixel, residue, share, shift):  # type: ignore[no-untyped-def]
    exact = np.uint32((((pixel >> shift) & FULL) << S8) | ((residue >> shift) & FULL))
    return np.uint32(exact * share) >> S16


@njit(inline="always")
def _fade_row(pixels, residue, share):  # type: ignore[no-untyped-def]
    """Dim some pixels; return 0 if nothing of them is left, not even in the residue."""
    left = np.uint32(0)
    for i in range(len(pixels)):
        pixel, rest = pixels[i], residue[i]
        a = _faded(pixel, rest, share, S24)
        r = min(_faded(pixel, rest, share, np.uint32(0)), a)
        g = min(_faded(pixel, rest, share, S8), a)
        b = min(_faded(pixel, rest, share, S16), a)
        pixels[i] = np.uint32((r >> S8) | ((g >> S8) << S8) | ((b >> S8) << S16) | ((a >> S8) << S24))
        residue[i] = np.uint32((r & FULL) | ((g & FULL) << S8) | ((b & FULL) << S16) | ((a & FULL) << S24))
        left |= a  # no channel is more
    return left


@njit("void(uint32[:, ::1], boolean[:, ::1], uint32[:, ::1], uint32)", nogil=True, cache=True)
def fade(picture, touched, residue, share):  # type: ignore[no-untyped-def]
    """Dim a picture, keeping what eight bits cannot hold, so that the pace does not depend on the frame rate.

    Args:
        picture: Packed premultiplied RGBA, clear where it was not drawn on. Shape (height, width).
        touched: Whether each tile was drawn on, as for `wipe`; where all is gone, it is no more.
        residue: Packed 1/256 of each channel, from the last fade. Shape (height, width).
        share: How much stays, of 65536; less than 65536.
    """
    height, width = picture.shape
    for row in range(touched.shape[0]):
        for column in range(touched.shape[1]):
            if touched[row, column]:
                west, east, left = column * ACROSS, min((column + 1) * ACROSS, width), np.uint32(0)
                for y in range(row * DOWN, min((row + 1) * DOWN, height)):
                    left |= _fade_row(picture[y, west:east], residue[y, west:east], share)
                touched[row, column] = left != 0
