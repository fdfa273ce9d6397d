"""Patterns and their decoding: what is shown is read back exactly, whatever the code."""

import numpy as np
import pytest

from calibration.decode import Scan, codes_of, decode
from calibration.patterns import AXES, Pattern, binary, gray, plan
from engine.problems import MixeurError

SIZE = (192, 108)


def test_a_full_hd_scan_has_46_frames_and_a_4k_scan_50():
    assert len(plan((1920, 1080)).patterns) == 46
    assert len(plan((3840, 2160)).patterns) == 50
    assert len(plan((1920, 1080), dropped=1).patterns) == 42


def test_gray_code_changes_one_bit_a_step_and_comes_back():
    numbers = np.arange(4096)
    assert {bin(int(step)).count("1") for step in gray(numbers[1:]) ^ gray(numbers[:-1])} == {1}
    np.testing.assert_array_equal(binary(gray(numbers)), numbers)


@pytest.mark.parametrize("kind", ["gray", "xor", "phase"])
def test_inverses_add_up_to_white(kind):
    made = plan(SIZE, kind)
    for axis in AXES:
        for bit in made.bits(axis):
            total = made.frame(Pattern("bit", axis, bit)).astype(int) + made.frame(Pattern("bit", axis, bit, True))
            assert np.all(total == 255)


def test_every_stripe_of_the_xor_code_is_fine():
    made = plan(SIZE, "xor")
    for bit in made.bits("columns"):
        line = made.line(Pattern("bit", "columns", bit))
        assert np.diff(np.flatnonzero(np.diff(line.astype(int)))).max() <= 16


@pytest.mark.parametrize("kind", ["gray", "xor"])
@pytest.mark.parametrize("size", [SIZE, (640, 480), (1000, 300)])
def test_the_projectors_own_frames_are_decoded_without_an_error(kind, size):
    made = plan(size, kind)
    columns, rows, confidence = codes_of(Scan(made, list(made.frames())))
    np.testing.assert_array_equal(columns, np.broadcast_to(np.arange(size[0]), size[::-1]))
    np.testing.assert_array_equal(rows, np.broadcast_to(np.arange(size[1])[:, None], size[::-1]))
    assert np.all(confidence == 255)


def test_sixteen_bits_and_left_out_bits_are_decoded_too():
    made = plan(SIZE, dropped=2)
    columns, _, _ = codes_of(Scan(made, [frame.astype(np.uint16) * 257 for frame in made.frames()]))
    np.testing.assert_array_equal(columns[0], np.arange(SIZE[0]) // 4 * 4)


def test_a_camera_that_sees_nothing_is_told_why():
    made = plan(SIZE)
    with pytest.raises(MixeurError, match=r"no difference between white and black; .* lens cap"):
        decode(Scan(made, [np.full(SIZE[::-1], 40, np.uint8)] * len(made.patterns)))
