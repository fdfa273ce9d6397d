"""A measured projector: light as asked for through a bent response, by dithered bytes; black as lifted; maps named."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.problems import MixeurError
from engine.render import kernels
from engine.render.mapping import Mapping
from engine.render.measured import curve
from engine.show.profile import Light, Profile

SIZE = (160, 96)
BENT = tuple(tuple(float(x) for x in light + 0.3 * (light * light * (3 - 2 * light) - light))
             for light in (np.linspace(0, 1, 17) ** g for g in (2.2, 2.4, 2.0)))


def profile(tmp_path, gain=1.0, lift=0.0, response=BENT, colour=None) -> Profile:
    cv2.imwrite(str(tmp_path / "gain.png"), np.full(SIZE[::-1], round(gain * 65535), np.uint16))
    cv2.imwrite(str(tmp_path / "lift.png"), np.full((*SIZE[::-1], 3), round(lift * 65535), np.uint16))
    light = Light(gain=tmp_path / "gain.png", lift=tmp_path / "lift.png", response=response)
    return Profile(size=SIZE, light=light, colour=colour)


def shown(made: Profile, value, order="rgba"):
    stage = np.full((*SIZE[::-1], 4), 255, np.uint8)
    stage[..., :3] = value
    return Mapping(made, SIZE, order=order, kernels=kernels).apply(stage)


def light_of(picture):
    """The light of each channel on average, by the response that BENT samples."""
    signal = np.linspace(0, 1, 256)
    rows = [light + 0.3 * (light * light * (3 - 2 * light) - light) for light in (signal ** g for g in (2.2, 2.4, 2.0))]
    return np.array([rows[c][picture[..., c]].mean() for c in range(3)])


@pytest.mark.parametrize("value", [26, 77, 153, 230])
@pytest.mark.parametrize("gain", [1.0, 0.5, 0.1])
def test_any_response_gives_the_light_that_is_asked_for(tmp_path, value, gain):
    wanted = gain * (value / 255) ** 2.2
    np.testing.assert_allclose(light_of(shown(profile(tmp_path, gain), value)), wanted, rtol=0.02, atol=6e-5)


def test_colours_are_mixed_in_light(tmp_path):
    mix = ((0.8, 0.1, 0.0), (0.0, 0.9, 0.0), (0.05, 0.0, 0.7))
    seen = light_of(shown(profile(tmp_path, colour=mix), (255, 128, 0)))
    np.testing.assert_allclose(seen, np.array(mix) @ ((np.array((255, 128, 0)) / 255) ** 2.2), rtol=0.01)


def test_a_tint_makes_a_coloured_wall_send_back_what_a_white_one_would(tmp_path):
    wall, primaries = np.array((0.9, 0.5, 0.7)), np.array(((0.9, 0.08, 0.01), (0.07, 0.92, 0.05), (0.02, 0.05, 1.0)))
    mix = ((0.8, 0.1, 0.0), (0.0, 0.9, 0.0), (0.05, 0.0, 0.7))
    plain = profile(tmp_path, gain=0.4, lift=0.002, colour=mix)
    tint = np.empty((*SIZE[::-1], 3), np.uint16)
    tint[:] = np.rint(0.4 / wall * 32768)[::-1]
    cv2.imwrite(str(tmp_path / "tint.png"), tint)
    tinted = replace(plain, light=replace(plain.light, tint=tmp_path / "tint.png", primaries=primaries.tolist()))
    for signal in ((255, 255, 255), (180, 200, 90), (60, 160, 200)):
        on_white = primaries @ (light_of(shown(plain, signal)) - 0.002)
        seen = wall * (primaries @ (light_of(shown(tinted, signal)) - 0.002))
        np.testing.assert_allclose(seen, on_white, rtol=0.02, atol=2e-4)


def test_black_is_black_and_a_lift_is_added_to_it(tmp_path):
    assert not shown(profile(tmp_path), 0)[..., :3].any()
    np.testing.assert_allclose(light_of(shown(profile(tmp_path, lift=0.002), 0)), 0.002, rtol=0.03)


def test_windows_get_their_order_of_bytes(tmp_path):
    made = profile(tmp_path, 0.5)
    np.testing.assert_array_equal(shown(made, (200, 90, 20), "bgra")[..., :3],
                                  shown(made, (200, 90, 20))[..., 2::-1])


def test_plain_opencv_blends_too_until_the_kernels_are_ready(tmp_path):
    stage = np.full((*SIZE[::-1], 4), 255, np.uint8)
    made = Mapping(profile(tmp_path, 0.5, response=None), SIZE).apply(stage)
    np.testing.assert_allclose((made[..., :3] / 255) ** 2.2, 0.5, atol=0.01)


def test_a_curve_rises_even_where_a_projector_crushes_its_blacks():
    light, signal = curve((0.0, 0.0, 0.0, 0.1, 0.4, 1.0))
    assert np.all(np.diff(light) > 0)
    assert np.interp(0.1, light, signal) == pytest.approx(0.6, abs=1e-3)


def test_a_lost_or_foreign_map_is_named_with_the_remedy(tmp_path):
    made = profile(tmp_path)
    with pytest.raises(MixeurError, match=r"gain\.png: is no whole 16-bit picture of 320 x 96; calibrate again"):
        Mapping(replace(made, size=(320, 96)), SIZE)
    (tmp_path / "gain.png").unlink()
    with pytest.raises(MixeurError, match=r"gain\.png: cannot be read"):
        Mapping(made, SIZE)
