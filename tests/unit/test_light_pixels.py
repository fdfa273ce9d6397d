"""Strips and walls of LEDs: each pixel shows its own part of the picture, in as many universes as it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.light.blackout import Blackout
from engine.light.fades import Fades
from engine.light.levels import LampLevel
from engine.light.lights import Lights, mix_lamps
from engine.light.patch import Patch
from engine.render.layer import Layer
from engine.show.model import Lamp, Stage

STAGE = Stage(size_m=(4.0, 2.0), aspect=2.0)


def ramp(width: int = 400, height: int = 200) -> Layer:
    """Red grows to the right, green downwards."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    pixels[..., 3] = 255
    return Layer(pixels)


def followed(lamp: Lamp, level: float = 1.0) -> LampLevel:
    lights = Lights({"leds": lamp}, STAGE)
    lights.begin({"stage": (ramp(),)})
    lights["leds"].follow(level=level)
    (asked,) = lights.end()
    return asked


def slots(lamp: Lamp, *asked: LampLevel) -> tuple[Patch, np.ndarray]:
    patch, fades = Patch({"leds": lamp}, Path()), Fades(["leds"])
    fades.step(asked, 1 / 60)
    return patch, patch.values(fades.lamps)


def test_a_strip_shows_the_picture_along_its_way() -> None:
    asked = followed(Lamp(name="leds", pixels=(100, 1), at_m=(0.0, 0.0), to_m=(4.0, 2.0)))
    assert asked.pixels is not None and asked.pixels.shape == (100, 3)
    expected = ((np.arange(100) + 0.5) / 100) ** 2.2
    assert np.abs(asked.pixels[:, 0] - expected).max() < 0.02
    assert np.abs(asked.pixels[:, 1] - expected).max() < 0.02
    assert asked.pixels[:, 2].max() == 0
    assert asked.colour == pytest.approx(tuple(asked.pixels.mean(axis=0)))


def test_a_wall_is_read_in_the_order_of_its_wiring() -> None:
    plain = followed(Lamp(name="leds", pixels=(4, 2))).pixels
    snake = followed(Lamp(name="leds", pixels=(4, 2), wiring="snake")).pixels
    assert plain is not None and snake is not None
    assert (np.diff(plain[:4, 0]) > 0).all() and (plain[4:, 1] > plain[:4, 1]).all()
    assert np.array_equal(snake[:4], plain[:4]) and np.array_equal(snake[4:], plain[4:][::-1])


def test_pixels_go_on_in_the_next_universe_and_none_is_torn() -> None:
    lamp = Lamp(name="leds", pixels=(200, 1), fixture="grb", address="artnet:10.0.0.5/3/500")
    patch, values = slots(lamp, followed(lamp, level=0.5))
    assert patch.universes == ("artnet:10.0.0.5/3", "artnet:10.0.0.5/4", "artnet:10.0.0.5/5")
    assert values.size == 600 and patch.channel[:12].tolist() == list(range(499, 511))
    assert (patch.universe[12:15] == 1).all() and patch.channel[12:15].tolist() == [0, 1, 2]
    asked = followed(lamp).pixels
    assert asked is not None
    assert values.reshape(-1, 3) == pytest.approx(asked[:, [1, 0, 2]] * 0.5)
    assert list(Blackout({"leds": lamp})._universes) == list(patch.universes)


def test_a_strip_that_is_set_has_one_colour_fades_and_is_released() -> None:
    lamp = Lamp(name="leds", pixels=(3, 1), fixture="rgbw", address="sacn:1/1")
    _, values = slots(lamp, LampLevel("leds", (1.0, 0.5, 0.25), 1.0))
    assert values.reshape(3, 4).tolist() == [[0.75, 0.25, 0.0, 0.25]] * 3
    fades = Fades(["leds"])
    fades.step([followed(lamp)], 1 / 60)
    fades.step([], 1 / 60)
    assert not Patch({"leds": lamp}, Path()).values(fades.lamps).any()


def test_strips_of_two_scenes_in_a_cross_fade_are_added() -> None:
    one = LampLevel("leds", pixels=np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    (mixed,) = mix_lamps([(0.25, (one,)), (0.75, (LampLevel("leds", (0.0, 0.0, 1.0), 0.5),))])
    assert mixed.pixels is not None and mixed.level == 1.0
    assert mixed.pixels.tolist() == [[0.25, 0.0, 0.375], [0.0, 0.25, 0.375]]
    assert mixed.colour == pytest.approx((0.125, 0.125, 0.375))
