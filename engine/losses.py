"""Losses: which devices are gone, since when and why; each is told once, and again when it is back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.clock import NS

GRACE_S = 10.0  # a device that was never there may take as long to be found at the start
LINES, LINES_S = 6, 60.0  # of one device: one that comes and goes must not fill the log


@dataclass(frozen=True, slots=True)
class Loss:
    """A device that is gone.

    Attributes:
        device: Its path in the show: `camera.room`, `sound`, `midi.desk`, `projector.left`.
        reason: Why, in words, with the remedy where there is one.
        since_ns: When it was found gone, monotonic.
    """

    device: str
    reason: str
    since_ns: int


@dataclass(slots=True)
class _History:
    count: int = 0
    total_ns: int = 0
    longest_ns: int = 0
    reason: str = ""
    spoken_ns: list[int] = field(default_factory=list)

    def end(self, loss: Loss, now_ns: int) -> None:
        self.total_ns += now_ns - loss.since_ns
        self.longest_ns = max(self.longest_ns, now_ns - loss.since_ns)


class Losses:
    """Knows the devices that are gone from what their owners say of them.

    Args:
        say: Where a line for the operator goes.
        start_ns: When the show started, monotonic.
    """

    def __init__(self, say: Callable[[str], None], start_ns: int) -> None:
        self._say = say
        self._grace_ends_ns = start_ns + round(GRACE_S * NS)
        self._gone: dict[str, Loss] = {}
        self._seen: set[str] = set()
        self._histories: dict[str, _History] = {}

    @property
    def current(self) -> tuple[Loss, ...]:
        """Return what is gone now, the oldest loss first."""
        return tuple(self._gone.values())

    def observe(self, states: Mapping[str, str], now_ns: int) -> None:
        """Take how each device is: empty when it is there, else why it is not.

        A device that leaves `states` is no longer part of the show, and its loss ends without a word.
        """
        for device, reason in states.items():
            if not reason:
                self._seen.add(device)
                self._end(device, now_ns, "back after ")
            elif device in self._seen or now_ns >= self._grace_ends_ns:
                self._lose(device, reason, now_ns)
        for device in self._gone.keys() - states.keys():
            self._end(device, now_ns, "")

    def report(self, now_ns: int) -> dict[str, dict[str, Any]]:
        """Return for each device that was ever gone how often and how long, why, and whether it still is."""
        for_report = {}
        for device, history in self._histories.items():
            now = self._gone.get(device)
            lasts_ns = now_ns - now.since_ns if now else 0
            for_report[device] = {
                "count": history.count,
                "total_s": round((history.total_ns + lasts_ns) / NS, 2),
                "longest_s": round(max(history.longest_ns, lasts_ns) / NS, 2),
                "reason": history.reason,
                "gone": now is not None,
            }
        return for_report

    def _lose(self, device: str, reason: str, now_ns: int) -> None:
        before = self._gone.get(device)
        history = self._histories.setdefault(device, _History())
        history.reason = reason
        if before is None:
            history.count += 1
        if before is None or before.reason != reason:
            self._speak(device, f"lost; {reason}", now_ns)
        self._gone[device] = Loss(device, reason, before.since_ns if before else now_ns)

    def _end(self, device: str, now_ns: int, word: str) -> None:
        loss = self._gone.pop(device, None)
        if loss is None:
            return
        self._histories[device].end(loss, now_ns)
        if word:
            self._speak(device, f"{word}{(now_ns - loss.since_ns) / NS:.1f} s", now_ns)

    def _speak(self, device: str, text: str, now_ns: int) -> None:
        """Say a line, at most `LINES` of one device in `LINES_S`; the report counts the rest."""
        history = self._histories[device]
        history.spoken_ns = [ns for ns in history.spoken_ns if now_ns - ns < LINES_S * NS]
        if len(history.spoken_ns) < LINES:
            history.spoken_ns.append(now_ns)
            is_last = len(history.spoken_ns) == LINES
            self._say(f"{device}: {text}" + ("; it comes and goes, more is only counted" if is_last else ""))
