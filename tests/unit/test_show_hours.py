import contextlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.show.hours import is_open, next_change, opened_at, parse_hours

pytestmark = pytest.mark.usefixtures("paris")
HOURS = "Tue-Sun 10:00-19:00, Sat 22:00-02:30"


def minutes_open(hours: str, day: datetime) -> int:
    start, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
    spans = parse_hours(hours)
    return sum(is_open(spans, datetime.fromtimestamp(second)) for second in range(int(start), int(end), 60))


@pytest.mark.parametrize(("moment", "open_then"), [
    ("2014-06-24 09:59:59", False),  # a Tuesday
    ("2014-06-24 10:00:00", True),
    ("2014-06-24 18:59:59", True),
    ("2014-06-24 19:00:00", False),
    ("2014-06-23 12:00:00", False),  # Monday
    ("2014-06-28 22:00:00", True),  # Saturday night
    ("2014-06-29 02:29:59", True),
    ("2014-06-29 02:30:00", False),
    ("2014-06-30 01:00:00", False),  # the night after Sunday
])
def test_opens_and_closes_to_the_second(moment, open_then):
    assert is_open(HOURS, datetime.fromisoformat(moment)) is open_then


def test_days_run_over_the_end_of_the_week_and_their_case_does_not_matter():
    hours = "fri-MON 10:00-11:00"
    open_days = [day for day in range(23, 30) if is_open(hours, datetime(2014, 6, day, 10, 30))]
    assert open_days == [23, 27, 28, 29]  # Monday, Friday to Sunday


@pytest.mark.parametrize(("moment", "began"), [
    ("2014-06-24 10:00", "2014-06-24 10:00"),
    ("2014-06-24 18:59", "2014-06-24 10:00"),
    ("2014-06-29 01:00", "2014-06-28 22:00"),
    ("2014-06-24 19:00", None),
])
def test_an_opening_began_when_the_doors_opened_the_evening_before_too(moment, began):
    assert opened_at(HOURS, datetime.fromisoformat(moment)) == (began and datetime.fromisoformat(began))


def test_without_hours_it_is_always_open_and_nothing_ever_changes():
    noon = datetime(2014, 6, 24, 12)
    assert is_open(None, noon)
    assert next_change(None, noon) is opened_at(None, noon) is None
    assert next_change("00:00-24:00", noon) is None


@pytest.mark.parametrize(("moment", "change"), [
    ("2014-06-23 12:00", "2014-06-24 10:00"),
    ("2014-06-24 10:00", "2014-06-24 19:00"),
    ("2014-06-28 23:00", "2014-06-29 02:30"),
    ("2014-06-29 19:00", "2014-07-01 10:00"),
])
def test_next_change_is_the_next_opening_or_closing(moment, change):
    assert next_change(HOURS, datetime.fromisoformat(moment)) == datetime.fromisoformat(change)


def test_next_change_of_a_show_that_opens_once_a_week_is_a_week_ahead():
    assert next_change("Mon 10:00-11:00", datetime(2014, 6, 23, 11)) == datetime(2014, 6, 30, 10)


def test_spans_that_touch_are_one():
    assert next_change("22:00-24:00, 00:00-02:00", datetime(2014, 6, 24, 23)) == datetime(2014, 6, 25, 2)


# R8: Europe/Paris, both Sundays: 2014-03-30 lacks 02:00-03:00, 2014-10-26 has it twice.

@pytest.mark.parametrize(("day", "minutes"), [((2014, 3, 29), 1440), ((2014, 3, 30), 1380), ((2014, 10, 26), 1500)])
def test_r8_a_day_is_as_long_as_the_clocks_make_it(day, minutes):
    assert minutes_open("00:00-24:00", datetime(*day)) == minutes


def test_r8_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn():
    for saturday, hours in (((2014, 3, 29), 7), ((2014, 10, 25), 9), ((2014, 6, 28), 8)):
        change = next_change("Sat 22:00-06:00", datetime(*saturday, 22, 0))
        assert change == datetime(*saturday) + timedelta(days=1, hours=6)
        assert change.timestamp() - datetime(*saturday, 22, 0).timestamp() == hours * 3600


def test_r8_an_opening_in_the_skipped_hour_comes_when_the_clocks_jump():
    before = datetime.fromtimestamp(datetime(2014, 3, 30, 3).timestamp() - 1)
    assert not is_open("02:30-05:00", before)
    assert is_open("02:30-05:00", datetime(2014, 3, 30, 3, 0))
    assert next_change("02:30-05:00", before) == datetime(2014, 3, 30, 3, 0)
    assert minutes_open("02:30-05:00", datetime(2014, 3, 30)) == 120
    assert minutes_open("02:10-02:50", datetime(2014, 3, 30)) == 0


def test_r8_a_closing_in_the_doubled_hour_comes_once():
    assert is_open("22:00-02:30", datetime(2014, 10, 26, 2, 29, fold=0))
    assert not is_open("22:00-02:30", datetime(2014, 10, 26, 2, 30, fold=0))
    assert not is_open("22:00-02:30", datetime(2014, 10, 26, 2, 29, fold=1))
    assert minutes_open("00:00-02:30", datetime(2014, 10, 26)) == 150
    assert minutes_open("02:30-05:00", datetime(2014, 10, 26)) == 210


@pytest.mark.parametrize(("text", "wrong"), [
    ("", "'' is not understood; write opening hours as Tue-Sun 10:00-19:00"),
    ("Tue-Sun 10-19", "'Tue-Sun 10-19' is not understood; write opening hours as Tue-Sun 10:00-19:00"),
    ("Tue 10:00-19:00,", "'' is not understood; write opening hours as Tue-Sun 10:00-19:00"),
    ("Tur 10:00-19:00", "'Tur' is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun"),
    ("10:00-24:30", "24:30 in '10:00-24:30' is no time of day; write 00:00 to 24:00"),
    ("10:60-12:00", "10:60 in '10:60-12:00' is no time of day; write 00:00 to 24:00"),
    ("10:00-10:00", "'10:00-10:00' ends when it begins; write 00:00-24:00 for the whole day"),
    ("24:00-02:00", "'24:00-02:00' begins at 24:00; write 00:00 of the next day"),
])
def test_hours_that_are_not_understood_say_why(text, wrong):
    with pytest.raises(ValueError) as caught:
        parse_hours(text)
    assert str(caught.value) == wrong


@given(st.text())
def test_no_text_raises_anything_but_value_error(text):
    with contextlib.suppress(ValueError):
        parse_hours(text)


@given(
    st.datetimes(datetime(2013, 1, 1), datetime(2016, 1, 1)),
    st.sampled_from([HOURS, "Sat 01:00-05:00", "22:00-02:30"]),
)
def test_the_next_change_is_where_openness_flips(moment, hours):
    change = next_change(hours, moment)
    assert change is not None
    before = datetime.fromtimestamp(change.timestamp() - 1)
    assert is_open(hours, before) == is_open(hours, moment)
    assert is_open(hours, change) != is_open(hours, moment)
