"""Computed rooms with several projectors and cameras, to learn and to prove a whole calibration on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from calibration.cases import CAMERA, aimed
from calibration.lens import Lens, looking_at
from calibration.simulator.mural import mural
from calibration.simulator.room import Camera, Projector, Room
from calibration.simulator.surface import Cylinder, Plane, Surface

LEFT, MIDDLE, RIGHT = "left", "middle", "right"
EAST = "east"  # the second camera of a wide room
LARGE, SMALL = ((1920, 1080), (1920, 1200)), ((320, 180), (320, 200))  # sizes of projectors and camera
WARM = ((0.98, 0.06, 0.02), (0.05, 0.93, 0.06), (0.01, 0.06, 0.86))
COLD = ((0.90, 0.08, 0.01), (0.07, 0.92, 0.05), (0.02, 0.05, 1.04))


def rooms() -> Mapping[str, Callable[[int], Room]]:
    """Return the rooms by name; each is made from a seed."""
    return {
        "cylinder": lambda seed: unlike(pair([Cylinder((0.0, -2.5), 2.5)], seed, *LARGE)),
        "wall": lambda seed: unlike(pair([Plane()], seed, *LARGE)),
        "small_cylinder": lambda seed: unlike(pair([Cylinder((0.0, -2.5), 2.5)], seed, *SMALL)),
        "mural": lambda seed: painted(unlike(pair([Plane()], seed, *LARGE))),
        "small_mural": lambda seed: painted(unlike(pair([Plane()], seed, *SMALL))),
        "small_row": lambda seed: row([Plane()], seed, *SMALL),
    }


def pair(surfaces: Sequence[Surface], seed: int, size: tuple[int, int] = LARGE[0],
         camera_size: tuple[int, int] = LARGE[1]) -> Room:
    """Return two projectors side by side before a wall, and one camera that sees both; the seed moves all a little."""
    rng = np.random.default_rng([seed, 8])
    share = size[0] / 1920
    beamers = {}
    for name, side in ((LEFT, -1), (RIGHT, 1)):
        at_m = tuple(np.array((side * 0.75, 0.3, -3.6)) + rng.normal(0, 0.04, 3))
        turn = looking_at(at_m, (side * 0.75, 0.1, -0.1))
        beamers[name] = Lens(size, 2900.0 * share, (960.0 * share, 900.0 * share), np.array(at_m), turn, k1=-0.02)
    tripod = tuple(np.array((0.2, -0.2, -3.4)) + rng.normal(0, 0.04, 3))
    lens = aimed(tripod, camera_size, surfaces, list(beamers.values()))
    return Room(surfaces=surfaces, projectors={name: Projector(lens=beamer) for name, beamer in beamers.items()},
                cameras={CAMERA: Camera(lens=lens)}, seed=seed)


def row(surfaces: Sequence[Surface], seed: int, size: tuple[int, int] = LARGE[0],
        camera_size: tuple[int, int] = LARGE[1]) -> Room:
    """Return three projectors in a row and two cameras: one sees the left two, the other, `east`, the right two."""
    rng = np.random.default_rng([seed, 9])
    share = size[0] / 1920
    beamers = {}
    for name, side in ((LEFT, -1), (MIDDLE, 0), (RIGHT, 1)):
        at_m = tuple(np.array((side * 1.5, 0.3, -3.6)) + rng.normal(0, 0.04, 3))
        turn = looking_at(at_m, (side * 1.5, 0.1, -0.1))
        beamers[name] = Lens(size, 2900.0 * share, (960.0 * share, 900.0 * share), np.array(at_m), turn, k1=-0.02)
    cameras = {}
    for name, x, seen in ((CAMERA, -0.6, (LEFT, MIDDLE)), (EAST, 0.9, (MIDDLE, RIGHT))):
        at_m = tuple(np.array((x, -0.2, -3.4)) + rng.normal(0, 0.04, 3))
        cameras[name] = Camera(lens=aimed(at_m, camera_size, surfaces, [beamers[each] for each in seen]))
    return Room(surfaces=surfaces, projectors={name: Projector(lens=beamer) for name, beamer in beamers.items()},
                cameras=cameras, seed=seed)


def unlike(made: Room) -> Room:
    """Return a pair's room in the dark, its projectors of two makes: brightness, falloff, black, response, colour."""
    left, right = made.projectors[LEFT], made.projectors[RIGHT]
    return replace(made, ambient=0.002, projectors={
        LEFT: replace(left, lumen=1.0, vignetting=0.22, contrast=900.0, gammas=(2.2, 2.25, 2.15), primaries=WARM),
        RIGHT: replace(right, lumen=0.82, vignetting=0.3, contrast=500.0, gammas=(2.4, 2.4, 2.35), s_curve=0.3,
                       primaries=COLD)})


def painted(made: Room) -> Room:
    """Return a room whose wall bears a mural instead of a little texture."""
    return replace(made, texture=0.03, paint=mural(made.seed))
