"""The compiled inner loops of decoding: one pass over a frame and its inverse. Importing this module compiles them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types, uint16


def _pair(pixel: Any) -> Any:
    seen = types.Array(pixel, 1, "C", readonly=True)
    return types.void(seen, seen, uint16, uint16[::1], pixel[::1])


@njit([_pair(types.uint8), _pair(types.uint16)], nogil=True, cache=True, error_model="numpy")
def add_bit(shown: Any, inverse: Any, bit: Any, code: Any, worst: Any) -> None:
    """Set a bit of the code where a frame is brighter than its inverse, and keep the least difference so far.

    Args:
        shown, inverse: Of some pixels. Shape (n,), uint8 or uint16.
        bit: The bit's value, uint16.
        code: Gray code. Shape (n,), uint16.
        worst: Shape and type of `shown`.
    """
    for i in range(code.size):
        light, dark = shown[i], inverse[i]
        code[i] |= bit if light > dark else np.uint16(0)
        # numpy's subtract keeps the narrow type, in which many pixels are done at once
        worst[i] = min(worst[i], np.subtract(max(light, dark), min(light, dark)))


@njit([types.void(uint16, uint16, uint16[::1])], nogil=True, cache=True, error_model="numpy")
def to_numbers(cut: Any, coarser: Any, code: Any) -> None:
    """Turn Gray code into numbers, in place.

    Args:
        cut: The bit whose stripes cut others; 0: none.
        coarser: The bits that it cuts.
        code: Shape (n,), uint16.
    """
    for i in range(code.size):
        number = code[i]
        number ^= coarser if number & cut else np.uint16(0)
        number ^= np.right_shift(number, np.uint16(1))
        number ^= np.right_shift(number, np.uint16(2))
        number ^= np.right_shift(number, np.uint16(4))
        code[i] = number ^ np.right_shift(number, np.uint16(8))
