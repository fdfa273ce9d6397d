"""Checkerboards in pictures: where four squares meet, to a fraction of a pixel, always counted in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Picture = NDArray[Any]
WIDTHS_PX = (1000, 1800, 600)  # of the pictures in which a board is looked for
QUICK = cv2.CALIB_CB_NORMALIZE_IMAGE
PATIENT = QUICK | cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
CLASSIC = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
WINDOW, LEAST_WINDOW_PX, MOST_WINDOW_PX = 0.28, 2, 40  # half a side of what a corner is refined in, of a square's side
MOVED = 0.3  # of a square's side: a corner that refining takes farther away was none


def find_board(picture: Picture, corners: tuple[int, int]) -> Array | None:
    """Return where the inner corners of a checkerboard are, to a pixel or two, in camera_px; None if it is not seen.

    Args:
        corners: How many along the board's two sides (a, b).
    Returns:
        Shape (b, a, 2): rows follow each other as on the board, never mirrored, and a board whose colours tell its two
        ends apart is always counted from the same end.
    """
    scales = list(dict.fromkeys(min(1.0, width / picture.shape[1]) for width in WIDTHS_PX))
    for scale, flags in [*((scale, QUICK) for scale in scales), (scales[0], CLASSIC), (scales[0], PATIENT)]:
        for shown in _variants(picture, scale)[:1 if flags == PATIENT else None]:
            found = (cv2.findChessboardCorners(shown, corners, flags=flags) if flags == CLASSIC else
                     cv2.findChessboardCornersSB(shown, corners, flags=flags))
            if found[0] and found[1] is not None:
                grid = np.asarray(found[1], np.float64).reshape(corners[1], corners[0], 2)
                return _ordered((grid + 0.5) / scale, picture)
    return None


def refine(light: Picture, grid: Array) -> Array:
    """Return the corners to a fraction of a pixel; nan where refining leaves them.

    Args:
        light: The board as evenly lit as can be, grey. Shape (height, width).
        grid: From `find_board`. Shape (b, a, 2).
    Source:
        Förstner and Gülch 1987, as in `cv2.cornerSubPix`.
    """
    side = square_px(grid)
    half = int(np.clip(round(WINDOW * side), LEAST_WINDOW_PX, MOST_WINDOW_PX))
    start = np.ascontiguousarray(grid.reshape(-1, 1, 2) - 0.5, np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    found = cv2.cornerSubPix(light.astype(np.float32), start.copy(), (half, half), (-1, -1), criteria)
    moved = np.hypot(*(found - start).reshape(-1, 2).T)
    at = found.reshape(-1, 2).astype(np.float64) + 0.5
    at[moved > max(MOVED * side, 1.5)] = np.nan
    return at.reshape(grid.shape)


def square_px(grid: Array) -> float:
    """Return the side of the smallest squares of a board's picture."""
    sides = [np.hypot(*np.moveaxis(np.diff(grid, axis=axis), 2, 0)).ravel() for axis in (0, 1)]
    return float(min(np.nanpercentile(side, 10) for side in sides))


def other_counts(picture: Picture, corners: tuple[int, int]) -> tuple[int, int] | None:
    """Return the numbers of corners that the board has really, where a person has miscounted a little."""
    a, b = corners
    near = [(a + da, b + db) for da in (-1, 0, 1) for db in (-1, 0, 1)]
    scale = min(1.0, WIDTHS_PX[0] / picture.shape[1])
    shown = _variants(picture, scale)[0]
    for count in sorted(set(near) - {corners, (b, a)}, key=lambda one: -one[0] * one[1]):
        if min(count) >= 3 and cv2.findChessboardCornersSB(shown, count, flags=QUICK)[0]:
            return count
    return None


def _variants(picture: Picture, scale: float) -> Sequence[NDArray[np.uint8]]:
    """Return the picture smaller, with 8 bits: as it is, with its shadows lifted, and with even contrast."""
    size = (max(8, round(picture.shape[1] * scale)), max(8, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    low, high = np.percentile(small, (1, 99.5))
    even = np.clip((small.astype(np.float32) - low) / max(high - low, 1e-3), 0, 1)
    plain, lifted = ((255 * light).astype(np.uint8) for light in (even, np.sqrt(even)))
    return plain, lifted, np.asarray(cv2.createCLAHE(4.0, (8, 8)).apply(plain), np.uint8)


def _ordered(grid: Array, picture: Picture) -> Array:
    """Return the corners counted so that the board is not mirrored, from the end that its colours or its place tell."""
    across, down = (grid[:, -1] - grid[:, 0]).mean(0), (grid[-1] - grid[0]).mean(0)
    if across[0] * down[1] - across[1] * down[0] < 0:
        grid = grid[::-1]
        down = -down
    rows, columns = grid.shape[:2]
    if rows == columns and abs(across[0]) < abs(across[1]):
        grid = np.ascontiguousarray(np.swapaxes(grid, 0, 1)[::-1])
        across, down = -down, across
    if (rows + columns) % 2:
        turned = not _is_dark(picture, grid)
    else:
        turned = across[0] + down[1] < 0
    return np.ascontiguousarray(grid[::-1, ::-1] if turned else grid)


def _is_dark(picture: Picture, grid: Array) -> bool:
    """Return whether the first inner square is darker than those that follow it, all over the board."""
    middles = (grid[:-1, :-1] + grid[1:, :-1] + grid[:-1, 1:] + grid[1:, 1:]) / 4
    height, width = picture.shape[:2]
    x, y = (np.clip(np.floor(part).astype(int), 0, limit - 1)
            for part, limit in zip(np.moveaxis(middles, 2, 0), (width, height), strict=True))
    light = picture[y, x].astype(np.float64)
    light -= light.mean()
    signs = np.where(np.add.outer(np.arange(light.shape[0]), np.arange(light.shape[1])) % 2, 1, -1)
    return bool((light * signs).sum() > 0)
