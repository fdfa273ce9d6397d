"""All trials by their names, for the command and for tests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from calibration.board_trial import BOARDS, keep_board, try_board, try_views
from calibration.cases import map_cases
from calibration.folder import write_scan
from calibration.frame_trial import try_frames
from calibration.overlap_trial import try_overlap
from calibration.pose_trial import try_poses
from calibration.room_trial import try_room
from calibration.trial import scanned, try_case
from engine.problems import MixeurError

SHAKE_PX = 0.3


def trials() -> Mapping[str, Callable[[int], Mapping[str, Any]]]:
    """Return what to call with a seed for the record of each case."""
    maps = {case.name: functools.partial(try_case, case) for case in map_cases()}
    return {**maps, "frames": try_frames, "overlap": try_overlap,
            "room": functools.partial(try_room, "cylinder"),
            "mural": functools.partial(try_room, "small_mural", is_painted=True),
            "overlap_shake": functools.partial(try_overlap, shake_px=SHAKE_PX),
            "object_clicks": functools.partial(try_poses, is_dense=False),
            "object_dense": functools.partial(try_poses, is_dense=True),
            **{name: functools.partial(try_board, name) for name in BOARDS}, "views": try_views}


def keep(name: str, seed: int, folder: Path) -> None:
    """Write the pictures of a case and their manifest; `MixeurError` if it has none to keep."""
    if keep_board(name, seed, folder):
        return
    chosen = [case for case in map_cases() if case.name == name]
    if not chosen:
        raise MixeurError(f"simulate: the pictures of '{name}' cannot be kept; take a case of one projector, a board "
                          "or views")
    scan, _, gamma = scanned(chosen[0], seed)
    write_scan(folder, scan, gamma)
