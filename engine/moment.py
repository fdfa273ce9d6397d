"""The moment of a frame: when that arrived to which it answers, so that the answer sounds a constant time after it.

Without it, what arrives just after a frame would sound a whole frame later than what arrives just before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.clock import NS, Tick
from engine.inputs.touch import TouchState
from engine.world import Event, Touch

QUIET_NS = 100_000_000  # what is heard after so long a silence is no stream but something that happens


class Moments:
    """Finds the one thing that a frame answers to.

    That is what somebody says after a silence, a button (a value that leaves 0 or comes to it), or a touch that begins
    or ends; not one more value of a stream.
    """

    def __init__(self) -> None:
        self._last: dict[str, Event] = {}

    def of(self, events: Sequence[Event], touches: Mapping[str, Touch], states: Mapping[str, TouchState],
           tick: Tick) -> int:
        """Return when the first of them arrived, at most a frame before this one was due; else when it was due.

        Args:
            events: What the frame heard, in order of arrival.
            touches, states: What is known of the touches after it.
        """
        if not events:
            return tick.due_ns
        found = [event.time_ns for event in events if self._is_news(event)]
        newest = {event.source: event.time_ns for event in events}
        found += [newest[state.source] for name, state in states.items()
                  if state.source in newest and (touches[name].began or touches[name].ended)]
        return max(min(found, default=tick.due_ns), tick.due_ns - round(tick.dt * NS))

    def _is_news(self, event: Event) -> bool:
        last = self._last.get(event.source)
        self._last[event.source] = event
        return not last or event.time_ns - last.time_ns > QUIET_NS or (event.value == 0.0) != (last.value == 0.0)
