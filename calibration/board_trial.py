"""Trials of boards and views: captures are computed, solved from their files, and held against the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calibration.board_case import BoardCase, missed, write_case, write_views
from calibration.solution import solved
from calibration.trial import GROSS_PX

STEREO_PX, FLAT_PX, PHASE_PX = 0.17, 0.265, 0.42  # G5 and G7
EVEN_ODD_PX = 0.01
MEDIAN_PX, P95_PX = 0.16, 0.47  # G6
LAST = ("columns", "rows", "white", "black")
BOARDS: Mapping[str, BoardCase] = {
    "board_gray": BoardCase(keys={"order": LAST}),
    "board_photo": BoardCase(keys={"order": LAST}, suffix=".jpg", camera_gamma=2.2),
    "board_xor": BoardCase(keys={"kind": "xor", "xor_bit": 1}),
    "board_phase": BoardCase(keys={"kind": "phase", "order": ("columns waves", "rows waves"), "waves": (16, 1),
                                   "steps": 3}, gamma=1.2),
}
VIEWS = BoardCase(keys={"order": LAST})


def try_board(name: str, seed: int) -> Mapping[str, Any]:
    """Return how well lenses are found, and by how far they then miss other places in the room, in projector pixels."""
    case = BOARDS[name]
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, seed, Path(folder))
        figures, _ = solved(Path(folder))
    error = missed(case, seed, figures)
    median, p95, p99 = (float(np.percentile(error, share)) for share in (50, 95, 99))
    is_phase = case.keys.get("kind") == "phase"
    met = figures["stereo_rms_px"] <= (PHASE_PX if is_phase else STEREO_PX)
    met &= is_phase or (figures["even_odd_p95_px"] <= EVEN_ODD_PX and figures["flat_stereo_rms_px"] <= FLAT_PX)
    return {"case": name, "seed": seed, "goal": "G7" if is_phase else "G5", "median_px": median, "p95_px": p95,
            "p99_px": p99, "gross": float(np.mean(error > GROSS_PX)),
            "coverage": figures["corners"] / (case.poses * case.corners[0] * case.corners[1]),
            "stereo_rms_px": figures["stereo_rms_px"], "flat_stereo_rms_px": figures["flat_stereo_rms_px"],
            "even_odd_p95_px": figures["even_odd_p95_px"], "met": bool(met)}


def try_views(seed: int) -> Mapping[str, Any]:
    """Return how well one geometry holds what two cameras see of one scene, in their pixels."""
    with tempfile.TemporaryDirectory() as folder:
        write_views(VIEWS, seed, Path(folder))
        figures, _ = solved(Path(folder))
    median, p95 = figures["epipolar_median_px"], figures["epipolar_p95_px"]
    return {"case": "views", "seed": seed, "goal": "G6", "median_px": median, "p95_px": p95, "p99_px": p95,
            "gross": 0.0, "coverage": 1.0, "matches": figures["matches"], "met": median <= MEDIAN_PX and p95 <= P95_PX}


def keep_board(name: str, seed: int, folder: Path) -> bool:
    """Write the pictures of a case and return whether there is one of that name."""
    if name in BOARDS:
        write_case(BOARDS[name], seed, folder)
    elif name == "views":
        write_views(VIEWS, seed, folder)
    return name in BOARDS or name == "views"
