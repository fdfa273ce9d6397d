"""The pictures the engine draws itself."""

import numpy as np
import pytest

from engine.control.keys import KEYS
from engine.render.card import card
from engine.render.lettering import Lettering
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
        sheet = preparing_sheet(lettering, (1280, 720), "A show", done, 8, "")
        return int((sheet[..., :3] == ACCENT).all(axis=2).sum())

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


class Listening(Lettering):
    """Remembers which words were drawn, as they were cut."""

    def cut(self, text: str, size_px: int, room_px: float) -> str:
        drawn = super().cut(text, size_px, room_px)
        self.drawn = [*getattr(self, "drawn", []), drawn]
        return drawn


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (800, 1280), (2560, 720)])
def test_the_table_of_keys_makes_room_for_every_word(size: tuple[int, int]) -> None:
    lettering = Listening()
    help_overlay(lettering, blank(size), KEYS)
    assert lettering.drawn == [word for row in KEYS for word in row]
