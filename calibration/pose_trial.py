"""A trial of poses: a known object, clicked by a person or seen by structured light, from places that are hard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from calibration.cases import FULL_HD
from calibration.lens import Array, Lens, looking_at
from calibration.pose import solve_pose
from calibration.trial import GROSS_PX

CLICKS, CLICK_PX = 8, 1.5
DENSE, DENSE_PX = 500, 0.3
LIMIT_CLICKS_PX, LIMIT_DENSE_PX = 5.0, 0.1
PLACES = {  # roll, and the principal point in shares of the picture
    "table": (0.0, (0.5, 1.0)),
    "long_shift": (0.0, (0.5, 1.3)),
    "ceiling": (180.0, (0.5, 1.3)),
    "portrait": (90.0, (0.5, 0.9)),
}
ROUNDS = 2


def try_poses(seed: int, is_dense: bool) -> dict[str, Any]:
    """Return how far all points of an object are missed after clicks, or after dense marks."""
    rng = np.random.default_rng([seed, 9])
    errors = []
    for roll, share in PLACES.values():
        for _ in range(ROUNDS):
            lens = _placed(roll, share, rng)
            points = _object(lens, rng, 4000)
            count, noise = (DENSE, DENSE_PX) if is_dense else (CLICKS, CLICK_PX)
            true_px = lens.project(points)[0]
            chosen = list(range(count)) if is_dense else _apart(points, true_px, count)
            px = true_px[chosen] + rng.normal(0, noise, (count, 2))
            found = solve_pose(points[chosen], px, FULL_HD, noise).lens
            errors.append(np.hypot(*(found.project(points)[0] - true_px).T))
    error = np.concatenate(errors)
    p95 = [float(np.percentile(own, 95)) for own in errors]
    limit = LIMIT_DENSE_PX if is_dense else LIMIT_CLICKS_PX
    median, over, p99 = (float(np.percentile(error, part)) for part in (50, 95, 99))
    return {"case": "object_dense" if is_dense else "object_clicks", "seed": seed, "goal": "G9", "median_px": median,
            "p95_px": over, "p99_px": p99, "gross": float(np.mean(error > GROSS_PX)), "coverage": 1.0,
            "poses": len(p95), "worst_p95_px": max(p95), "met": over <= limit}


def _placed(roll: float, share: tuple[float, float], rng: np.random.Generator) -> Lens:
    at_m = tuple(np.array((-0.4, 0.5, -4.0)) + rng.normal(0, 0.3, 3))
    centre = (share[0] * FULL_HD[0], share[1] * FULL_HD[1])
    lens = Lens(FULL_HD, float(rng.uniform(2300, 3300)), centre, np.array(at_m), np.eye(3), k1=-0.02)
    middle = np.array([[FULL_HD[0] / 2, FULL_HD[1] / 2]])
    turn = looking_at(at_m, (0.0, 0.0, 0.0), roll)
    aside = lens.rays(middle)[0]  # the picture's middle, not the optical axis, points at the object
    tilt = _between(aside / np.linalg.norm(aside), np.array((0.0, 0.0, 1.0)))
    return replace(lens, turn=tilt.T @ turn)


def _between(one: Array, other: Array) -> Array:
    """Return the rotation that takes one direction to another."""
    axis = np.cross(one, other)
    cosine = float(one @ other)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + cosine))


def _object(lens: Lens, rng: np.random.Generator, count: int) -> Array:
    """Return points of a relief half a metre deep that the picture covers."""
    px = rng.uniform((0.08 * FULL_HD[0], 0.08 * FULL_HD[1]), (0.92 * FULL_HD[0], 0.92 * FULL_HD[1]), (count, 2))
    rays = lens.rays(px)
    length = -lens.at_m[2] / rays[:, 2]
    at = lens.at_m + rays * length[:, None]
    depth = 0.25 * np.sin(3 * at[:, 0]) * np.cos(4 * at[:, 1])
    return np.asarray(lens.at_m + rays * (length * (1 + depth / np.abs(lens.at_m[2])))[:, None])


def _apart(points_m: Array, px: Array, count: int) -> list[int]:
    """Return points as the technician is told to choose them: far apart in the picture and before or behind others."""
    depth = points_m[:, 2] - points_m[:, 2].mean()  # the projector looks along z
    place = np.column_stack([px, depth / depth.std() * px.std()])
    chosen = [int(np.argmin(px.sum(1)))]
    while len(chosen) < count:
        gaps = np.min([np.linalg.norm(place - place[one], axis=1) for one in chosen], axis=0)
        chosen.append(int(np.argmax(gaps)))
    return chosen
