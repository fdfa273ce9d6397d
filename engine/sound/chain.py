"""The safety chain, last before the device: limiter and fades, dose governor and cap, meters."""

from __future__ import annotations

from typing import Any

from numba import int64, njit, void

from engine.sound.limiter import limit
from engine.sound.loudness import hold_ceilings, measure


@njit(void(int64, int64), cache=True, nogil=True)
def protect(block: int, now_ns: Any) -> None:
    """Turn the quantum in `mixed` into the one in `ready`, a quantum late, that may be heard by the public."""
    limit(block, now_ns)
    hold_ceilings(block)
    measure(block)
