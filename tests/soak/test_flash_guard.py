"""The flash guard for longer: pictures that change everywhere at once, in parts, and at odd times."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.test_safety_flash_guard import (
    BLACK,
    BLOCK_PX,
    SIZE,
    WHITE,
    Pixels,
    measured,
    plain,
    square_wave,
    wildest,
)
from tests.wild_pictures import KINDS

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("hz", range(4, 31))
def test_f2_fast_flashes_of_any_speed_are_held(hz: int) -> None:
    assert 1 <= measured(square_wave(hz, plain(BLACK), plain(WHITE)), 4, fps=60) <= 3


def test_waves_between_whose_blocks_the_phase_differs_are_limited_on_shifted_grids() -> None:
    """Neighbours that each flash three times a second, one after another: what lies between them flashes six times."""
    def shown(time_s: float) -> Pixels:
        picture = plain(BLACK)
        columns = np.arange(SIZE[0]) // BLOCK_PX
        picture[:, (time_s * 2.8 + 0.25 * (columns % 2)) % 1.0 < 0.5] = 255
        return picture
    assert measured(shown, 3) <= 3


def test_halves_of_the_picture_that_flash_in_turn_are_limited_together() -> None:
    def shown(time_s: float) -> Pixels:
        picture = plain(BLACK)
        picture[:, : SIZE[0] // 2] = 255 * (time_s * 2.8 % 1.0 < 0.5)
        picture[:, SIZE[0] // 2 :] = 255 * ((time_s * 2.8 + 0.25) % 1.0 < 0.5)
        return picture
    assert measured(shown, 3) <= 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(10, 30))
def test_wild_pictures_at_wild_times_never_flash_more_than_thrice_on_any_grid(kind: str, seed: int) -> None:
    assert wildest(kind, seed, seconds=4, grids=16) <= 3
