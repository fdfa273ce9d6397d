"""The flash guard: no more than three flashes in a second reach a window, and what is harmless passes unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.safety.flash_guard import FlashGuard
from tests.flash_analyser import Recording, light_of
from tests.wild_pictures import KINDS, wild

Pixels = NDArray[np.uint8]
Shown = Callable[[float], Pixels]
SIZE = (96, 54)  # a block is 4 x 4 pixels
FULL = (384, 216)  # as finely as the guard looks
BLOCK_PX = 4
BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (0, 0, 255)  # blue, green, red


def plain(colour: tuple[int, int, int], size: tuple[int, int] = SIZE) -> Pixels:
    return np.full((size[1], size[0], 4), (*colour, 255), np.uint8)


def grey(luminance: float) -> tuple[int, int, int]:
    byte = round(255 * (1.055 * luminance ** (1 / 2.4) - 0.055))
    return byte, byte, byte


def square_wave(hz: float, low: Pixels, high: Pixels) -> Shown:
    return lambda time_s: high if time_s * hz % 1.0 < 0.5 else low


def played(shown: Shown, seconds: float, fps: float = 30, guard: FlashGuard | None = None,
           skipped: Callable[[int], bool] = lambda frame: False) -> Iterator[tuple[float, Pixels, Pixels]]:
    """Yield time, picture and what the guard lets through."""
    guard = guard or FlashGuard(rise_s=0)
    for frame in range(round(seconds * fps)):
        if not skipped(frame):
            picture = shown(frame / fps)
            yield frame / fps, picture, guard.apply(picture.copy(), frame / fps)


def measured(shown: Shown, seconds: float, after_s: float = 0.0,
             offsets: tuple[tuple[int, int], ...] = ((1, 1), (3, 2)), **how: object) -> int:
    """Return the most flashes in a second that get through, on grids that lie between the guard's."""
    grids = [Recording(BLOCK_PX, offset) for offset in offsets]
    for time_s, _, through in played(shown, seconds, **how):  # type: ignore[arg-type]
        light = light_of(through)
        for grid in grids:
            grid.take(light, time_s)
    return max(grid.most_flashes(after_s) for grid in grids)


def largest_change(shown: Shown, seconds: float, **how: object) -> int:
    return max(int((np.maximum(picture, through) - np.minimum(picture, through)).max())
               for _, picture, through in played(shown, seconds, **how))  # type: ignore[arg-type]


@pytest.mark.parametrize("fps", [25, 60])
@pytest.mark.parametrize("hz", [1, 2, 2.9])
def test_f1_slow_flashes_for_less_than_four_seconds_pass_unchanged(hz: float, fps: float) -> None:
    assert largest_change(square_wave(hz, plain(BLACK), plain(WHITE)), 3.9, fps=fps) <= 1


@pytest.mark.parametrize(("hz", "size"), [(4, SIZE), (10, FULL), (25, SIZE)])
def test_f2_fast_flashes_are_held_before_the_fourth_in_a_second(hz: float, size: tuple[int, int]) -> None:
    wave = square_wave(hz, plain(BLACK, size), plain(WHITE, size))
    raw = Recording(BLOCK_PX)
    for frame in range(120):
        raw.take(light_of(wave(frame / 60)), frame / 60)
    assert raw.most_flashes() >= 4
    assert 1 <= measured(wave, 2, fps=60) <= 3


def test_f3_two_and_a_half_hertz_is_damped_from_the_fifth_second_on() -> None:
    wave = square_wave(2.5, plain(BLACK), plain(WHITE))
    assert largest_change(wave, 4, fps=30) <= 1
    assert measured(wave, 10, after_s=5.1, fps=30) == 0
    assert largest_change(square_wave(1.7, plain(BLACK), plain(WHITE)), 8, fps=30) <= 1


@pytest.mark.parametrize("at_px", [(101, 82), (380, 212)])
def test_f4_a_single_block_is_limited_wherever_it_stands(at_px: tuple[int, int]) -> None:
    x, y = at_px
    dark, lit = plain(BLACK, FULL), plain(BLACK, FULL)
    lit[y : y + BLOCK_PX, x : x + BLOCK_PX] = 255
    assert 1 <= measured(square_wave(10, dark, lit), 3) <= 3
    for _, picture, through in played(square_wave(10, dark, lit), 1):
        assert np.array_equal(picture[:, (x + 192) % 384], through[:, (x + 192) % 384])


@pytest.mark.parametrize(("one", "other"), [
    (RED, BLACK), (RED, (255, 0, 0)[::-1]), ((0, 0, 160), (209, 0, 0)), ((0, 0, 160), grey(0.0766)),
], ids=["red-black", "red-red", "red-blue of equal luminance", "red-grey of equal luminance"])
def test_f5_red_flashes_are_limited(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert measured(square_wave(5, plain(one), plain(other)), 3) <= 3


def test_f2_a_slow_rise_counts_in_the_second_that_its_end_lies_in() -> None:
    """It rises by 0.5 in 0.42 s, the last tenth from 0.34 s on; seven swings follow, the last at 1.29 s."""
    def shown(time_s: float) -> Pixels:
        swing = int((time_s - 0.45) // 0.14)
        lit = 0.01 if swing % 2 == 0 or swing > 6 else 0.5
        return plain(grey(lit if time_s >= 0.45 else 0.01 + 1.2 * min(time_s, 0.42)))
    raw = Recording(BLOCK_PX)
    for frame in range(90):
        raw.take(light_of(shown(frame / 60)), frame / 60)
    assert raw.most_flashes() == 4
    assert measured(shown, 1.5, fps=60) == 3


def test_f5_a_red_that_paled_slowly_counts_as_one_that_was_saturated() -> None:
    """For 0.7 s it has a little blue too much to be saturated, then pales and comes back five times a second."""
    def shown(time_s: float) -> Pixels:
        blue = 0.12 if time_s < 0.3 else 0.14 if time_s < 1 else (0.3, 0.12)[int(time_s * 10) % 2]
        return plain((grey(blue)[0], 0, grey(0.5)[0]))
    assert measured(shown, 2.2, fps=20) == 3


def test_f5_red_flashes_are_limited_in_either_order_of_bytes() -> None:
    wave = square_wave(5, plain((160, 0, 0)), plain((0, 0, 209)))
    grid = Recording(BLOCK_PX, (1, 1), "rgba")
    for time_s, _, through in played(wave, 3, guard=FlashGuard("rgba", rise_s=0)):
        grid.take(light_of(through), time_s)
    assert 1 <= grid.most_flashes() <= 3


def test_f6_flashes_whose_dark_state_is_bright_pass_unchanged() -> None:
    assert largest_change(square_wave(10, plain(grey(0.85)), plain(WHITE)), 3) <= 1


def test_f7_a_slow_fade_passes_unchanged() -> None:
    assert largest_change(lambda time_s: plain(grey(min(time_s, 1.0))), 1.5) <= 1


def test_f8_the_first_light_rises_in_300_ms() -> None:
    shown = played(lambda _: plain(WHITE), 0.5, fps=60, guard=FlashGuard())
    brightest = [int(through[..., 0].max()) for _, _, through in shown]
    assert brightest[0] == 0
    assert max(np.diff(brightest)) <= 255 / 0.3 / 60 + 1
    assert brightest[19] == 255


@pytest.mark.parametrize("pairs", [8, 45])
@pytest.mark.parametrize("slant", [0.0, 0.5])
def test_f10_stripes_that_stand_for_a_second_are_told_of(pairs: int, slant: float) -> None:
    y, x = np.mgrid[: FULL[1], : FULL[0]]
    waves = (x / FULL[0] + slant * y / FULL[1]) / (1 + slant) * pairs
    stripes = plain(BLACK, FULL)
    stripes[waves % 1.0 < 0.5] = 255
    guard = FlashGuard(rise_s=0)
    list(played(lambda _: stripes, 1, guard=guard))
    assert abs(guard.verdict.stripes - pairs) <= 1


@pytest.mark.parametrize("kind", ["four pairs", "pale", "noise", "disc"])
def test_f10_what_is_not_regular_or_not_strong_is_no_stripe(kind: str) -> None:
    y, x = np.mgrid[: FULL[1], : FULL[0]]
    bright = {"four pairs": x * 4 % FULL[0] < FULL[0] / 2, "pale": x * 10 % FULL[0] < FULL[0] / 2,
              "noise": np.random.default_rng(1).random(x.shape) < 0.5,
              "disc": (x - 190) ** 2 + (y - 100) ** 2 < 80**2}[kind]
    picture = plain(grey(0.4) if kind == "pale" else BLACK, FULL)
    picture[bright] = (*(grey(0.55) if kind == "pale" else WHITE), 255)
    guard = FlashGuard(rise_s=0)
    list(played(lambda _: picture, 1, guard=guard))
    assert guard.verdict.stripes == 0


def test_what_was_held_comes_back_smoothly_once_it_is_calm() -> None:
    wave = square_wave(10, plain(BLACK), plain(WHITE))
    guard = FlashGuard(rise_s=0)
    list(played(wave, 2, guard=guard))
    assert guard.verdict.held == 1.0
    after = [int(guard.apply(plain((40, 90, 200)), 2 + frame / 60)[0, 0, 1]) for frame in range(240)]
    assert guard.verdict.held == 0.0
    assert after[-1] == 90
    assert max(abs(np.diff(after))) <= 12


def test_a_technician_can_only_make_it_stricter() -> None:
    wave = square_wave(2, plain(BLACK), plain(WHITE))
    assert measured(wave, 3, guard=FlashGuard(flashes=1, rise_s=0)) <= 1
    assert measured(square_wave(10, plain(BLACK), plain(WHITE)), 3, guard=FlashGuard(flashes=99, rise_s=0)) <= 3


@pytest.mark.parametrize("size", [(16, 16), (190, 107), (500, 301)])
def test_pictures_of_any_size_are_guarded(size: tuple[int, int]) -> None:
    wave = square_wave(8, plain(BLACK, size), plain(WHITE, size))
    grid = Recording(7, (2, 1))
    for time_s, _, through in played(wave, 2, fps=30):
        grid.take(light_of(through), time_s)
    assert 1 <= grid.most_flashes() <= 3


def test_pixels_weigh_alike_where_cells_are_of_unequal_width() -> None:
    """At 480 pixels every fourth cell has two: a grid of bars in them flashes by 0.12 of a block of 5 x 5 pixels."""
    size = (480, 270)
    dark, lit = plain(BLACK, size), plain(BLACK, size)
    lit[:, np.arange(size[0]) % 5 >= 3] = (*grey(0.3), 255)
    grid = Recording(5)
    for time_s, _, through in played(square_wave(10, dark, lit), 1.5, fps=20):
        grid.take(light_of(through), time_s)
    assert 1 <= grid.most_flashes() <= 3


def test_another_size_in_between_does_not_begin_the_count_anew() -> None:
    guard = FlashGuard(rise_s=0)
    seen = []
    for frame in range(120):
        size = (400, 225) if frame // 3 % 2 else (384, 216)
        picture = guard.apply(plain(WHITE if frame // 3 % 2 else BLACK, size), frame / 60)
        seen.append(float((picture[..., 1] / 255).mean() ** 2.2))
    assert sum(abs(np.diff(seen)) > 0.1) <= 6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_f2_wild_pictures_flash_no_more_than_thrice_on_any_grid(kind: str, seed: int) -> None:
    assert wildest(kind, seed, seconds=2, grids=4) <= 3


@pytest.mark.parametrize("kind", ["sparks", "reds"])
def test_what_is_held_only_gets_darker(kind: str) -> None:
    held = FlashGuard(rise_s=0)
    for _, picture, through in played(wild(kind, 3, (96, 54)), 1, fps=60, guard=held):
        assert (through <= picture).all()
    assert held.verdict.held > 0


def test_what_is_held_has_no_hard_edges_and_leaves_what_lies_beside_it() -> None:
    """A square that flashes on even grey: beside it the picture is as it was, and no two pixels differ much."""
    size, lit = (960, 540), plain(grey(0.5), (960, 540))
    lit[240:280, 400:440] = 255
    wave = square_wave(10, plain(grey(0.5), size), lit)
    frames = [through[..., 1].astype(int) for _, picture, through in played(wave, 1.4, fps=20) if picture is not lit]
    darkest = min(frames, key=lambda frame: int(frame.min()))
    assert darkest.min() < 170 and (darkest[260, :380] == 188).all() and (darkest[:220, 420] == 188).all()
    assert max(abs(np.diff(darkest, axis=0)).max(), abs(np.diff(darkest, axis=1)).max()) < 40


def wildest(kind: str, seed: int, seconds: float, grids: int) -> int:
    """Return the most flashes that get through, on some of the 16 grids; a tenth of the frames never come."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    offsets = tuple((int(number) % BLOCK_PX, int(number) // BLOCK_PX) for number in rng.permutation(16)[:grids])
    gaps = rng.random(round(seconds * 60)) < 0.1
    return measured(wild(kind, seed, (96, 54)), seconds, offsets=offsets, skipped=lambda frame: bool(gaps[frame]))
