"""Small curves between two values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

TAU = math.tau


def clamp(value: Any, low: float = 0.0, high: float = 1.0) -> Any:
    """Return the value, or each of an array, moved to the nearer of `low` and `high` where it is outside."""
    return np.clip(value, low, high) if isinstance(value, np.ndarray) else min(max(value, low), high)


def mix(a: Any, b: Any, t: Any) -> Any:
    """Return what is between `a` (t = 0) and `b` (t = 1): numbers, arrays, or colours and points part by part.

    A colour without alpha counts as opaque beside one that has it.
    """
    if isinstance(a, tuple | list):
        a, b = ((*side, 1.0) if len(side) == 3 and len(other) == 4 else tuple(side) for side, other in ((a, b), (b, a)))
        return tuple(x + (y - x) * t for x, y in zip(a, b, strict=True))
    return a + (b - a) * t


def ease(t: Any) -> Any:
    """Return 0..1 as 0..1 with a soft start and a soft end (smoothstep)."""
    t = clamp(t)
    return t * t * (3.0 - 2.0 * t)


def ease_in(t: Any) -> Any:
    """Return 0..1 as 0..1 with a soft start."""
    t = clamp(t)
    return t * t


def ease_out(t: Any) -> Any:
    """Return 0..1 as 0..1 with a soft end."""
    t = clamp(t)
    return t * (2.0 - t)
