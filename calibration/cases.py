"""The rooms in which the calibration proves itself: each with a known truth and the figures that must be reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.lens import Array, Lens, looking_at
from calibration.patterns import Kind
from calibration.simulator.room import Camera, Projector, Room
from calibration.simulator.surface import Cylinder, Dome, Plane, Relief, Surface, nearest

PROJECTOR, CAMERA = "left", "tripod"
FULL_HD = (1920, 1080)
FILLED = 0.9  # of the camera's picture by the projection

Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a map must reach; errors in projector_px. The names are those of the reference's section 7."""

    name: str
    median_px: float = 0.005
    p95_px: float = 0.025
    p99_px: float = 0.07
    gross: float = 1e-5
    coverage: float = 0.99


G1 = Goal(name="G1")
G2 = Goal(name="G2", median_px=0.05, p95_px=0.05, p99_px=0.2)
G3 = Goal(name="G3", median_px=0.05, p95_px=0.3, p99_px=1.0, gross=1e-3, coverage=0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One projector, one camera, one scan.

    Attributes:
        build: Makes the room from a seed.
        dropped: How many of the finest bits are not shown.
        edge_px: Camera pixels nearer than this to the border of a surface or a shadow are not judged.
        shake_px: How far the camera moves from frame to frame (rms), in its own pixels.
    """

    name: str
    build: Callable[[int], Room]
    goal: Goal = G1
    kind: Kind = "gray"
    dropped: int = 0
    edge_px: int = 0
    shake_px: float = 0.0


def map_cases() -> Sequence[Case]:
    """Return the cases that judge a map of one projector."""
    wide, small = (1920, 1200), (1280, 800)
    return (
        Case(name="plane", build=lambda seed: room([Plane()], seed, wide)),
        Case(name="cylinder", build=lambda seed: room([_cylinder()], seed, wide)),
        Case(name="bumpy", build=lambda seed: room([Relief(bumps)], seed, wide)),
        Case(name="small_camera", build=lambda seed: room([_cylinder()], seed, small)),
        Case(name="one_bit_less", build=lambda seed: room([_cylinder()], seed, small), dropped=1),
        Case(name="two_bits_less", build=lambda seed: room([_cylinder()], seed, small), dropped=2),
        Case(name="low_contrast",
             build=lambda seed: _camera(room([_cylinder()], seed, small, ambient=1.5), white_dn=58.0)),
        Case(name="defocus", build=lambda seed: _projector(room([_cylinder()], seed, small), blur_px=1.5)),
        Case(name="camera_gamma", build=lambda seed: _camera(room([_cylinder()], seed, small), gamma=2.2)),
        Case(name="phase", build=lambda seed: room([_cylinder()], seed, small), kind="phase"),
        Case(name="step", build=lambda seed: room(box(), seed, small, at_m=(0.25, -0.1, -3.3)), goal=G2, edge_px=3),
        Case(name="occlusion", build=lambda seed: room(pillar(), seed, small), goal=G2, edge_px=3),
        Case(name="dome", build=lambda seed: room([Dome((0.0, 0.0, -2.2), 2.2)], seed, small, bounce=0.3), kind="xor"),
        Case(name="corner", build=lambda seed: room(corner(), seed, small, bounce=0.8, gloss=0.15, ambient=0.5),
             goal=G3, kind="xor", edge_px=3),
        Case(name="portrait", build=lambda seed: room([_cylinder()], seed, small, roll_deg=90.0)),
        Case(name="upside_down", build=lambda seed: room([_cylinder()], seed, small, roll_deg=180.0)),
        Case(name="lens_shift", build=lambda seed: room([Plane()], seed, small, centre_px=(960.0, 1404.0))),
        Case(name="colour_wheel", build=lambda seed: room([_cylinder()], seed, small, banding=0.02)),
        Case(name="shake", build=lambda seed: room([_cylinder()], seed, small), shake_px=0.3,
             goal=replace(G1, name="G8", median_px=0.3, p95_px=0.3, p99_px=0.5, gross=1e-3)),
    )


def room(surfaces: Sequence[Surface], seed: int, camera_size: tuple[int, int], *, roll_deg: float = 0.0,
         at_m: Place = (0.5, -0.3, -3.6), centre_px: tuple[float, float] = (960.0, 1080.0), ambient: float = 0.05,
         bounce: float = 0.0, gloss: float = 0.0, banding: float = 0.0) -> Room:
    """Return a room with one full-HD projector and one camera on a tripod; the seed moves both a little."""
    rng = np.random.default_rng([seed, 7])
    stands = tuple(np.array((-0.3, 0.3, -4.2)) + rng.normal(0, 0.05, 3))
    beamer = Lens(FULL_HD, 2900.0, centre_px, np.array(stands), looking_at(stands, (0.0, 0.0, 0.0), roll_deg), k1=-0.02)
    tripod = tuple(np.array(at_m) + rng.normal(0, 0.05, 3))
    return Room(surfaces=surfaces, projectors={PROJECTOR: Projector(lens=beamer)},
                cameras={CAMERA: Camera(lens=aimed(tripod, camera_size, surfaces, [beamer]))},
                ambient=ambient, bounce=bounce, gloss=gloss, banding=banding, seed=seed)


def aimed(at_m: Place, size: tuple[int, int], surfaces: Sequence[Surface], beamers: Sequence[Lens],
          k1: float = -0.08) -> Lens:
    """Return a camera's lens, turned and zoomed so that the projections fill its picture."""
    places = np.concatenate([_lit_places(surfaces, beamer) for beamer in beamers])
    middle = (places.min(0) + places.max(0)) / 2
    for _ in range(3):
        turn = looking_at(at_m, tuple(middle))
        seen = (places - np.array(at_m)) @ turn.T
        flat = seen[:, :2] / seen[:, 2:]
        centre = (flat.min(0) + flat.max(0)) / 2
        middle = np.array(at_m) + np.append(centre, 1.0) @ turn * seen[:, 2].mean()
    half = np.abs(flat - centre).max(0)
    focal = FILLED * min(size[0] / 2 / half[0], size[1] / 2 / half[1])
    return Lens(size, focal, (size[0] / 2, size[1] / 2), np.array(at_m), looking_at(at_m, tuple(middle)), k1=k1)


def bumps(x: Array, y: Array) -> Array:
    """Return the depth of a wall with soft bumps of some centimetres."""
    return np.asarray(0.03 * np.sin(4 * x) * np.cos(3 * y) + 0.01 * np.sin(9 * x + 2 * y))


def box() -> list[Surface]:
    """Return a box's front before a wall."""
    return [Plane(), Plane((0.1, 0.05, -0.35), half_m=(0.5, 0.35))]


def pillar() -> list[Surface]:
    """Return a round pillar before a wall, which throws a shadow on it."""
    return [Plane(), Cylinder((0.1, -0.6), 0.18, is_far=False)]


def corner() -> list[Surface]:
    """Return two walls that meet at a right angle."""
    return [Plane((0.0, 0.0, 0.6), (1.0, 0.0, -1.0)), Plane((0.0, 0.0, 0.6), (-1.0, 0.0, -1.0))]


def _cylinder() -> Cylinder:
    return Cylinder((0.0, -2.5), 2.5)


def _lit_places(surfaces: Sequence[Surface], beamer: Lens) -> Array:
    width, height = beamer.size
    edge = np.array([(x * width, y * height) for x in (0, 0.25, 0.5, 0.75, 1) for y in (0, 0.5, 1)])
    rays = beamer.rays(edge)
    length, _, _ = nearest(surfaces, beamer.at_m, rays)
    met = np.isfinite(length)
    return np.asarray(beamer.at_m + rays[met] * length[met][:, None])


def _camera(made: Room, **changes: float) -> Room:
    return replace(made, cameras={name: replace(camera, **changes) for name, camera in made.cameras.items()})  # type: ignore[arg-type]


def _projector(made: Room, **changes: float) -> Room:
    return replace(made, projectors={n: replace(p, **changes) for n, p in made.projectors.items()})  # type: ignore[arg-type]
