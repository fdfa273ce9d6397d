"""Following: a projector's picture moved as a hand moves its mesh, until its light is planned anew. Pure.

Planning takes several frames at 1080p; this moves what is on the screen already, a third of a frame.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.mesh import Points, cells_of, corners_of, fill_cells, grid_of, surfaces_of
from engine.show.profile import Profile, Surface

Pixels = NDArray[np.uint8]
STEP = 8  # projector pixels between the places that are followed exactly
PATCH_STEPS = 3  # cells along a Bezier patch, while a hand moves
SHIFT = 4


def following(before: Profile, now: Profile, frame: Pixels) -> Pixels:
    """Return a copy of a picture that was made by one profile, moved to where another puts it.

    Args:
        frame: BGRX. Shape (height, width, 4), uint8; not changed.
    """
    moved = frame.copy()
    old, new = surfaces_of(before), surfaces_of(now)
    if len(old) == len(new):
        for was, shape in zip(old, new, strict=True):
            if was == shape:
                continue
            if was.mesh is None and shape.mesh is None:
                _move_corners(corners_of(was, now.size), corners_of(shape, now.size), frame, moved)
            elif was.mesh is not None and shape.mesh is not None and was.bezier == shape.bezier:
                _move_mesh(was, shape, frame, moved)
    return moved


def _move_corners(was: Points, now: Points, frame: Pixels, moved: Pixels) -> None:
    turn = cv2.getPerspectiveTransform((was - 0.5).astype(np.float32), (now - 0.5).astype(np.float32))
    shifted = cv2.warpPerspective(frame, turn, frame.shape[1::-1])
    _lay([was], [now], np.asarray(shifted, np.uint8), moved)


def _move_mesh(was: Surface, shape: Surface, frame: Pixels, moved: Pixels) -> None:
    """Move the cells that have changed."""
    old, new = grid_of(was, PATCH_STEPS), grid_of(shape, PATCH_STEPS)
    if old.shape != new.shape:
        return
    height, width = frame.shape[:2]
    rows, columns = old.shape[0] - 1, old.shape[1] - 1
    u = np.full((-(-height // STEP), -(-width // STEP)), np.nan, np.float32)
    v = u.copy()
    cells = [cells_of(each) for each in (old, new)]
    at = np.argwhere((cells[0] != cells[1]).any((2, 3, 4)))
    if not len(at):
        return
    before, after = (each[tuple(at.T)] for each in cells)
    fill_cells(u, v, after / STEP, np.ones((len(at), 4), bool), at[:, ::-1], (columns, rows))
    grid = old.astype(np.float32) - np.float32(0.5)
    x, y = ((np.nan_to_num(axis, nan=-9.0) * np.float32(count)).clip(-1, count + 1)
            for axis, count in ((u, columns), (v, rows)))
    source = cv2.remap(grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    full = cv2.resize(source, (u.shape[1] * STEP, u.shape[0] * STEP), interpolation=cv2.INTER_LINEAR)
    across, down = (np.ascontiguousarray(full[:height, :width, axis], np.float32) for axis in (0, 1))
    shifted = cv2.remap(frame, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    quads = [[*side[:, [0, 0, 1, 1], [0, 1, 1, 0]]] for side in (before, after)]
    _lay(quads[0], quads[1], np.asarray(shifted, np.uint8), moved)


def _lay(was: list[Points], now: list[Points], shifted: Pixels, moved: Pixels) -> None:
    """Blacken where cells were, and lay them where they are."""
    there = np.zeros(moved.shape[:2], np.uint8)
    for polygon in was:
        cv2.fillPoly(moved, [_sub(polygon)], (0, 0, 0, 255), shift=SHIFT)
    for polygon in now:
        cv2.fillPoly(there, [_sub(polygon)], 255, shift=SHIFT)
    cv2.copyTo(shifted, there, moved)


def _sub(polygon: Points) -> NDArray[np.int32]:
    return np.rint((polygon - 0.5) * (1 << SHIFT)).astype(np.int32)
