"""Waves: alone or beside a Gray code they tell each pixel's place, whatever their sense, start and gamma."""

import cv2
import numpy as np
import pytest

from calibration.decode import Scan, decode
from calibration.fit import solve
from calibration.manifest import Manifest, plan_of, slots_of

SIZE, CAMERA = (320, 200), (300, 190)
SCALE = 0.9


def taken(manifest, shown=None, gamma=1.0):
    """A camera that sees the projector 0.9 times as large, moved by (8, 5) pixels, with noise."""
    plan = plan_of(manifest, slots_of(manifest))
    rng = np.random.default_rng(2)
    look = np.array([[SCALE, 0, 8 + SCALE * 0.5 - 0.5], [0, SCALE, 5 + SCALE * 0.5 - 0.5]])
    pictures = []
    for frame in (shown or plan).frames():
        light = 255 * (frame / 255.0) ** gamma
        seen = 12 + 0.7 * cv2.warpAffine(cv2.GaussianBlur(light, (5, 5), 0.6), look, CAMERA)
        pictures.append(np.clip(np.rint(seen + rng.normal(0, 1, seen.shape)), 0, 255).astype(np.uint8))
    return Scan(plan, pictures)


def errors(found):
    y, x = np.mgrid[:CAMERA[1], :CAMERA[0]] + 0.5
    wanted = np.stack([(x - 8) / SCALE, (y - 5) / SCALE])
    return np.abs(found.projector_px - wanted)[:, 20:-25, 20:-25]


ALONE = {"kind": "phase", "order": ("columns waves", "rows waves"), "projector": SIZE}


@pytest.mark.parametrize(("keys", "gamma"), [
    ({"waves": (16.0, 1.0), "steps": 3}, 1.0),
    ({"waves": (1.0, 4.0, 20.0), "steps": 4, "shift": "plus", "start_deg": -90.0}, 1.0),
    ({"period_px": (28.0, 26.0, 23.0), "steps": 4}, 1.0),
    ({"waves": (16.0, 1.0), "steps": 3}, 1.6),
])
def test_waves_alone_tell_where_each_pixel_looks(keys, gamma):
    scan = taken(Manifest(**ALONE, **keys), gamma=gamma)
    assert np.percentile(np.abs(decode(scan).codes[0][30:160, 30:260].astype(int) + 0.5
                                - (np.arange(30, 260) + 0.5 - 8) / SCALE), 90) < (1.5 if gamma == 1 else 3)
    error = errors(solve(scan))
    assert np.nanmedian(error) < 0.03
    assert np.mean(np.isfinite(error)) > 0.9


@pytest.mark.parametrize("wrong", [{"shift": "plus"}, {"start_deg": 120.0}])
def test_a_code_beside_the_waves_puts_their_sense_and_start_right(wrong):
    keys = {"kind": "phase", "projector": SIZE}
    true, told = Manifest(**keys), Manifest(**keys, **wrong)
    error = errors(solve(taken(told, plan_of(true, slots_of(true)))))
    assert np.nanpercentile(error, 95) < 0.05
