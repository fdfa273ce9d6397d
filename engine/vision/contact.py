"""Who touches whom among people seen from above: they are joined in several pictures, and surely."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

DOUBT, ENOUGH = 0.4, 1.2  # of how surely two are joined, from picture to picture: two sure ones are enough
APART, END_FRAMES = 0.1, 15  # less surely joined they are apart; a hand is lost from sight for so long
TOLD_EACH, ASKED_EACH = 3, 2
Pair = tuple[int, int]


@dataclass(slots=True)
class _State:
    trust: float = 0.0
    is_told: bool = False
    apart: int = 0


class Contacts:
    """Tells from picture to picture which pairs touch: with the second at the earliest; the ends are told late."""

    def __init__(self) -> None:
        self._states: dict[Pair, _State] = {}
        self._seen = 0

    def follow(self, near: Collection[Pair], there: Collection[int],
               joined: Callable[[Pair], float]) -> tuple[Pair, ...]:  # fmt: skip
        """Return the pairs that touch.

        Args:
            near: Who stand near each other.
            there: Ids of all.
            joined: How surely two who are near are joined, 0 to 1. As this takes long, who are known to touch are asked
                for in every third picture only, who seem not to in every second.
        """
        self._seen += 1
        for pair in {*near, *self._states}:
            if pair not in self._states and (self._seen + sum(pair)) % ASKED_EACH:
                continue
            state = self._states.setdefault(pair, _State())
            if not state.is_told:
                surely = joined(pair) if pair in near else 0.0
                state.trust = max(0.0, state.trust + (surely - DOUBT) / (1 - DOUBT if surely > DOUBT else DOUBT))
                state.is_told = state.trust >= ENOUGH
            elif pair not in near or state.apart or (self._seen + sum(pair)) % TOLD_EACH == 0:
                state.apart = 0 if pair in near and joined(pair) >= APART else state.apart + 1
            if not set(pair) <= set(there) or state.apart >= END_FRAMES or (not state.is_told and state.trust <= 0.0):
                del self._states[pair]
        return tuple(sorted(pair for pair, state in self._states.items() if state.is_told))
