"""Opening hours: `Tue-Sun 10:00-19:00, Sat 22:00-02:00`, right on the days when the clocks change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_MINUTES = 24 * 60
WEEK_DAYS = 7

_SPAN = re.compile(
    r"(?:([A-Za-z]+)(?:\s*-\s*([A-Za-z]+))?\s+)?([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Span:
    """One span of opening hours.

    Attributes:
        days: Week days on which it begins, Monday is 0.
        begin, end: Local minutes after midnight; `end` is beyond 1440 where it runs past midnight.
    """

    days: frozenset[int]
    begin: int
    end: int


Hours = tuple[Span, ...]


def parse_hours(text: str) -> Hours:
    """Return the spans of opening hours; without days a span holds every day.

    Raises:
        ValueError: The text cannot be understood; it says what is wrong.
    """
    return tuple(_parse_span(part.strip()) for part in text.split(","))


def is_open(hours: Hours | str | None, moment: datetime) -> bool:
    """Return whether a moment lies in the hours; None is always open. A span's first minute is in, its last is not.

    Args:
        moment: Local time: aware, or naive in the machine's zone, with its `fold`.
    """
    if hours is None:
        return True
    return any(begin <= moment.timestamp() < end for begin, end in _openings(_parsed(hours), moment, 0))


def opened_at(hours: Hours | str | None, moment: datetime) -> datetime | None:
    """Return when the opening began in which a moment lies, yesterday at the earliest; None where there is none.

    Args:
        moment: Local time: aware, or naive in the machine's zone, with its `fold`.
    """
    if hours is None:
        return None
    for begin, end in _merged(_openings(_parsed(hours), moment, 0)):
        if begin <= moment.timestamp() < end:
            return datetime.fromtimestamp(begin, moment.tzinfo)
    return None


def next_change(hours: Hours | str | None, moment: datetime) -> datetime | None:
    """Return when it opens or closes next, in the zone of `moment`, or None if it never does.

    Args:
        moment: Local time: aware, or naive in the machine's zone, with its `fold`.
    """
    if hours is None:
        return None
    now = moment.timestamp()
    horizon = _instant(moment.date() + timedelta(WEEK_DAYS + 1), 0, moment)
    for begin, end in _merged(_openings(_parsed(hours), moment, WEEK_DAYS + 1)):
        if now < begin:
            return datetime.fromtimestamp(begin, moment.tzinfo)
        if now < end:
            return datetime.fromtimestamp(end, moment.tzinfo) if end < horizon else None
    return None


def _parse_span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not understood; write opening hours as Tue-Sun 10:00-19:00")
    first, last, *numbers = match.groups()
    begin = _minutes(text, *numbers[:2])
    end = _minutes(text, *numbers[2:])
    if begin == end:
        raise ValueError(f"{text!r} ends when it begins; write 00:00-24:00 for the whole day")
    if begin == DAY_MINUTES:
        raise ValueError(f"{text!r} begins at 24:00; write 00:00 of the next day")
    return Span(_days(first, last or first), begin, end if end > begin else end + DAY_MINUTES)


def _minutes(text: str, hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY_MINUTES:
        raise ValueError(f"{hour}:{minute} in {text!r} is no time of day; write 00:00 to 24:00")
    return minutes


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None or last is None:
        return frozenset(range(WEEK_DAYS))
    begin, end = _day(first), _day(last)
    return frozenset((begin + offset) % WEEK_DAYS for offset in range((end - begin) % WEEK_DAYS + 1))


def _day(text: str) -> int:
    if text.capitalize() not in DAYS:
        raise ValueError(f"{text!r} is no day; write {', '.join(DAYS[:-1])} or {DAYS[-1]}")
    return DAYS.index(text.capitalize())


def _parsed(hours: Hours | str) -> Hours:
    return parse_hours(hours) if isinstance(hours, str) else hours


def _openings(hours: Hours, moment: datetime, last_day: int) -> Iterator[tuple[float, float]]:
    """Yield begin and end, in seconds of the epoch, of the spans that begin from yesterday to `last_day` days ahead."""
    for offset in range(-1, last_day + 1):
        day = moment.date() + timedelta(offset)
        for span in hours:
            if day.weekday() in span.days:
                yield _instant(day, span.begin, moment), _instant(day, span.end, moment)


def _merged(openings: Iterator[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the openings in order, those that touch as one."""
    ordered = sorted(opening for opening in openings if opening[0] < opening[1])
    while ordered:
        begin, end = ordered.pop(0)
        while ordered and ordered[0][0] <= end:
            end = max(end, ordered.pop(0)[1])
        yield begin, end


def _instant(day: date, minutes: int, moment: datetime) -> float:
    """Return the first instant at which the wall clock of `moment`'s zone shows this time or a later one.

    A time that the clocks skip in spring is reached when they jump; of two equal times in autumn the first counts.
    """
    midnight = datetime.combine(day + timedelta(minutes // DAY_MINUTES), time(), moment.tzinfo)
    local = midnight + timedelta(minutes=minutes % DAY_MINUTES)
    first, second = local.timestamp(), local.replace(fold=1).timestamp()
    if second >= first:
        return first
    early, late = int(second), int(first)  # the time is skipped: the jump lies between the two readings
    while early < late:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, moment.tzinfo).replace(tzinfo=None) < local.replace(tzinfo=None):
            early = middle + 1
        else:
            late = middle
    return float(late)
