"""A pulse: whether a process that should beat has gone silent. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engine.clock import NS


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process may be silent, in seconds.

    Attributes:
        beating_s: Once it beats.
        warm_s: Before its first beat, when it has beaten in an earlier life: all is compiled.
        cold_s: Before the first beat of all.
    """

    beating_s: float
    warm_s: float
    cold_s: float


class Pulse:
    """Listens to one process.

    What is heard are numbers that change: `beat` while it does its work, `sign` while it prepares for it.

    Attributes:
        ever: Whether it has beaten in this life or an earlier one.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.ever = self._beats = False
        self._heard = (0, 0)
        self._heard_ns = self._first_ns = 0

    @property
    def beats(self) -> bool:
        """Return whether the process has beaten in this life."""
        return self._beats

    @property
    def lived_s(self) -> float:
        """Return for how long it has beaten in this life, so far as was heard."""
        return (self._heard_ns - self._first_ns) / NS if self._beats else 0.0

    def begin(self, beat: int, sign: int, now_ns: int) -> None:
        """Begin a new life of the process."""
        self._beats = False
        self._heard, self._heard_ns = (beat, sign), now_ns

    def hear(self, beat: int, sign: int, now_ns: int) -> None:
        """Take what the process says."""
        if beat != self._heard[0]:
            if not self._beats:
                self._first_ns = now_ns
            self._beats = self.ever = True
            self._heard_ns = now_ns
        elif sign != self._heard[1] and not self._beats:
            self._heard_ns = now_ns
        self._heard = beat, sign

    def forgive(self, now_ns: int) -> None:
        """Begin to count anew: whoever listens has slept."""
        self._heard_ns = now_ns

    def silent_s(self, now_ns: int) -> float:
        """Return for how long nothing was heard."""
        return (now_ns - self._heard_ns) / NS

    def hangs(self, now_ns: int, starved_s: float = 0.0) -> bool:
        """Return whether it has been silent for too long; time in which others had the processor counts half at most.

        Args:
            starved_s: How long of its silence it could have run and was not let.
        """
        patience = self._patience
        longest_s = patience.beating_s if self._beats else patience.warm_s if self.ever else patience.cold_s
        return self.silent_s(now_ns) > longest_s + min(starved_s, longest_s / 2)
