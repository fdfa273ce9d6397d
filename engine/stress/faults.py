"""Faults: what can be done to a show, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random

from engine.stress.presence import Span
from engine.stress.venue import Venue

Doing = AbstractContextManager[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    Attributes:
        name: In words; the part of the show that it meets stands first.
        do: Does it to a venue, with dice for what is left to chance; it gives what was done in words, and takes it
            back at its end.
        lasts_s: The shortest and the longest time from doing to taking back.
        holds: What it takes hold of; two faults never hold the same thing at once.
        takes: The senses (`picture`, `sound`) that cannot be served while it lasts: that time does not count.
        grants_s: How much longer than that it does not count: a start of everything has a limit of its own.
        crashes: Whether the engine crashes or hangs of it: the third within a minute would bring the brake.
        pull: The word after `--pull` that means it, if any.
    """

    name: str
    do: Callable[[Venue, Random], Doing]
    lasts_s: tuple[float, float] = (0.0, 0.0)
    holds: str = ""
    takes: frozenset[str] = frozenset()
    grants_s: float = 0.0
    crashes: bool = False
    pull: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is planned: `dice` is where its chance begins."""

    number: int
    kind: Kind
    at_s: float
    lasts_s: float
    dice: str

    @property
    def end_s(self) -> float:
        return self.at_s + self.lasts_s


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that has been done, in the venue's time: when it began and when it was taken back."""

    fault: Fault
    what: str
    span: Span
