"""Three minutes of all kinds of voices at random, on virtual time: none sticks, nothing grows, nothing gets slow."""

from tests.simulation.endurance import endure


def test_three_minutes_of_all_voices_leave_nothing_behind() -> None:
    minutes = endure(minutes=3, seed=4)
    assert all(minute.voices <= 8 for minute in minutes)
    assert sum(minute.notes for minute in minutes) > 300
