"""A trial of two projectors on one wall: how far apart their light falls where both shine, meshes and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.capture import take
from calibration.cases import CAMERA, FULL_HD, aimed
from calibration.fit import CameraMap, solve
from calibration.lens import Array, Lens, looking_at
from calibration.patterns import plan
from calibration.register import Mesh, mesh_of, stage_to_camera, view_of
from calibration.simulator.light import View
from calibration.simulator.rig import SimulatedRig, Timing
from calibration.simulator.room import Camera, Projector, Room, look
from calibration.simulator.surface import Cylinder
from calibration.trial import GROSS_PX, WAIT_S

PLACES = (161, 91)  # of the stage, that are looked at
LEFT, RIGHT = "left", "right"


@dataclass(frozen=True, slots=True)
class Found:
    """One projector's map and mesh."""

    map: CameraMap
    mesh: Mesh


def try_overlap(seed: int, shake_px: float = 0.0) -> dict[str, Any]:
    """Return how well two projectors meet on a cylinder."""
    made = two_on_a_cylinder(seed)
    view = View(made, CAMERA)
    rig = SimulatedRig(made, {CAMERA: view}, Timing(shake_px=shake_px), seed)
    maps = []
    for name in (LEFT, RIGHT):
        for other in (LEFT, RIGHT):
            rig.show(other, np.zeros(FULL_HD[::-1], np.uint8))
        maps.append(solve(take(rig, name, CAMERA, plan(FULL_HD), WAIT_S).scan))
    corners = view_of(*maps)
    found = [Found(found, mesh_of(found, corners)) for found in maps]
    error, coverage = _apart(made, found, corners)
    median, p95, p99 = (float(np.percentile(error, share)) for share in (50, 95, 99))
    limit = 0.3 if shake_px else 0.1
    return {"case": "overlap_shake" if shake_px else "overlap", "seed": seed, "goal": "G8", "median_px": median,
            "p95_px": p95, "p99_px": p99, "gross": float(np.mean(error > GROSS_PX)), "coverage": coverage,
            "mesh": [list(part.mesh.points_px.shape[1::-1]) for part in found],
            "mesh_lost_px": max(part.mesh.lost_px for part in found), "met": p95 <= limit and coverage >= 0.99}


def two_on_a_cylinder(seed: int) -> Room:
    """Return two full-HD projectors side by side on a cylinder, and one camera that sees both."""
    rng = np.random.default_rng([seed, 8])
    surfaces = [Cylinder((0.0, -2.5), 2.5)]
    beamers = {}
    for name, side in ((LEFT, -1), (RIGHT, 1)):
        at_m = tuple(np.array((side * 0.75, 0.3, -3.6)) + rng.normal(0, 0.04, 3))
        turn = looking_at(at_m, (side * 0.75, 0.1, -0.1))
        beamers[name] = Lens(FULL_HD, 2900.0, (960.0, 900.0), np.array(at_m), turn, k1=-0.02)
    tripod = tuple(np.array((0.2, -0.2, -3.4)) + rng.normal(0, 0.04, 3))
    lens = aimed(tripod, (1920, 1200), surfaces, list(beamers.values()))
    return Room(surfaces=surfaces, projectors={name: Projector(lens=beamer) for name, beamer in beamers.items()},
                cameras={CAMERA: Camera(lens=lens)}, seed=seed)


def exact(made: Room, projector: str, camera_px: Array) -> Array:
    """Return the projector_px that a place in the camera's picture truly sees. Shape (n, 2)."""
    sight = look(made, made.cameras[CAMERA].lens, camera_px)
    return made.projectors[projector].lens.project(sight.points_m)[0]


def _apart(made: Room, found: list[Found], corners: Array) -> tuple[Array, float]:
    """Return how far both projectors' light of one stage place lies apart, in projector_px, and the coverage."""
    u, v = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, PLACES[0]), np.linspace(0, 1, PLACES[1])))
    x, y, w = (a * u + b * v + c for a, b, c in stage_to_camera(corners))
    camera = np.stack([x / w, y / w], 1)
    truths = [exact(made, name, camera) for name in (LEFT, RIGHT)]
    both = np.all([((truth > 2) & (truth < np.array(FULL_HD) - 2)).all(1) for truth in truths], axis=0)
    at = np.floor(camera[both]).astype(int)
    seen = np.all([part.map.labels[at[:, 1], at[:, 0]] > 0 for part in found], axis=0)
    camera, u, v = camera[both][seen], u[both][seen], v[both][seen]
    errors = [shown(part.mesh, u, v) - truth[both][seen] for part, truth in zip(found, truths, strict=True)]
    slopes = [np.stack([exact(made, name, camera + step) - exact(made, name, camera - np.array(step))
                        for step in ((0.5, 0.0), (0.0, 0.5))], axis=2) for name in (LEFT, RIGHT)]
    other = slopes[0] @ np.linalg.solve(slopes[1], errors[1][..., None])
    return np.hypot(*(errors[0] - other[..., 0]).T), float(seen.mean())


def shown(mesh: Mesh, u: Array, v: Array) -> Array:
    """Return where places of the stage, 0..1, fall by a mesh of straight cells, as the engine draws it."""
    rows, columns, _ = mesh.points_px.shape
    column = np.clip((u * (columns - 1)).astype(int), 0, columns - 2)
    row = np.clip((v * (rows - 1)).astype(int), 0, rows - 2)
    s, t = (u * (columns - 1) - column)[:, None], (v * (rows - 1) - row)[:, None]
    points = mesh.points_px
    upper = points[row, column] * (1 - s) + points[row, column + 1] * s
    lower = points[row + 1, column] * (1 - s) + points[row + 1, column + 1] * s
    return np.asarray(upper * (1 - t) + lower * t)
