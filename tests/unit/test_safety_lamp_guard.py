"""The flash guard of lamps (F11): no slot, and not the sum of all, flashes more than three times in a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.safety.lamp_guard import LampGuard
from tests.flash_analyser import most_in_a_second, swings


def played(asked: Callable[[float], list[float]], seconds: float = 4, reds: int = 0, flashes: int = 3) -> np.ndarray:
    n = len(asked(0.0))
    guard = LampGuard(np.ones(n, np.float32), np.arange(n) < reds, flashes)
    return np.array([guard.apply(np.array(asked(frame / 40), np.float32), frame / 40)
                     for frame in range(round(seconds * 40))])


def most_flashes(series: np.ndarray, change: float = 0.1) -> int:
    return most_in_a_second(swings(series, series < 0.8, change), np.arange(series.size) / 40) // 2


@pytest.mark.parametrize("hz", [4, 5, 10, 20])
def test_f11_each_channel_is_limited(hz: float) -> None:
    shown = played(lambda time_s: [float(time_s * hz % 1.0 < 0.5), 0.4])
    assert 1 <= most_flashes(shown[:, 0]) <= 3
    assert (shown[:, 1] == np.float32(0.4)).all()


def test_f11_the_sum_of_channels_that_flash_in_turn_is_limited() -> None:
    shown = played(lambda time_s: [float((time_s * 2.5 + turn / 4) % 1.0 < 0.25) for turn in range(4)], seconds=3)
    assert most_flashes(shown.mean(axis=1)) <= 3


def test_f11_a_red_channel_is_limited_at_smaller_changes() -> None:
    def asked(time_s: float) -> list[float]:
        return [0.5 + 0.04 * (time_s * 10 % 1.0 < 0.5)] * 2
    shown = played(asked, reds=1)
    assert most_flashes(shown[:, 0], 0.0625) <= 3
    shown = played(lambda time_s: [0.5 + 0.07 * (time_s * 10 % 1.0 < 0.5)] * 2, reds=1)
    assert most_flashes(shown[:, 0], 0.0625) <= 3


@pytest.mark.parametrize("hz", [1, 2, 2.9])
def test_f11_slow_flashes_pass_unchanged(hz: float) -> None:
    def asked(time_s: float) -> list[float]:
        return [float(time_s * hz % 1.0 < 0.5), 0.6]
    shown = played(asked, seconds=3.9)
    assert np.array_equal(shown, np.array([asked(frame / 40) for frame in range(156)], np.float32))


def test_f3_two_and_a_half_hertz_is_damped_from_the_fifth_second_on() -> None:
    shown = played(lambda time_s: [float(time_s * 2.5 % 1.0 < 0.5)], seconds=10)
    assert most_flashes(shown[40 * 5 :, 0]) == 0
