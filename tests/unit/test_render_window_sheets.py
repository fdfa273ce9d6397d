"""The pictures the engine draws itself, and what of a window a point lies in."""

import numpy as np
import pytest

from engine.render.card import card
from engine.render.lettering import Lettering
from engine.render.pane import Pane, Port
from engine.render.sheet import ACCENT, GROUND, blank, help_overlay, preparing_sheet

SIZES = [(1280, 720), (1920, 1080), (1080, 1920), (64, 48), (16, 16)]


@pytest.fixture(scope="module")
def lettering() -> Lettering:
    return Lettering()


@pytest.mark.parametrize("size", SIZES)
def test_every_sheet_fills_any_size(lettering: Lettering, size: tuple[int, int]) -> None:
    for pixels in (preparing_sheet(lettering, size, "A show", 3, 11, "kernels"),
                   card(lettering, size, 2, "floor", "display 1", "speaker 1 · left"),
                   help_overlay(lettering, blank(size), [("K", "corner pin"), ("H", "this table")])):
        assert pixels.shape == (size[1], size[0], 4) and pixels.dtype == np.uint8 and pixels.flags.c_contiguous


def test_the_line_grows_with_what_is_ready(lettering: Lettering) -> None:
    def lit(done: int) -> int:
        return int((preparing_sheet(lettering, (1280, 720), "A show", done, 8, "")[..., :3] == ACCENT).all(axis=2).sum())

    assert lit(0) == 0 and lit(4) > 0 and lit(8) == 2 * lit(4) and lit(20) == lit(8)


def test_a_card_marks_the_outermost_pixels_and_all_four_corners(lettering: Lettering) -> None:
    pixels = card(lettering, (640, 360), 1, "wall")[..., :3]
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == ACCENT).all()
    for corner in (pixels[:3, :20], pixels[:3, -20:], pixels[-3:, :20], pixels[-3:, -20:]):
        assert (corner == ACCENT).all()
    assert (pixels[20, 60] == GROUND).all()


def test_two_numbers_give_two_cards(lettering: Lettering) -> None:
    assert (card(lettering, (640, 360), 1, "wall") != card(lettering, (640, 360), 2, "wall")).any()


def test_what_is_too_long_is_cut_and_ends_in_an_ellipsis(lettering: Lettering) -> None:
    short = lettering.cut("a very long name of a projector", 20, 90)
    assert short.endswith("…") and lettering.width(short, 20) <= 90
    assert lettering.cut("short", 20, 500) == "short" and lettering.cut("short", 20, 1) == ""


class Still(Pane):
    """A pane that is never opened: only its arithmetic."""

    def __init__(self, size: tuple[int, int], *ports: Port) -> None:
        self.ports, self._still = ports, size

    @property
    def size(self) -> tuple[int, int]:
        return self._still


def test_a_point_counts_in_the_pixels_of_the_output_it_lies_in() -> None:
    span = Still((2560, 720), Port("a", (640, 360), (0, 0, 1280, 720)), Port("b", (1280, 720), (1280, 0, 1280, 720)))
    assert span.port_at(640, 360) == ("a", 320, 180)
    assert span.port_at(1280, 0) == ("b", 0, 0) and span.port_at(2559, 719) == ("b", 1279, 719)


def test_a_letterboxed_window_reaches_beyond_its_picture() -> None:
    alone = Still((1000, 1000), Port("a", (1000, 500)))
    assert alone.port_at(500, 500) == ("a", 500, 250) and alone.port_at(0, 0) == ("a", 0, -250)


def test_a_resized_window_without_a_fixed_picture_counts_in_its_own_pixels() -> None:
    assert Still((800, 600), Port("/operator")).port_at(799, 1) == ("/operator", 799, 1)
