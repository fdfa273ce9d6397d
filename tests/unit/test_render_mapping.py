"""Mapping: corners within a pixel, exact copies, soft edges that sum to one light, black that stays black."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.kernel_cache import compilations
from engine.problems import MixeurError
from engine.render import kernels
from engine.render.mapping import Mapping
from engine.show.profile import Profile, Ramp

STAGE = (192, 108)
OUT = (160, 90)
FLIPS = {"none": (1, 1), "horizontal": (1, -1), "vertical": (-1, 1), "both": (-1, -1)}
KEYSTONE = ((20.0, 10.0), (140.5, 4.25), (150.0, 85.0), (9.75, 80.0))


def noise(size=STAGE, seed=1):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4)).astype(np.uint8)
    pixels[..., 3] = 255
    return pixels


def white(size=STAGE):
    return np.full((size[1], size[0], 4), 255, np.uint8)


def grid_mesh(corners, columns, rows):
    """An even grid between four corners, bilinear."""
    a, b, c, d = np.array(corners)
    v, u = np.mgrid[0:1:rows * 1j, 0:1:columns * 1j]
    u, v = u[..., None], v[..., None]
    points = a * (1 - u) * (1 - v) + b * u * (1 - v) + c * u * v + d * (1 - u) * v
    return tuple(tuple(map(tuple, row)) for row in points.tolist())


def centroid(picture):
    light = picture[..., 1].astype(float)
    y, x = np.indices(light.shape) + 0.5
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize("order", ["rgba", "bgra"])
def test_a_projector_without_calibration_shows_the_stage_exactly(flip, order):
    stage = noise()
    down, across = FLIPS[flip]
    expected = stage[::down, ::across][..., [0, 1, 2, 3] if order == "rgba" else [2, 1, 0, 3]]
    mapping = Mapping(Profile.identity(STAGE), STAGE, flip, order, kernels)
    assert mapping.is_copy
    np.testing.assert_array_equal(mapping.apply(stage), expected)


@pytest.mark.parametrize("flip", FLIPS)
def test_a_mesh_over_the_whole_picture_shows_the_stage_exactly_too(flip):
    stage = noise()
    mesh = grid_mesh([(0, 0), (192, 0), (192, 108), (0, 108)], 5, 4)
    mapping = Mapping(Profile(size=STAGE, mesh=mesh), STAGE, flip, kernels=kernels)
    assert not mapping.is_copy
    down, across = FLIPS[flip]
    assert np.abs(mapping.apply(stage).astype(int) - stage[::down, ::across]).max() <= 1


@pytest.mark.parametrize("kind", ["corners", "mesh"])
def test_a_dot_near_each_corner_falls_within_a_pixel_of_its_place(kind):
    corners, mesh = (KEYSTONE, None) if kind == "corners" else (None, grid_mesh(KEYSTONE, 9, 6))
    mapping = Mapping(Profile(size=OUT, corners=corners, mesh=mesh), STAGE, kernels=kernels)
    for corner, (u, v) in zip(KEYSTONE, [(0, 0), (1, 0), (1, 1), (0, 1)], strict=True):
        stage = np.zeros((STAGE[1], STAGE[0], 4), np.uint8)
        x, y = (0 if u == 0 else STAGE[0] - 3), (0 if v == 0 else STAGE[1] - 3)
        stage[y:y + 3, x:x + 3] = 255
        s, t = (x + 1.5) / STAGE[0], (y + 1.5) / STAGE[1]
        a, b, c, d = np.array(KEYSTONE)
        expected = (a * (1 - s) + b * s) * (1 - t) + (d * (1 - s) + c * s) * t
        assert np.hypot(*(centroid(mapping.apply(stage)) - expected)) <= 1.0
        assert np.hypot(*(centroid(mapping.apply(stage)) - corner)) <= 3.0


def test_the_outline_of_the_light_is_the_outline_of_the_corners():
    lit = Mapping(Profile(size=OUT, corners=KEYSTONE), STAGE, kernels=kernels).apply(white())[..., 0] / 255
    x, y = np.array(KEYSTONE).T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    length = np.hypot(x - np.roll(x, 1), y - np.roll(y, 1)).sum()
    assert abs((lit ** 2.2).sum() - area) / length < 0.2


def test_sampling_is_bilinear_within_two_steps():
    stage, scale = noise(), 1.37
    corners = ((-5.3, -4.1), (-5.3 + STAGE[0] * scale, -4.1), (-5.3 + STAGE[0] * scale, -4.1 + STAGE[1] * scale),
               (-5.3, -4.1 + STAGE[1] * scale))
    out = Mapping(Profile(size=OUT, corners=corners), STAGE, kernels=kernels).apply(stage)
    x, y = ((np.arange(n) + 0.5 + shift) / scale - 0.5 for n, shift in ((OUT[0], 5.3), (OUT[1], 4.1)))
    ix, iy = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - ix)[None, :, None], (y - iy)[:, None, None]
    at = [stage[np.ix_(iy + j, ix + i)].astype(float) for j in (0, 1) for i in (0, 1)]
    expected = (at[0] * (1 - fx) + at[1] * fx) * (1 - fy) + (at[2] * (1 - fx) + at[3] * fx) * fy
    assert np.abs(out - expected).max() <= 2.0
    assert np.abs(out - expected).mean() <= 0.5


@pytest.mark.parametrize("level", [64, 128, 255])
@pytest.mark.parametrize("gamma", [1.8, 2.2, 2.6])
def test_light_of_two_projectors_sums_to_one_across_their_overlap(gamma, level):
    overlap = 40
    stage = np.full((STAGE[1], STAGE[0], 4), level, np.uint8)
    left = Profile(size=OUT, ramp=Ramp(right=overlap), gamma=gamma)
    right = Profile(size=OUT, ramp=Ramp(left=overlap), gamma=gamma)
    a, b = (Mapping(profile, STAGE, kernels=kernels).apply(stage)[45, :, 0] / 255 for profile in (left, right))
    total = (a[-overlap:] ** gamma + b[:overlap] ** gamma) / (level / 255) ** gamma
    if level == 255:
        assert np.abs(total - 1).max() <= 0.02
    assert np.abs(total.mean() - 1) <= 0.02  # darker signals are coarser than 2 percent of their light
    assert (a[:-overlap] == level / 255).all()


def test_the_mask_and_what_the_stage_does_not_reach_are_exactly_black_even_with_a_black_level():
    mask = ((60.0, 30.0), (100.0, 30.0), (100.0, 60.0), (60.0, 60.0))
    profile = Profile(size=OUT, corners=KEYSTONE, mask=(mask,), black_level=(0.01, 0.01, 0.01))
    out = Mapping(profile, STAGE, kernels=kernels).apply(white())
    assert not out[32:58, 62:98, :3].any()
    assert not out[:3, :, :3].any()
    assert (out[20:28, 40:120, :3] == 255).all()


def test_what_the_scene_leaves_black_stays_exactly_black_without_a_black_level():
    black = np.zeros((STAGE[1], STAGE[0], 4), np.uint8)
    black[..., 3] = 255
    profile = Profile(size=OUT, mesh=grid_mesh(KEYSTONE, 4, 4), ramp=Ramp(left=30.0, top=10.0),
                      colour=((0.9, 0.1, 0.0), (0.0, 1.0, 0.0), (0.0, 0.1, 0.8)))
    for chosen in (profile, replace(profile, colour=None)):
        assert not Mapping(chosen, STAGE, order="bgra", kernels=kernels).apply(black)[..., :3].any()


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize("corners", [None, KEYSTONE])
@pytest.mark.parametrize("drawn", [kernels, None])
def test_g2_a_feathered_surface_falls_to_nothing_over_two_percent_of_its_width(corners, flip, drawn):
    size, stage = (640, 360), (480, 270)
    profile = Profile(size=size, corners=corners and tuple((4 * x, 4 * y) for x, y in corners))
    out = Mapping(profile, stage, flip, kernels=drawn, feather=0.02).apply(white(stage))[..., 0].astype(int)
    plain = Mapping(profile, stage, flip, kernels=kernels).apply(white(stage))[..., 0]
    lit = cv2.copyMakeBorder((plain > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    edge_px = cv2.distanceTransform(lit, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    wide_px = 0.02 * np.ptp(np.flatnonzero(lit.any(0)))
    assert out[edge_px <= 4].max() <= 2
    assert out[edge_px >= wide_px + 1].min() >= 253
    middle = [out[(edge_px > near) & (edge_px <= near + 1)].mean() for near in range(4, int(wide_px))]
    assert middle == sorted(middle) and 40 < middle[len(middle) // 3] < 230


@pytest.mark.parametrize("colour", [None, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))])
def test_the_black_level_is_light_added_where_the_projector_shines_alone(colour):
    black_level = (0.002, 0.004, 0.008)
    profile = Profile(size=OUT, ramp=Ramp(right=40.0), black_level=black_level, colour=colour)
    stage = np.zeros((STAGE[1], STAGE[0], 4), np.uint8)
    out = Mapping(profile, STAGE, kernels=kernels).apply(stage)
    expected = np.rint(np.array(black_level) ** (1 / 2.2) * 255)
    assert np.abs(out[45, 20, :3] - expected).max() <= 1
    assert not out[:, -40:, :3].any()


def test_a_colour_matrix_mixes_in_light():
    profile = Profile(size=OUT, colour=((0.5, 0.0, 0.0), (0.0, 1.0, 0.0), (0.25, 0.0, 0.5)))
    stage = np.full((STAGE[1], STAGE[0], 4), 255, np.uint8)
    rgba = Mapping(profile, STAGE, kernels=kernels).apply(stage)[45, 80]
    bgra = Mapping(profile, STAGE, order="bgra", kernels=kernels).apply(stage)[45, 80]
    np.testing.assert_allclose((rgba[:3] / 255) ** 2.2, (0.5, 1.0, 0.75), atol=0.005)
    np.testing.assert_array_equal(bgra, rgba[[2, 1, 0, 3]])


def test_red_and_blue_change_places_for_windows():
    profile = Profile(size=OUT, corners=KEYSTONE, ramp=Ramp(left=20.0), black_level=(0.002, 0.004, 0.008))
    for chosen in (profile, replace(profile, black_level=(0.0, 0.0, 0.0))):
        rgba = Mapping(chosen, STAGE, kernels=kernels).apply(noise())
        bgra = Mapping(chosen, STAGE, order="bgra", kernels=kernels).apply(noise())
        np.testing.assert_array_equal(bgra, rgba[..., [2, 1, 0, 3]])


def test_plain_opencv_draws_nearly_the_same_until_the_kernels_are_ready():
    profile = Profile(size=OUT, mesh=grid_mesh(KEYSTONE, 6, 5), ramp=Ramp(left=30.0))
    plain, compiled = (Mapping(profile, STAGE, order="bgra", kernels=k).apply(noise()) for k in (None, kernels))
    assert np.abs(plain.astype(int) - compiled).max() <= 3


@pytest.mark.parametrize("corners", [((0, 0), (50, 50), (99, 99), (150, 150)), ((0, 0), (99, 90), (99, 0), (0, 90))])
def test_corners_on_a_line_or_crossed_are_refused_with_a_remedy(corners):
    with pytest.raises(MixeurError, match="drag them apart"):
        Mapping(Profile(size=OUT, corners=corners), STAGE, kernels=kernels)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(MixeurError, match="planned was"):
        Mapping(Profile.identity(OUT), STAGE, kernels=kernels).apply(noise(OUT))


def test_nothing_is_compiled_while_frames_are_mapped():
    profile = Profile(size=OUT, corners=KEYSTONE, black_level=(0.01, 0.01, 0.01))
    coloured = replace(profile, black_level=(0.0, 0.0, 0.0), colour=((1, 0, 0), (0, 1, 0), (0, 0, 0.9)))
    with compilations() as compiled:
        for chosen in (profile, coloured):
            Mapping(chosen, STAGE, kernels=kernels).apply(white())
    assert not compiled


@pytest.mark.parametrize("flip", ["none", "horizontal", "vertical", "both"])
@pytest.mark.parametrize("corners", [None, ((10.0, 5.0), (150.0, 12.0), (140.0, 80.0), (4.0, 85.0))])
def test_a_point_of_the_projector_is_found_on_the_stage_where_its_light_comes_from(flip, corners) -> None:
    stage = np.zeros((90, 160, 4), np.uint8)
    stage[40:44, 30:34] = 255
    mapping = Mapping(Profile(size=(160, 90), corners=corners), (160, 90), flip)
    row, column = np.argwhere(mapping.apply(stage)[..., 0] > 128).mean(0)
    x, y = mapping.stage_at(column + 0.5, row + 0.5)
    assert (x * 90, y * 90) == pytest.approx((32, 42), abs=1.2)
    assert mapping.stage_at(-1, 5) is None
