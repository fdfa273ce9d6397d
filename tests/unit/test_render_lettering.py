"""Letters: a colour through a mask, wherever it falls."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from engine.render.lettering import KEPT, Lettering, lay
from engine.render.sheet import blank


def test_a_colour_is_laid_on_by_its_coverage_and_cut_off_at_the_edges() -> None:
    pixels = np.full((1, 3, 4), 100, np.uint8)
    lay(pixels, np.array([[0, 128, 255]], np.uint8), 0, 0, (200, 0, 100))
    assert pixels[0, :, 0].tolist() == [100, 150, 200]
    assert pixels[0, :, 1].tolist() == [100, 50, 0]
    assert pixels[0, :, 2].tolist() == [100, 100, 100]
    lay(pixels, np.full((5, 5), 255, np.uint8), -9, 0, (1, 1, 1))
    assert pixels[0, :, 0].tolist() == [100, 150, 200]
    lay(pixels, np.full((5, 5), 255, np.uint8), -4, -4, (1, 1, 1))
    assert pixels[0, :, 0].tolist() == [1, 150, 200]


def test_words_are_aligned_left_centred_and_right() -> None:
    letters, lit = Lettering(), {}
    for align in ("left", "centre", "right"):
        pixels = blank((400, 40))
        letters.draw(pixels, "words", 200, 20, 20, (255, 255, 255), align)  # type: ignore[arg-type]
        columns = np.nonzero(pixels[..., 0] > 100)[1]
        lit[align] = (int(columns.min()), int(columns.max()))
    assert 200 <= lit["left"][0] < 205
    assert abs(sum(lit["centre"]) / 2 - 200) < 3
    assert 195 < lit["right"][1] <= 200


def test_words_beyond_the_picture_and_odd_signs_are_drawn_without_fault() -> None:
    letters, pixels = Lettering(), blank((40, 20))
    for words in ("far out", "nul\0 and\nnew line", "", " ", "\ud7ff…", "x" * 500):
        letters.draw(pixels, words, -30, 19, 18, (255, 255, 255), "centre")
    assert pixels.shape == (20, 40, 4)


def test_masks_are_kept_and_only_so_many() -> None:
    letters = Lettering()
    first = letters.mask("0", 10)
    assert letters.mask("0", 10) is first
    for number in range(1, KEPT + 1):
        letters.mask(str(number), 10)
    assert letters.mask("0", 10) is not first


def test_letters_look_the_same_before_and_after_opencv_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    ground, mask = rng.integers(0, 256, (40, 60, 4), np.uint8), rng.integers(0, 256, (20, 30), np.uint8)
    quick, early = ground.copy(), ground.copy()
    lay(quick, mask, 5, 7, (30, 200, 90))
    monkeypatch.delitem(sys.modules, cv2.__name__)
    lay(early, mask, 5, 7, (30, 200, 90))
    np.testing.assert_array_equal(quick, early)
