"""The stage in a camera's picture: where its corners are, and how the picture looks once it is laid onto the stage.

`corners` are as in the show file: shares of the picture's width and height, clockwise from the stage's top left.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.world import Floats, Pixels

Corners = tuple[tuple[float, float], ...]
WHOLE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
STEP = 1e-4


def picture_to_stage(corners: Corners | None, mirror: bool, aspect: float) -> NDArray[np.float64]:
    """Return the homography from shares of the picture to stage units. Shape (3, 3)."""
    stage = np.array([(0, 0), (aspect, 0), (aspect, 1), (0, 1)], np.float32)
    if mirror:
        stage[:, 0] = aspect - stage[:, 0]
    return np.asarray(cv2.getPerspectiveTransform(np.array(corners or WHOLE, np.float32), stage), np.float64)


def share_at(matrix: NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    """Return where in the picture, in shares, the place (x, y) of the stage is; `matrix` as of `picture_to_stage`."""
    across, down, scale = np.linalg.solve(matrix, (x, y, 1.0)).tolist()
    return across / scale, down / scale


def lay(picture: Pixels, corners: Corners, out: Pixels, soft: bool = True) -> None:
    """Write the stage alone, as a picture of the same size that is not mirrored; what no camera sees is 0.

    Args:
        picture: Shape (height, width) or (height, width, channels).
        out: Of the same shape.
        soft: Whether values between pixels are mixed.
    """
    size = picture.shape[1], picture.shape[0]
    way = cv2.INTER_LINEAR if soft else cv2.INTER_NEAREST
    cv2.warpPerspective(picture, _pixels(corners, size), size, dst=out, flags=way)


def lay_flow(flow_px: Floats, size: tuple[int, int], corners: Corners, aspect: float) -> Floats:
    """Return a camera's flow at the places of the stage, in stage units a second, not mirrored.

    Args:
        flow_px: Pixels of a picture of `size` a second. Shape (h, w, 2).
    """
    places, across, down = _flow_maps(corners, (flow_px.shape[1], flow_px.shape[0]), size, aspect)
    seen = cv2.remap(flow_px, places, places[:0], cv2.INTER_LINEAR)
    return np.asarray(across * seen[..., :1] + down * seen[..., 1:], np.float32)


@lru_cache(maxsize=16)
def _flow_maps(
    corners: Corners, flow_size: tuple[int, int], size: tuple[int, int], aspect: float
) -> tuple[Floats, Floats, Floats]:
    """Return where in the flow each place of the stage is, and how far in stage units a pixel across, and one down, is.

    Returns:
        Each of shape (h, w, 2), float32.
    """
    shape = (*flow_size[::-1], 2)
    matrix = _pixels(corners, flow_size)
    grid = np.indices(shape[:2])[::-1].reshape(2, -1).T[None].astype(np.float64)
    places = cv2.perspectiveTransform(grid, np.linalg.inv(matrix))
    pixel = np.array(flow_size) / size
    ways = []
    for axis in range(2):
        step = np.eye(2)[axis] * pixel * STEP
        moved = (cv2.perspectiveTransform(places + step, matrix) - grid) / STEP
        ways.append((moved * (aspect, 1.0) / flow_size).astype(np.float32).reshape(shape))
    return places.astype(np.float32).reshape(shape), ways[0], ways[1]


def _pixels(corners: Corners, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the homography from a picture's pixels to those of the stage laid out in the same size."""
    shape = np.array(size, np.float32)
    here, there = (np.array(shares, np.float32) * shape - 0.5 for shares in (corners, WHOLE))
    return np.asarray(cv2.getPerspectiveTransform(here.astype(np.float32), there.astype(np.float32)), np.float64)
