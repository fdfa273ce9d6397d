"""A device that takes sound at another rate than it says is found out, one that stutters is not taken for it."""

import numpy as np
import pytest

from engine.clock import NS
from engine.sound.clocked import Clocked

BLOCK = 256


def found(said: int, real: float, burst_s: float = 0.02, stops_s: float = 0.0) -> list[tuple[float, int]]:
    """Return when which rate was found, for a device that is looked at 20 times a second."""
    clocked, rng = Clocked(said, BLOCK), np.random.default_rng(1)
    rates, played_s = [], 0.0
    for look in range(600):
        played_s += 0.05 * (rng.random() > stops_s / 0.05) if stops_s else 0.05
        bursts_s = played_s // burst_s * burst_s
        if rate := clocked.look(int(bursts_s * real / BLOCK), NS + round(look * 0.05 * NS)):
            rates.append((look * 0.05, rate))
    return rates


@pytest.mark.parametrize(("said", "real"), [(48_000, 44_100), (44_100, 48_000), (48_000, 96_000)])
def test_a_device_that_is_clocked_from_elsewhere_is_found_out_in_ten_seconds(said: int, real: int) -> None:
    at_s, rate = found(said, real)[0]
    assert rate == real
    assert at_s < 11


def test_a_device_whose_quartz_is_a_little_off_is_as_it_says() -> None:
    assert found(48_000, 48_000 * (1 + 300e-6), burst_s=0.05) == []


def test_a_device_that_stutters_is_not_taken_for_a_slower_one() -> None:
    assert found(48_000, 48_000, stops_s=0.006) == []
