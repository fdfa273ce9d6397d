"""Patterns: what comes on which step, again and again; a pattern within a pattern goes on by one each time round."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

from engine.music.pitch import MusicError

MOST_STEPS = 4096


class Pattern:
    """Items by step, for ever: `pattern[step]`. None is a rest, a tuple is one item (a chord).

    A list, or a pattern, among the items is itself a pattern: `Pattern([60, [62, 64]])` gives 60 62 60 64.

    Args:
        items: At least one.

    Raises:
        MusicError: There is none.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = tuple(Pattern(item) if isinstance(item, list) else item for item in items)
        if not 1 <= len(self.items) <= MOST_STEPS:
            raise MusicError(f"Pattern: has {len(self.items)} items; from 1 to {MOST_STEPS}")

    def __len__(self) -> int:
        """Return the steps of one time round."""
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        """Yield the items of the first time round."""
        return (self[step] for step in range(len(self)))

    def __getitem__(self, step: int) -> Any:
        """Return the item of a step, counted from 0; negative ones count back."""
        rounds, place = divmod(operator.index(step), len(self.items))
        item = self.items[place]
        return item[rounds] if isinstance(item, Pattern) else item

    def __add__(self, other: Pattern) -> Pattern:
        """Return this pattern and then another."""
        return Pattern((*self.items, *other.items))

    def __mul__(self, times: int) -> Pattern:
        """Return the items so many times."""
        return Pattern(self.items * times)

    def rotate(self, steps: int) -> Pattern:
        """Return the pattern begun later by so many steps."""
        start = steps % len(self.items)
        return Pattern(self.items[start:] + self.items[:start])

    def reverse(self) -> Pattern:
        """Return the pattern backwards."""
        return Pattern(self.items[::-1])


def euclid(hits: int, steps: int, rotate: int = 0) -> Pattern:
    """Return `hits` as even as they can be among `steps`: a pattern of True and False that begins with a hit.

    Source: Bjorklund's algorithm as in G. Toussaint, The Euclidean algorithm generates traditional musical rhythms,
    2005.

    Args:
        rotate: Steps by which it begins later.

    Raises:
        MusicError: A number is out of range.
    """
    if not 1 <= steps <= MOST_STEPS or not 0 <= hits <= steps:
        raise MusicError(f"euclid: {hits} hits in {steps} steps; at most as many hits as steps, and a step at least")
    groups, rest = [[True]] * hits, [[False]] * (steps - hits)
    while len(rest) > 1 and groups:
        pairs = min(len(groups), len(rest))
        longer = groups if len(groups) > len(rest) else rest
        groups, rest = [a + b for a, b in zip(groups, rest, strict=False)], longer[pairs:]
    return Pattern([hit for group in groups + rest for hit in group]).rotate(rotate)
