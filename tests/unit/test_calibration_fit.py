"""The fit on computed rooms: sub-pixel truth on smooth walls, no bridge over a depth step, turned projectors."""

import numpy as np
import pytest

from calibration.capture import take
from calibration.cases import CAMERA, PROJECTOR, aimed
from calibration.decode import Scan
from calibration.fit import ACCEPT_MEAN_PX, CameraMap, mean_of, solve
from calibration.lens import Lens, looking_at
from calibration.patterns import plan
from calibration.register import steadied
from calibration.shake import steady_light, tremble_of
from calibration.simulator.light import View
from calibration.simulator.rig import SimulatedRig, Timing
from calibration.simulator.room import Camera, Projector, Room, Truth
from calibration.simulator.surface import Cylinder, Plane
from calibration.spline import Spline
from calibration.trial import WAIT_S, edges_of, errors_of
from engine.problems import MixeurError

BEAMER, TRIPOD = (320, 180), (288, 180)


def small_room(surfaces, roll_deg=0.0, at_m=(0.5, -0.3, -3.6)) -> Room:
    stands = (-0.3, 0.3, -4.2)
    lens = Lens(BEAMER, 480.0, (160.0, 180.0), np.array(stands), looking_at(stands, (0, 0, 0), roll_deg), k1=-0.02)
    return Room(surfaces=surfaces, projectors={PROJECTOR: Projector(lens=lens)},
                cameras={CAMERA: Camera(lens=aimed(at_m, TRIPOD, surfaces, [lens]))}, seed=3)


def scanned(made: Room, kind="gray") -> tuple[Scan, Truth]:
    view = View(made, CAMERA)
    rig = SimulatedRig(made, {CAMERA: view}, Timing(), 3)
    return take(rig, PROJECTOR, CAMERA, plan(BEAMER, kind), WAIT_S).scan, view.truth(PROJECTOR)


def error_of(found: CameraMap, truth: Truth, edge_px: int = 0) -> np.ndarray:
    return errors_of(found, truth)[(found.labels > 0) & truth.is_lit & ~edges_of(truth, edge_px)]


@pytest.mark.parametrize("roll_deg", [0.0, 90.0, 180.0])
def test_a_curved_wall_is_mapped_to_a_hundredth_of_a_pixel(roll_deg):
    scan, truth = scanned(small_room([Cylinder((0.0, -2.5), 2.5)], roll_deg))
    found = solve(scan)
    error = error_of(found, truth)
    assert np.median(error) <= 0.01
    assert np.percentile(error, 95) <= 0.04
    assert error.max() < 0.5
    assert np.mean(found.labels[truth.is_lit] > 0) > 0.99
    assert found.even_odd_p95_px < 0.05


@pytest.mark.parametrize("kind", ["xor", "phase"])
def test_the_other_codes_are_as_exact(kind):
    scan, truth = scanned(small_room([Plane()]), kind)
    assert np.percentile(error_of(solve(scan), truth), 95) <= 0.04


def test_a_box_before_a_wall_gets_a_surface_of_its_own():
    scan, truth = scanned(small_room([Plane(), Plane((0.1, 0.05, -0.9), half_m=(0.3, 0.25))], at_m=(0.25, -0.1, -3.3)))
    found = solve(scan)
    assert len(found.segments) >= 2
    error = error_of(found, truth, edge_px=3)
    assert np.percentile(error, 95) <= 0.05
    assert np.mean(error > 1.5) <= 1e-4


def test_a_trembling_camera_is_seen_in_the_sums_of_frames_and_taken_back():
    made = small_room([Plane()])
    view = View(made, CAMERA)
    truth = view.truth(PROJECTOR)
    scans = [take(SimulatedRig(made, {CAMERA: view}, Timing(shake_px=0.3), seed, (0.0, far)), PROJECTOR, CAMERA,
                  plan(BEAMER), WAIT_S).scan for seed, far in ((5, 0.0), (6, 0.4))]
    maps = [solve(scan) for scan in scans]
    for found in maps:
        off = (np.moveaxis(found.projector_px, 0, 2) - truth.projector_px)[(found.labels > 0) & truth.is_lit]
        assert found.tremble is not None and found.tremble.most_px > 0.1
        assert np.percentile(np.hypot(*(off - off.mean(0)).T), 95) < 0.15  # no bit is seen elsewhere than the others
    lights = [steady_light(scan, found.tremble) for scan, found in zip(scans, maps, strict=True)]
    before, after = _apart(*maps), _apart(*steadied(maps, lights))
    assert before > 0.3
    assert after < 0.06
    assert tremble_of(*_steady(), {"columns": (3, 2, 1)}) is None


def _apart(one: CameraMap, other: CameraMap) -> float:
    return float(np.nanmedian(np.hypot(*(one.projector_px - other.projector_px))))


def _steady():
    scan, truth = scanned(small_room([Plane()]))
    return scan, truth.is_lit.astype(np.int32)


def test_where_a_surface_turns_away_the_fit_is_held_against_the_code():
    seen, shown = np.meshgrid(np.arange(60, dtype=np.float32), np.zeros(40, np.float32))
    seen[:, 55:] += 1.2  # the code runs off the fit at the rim: each pixel alone would pass for noise
    off = seen - np.arange(60, dtype=np.float32) - shown
    mean = np.abs(mean_of(off, np.ones(off.shape, bool)))
    assert (mean[:, 56:] > ACCEPT_MEAN_PX).all()
    assert (mean[:, :54] <= ACCEPT_MEAN_PX).all()


def test_pictures_without_a_code_end_in_a_named_cause():
    made = plan(BEAMER)
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 40, TRIPOD[::-1]).astype(np.uint8) for _ in made.patterns]
    pictures[0] = pictures[0] + np.uint8(150)
    with pytest.raises(MixeurError, match="no code; is the projector at its native resolution"):
        solve(Scan(made, pictures))


def test_a_spline_keeps_straight_lines_straight_over_holes():
    xs, ys = np.arange(40) * 4 + 2.0, np.arange(30) * 4 + 2.0
    wanted = 0.3 * xs[None] - 0.7 * ys[:, None] + 5
    weights = np.ones(wanted.shape)
    weights[8:20, 10:30] = 0
    fitted = Spline.flat((0, 0), (160, 120), 16.0).fitted(xs, ys, wanted, weights)
    np.testing.assert_allclose(fitted.on_grid(xs, ys), wanted, atol=1e-8)
    np.testing.assert_allclose(fitted.at(*np.meshgrid(xs, ys)), wanted, atol=1e-8)
