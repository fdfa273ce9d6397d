"""Presence: when something was there and when it was gone, from the moments at which it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

NOTED_S = 0.3


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return max(self.end_s - self.start_s, 0.0)

    def overlap_s(self, other: Span) -> float:
        """Return how long both last together."""
        return max(min(self.end_s, other.end_s) - max(self.start_s, other.start_s), 0.0)


@dataclass(slots=True)
class Presence:
    """What one sense of a visitor met: frames, light, motion, sound.

    Attributes:
        gone: When it was gone for more than 0.3 s.
    """

    gone: list[Span] = field(default_factory=list)
    last_s: float | None = None

    def seen(self, at_s: float) -> None:
        """Say that it was there at a moment; moments that come late are let go."""
        if self.last_s is not None and at_s - self.last_s > NOTED_S:
            self.gone.append(Span(self.last_s, at_s))
        self.last_s = at_s if self.last_s is None else max(self.last_s, at_s)

    def until(self, now_s: float) -> list[Span]:
        """Return when it was gone, with the time since it was seen last."""
        open_end = [Span(self.last_s, now_s)] if self.last_s is not None and now_s - self.last_s > NOTED_S else []
        return self.gone + open_end


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap as one; where two only touch, it was seen in between."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start_s):
        if found and span.start_s < found[-1].end_s:
            found[-1] = Span(found[-1].start_s, max(found[-1].end_s, span.end_s))
        else:
            found.append(span)
    return found


def counted_s(span: Span, excused: Iterable[Span]) -> float:
    """Return how much of a span no fault excuses; what excuses twice counts once."""
    left, at = 0.0, span.start_s
    for other in sorted(excused, key=lambda each: each.start_s):
        if other.start_s > at:
            left += Span(at, min(other.start_s, span.end_s)).length_s
        at = max(at, other.end_s)
        if at >= span.end_s:
            return left
    return left + Span(at, span.end_s).length_s
