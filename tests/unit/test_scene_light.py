from __future__ import annotations

import numpy as np
import pytest

from engine.light.levels import LampLevel
from engine.light.lights import Lights, mix_lamps
from engine.render.layer import Layer
from engine.show.model import Lamp, Stage

LAMPS = {
    "left": Lamp(name="left", at_m=(1.0, 1.0), group="wall"),
    "right": Lamp(name="right", at_m=(3.0, 1.0), group="wall"),
    "roof": Lamp(name="roof"),
}


def lights() -> Lights:
    made = Lights(LAMPS, Stage(size_m=(4.0, 2.0)))
    made.begin({})
    return made


def picture(left: tuple[int, ...], right: tuple[int, ...]) -> np.ndarray:
    pixels = np.zeros((100, 200, 4), np.uint8)
    pixels[:, :100], pixels[:, 100:] = left, right
    return pixels


def test_a_lamp_not_asked_for_in_a_frame_is_released() -> None:
    made = lights()
    made["left"].set("#ffffff")
    assert [level.lamp for level in made.end()] == ["left"]
    made.begin({})
    assert made.end() == ()


def test_colours_turn_linear_and_the_last_word_counts() -> None:
    made = lights()
    made.all.set((1, 1, 1), level=0.5)
    made.group("wall").set((0.5, 0, 0, 1), level=9, fade_s=-1)
    assert made.end() == (
        LampLevel("left", (pytest.approx(0.214, abs=1e-3), 0.0, 0.0), 1.0, 0.0),
        LampLevel("right", (pytest.approx(0.214, abs=1e-3), 0.0, 0.0), 1.0, 0.0),
        LampLevel("roof", (1.0, 1.0, 1.0), 0.5),
    )


def test_what_is_no_number_is_refused_with_its_name() -> None:
    made = lights()
    for name, value in (("level", float("nan")), ("fade_s", float("inf")), ("level", "bright"), ("level", None)):
        with pytest.raises(ValueError, match=f"lights: {name} is .*; give a number"):
            made.all.set((1, 1, 1), **{name: value})
    with pytest.raises(ValueError, match="lights: value is nan"):
        made["left"].channel("pan", float("nan"))


def test_a_lamp_follows_the_picture_near_its_place() -> None:
    made = lights()
    below = Layer(picture((255, 0, 0, 255), (0, 0, 255, 255)))
    glow = Layer(picture((0, 0, 0, 0), (0, 255, 0, 255)), blend="add")
    made.begin({"stage": (below, glow)})
    made.all.follow(level=0.5)
    levels = {level.lamp: level for level in made.end()}
    assert levels["left"].colour == (1.0, 0.0, 0.0) and levels["left"].level == 0.5
    assert levels["right"].colour == (0.0, 1.0, 1.0)
    assert levels["roof"].colour == pytest.approx((0.5, 0.5, 0.5), abs=0.02), (
        "without a place it sees the whole picture"
    )
    made.all.follow("inside")
    assert made.end()[0].colour == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("blend", "green"), [("over", 1.0), ("add", 1.0), ("screen", 1.0), ("multiply", 0.0)])
def test_follow_mixes_layers_as_the_compositor_does(blend: str, green: float) -> None:
    made = lights()
    red, green_layer = picture(*[(255, 0, 0, 255)] * 2), picture(*[(0, 255, 0, 255)] * 2)
    made.begin({"stage": (Layer(red), Layer(green_layer, blend=blend))})  # type: ignore[arg-type]
    made["roof"].follow()
    assert made.end()[0].colour == (1.0 if blend in ("add", "screen") else 0.0, green, 0.0)


def test_scenes_lamps_add_in_linear_light() -> None:
    red, blue = LampLevel("left", (1.0, 0.0, 0.0), 0.8, 1.0), LampLevel("left", (0.0, 0.0, 1.0), 0.4, 2.0)
    assert mix_lamps([(0.5, (red,))]) == (LampLevel("left", (1.0, 0.0, 0.0), 0.4, 1.0),)
    mixed = mix_lamps([(0.25, (red,)), (0.75, (blue, LampLevel("roof", level=1.0)))])
    assert (
        mixed[0].level == pytest.approx(0.5)
        and mixed[0].colour == pytest.approx((0.4, 0.0, 0.6))
        and mixed[0].fade_s == 2.0
    )
    assert mixed[1].level == 0.75
