"""Opening: whether the house is open, by its hours, or by hand until they next change."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from engine.show import hours as opening_hours


class Opening:
    """Whether the house is open. The hours are only worked out when they change or the clock on the wall is set.

    Args:
        hours: As the show file has them; None is always open.

    Attributes:
        is_by_hand: Whether somebody has opened or closed it against the hours.
    """

    def __init__(self, hours: str | None = None) -> None:
        self.is_by_hand = False
        self._hours = hours
        self._by_hours = True
        self._since_s = self._until_s = math.inf

    @property
    def is_open(self) -> bool:
        """Return whether it was open at the last step."""
        return self._by_hours is not self.is_by_hand

    def step(self, wall: datetime, hours: str | None) -> bool:
        """Return whether the house is open.

        Args:
            wall: Local time, naive in the machine's zone (with its `fold`) or aware.
        """
        if hours != self._hours:
            self._hours, self.is_by_hand, self._since_s = hours, False, math.inf
        now_s = wall.timestamp()
        if not self._since_s <= now_s < self._until_s:
            self._look(wall, now_s)
        return self.is_open

    def by_hand(self, on: bool | None) -> None:
        """Open or close it until the hours next change; None: the other way round."""
        wanted = not self.is_open if on is None else on
        self.is_by_hand = wanted is not self._by_hours

    def open_for_s(self, wall: datetime) -> float:
        """Return for how many seconds the clock on the wall has shown opening hours; 0 where there are none."""
        began = opening_hours.opened_at(self._hours, wall)
        return (wall - began).total_seconds() if began else 0.0

    def words(self, wall: datetime) -> str:
        """Return what a technician should know, such as `CLOSED, opens 10:00`; empty while the hours hold it open."""
        change = opening_hours.next_change(self._hours, wall)
        if self.is_by_hand:
            until = f" until {_when(change, wall)}" if change else ""
            return f"{'OPEN' if self.is_open else 'CLOSED'} BY HAND{until}"
        if self.is_open:
            return ""
        return f"CLOSED, opens {_when(change, wall)}" if change else "CLOSED"

    def _look(self, wall: datetime, now_s: float) -> None:
        before, passed = self._by_hours, now_s >= self._until_s
        self._by_hours = opening_hours.is_open(self._hours, wall)
        if passed or before is not self._by_hours:
            self.is_by_hand = False
        change = opening_hours.next_change(self._hours, wall)
        self._since_s, self._until_s = now_s, change.timestamp() if change else math.inf


def _when(moment: datetime, wall: datetime) -> str:
    """Return the time of day, with the day's name from tomorrow's same time on."""
    is_soon = moment.replace(tzinfo=None) - wall.replace(tzinfo=None) < timedelta(days=1)
    return moment.strftime("%H:%M") if is_soon else f"{opening_hours.DAYS[moment.weekday()]} {moment:%H:%M}"
