"""G13: two hundred spoilt scans, each refused in words, with the profile before it as it was."""

import os
from collections import Counter

import pytest

from tests.simulation.capture_faults import verdict, whole_scan

pytestmark = pytest.mark.soak
CASES = int(os.environ.get("SOAK_FAULTS", "200"))


def test_two_hundred_spoilt_scans_end_in_words(tmp_path):
    told: Counter[str] = Counter()
    for seed in range(4):
        whole_scan(tmp_path / f"whole{seed}", seed)
    for number in range(1000, 1000 + CASES):
        room = tmp_path / str(number)
        room.mkdir()
        fault, words = verdict(number, tmp_path / f"whole{number % 4}", room)
        assert words, f"{fault} {number} was taken for good"
        told[fault] += 1
    print(dict(told))
