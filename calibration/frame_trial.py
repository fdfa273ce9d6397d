"""A trial of the checks: frames that are good, stale and torn, and which of them are told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.cases import CAMERA, PROJECTOR, room
from calibration.check import pair_fault, reference_of
from calibration.patterns import AXES, Pattern, Plan, plan
from calibration.simulator.light import View, expose
from calibration.simulator.surface import Cylinder

GOOD_CAPTURES = 1000
TORN_SHARE = 0.05  # of the lit rows, whose light differs
DIFFERS = 0.1  # of the contrast: light of a row that differs
CAMERA_SIZE = (640, 400)

Light = NDArray[np.float32]


def try_frames(seed: int) -> dict[str, Any]:
    """Return how many stale and torn frames are caught, and how many good ones are refused."""
    made = room([Cylinder((0.0, -2.5), 2.5)], seed, CAMERA_SIZE)
    view, shown = View(made, CAMERA), plan(made.projectors[PROJECTOR].lens.size)
    light = [view.radiance({PROJECTOR: frame}) for frame in shown.frames()]
    rng = np.random.default_rng([seed, 3])
    white, black = light[0], light[1]

    def seen(of: Light) -> Any:
        return expose(of, made.cameras[CAMERA], rng)

    reference = reference_of((seen(white), seen(white)), (seen(black), seen(black)))
    alarms = captures = 0
    pairs = _pairs(shown)
    while captures < GOOD_CAPTURES:
        place = pairs[captures // 2 % len(pairs)]
        alarms += bool(pair_fault(seen(light[place]), seen(light[place + 1]), reference))
        captures += 2
    stale = [bool(pair_fault(seen(light[place - 1 + late]), seen(light[place + 1 - late]), reference))
             for place in pairs for late in (0, 1)]
    torn = []
    for place in pairs:
        for late in (0, 1):
            mixed = _torn(light[place + late - 1], light[place + late], reference.is_lit, white - black, rng)
            if mixed is not None:
                both = (light[place], mixed) if late else (mixed, light[place + 1])
                torn.append(bool(pair_fault(seen(both[0]), seen(both[1]), reference)))
    caught_stale, caught_torn = float(np.mean(stale)), float(np.mean(torn))
    none = dict.fromkeys(("median_px", "p95_px", "p99_px", "gross", "coverage"))
    return {"case": "frames", "seed": seed, "goal": "G11", **none, "good": captures, "false_alarms": int(alarms),
            "stale": len(stale), "torn": len(torn), "caught_stale": caught_stale, "caught_torn": caught_torn,
            "met": alarms == 0 and caught_stale == 1.0 and caught_torn == 1.0}


def _pairs(shown: Plan) -> list[int]:
    """Return at which places a bit is followed by its inverse."""
    return [shown.index(Pattern("bit", axis, bit)) for axis in AXES for bit in shown.bits(axis)]


def _torn(before: Light, now: Light, lit: NDArray[np.bool_], contrast: Light, rng: np.random.Generator) -> Light | None:
    """Return a picture with a band of the frame before, or None where too few of its rows differ."""
    count = np.maximum(lit.sum(1), 1)
    apart = np.where(lit, np.abs(before - now), 0).sum(1) / count > DIFFERS * np.where(lit, contrast, 0).sum(1) / count
    rows = np.flatnonzero(lit.any(1))
    height = int(np.ceil(rng.uniform(TORN_SHARE, 0.5) * len(rows)))
    start = int(rng.integers(rows[0], rows[-1] - height + 2))
    band = slice(start, start + height)
    if apart[band].sum() < TORN_SHARE * len(rows):
        return None
    mixed = now.copy()
    mixed[band] = before[band]
    return mixed
