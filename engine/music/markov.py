"""Markov chains: what follows what, learned from a piece or given."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from engine.music.pitch import MusicError
from engine.problems import did_you_mean

Follow = dict[tuple[Hashable, ...], dict[Hashable, float]]


class Markov:
    """A chain of states: `step()` goes on by one, `value` is where it is.

    Args:
        source: A list to learn from, taken as a loop, so that there is always a way on; or what follows each state:
            `{"a": {"a": 3, "b": 1}, "b": ["a"]}`, with weights or without.
        rng: `self.rng`, or a number that repeats the chain.
        order: How many states back the choice depends on; for a list to learn from.

    Raises:
        MusicError: An argument is not what it should be.
    """

    def __init__(self, source: Iterable[Any] | Mapping[Any, Any], rng: np.random.Generator | int,
                 order: int = 1) -> None:
        self._rng = np.random.default_rng(rng)
        self._follow = _given(source) if isinstance(source, Mapping) else _learned(list(source), order)
        self._choices = {state: (tuple(following), tuple(accumulate(following.values())))
                         for state, following in self._follow.items()}
        self._state = next(iter(self._follow))

    @property
    def value(self) -> Any:
        """Return the present state."""
        return self._state[-1]

    def step(self) -> Any:
        """Go to the next state and return it."""
        choices, weights = self._choices[self._state]
        index = bisect_right(weights, self._rng.random() * weights[-1])
        chosen = choices[min(index, len(choices) - 1)]
        self._state = (*self._state[1:], chosen)
        return chosen

    def share(self, state: Hashable, following: Hashable) -> float:
        """Return how often, 0..1, a state is followed by another; of an order above 1 the first is a tuple."""
        found = self._follow.get(state if isinstance(state, tuple) and state in self._follow else (state,), {})
        return found.get(following, 0.0) / sum(found.values()) if found else 0.0


def _learned(source: list[Any], order: int) -> Follow:
    if not source or not 1 <= order <= len(source):
        raise MusicError(f"Markov: {len(source)} items to learn from with order {order}; at least one, and no order "
                         "above their number")
    follow: Follow = {}
    loop = source + source[:order]
    for start in range(len(source)):
        try:
            following = follow.setdefault(tuple(loop[start : start + order]), {})
            following[loop[start + order]] = following.get(loop[start + order], 0.0) + 1.0
        except TypeError:
            text = f"Markov: {loop[start + order]!r} cannot be a state; use numbers, texts or tuples"
            raise MusicError(text) from None
    return follow


def _given(source: Mapping[Any, Any]) -> Follow:
    if not source:
        raise MusicError("Markov: there is no state")
    follow: Follow = {}
    for state, following in source.items():
        weights = dict(following) if isinstance(following, Mapping) else {}
        if not isinstance(following, Mapping):
            for each in following:
                weights[each] = weights.get(each, 0.0) + 1.0
        for each, weight in weights.items():
            if each not in source:
                near = did_you_mean(str(each), map(str, source))
                raise MusicError(f"Markov: {each!r} follows {state!r}, but nothing follows it{near}")
            if not weight >= 0.0:
                raise MusicError(f"Markov: {each!r} follows {state!r} with weight {weight!r}; a number from 0")
        if not 0.0 < sum(weights.values()) < float("inf"):
            raise MusicError(f"Markov: nothing follows {state!r}; name what does")
        follow[(state,)] = {each: float(weight) for each, weight in weights.items()}
    return follow
