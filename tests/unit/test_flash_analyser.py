"""The measure of flashes that the guard is tested with: what belongs to a second."""

from __future__ import annotations

import numpy as np
import pytest

from tests.flash_analyser import most_in_a_second, swings

AT_60_HZ = np.arange(120) / 60


def found(series: np.ndarray) -> list[tuple[int, int]]:
    return swings(series, series < 0.8, 0.1)


def test_a_wave_of_four_hertz_has_eight_swings_in_a_second() -> None:
    assert most_in_a_second(found((AT_60_HZ * 4 % 1.0 < 0.5).astype(float)), AT_60_HZ) == 8


@pytest.mark.parametrize(("left", "swings_seen"), [(0.11, 8), (0.08, 7)])
def test_a_rise_belongs_to_a_second_in_which_a_tenth_of_it_is_left(left: float, swings_seen: int) -> None:
    """A rise to 0.5 of which `left` comes in a second with seven more swings, and all else before."""
    series = np.full(120, 0.5)
    series[:10], series[10:50] = 0.0, 0.5 - left
    for frame in (52, 68, 84):
        series[frame : frame + 8] = 0.0
    series[108:] = 0.0
    assert most_in_a_second(found(series), AT_60_HZ) == swings_seen


def test_what_stays_bright_or_stirs_by_less_than_a_tenth_is_no_swing() -> None:
    assert found(np.tile([0.85, 1.0], 20)) == []
    assert found(np.tile([0.2, 0.29], 20)) == []
