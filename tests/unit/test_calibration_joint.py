"""Several cameras, one stage: joined through the projector that both see, against the computed room's truth."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.capture import take
from calibration.cases import CAMERA
from calibration.fit import CameraMap, solve
from calibration.joint import meshes_of, vantages_of, view_of
from calibration.patterns import plan
from calibration.register import shown
from calibration.rooms import EAST, LEFT, MIDDLE, RIGHT, SMALL, row
from calibration.session import Screen, Session
from calibration.simulator.light import View
from calibration.simulator.rig import SimulatedRig, Timing
from calibration.simulator.room import Room
from calibration.simulator.surface import Plane, nearest
from calibration.stage import FlatStage
from calibration.steps import solve_session
from calibration.vantage import SeenStage
from engine.problems import MixeurError

ROOM = row([Plane()], 3, *SMALL)
BOTH = {CAMERA: (LEFT, MIDDLE), EAST: (MIDDLE, RIGHT)}
U, V = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, 161), np.linspace(0, 1, 81)))


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, CameraMap]]:
    return {camera: {name: scanned(ROOM, camera, name) for name in names} for camera, names in BOTH.items()}


def scanned(room: Room, camera: str, name: str) -> CameraMap:
    rig = SimulatedRig(room, {camera: View(room, camera, fine=1)}, Timing(), 3)
    for other in room.projectors:
        rig.show(other, np.zeros(SMALL[0][::-1], np.uint8))
    return solve(take(rig, name, camera, plan(SMALL[0]), 0.065).scan)


def test_three_projectors_meet_though_no_camera_sees_them_all(seen) -> None:
    views, left_px = vantages_of(seen)
    assert left_px < 0.05
    for name, view in views.items():
        lens = ROOM.cameras[name].lens
        assert view.k1 == pytest.approx(lens.k1 * (lens.size[0] / lens.focal_px) ** 2, rel=0.05)
        some = np.array([(10.0, 20.0), (300.0, 150.0)])
        np.testing.assert_allclose(view.camera_px(view.common_px(some)), some, atol=1e-6)
    stage = FlatStage(view_of(seen, views))
    meshes = meshes_of(seen, {name: SeenStage(stage, view) for name, view in views.items()})
    pitch_m = 3.6 / ROOM.projectors[LEFT].lens.focal_px
    walls = {name: fallen(name, mesh.points_px) for name, mesh in meshes.items()}
    for one, other in ((LEFT, MIDDLE), (MIDDLE, RIGHT)):
        apart_px = np.linalg.norm(walls[one] - walls[other], axis=1) / pitch_m
        assert np.isfinite(apart_px).sum() > 1000
        assert np.nanpercentile(apart_px, 95) < 0.1  # G8


def fallen(name: str, points_px: np.ndarray) -> np.ndarray:
    """Return where a projector's light of each place of the stage falls on the wall; nan where it has none."""
    lens = ROOM.projectors[name].lens
    px = shown(points_px, U, V)
    rays = lens.rays(px)
    places_m = lens.at_m + rays * nearest(ROOM.surfaces, lens.at_m, rays)[0][:, None]
    places_m[((px < 1) | (px > np.array(lens.size) - 1)).any(1)] = np.nan
    return places_m


def test_a_camera_that_shares_no_projector_is_named(seen) -> None:
    apart = {CAMERA: {LEFT: seen[CAMERA][LEFT]}, EAST: {RIGHT: seen[EAST][RIGHT]}}
    with pytest.raises(MixeurError, match="camera east shares no projector with the others"):
        vantages_of(apart)


def test_each_camera_of_a_session_keeps_its_pictures_apart(tmp_path) -> None:
    alone = Session(folder=tmp_path)
    assert alone.joined_by(alone.camera) == alone
    joined = alone.joined_by(EAST)
    assert [eye.camera for eye in joined.eyes()] == [CAMERA, EAST]
    assert joined.scan_folder(LEFT) == tmp_path / "scan-east" / LEFT
    assert replace(joined, camera=CAMERA).scan_folder(LEFT) == alone.scan_folder(LEFT)
    with pytest.raises(MixeurError, match="camera tripod has seen no projector"):
        solve_session(replace(joined, projectors={LEFT: Screen(size=SMALL[0])}), "", False, print)
