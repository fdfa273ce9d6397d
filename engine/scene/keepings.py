"""What a scene keeps: the largest of it by name and line, for a scene that fills the machine's memory."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from engine.problems import Problem
from engine.scene.commons import place_of
from engine.scene.parts import Take

SAMPLE = 50  # things of a collection that are weighed for all of it


def largest(take: Take, why: str) -> Problem:
    """Return the problem of a scene that keeps too much: `why`, and the largest thing that it keeps."""
    own = {f"self.{name}": value for name, value in vars(take.scene).items()}
    module = vars(sys.modules[take.of.cls.__module__]) if take.of.cls.__module__ in sys.modules else {}
    kept = own | {name: value for name, value in module.items() if not name.startswith("__")}
    name = max(kept, key=lambda name: weight(kept[name]))
    place = place_of(name.removeprefix("self."), take.of.sources)
    return Problem(*place, f"{why}; the largest thing that it keeps is {name}, about {weight(kept[name]) >> 20} MB")


def weight(value: Any, depth: int = 3) -> int:
    """Return about how many bytes a plain thing takes, with what is in it."""
    kind = type(value)
    if kind is np.ndarray:
        return int(value.nbytes)
    if kind not in (list, tuple, set, frozenset, deque, dict, str, bytes, bytearray):
        return sys.getsizeof(value) if kind in (int, float, complex) else 0
    own = sys.getsizeof(value)
    if not depth or kind in (str, bytes, bytearray) or not value:
        return own
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value
    some = [weight(item, depth - 1) for item in islice(inner, SAMPLE)]
    return own + sum(some) * len(value) // len(some)
