"""Computed captures of checkerboards and of scenes, as folders that `solve` reads, and the truth about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calibration.bundle import OPTICS, projected
from calibration.lens import Array, Lens, looking_at
from calibration.manifest import MANIFEST, Manifest, plan_of, slots_of
from calibration.simulator.light import View, expose
from calibration.simulator.room import Camera, Projector, Room
from calibration.simulator.sheet import Sheet
from calibration.simulator.surface import Cylinder, Plane, Relief, Surface
from engine.atomic import write_atomic
from engine.problems import MixeurError

SQUARE_MM = 34.0
BEAMER, LOOKER = "beamer", "camera"
FINE = 3  # samples along each side of a camera pixel: squares have sharp borders
FAR_M = 1.1  # of the board before a camera of the usual focal length


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCase:
    """A capture of a board in several poses.

    Attributes:
        keys: Of the manifest, besides those about the board.
        corners: Of the board.
        focal, beam: Focal lengths of camera and projector, in widths of their pictures.
        aside_m: Where the projector stands against the camera.
        tilt_deg: Of the poses, the least and the most.
        lens_shift: Of the projector, in heights of its picture.
        bend: See `Sheet`.
        gamma: The projector's.
        camera_gamma: The camera's.
        suffix: Of the pictures' files.
    """

    camera: tuple[int, int] = (800, 600)
    corners: tuple[int, int] = (9, 6)
    focal: float = 1.5
    beam: float = 1.75
    aside_m: tuple[float, float, float] = (-0.28, 0.02, -0.1)
    tilt_deg: tuple[float, float] = (15.0, 38.0)
    lens_shift: float = 0.45
    projector: tuple[int, int] = (1024, 768)
    poses: int = 8
    keys: Mapping[str, Any] = field(default_factory=dict)
    bend: tuple[float, float, float] = (0.028, 0.018, 0.009)
    gamma: float = 2.2
    camera_gamma: float = 1.0
    suffix: str = ".png"


def lenses(case: BoardCase, seed: int) -> tuple[Lens, Lens]:
    """Return the camera's and the projector's lens, which is shifted up by half its picture."""
    rng = np.random.default_rng([seed, 21])
    width, height = case.camera
    far_m = FAR_M * case.focal / 1.5
    at = np.array((0.0, 0.0, -far_m)) + rng.normal(0, 0.01, 3)
    camera = Lens(case.camera, case.focal * width, (0.51 * width, 0.49 * height), at,
                  looking_at(tuple(at), (0.0, 0.0, 0.0)), k1=-0.12, k2=0.05)
    aside = np.array(case.aside_m) - np.array((0.0, 0.0, far_m)) + rng.normal(0, 0.02, 3)
    width, height = case.projector
    turn = looking_at(tuple(aside), (0.0, case.lens_shift * height / (case.beam * width) * -aside[2], 0.0))
    centre = (width / 2, (0.5 + case.lens_shift) * height)
    beamer = Lens(case.projector, case.beam * width, centre, aside, turn, k1=-0.03)
    return camera, beamer


def sheets(case: BoardCase, seed: int) -> Sequence[Sheet]:
    """Return the board in its poses: tilted to all sides, near and far, all over the picture."""
    rng = np.random.default_rng([seed, 22])
    made = []
    for number in range(case.poses):
        around = 2 * np.pi * number / case.poses + rng.normal(0, 0.2)
        tilt = np.deg2rad(rng.uniform(*case.tilt_deg))
        turn = np.asarray(cv2.Rodrigues(tilt * np.array((np.cos(around), np.sin(around), 0.0)))[0], np.float64)
        roll = np.asarray(cv2.Rodrigues(np.array((0.0, 0.0, rng.normal(0, 0.15))))[0], np.float64)
        at = np.array((rng.uniform(-0.08, 0.08), rng.uniform(-0.06, 0.06), rng.uniform(-0.1, 0.2)))
        made.append(Sheet(at, turn @ roll, case.corners, SQUARE_MM / 1000, case.bend))
    return made


def write_case(case: BoardCase, seed: int, folder: Path) -> None:
    """Write the pictures of all poses and their manifest."""
    camera, beamer = lenses(case, seed)
    for number, sheet in enumerate(sheets(case, seed)):
        shoot(folder, f"pose{number}", case, [sheet, Plane((0.0, 0.0, 0.6))], camera, beamer, seed)
    keys = {**case.keys, "files": f"pose{{pose}}_*{case.suffix}"}
    board = f"\n[board]\ncorners = [{case.corners[0]}, {case.corners[1]}]\nsquare_mm = {SQUARE_MM}\n"
    write_manifest(folder, case, keys, board)


def write_views(case: BoardCase, seed: int, folder: Path) -> None:
    """Write the pictures of two cameras that look at one uneven scene, and their manifest."""
    camera, beamer = lenses(case, seed)
    aside = camera.at_m + np.array((0.35, -0.1, 0.1))
    other = replace(camera, at_m=aside, turn=looking_at(tuple(aside), (0.0, 0.0, 0.05), 4.0),
                    focal_px=1.1 * camera.focal_px)
    scene: Sequence[Surface] = [Relief(_dunes), Cylinder((0.12, -0.02), 0.05, is_far=False),
                                Plane((-0.1, 0.02, -0.12), half_m=(0.07, 0.05))]
    for name, lens in (("left", camera), ("right", other)):
        shoot(folder, name, case, scene, lens, beamer, seed)
    write_manifest(folder, case, {**case.keys, "files": f"{{pose}}_*{case.suffix}", "views": ["left", "right"]})


def shoot(folder: Path, name: str, case: BoardCase, surfaces: Sequence[Surface], camera: Lens, beamer: Lens,
          seed: int) -> None:
    """Write what the camera sees of each frame of a scan, as `NAME_00` and so on."""
    made = Room(surfaces=surfaces, projectors={BEAMER: Projector(lens=beamer, gamma=case.gamma)},
                cameras={LOOKER: Camera(lens=camera, gamma=case.camera_gamma)}, seed=seed, ambient=0.08)
    view, rng = View(made, LOOKER, fine=FINE), np.random.default_rng([seed, _number(name)])
    slots = slots_of(_manifest(case))
    plan = plan_of(_manifest(case), [slot for slot in slots if slot is not None])
    folder.mkdir(parents=True, exist_ok=True)
    for number, slot in enumerate(slots):
        frame = plan.frame(slot) if slot is not None else np.zeros(case.projector[::-1], np.uint8)
        picture = expose(view.radiance({BEAMER: frame}), made.cameras[LOOKER], rng)
        options = [cv2.IMWRITE_JPEG_QUALITY, 92] if case.suffix == ".jpg" else []
        if not cv2.imwrite(str(folder / f"{name}_{number:02d}{case.suffix}"), picture, options):
            raise MixeurError(f"{folder}: a picture cannot be written; is the disk full?")


def _manifest(case: BoardCase) -> Manifest:
    keys: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in case.keys.items()}
    return Manifest(projector=case.projector, **keys)


def _dunes(x: Array, y: Array) -> Array:
    """Return the depth of a wall with dunes of some centimetres."""
    return np.asarray(0.1 + 0.03 * np.sin(9 * x + 1) * np.cos(7 * y) + 0.008 * np.sin(31 * x + 5 * y))


def write_manifest(folder: Path, case: BoardCase, keys: Mapping[str, Any], more: str = "") -> None:
    """Write the manifest of a case."""
    lines = ["format = 1", f"projector = [{case.projector[0]}, {case.projector[1]}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    write_atomic(folder / MANIFEST, "\n".join(lines) + "\n" + more, keep_previous=False)


def _number(name: str) -> int:
    """Return a number for a name, the same each time."""
    return sum((place + 1) * byte for place, byte in enumerate(name.encode()))


def missed(case: BoardCase, seed: int, figures: Mapping[str, Any]) -> Array:
    """Return how far the calibration of a case misses places of the room, in projector pixels. Shape (n,).

    The points are given in the camera's picture and their true distance, so that all that was found takes part.
    """
    camera, beamer = lenses(case, seed)
    points = np.concatenate([sheet.corners_m() for sheet in sheets(case, seed + 1000)])
    px, depth = camera.project(points)
    found = {name: np.array([figures[name][key] for key in OPTICS]) for name in ("camera_lens", "projector_lens")}
    flat = _undistorted(found["camera_lens"], px)
    own = np.column_stack([flat, np.ones(len(flat))]) * depth[:, None]
    link = figures["camera_to_projector"]
    there = own @ np.array(link["turn"]).T + np.array(link["move_mm"]) / 1000
    return np.asarray(np.hypot(*(projected(found["projector_lens"], there) - beamer.project(points)[0]).T))


def _undistorted(optics: Array, px: Array) -> Array:
    matrix = np.array([[optics[0], 0, optics[2]], [0, optics[1], optics[3]], [0, 0, 1]])
    return np.asarray(cv2.undistortPoints(px[:, None], matrix, optics[4:]), np.float64).reshape(-1, 2)
