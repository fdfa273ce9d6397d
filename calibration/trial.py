"""A trial: one case is built, scanned and solved, and the result held against the truth."""

from __future__ import annotations

from typing import TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.capture import take
from calibration.cases import CAMERA, PROJECTOR, Case, Goal
from calibration.decode import Scan
from calibration.fit import CameraMap, solve
from calibration.patterns import plan
from calibration.simulator.light import View
from calibration.simulator.rig import SimulatedRig, Timing
from calibration.simulator.room import Truth

GROSS_PX = 1.5
WAIT_S = 0.065  # a little more than the simulated latency and its jitter


class Record(TypedDict):
    """What a case reached; errors in projector_px against the truth, over all accepted camera pixels."""

    case: str
    seed: int
    goal: str
    median_px: float
    p95_px: float
    p99_px: float
    gross: float
    coverage: float
    even_odd_p95_px: float
    met: bool


def try_case(case: Case, seed: int) -> Record:
    """Return what a case reaches with a seed."""
    scan, truth, _ = scanned(case, seed)
    return judged(case.name, case.goal, seed, solve(scan), truth, case.edge_px)


def scanned(case: Case, seed: int) -> tuple[Scan, Truth, float]:
    """Return a case's scan, through the simulated rig, the truth, and the camera's gamma."""
    made = case.build(seed)
    view = View(made, CAMERA)
    rig = SimulatedRig(made, {CAMERA: view}, Timing(shake_px=case.shake_px), seed)
    shown = plan(made.projectors[PROJECTOR].lens.size, case.kind, case.dropped)
    gamma = made.cameras[CAMERA].gamma
    return take(rig, PROJECTOR, CAMERA, shown, WAIT_S, gamma).scan, view.truth(PROJECTOR), gamma


def judged(name: str, goal: Goal, seed: int, found: CameraMap, truth: Truth, edge_px: int = 0) -> Record:
    """Return the figures of a map, and whether they are what was wanted."""
    error = errors_of(found, truth)
    fair = truth.is_lit & ~edges_of(truth, edge_px)
    accepted = fair & (found.labels > 0)
    own = error[accepted] if accepted.any() else np.array([np.inf])
    median, p95, p99 = (float(np.percentile(own, share)) for share in (50, 95, 99))
    gross, coverage = float(np.mean(own > GROSS_PX)), float(accepted.sum() / max(fair.sum(), 1))
    met = (median <= goal.median_px and p95 <= goal.p95_px and p99 <= goal.p99_px and gross <= goal.gross
           and coverage >= goal.coverage)
    return {"case": name, "seed": seed, "goal": goal.name, "median_px": median, "p95_px": p95, "p99_px": p99,
            "gross": gross, "coverage": coverage, "even_odd_p95_px": found.even_odd_p95_px, "met": met}


def errors_of(found: CameraMap, truth: Truth) -> NDArray[np.float64]:
    """Return the error of each camera pixel in projector_px; nan where nothing is accepted. Shape (height, width)."""
    apart = found.projector_px.astype(np.float64) - np.moveaxis(truth.projector_px, 2, 0)
    return np.asarray(np.hypot(*apart))


def edges_of(truth: Truth, reach_px: int) -> NDArray[np.bool_]:
    """Return the pixels within reach of another surface or of a shadow's border. Shape (height, width)."""
    kind = (truth.owner * 2 + truth.is_lit).astype(np.float32)
    if not reach_px:
        return np.zeros(kind.shape, bool)
    side = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
    return np.asarray(cv2.dilate(kind, side) != cv2.erode(kind, side))
