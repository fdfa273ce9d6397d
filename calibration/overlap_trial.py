"""A trial of two projectors on one wall: how far apart their light falls where both shine, meshes and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.capture import take
from calibration.cases import CAMERA, FULL_HD
from calibration.fit import CameraMap, solve
from calibration.lens import Array
from calibration.patterns import plan
from calibration.register import Mesh, mesh_of, shown, steadied, view_of
from calibration.rooms import LEFT, RIGHT, pair
from calibration.shake import steady_light
from calibration.simulator.light import View
from calibration.simulator.rig import SimulatedRig, Timing
from calibration.simulator.room import Room, look
from calibration.simulator.surface import Cylinder
from calibration.stage import FlatStage, Stage
from calibration.trial import GROSS_PX, WAIT_S

PLACES = (161, 91)  # of the stage, that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """One projector's map and mesh."""

    map: CameraMap
    mesh: Mesh


def try_overlap(seed: int, shake_px: float = 0.0) -> dict[str, Any]:
    """Return how well two projectors meet on a cylinder."""
    made = pair([Cylinder((0.0, -2.5), 2.5)], seed)
    view = View(made, CAMERA)
    rig = SimulatedRig(made, {CAMERA: view}, Timing(shake_px=shake_px), seed)
    maps, lights = [], []
    for name in (LEFT, RIGHT):
        for other in (LEFT, RIGHT):
            rig.show(other, np.zeros(FULL_HD[::-1], np.uint8))
        scan = take(rig, name, CAMERA, plan(FULL_HD), WAIT_S).scan
        maps.append(solve(scan))
        lights.append(steady_light(scan, maps[-1].tremble))
    maps = steadied(maps, lights)
    stage = FlatStage(view_of(*maps))
    found = [Found(found, mesh_of(found, stage)) for found in maps]
    error, coverage = _apart(made, found, stage)
    median, p95, p99 = (float(np.percentile(error, share)) for share in (50, 95, 99))
    limit = 0.3 if shake_px else 0.1
    return {"case": "overlap_shake" if shake_px else "overlap", "seed": seed, "goal": "G8", "median_px": median,
            "p95_px": p95, "p99_px": p99, "gross": float(np.mean(error > GROSS_PX)), "coverage": coverage,
            "mesh": [list(part.mesh.points_px.shape[1::-1]) for part in found],
            "mesh_lost_px": max(part.mesh.lost_px for part in found), "met": p95 <= limit and coverage >= 0.99}


def exact(made: Room, projector: str, camera_px: Array) -> Array:
    """Return the projector_px that a place in the camera's picture truly sees. Shape (n, 2)."""
    sight = look(made, made.cameras[CAMERA].lens, camera_px)
    return made.projectors[projector].lens.project(sight.points_m)[0]


def _apart(made: Room, found: list[Found], stage: Stage) -> tuple[Array, float]:
    """Return how far both projectors' light of one stage place lies apart, in projector_px, and the coverage."""
    u, v = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, PLACES[0]), np.linspace(0, 1, PLACES[1])))
    camera = stage.camera_px(np.stack([u, v], 1))
    truths = [exact(made, name, camera) for name in (LEFT, RIGHT)]
    both = np.all([((truth > 2) & (truth < np.array(FULL_HD) - 2)).all(1) for truth in truths], axis=0)
    at = np.floor(camera[both]).astype(int)
    seen = np.all([part.map.labels[at[:, 1], at[:, 0]] > 0 for part in found], axis=0)
    camera, u, v = camera[both][seen], u[both][seen], v[both][seen]
    errors = [shown(part.mesh.points_px, u, v) - truth[both][seen] for part, truth in zip(found, truths, strict=True)]
    slopes = [np.stack([exact(made, name, camera + step) - exact(made, name, camera - np.array(step))
                        for step in ((0.5, 0.0), (0.0, 0.5))], axis=2) for name in (LEFT, RIGHT)]
    other = slopes[0] @ np.linalg.solve(slopes[1], errors[1][..., None])
    return np.hypot(*(errors[0] - other[..., 0]).T), float(seen.mean())
