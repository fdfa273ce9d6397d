"""One contact of two or more people: how it is touched, and how many they are."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from engine.world import TouchKind

TAP_S = 0.4
"""A tap of 250 ms, and what smoothing and the sensor add to it."""
CARESS_FROM_S = 0.5
HOLD_FROM_S = 1.5
ATTACK_S = 0.1
TRACE_S = 1.6
TRACE_STEP_S = 0.02
PLATEAU_S = 0.3
CARESS_HZ = (0.6, 8.0)
Trace = tuple[tuple[float, float], ...]


class Contact(NamedTuple):
    """What is known of a contact.

    Attributes:
        began_s, until_s: When it began, and when its level was last above the threshold of release.
        level: Strength, 0..1.
        kind: Tap, hold or caress, as far as it shows.
        people: Estimate of how many are joined; it never falls while the contact lasts.
        trace: (seconds, raw rise above the holder) of the last 1.6 s, every 20 ms.
        first, plateau: Rise of the first settled level, and of the last one that was counted as one more person.
    """

    began_s: float = 0.0
    until_s: float = 0.0
    level: float = 0.0
    kind: TouchKind = ""
    people: int = 2
    trace: Trace = ()
    first: float = 0.0
    plateau: float = 0.0

    def heard(self, time_s: float, rise: float, threshold: float, noise: float) -> Contact:
        """Return the contact with one more smoothed level, at most every 20 ms.

        Args:
            rise: Raw level above the holder's.
            threshold: Raw rise that begins a contact.
            noise: Standard deviation of `rise`.
        """
        if self.trace and time_s - self.trace[-1][0] < TRACE_STEP_S * 0.99:
            return self
        trace = (*(point for point in self.trace if point[0] > time_s - TRACE_S), (time_s, rise))
        return self._replace(trace=trace, kind=self._kind(trace, time_s, noise))._counted(threshold)

    def held_s(self, now_s: float, lasts: bool) -> float:
        """Return how long it lasts, or lasted."""
        return (now_s if lasts else self.until_s) - self.began_s

    def last_kind(self) -> TouchKind:
        """Return what it was, now that it is over: a short one is a tap, a longer one without strokes was held."""
        return "tap" if self.until_s - self.began_s <= TAP_S else self.kind or "hold"

    def _kind(self, trace: Trace, time_s: float, noise: float) -> TouchKind:
        body = [rise for at_s, rise in trace if at_s >= self.began_s + ATTACK_S]
        length_s = time_s - max(self.began_s + ATTACK_S, trace[0][0])
        if time_s - self.began_s < CARESS_FROM_S or len(body) < 4:
            return ""
        turns = _turns(body, max(0.15 * median(body), 6 * noise))
        if turns >= 2 and CARESS_HZ[0] <= turns / 2 / length_s <= CARESS_HZ[1]:
            return "caress"
        return "hold" if time_s - self.began_s >= HOLD_FROM_S else ""

    def _counted(self, threshold: float) -> Contact:
        """Count one more person for each settled level that is clearly higher than the last (C7)."""
        newest_s = self.trace[-1][0]
        latest = [rise for at_s, rise in self.trace if newest_s - at_s <= PLATEAU_S]
        if newest_s - self.began_s < PLATEAU_S + ATTACK_S / 2 or max(latest) - min(latest) > threshold:
            return self
        level = sum(latest) / len(latest)
        if not self.first:
            return self._replace(first=level, plateau=level)
        if level <= self.plateau + max(threshold, 0.35 * self.first):
            return self
        return self._replace(people=self.people + 1, plateau=level)


def _turns(levels: list[float], depth: float) -> int:
    """Count how often the levels turn round, after having moved by at least `depth`."""
    turns, direction = 0, 0
    low = high = levels[0]
    for level in levels:
        low, high = min(low, level), max(high, level)
        if direction <= 0 and level > low + depth:
            turns, direction, high = turns + (direction < 0), 1, level
        elif direction >= 0 and level < high - depth:
            turns, direction, low = turns + (direction > 0), -1, level
    return turns
