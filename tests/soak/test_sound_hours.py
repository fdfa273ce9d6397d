"""Eight hours of sound on virtual time; SOAK_MINUTES makes a shorter look."""

import os
import statistics

import pytest

from tests.simulation.endurance import endure

pytestmark = pytest.mark.soak
MINUTES = int(os.environ.get("SOAK_MINUTES", "480"))


def test_eight_hours_of_all_voices_cost_as_much_at_the_end_as_at_the_beginning() -> None:
    minutes = endure(MINUTES, seed=8)
    tenth = max(len(minutes) // 10, 1)
    begin, end = (statistics.median(minute.cpu_s for minute in part) for part in (minutes[:tenth], minutes[-tenth:]))
    print(f"{MINUTES} minutes, {sum(minute.notes for minute in minutes)} notes; a minute costs {begin:.2f} s at first, "
          f"{end:.2f} s at last; {minutes[0].resident_mb:.1f} to {minutes[-1].resident_mb:.1f} MB")
    assert end < 1.5 * begin
