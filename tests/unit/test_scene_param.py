from __future__ import annotations

import colorsys
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import engine
from engine import Param, Scene, Trigger, clamp, ease, ease_in, ease_out, hsv, mix, rgb
from engine.scene.param import ParamError, specs


class Base(Scene):
    warmth: Any = Param(0.5, 0, 1, unit="s", help="how warm")
    many = Param(3, 1, 9)
    hue = Param(0.1)


class Glow(Base):
    hue = Param("#ff8000")
    loud = Param(False)
    mood = Param("calm", choices=("calm", "wild"))
    tint = Param((1, 0.5, 0))
    flash = Trigger(help="a flash")


class Fixed(Glow):
    hue = 3


def test_params_are_inherited_in_order_with_kind_range_unit_and_help() -> None:
    assert [(spec.name, spec.kind) for spec in specs(Glow)] == [
        ("warmth", "number"),
        ("many", "whole"),
        ("hue", "colour"),
        ("loud", "bool"),
        ("mood", "choice"),
        ("tint", "colour"),
        ("flash", "trigger"),
    ]
    warmth = specs(Glow)[0]
    assert (warmth.default, warmth.low, warmth.high, warmth.unit, warmth.help) == (0.5, 0, 1, "s", "how warm")
    assert "hue" not in [spec.name for spec in specs(Fixed)], "a subclass may fix one"


def test_values_are_of_the_instance_and_read_only() -> None:
    one, two = Glow(), Glow()
    one._values = {**one._values, "warmth": 0.9}
    assert (one.warmth, two.warmth) == (0.9, 0.5)
    assert two.hue == (1.0, pytest.approx(128 / 255), 0.0)
    with pytest.raises(ParamError) as caught:
        one.warmth = 1
    assert (
        str(caught.value)
        == "self.warmth is a Param and read-only in the scene; use a name of your own, such as self.my_warmth"
    )


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("warmth", 5, 1.0),
        ("warmth", -1, 0.0),
        ("many", 3.6, 4),
        ("many", 99.0, 9),
        ("loud", 1, True),
        ("loud", 0.2, False),
        ("loud", True, True),
        ("mood", "wild", "wild"),
        ("mood", 1, "wild"),
        ("hue", "#f00", (1.0, 0.0, 0.0)),
        ("hue", (2, 0.5, -1, 1), (1.0, 0.5, 0.0)),
        ("flash", 1.0, True),
        ("flash", 0, False),
    ],
)
def test_values_are_moved_into_their_range(name: str, given: Any, kept: Any) -> None:
    spec = {spec.name: spec for spec in specs(Glow)}[name]
    assert spec.accept(given) == kept and type(spec.accept(given)) is type(kept)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Param(2, 0, 1), "a Param's default 2 must be within 0..1"),
        (lambda: Param(0.5, 1, 0), "a Param's low must be below its high, not 1 and 0"),
        (
            lambda: Param("red"),
            "a Param's default must be a number, a bool, a colour or one of choices=(...), not 'red'",
        ),
        (
            lambda: Param("red", choices=("blue", "green")),
            "a Param's default 'red' must be one of its choices: blue, green",
        ),
        (
            lambda: Param(float("nan")),
            "a Param's default must be a number, a bool, a colour or one of choices=(...), not nan",
        ),
    ],
)
def test_a_param_declared_wrongly_says_how(make: Any, text: str) -> None:
    with pytest.raises(ParamError) as caught:
        make()
    assert str(caught.value) == text


def test_a_controllers_share_is_scaled_to_the_range() -> None:
    found = {spec.name: spec for spec in specs(Glow)}
    assert found["many"].scaled(0.5) == 5 and found["warmth"].scaled(0.5, 0.8, 0.2) == pytest.approx(0.5)
    assert [found["mood"].scaled(share) for share in (-1.0, 0.4, 0.6, 1.0, 9.0)] == [
        "calm",
        "calm",
        "wild",
        "wild",
        "wild",
    ]
    assert found["loud"].scaled(0.7) is True and found["flash"].scaled(0.0) is False


def test_hsv_is_the_known_conversion_also_for_arrays_and_out_of_range() -> None:
    hues = np.linspace(-1, 2, 31)
    for row, hue in zip(hsv(hues, 0.7, 0.6, 0.5), hues, strict=True):
        wanted = (*colorsys.hsv_to_rgb(hue % 1, 0.7, 0.6), 0.5)
        assert hsv(hue, 0.7, 0.6, 0.5) == pytest.approx(wanted) and row == pytest.approx(wanted, abs=1e-6)
    assert hsv(0.0, 2.0, -1.0) == (0.0, 0.0, 0.0, 1.0)


def test_the_artists_small_words() -> None:
    assert rgb("#ff0000") == (1.0, 0.0, 0.0, 1.0) and rgb(2, 0.5, 0, 0.25) == (1.0, 0.5, 0.0, 0.25)
    assert clamp(3) == 1 and clamp(np.array([-1.0, 0.5])).tolist() == [0.0, 0.5]
    assert mix(1, 3, 0.5) == 2 and mix((0, 0, 0), (1.0, 1.0, 1.0, 0.0), 0.5) == (0.5, 0.5, 0.5, 0.5)
    assert [curve(x) for curve in (ease, ease_in, ease_out) for x in (-1, 0.5, 2)] == [
        0,
        0.5,
        1,
        0,
        0.25,
        1,
        0,
        0.75,
        1,
    ]
    assert set(engine.__all__) >= {"Param", "Scene", "Trigger", "hsv"}


def test_what_artists_import_brings_nothing_heavy() -> None:
    heavy = "import engine, sys; print([name for name in ('cv2', 'numba', 'pygame', 'scipy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout == "[]\n"
