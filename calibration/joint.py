"""Joint: pictures of several cameras laid into one, through the projectors that more than one of them sees. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from calibration.fit import CameraMap
from calibration.register import DENSITIES, Mesh, mesh_of
from calibration.stage import Stage
from calibration.vantage import Vantage
from engine.problems import MixeurError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Seen = Mapping[str, Mapping[str, CameraMap]]  # camera -> projector -> what it sees of it
POINTS, FEWEST = 1500, 200  # of the places that two cameras share
ROUNDS, STEP_PX, MISSED_PX = 4, 0.5, 0.01  # of Newton's search for a projector's place in a camera's picture
SOFT_PX = 0.3  # differences beyond this count less
FAINT = 1e-3  # weight of what a camera tells of places that it does not see whole


def vantages_of(seen: Seen) -> tuple[dict[str, Vantage], float]:
    """Return how all cameras' pictures lie in the first one's, and what is left between them (rms, common px).

    A flat wall is taken for granted: round ones join as well, but where a camera is alone they look as if flat.

    Raises:
        MixeurError: A camera shares too little with the others; with the remedy.
    """
    names = list(seen)
    sizes = {name: next(iter(maps.values())).labels.shape[::-1] for name, maps in seen.items()}
    shared = {(one, other): _shared(seen[one], seen[other]) for one, other in combinations(names, 2)}
    shared = {pair: points for pair, points in shared.items() if len(points[0]) >= FEWEST}
    start = _chained(names, sizes, shared)

    def made(x: Array) -> dict[str, Vantage]:
        matrices = [_plain(sizes[names[0]]), *(np.append(row, 1.0).reshape(3, 3) for row in
                                               x[len(names):].reshape(-1, 8))]
        return {name: _vantage(sizes[name], float(k1), matrix)
                for name, k1, matrix in zip(names, x[:len(names)], matrices, strict=True)}

    def left(x: Array) -> Array:
        cameras = made(x)
        return np.concatenate([(cameras[one].common_px(points[0]) - cameras[other].common_px(points[1])).ravel()
                               for (one, other), points in shared.items()])

    first = np.concatenate([np.zeros(len(names)), *(start[name].ravel()[:8] for name in names[1:])])
    found = least_squares(left, first, x_scale="jac", loss="soft_l1", f_scale=SOFT_PX, max_nfev=100)
    return made(found.x), float(np.sqrt(2 * np.mean(left(found.x) ** 2)))


def view_of(seen: Seen, vantages: Mapping[str, Vantage]) -> Array:
    """Return the corners of all that is lit, in the common picture, clockwise from its top left."""
    points = []
    for camera, maps in seen.items():
        rows, columns = np.nonzero(np.any([found.labels > 0 for found in maps.values()], axis=0))
        points.append(vantages[camera].common_px(np.stack([columns[::7] + 0.5, rows[::7] + 0.5], axis=1)))
    (left, top), (right, bottom) = (edge(np.concatenate(points), axis=0) for edge in (np.min, np.max))
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def meshes_of(seen: Seen, stages: Mapping[str, Stage]) -> dict[str, Mesh]:
    """Return each projector's mesh, as all cameras that see it tell it.

    At each place all projectors believe the same cameras alike, and only those that see whoever reaches it: so what is
    left between two cameras moves the stage a little, but tears no seam.
    """
    each = {(camera, name): mesh_of(found, stages[camera]) for camera, maps in seen.items()
            for name, found in maps.items()}
    dense = max(mesh.points_px.shape[1::-1] for mesh in each.values())
    densities = [density for density in DENSITIES if density == dense]
    each = {(camera, name): mesh_of(seen[camera][name], stages[camera], densities) for camera, name in each}
    names = list(dict.fromkeys(name for _, name in each))
    reach = {name: np.any([mesh.reached for (_, other), mesh in each.items() if other == name], axis=0)
             for name in names}
    trust = {camera: _depth(np.all([~reach[name] | _reached(each, camera, name, reach[name].shape) for name in names],
                                   axis=0) & np.any(list(reach.values()), axis=0)) for camera in seen}
    nobody = np.sum(list(trust.values()), axis=0) == 0
    if not nobody.all():  # where no camera sees whoever reaches a place, those of the nearest place are believed
        at = distance_transform_edt(nobody, return_distances=False, return_indices=True)
        trust = {camera: own[tuple(at)] for camera, own in trust.items()}
    return {name: _blended([(mesh, trust[camera]) for (camera, other), mesh in each.items() if other == name])
            for name in names}


def _blended(parts: Sequence[tuple[Mesh, Array]]) -> Mesh:
    weights = np.stack([trust + FAINT / (1 + _depth(~mesh.reached)) ** 4 for mesh, trust in parts])
    weights /= weights.sum(0)
    points = np.sum([weight[..., None] * mesh.points_px for weight, (mesh, _) in zip(weights, parts, strict=True)], 0)
    reached = np.any([mesh.reached for mesh, _ in parts], axis=0)
    return Mesh(points, max(mesh.lost_px for mesh, _ in parts), float(reached.mean()), reached)


def _reached(each: Mapping[tuple[str, str], Mesh], camera: str, name: str, shape: tuple[int, ...]) -> Flags:
    return each[camera, name].reached if (camera, name) in each else np.zeros(shape, np.bool_)


def _depth(inside: Flags) -> Array:
    """Return how many points of a mesh lie between each and the nearest that is not inside."""
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    if padded.all():
        return np.ones(inside.shape)
    far = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(far[1:-1, 1:-1], np.float64)


def _vantage(size: tuple[int, int], k1: float, matrix: Array) -> Vantage:
    first, second, third = (tuple(float(value) for value in row) for row in matrix)
    return Vantage(size=size, k1=k1, matrix=(first, second, third))  # type: ignore[arg-type]


def _plain(size: tuple[int, int]) -> Array:
    """Return the matrix of the first camera, whose straightened picture is the common one."""
    width, height = size
    return np.array([(width, 0, width / 2), (0, width, height / 2), (0, 0, 1)], np.float64)


def _chained(names: Sequence[str], sizes: Mapping[str, tuple[int, int]],
             shared: Mapping[tuple[str, str], tuple[Array, Array]]) -> dict[str, Array]:
    """Return a first matrix for each camera, from the first one to those that share with it, and on."""
    known = {names[0]: _plain(sizes[names[0]])}
    ways = [(one, other, points) for (one, other), points in shared.items()]
    ways += [(other, one, (beyond, own)) for (one, other), (own, beyond) in shared.items()]
    while len(known) < len(names):
        way = next((way for way in ways if way[0] in known and way[1] not in known), None)
        if way is None:
            lost = ", ".join(name for name in names if name not in known)
            raise MixeurError(f"solve: camera {lost} shares no projector with the others: turn it so that it sees one "
                              "that another camera sees too, and scan with it again")
        near, far, (own, beyond) = way
        there = _vantage(sizes[near], 0.0, known[near]).common_px(own)
        width, height = sizes[far]
        flat = (beyond - (width / 2, height / 2)) / width
        known[far] = np.asarray(cv2.findHomography(flat, there, cv2.RANSAC, 5.0)[0], np.float64)
    return known


def _shared(one: Mapping[str, CameraMap], other: Mapping[str, CameraMap]) -> tuple[Array, Array]:
    """Return where two cameras see the same light. Shape (n, 2) both."""
    found = [_met(one[name], other[name]) for name in one if name in other]
    if not found:
        return np.empty((0, 2)), np.empty((0, 2))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _met(one: CameraMap, other: CameraMap) -> tuple[Array, Array]:
    """Return where two cameras see the same pixels of a projector, each in its own picture."""
    rows, columns = np.nonzero(other.labels)
    chosen = slice(None, None, max(1, len(rows) // POINTS))
    rows, columns = rows[chosen], columns[chosen]
    wanted = other.projector_px[:, rows, columns].T.astype(np.float64)
    own_rows, own_columns = (axis[::5] for axis in np.nonzero(one.labels))
    tree = cKDTree(one.projector_px[:, own_rows, own_columns].T)
    nearest = tree.query(wanted)[1]
    found = np.stack([own_columns[nearest] + 0.5, own_rows[nearest] + 0.5], axis=1)
    numbers = one.labels[own_rows[nearest], own_columns[nearest]]
    is_met = np.zeros(len(wanted), np.bool_)
    for segment in one.segments:
        own = np.flatnonzero(numbers == segment.number)
        for _ in range(ROUNDS if len(own) else 0):
            slope = np.stack([segment.at(found[own] + step) - segment.at(found[own] - np.array(step))
                              for step in ((STEP_PX, 0.0), (0.0, STEP_PX))], axis=2) / (2 * STEP_PX)
            missed = wanted[own] - segment.at(found[own])
            found[own] += np.clip(np.linalg.solve(slope, missed[..., None])[..., 0], -20, 20)
        if len(own):
            is_met[own] = np.hypot(*(segment.at(found[own]) - wanted[own]).T) < MISSED_PX
    at = np.floor(found).astype(int).clip(0, np.array(one.labels.shape[::-1]) - 1)
    is_met &= one.labels[at[:, 1], at[:, 0]] > 0
    return found[is_met], np.stack([columns + 0.5, rows + 0.5], axis=1)[is_met]
