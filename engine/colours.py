"""Colours as artists write them: sRGB parts 0..1 as (r, g, b) or (r, g, b, a), straight alpha."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, ...]
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")


def hsv(h: Any, s: Any = 1.0, v: Any = 1.0, a: Any = 1.0) -> Any:
    """Return the colour of a hue 0..1 (turning round), a saturation, a value and an alpha, each 0..1.

    Returns:
        (r, g, b, a); with arrays of n values a float32 array of shape (n, 4).
    """
    if any(isinstance(part, np.ndarray) for part in (h, s, v, a)):
        return _hsv_array(h, s, v, a)
    s, v, a = (min(max(float(part), 0.0), 1.0) for part in (s, v, a))
    red, green, blue = (v - v * s * max(0.0, min(k, 4.0 - k, 1.0)) for k in ((n + h * 6.0) % 6.0 for n in (5, 3, 1)))
    return red, green, blue, a


def _hsv_array(h: Any, s: Any, v: Any, a: Any) -> NDArray[np.float32]:
    s, v, a = (_share(part) for part in (s, v, a))
    colours = np.empty((*np.broadcast(h, s, v, a).shape, 4), np.float32)
    for part, first in enumerate((5.0, 3.0, 1.0)):
        k = h * 6.0 + first
        k -= 6.0 * np.floor(k / 6.0)  # a tenth of what % costs
        colours[..., part] = v * (1.0 - s * np.maximum(np.minimum(np.minimum(k, 4.0 - k), 1.0), 0.0))
    colours[..., 3] = a
    return colours


def _share(part: Any) -> Any:
    """Return a number, or the numbers of an array, held within 0..1, in full precision where it is one."""
    return np.float64(min(max(part, 0.0), 1.0)) if isinstance(part, float | int) else np.clip(part, 0.0, 1.0)


def rgb(r: float | str, g: float = 0.0, b: float = 0.0, a: float = 1.0) -> Colour:
    """Return the colour of three parts 0..1 and an alpha, or of `"#rrggbb"`."""
    red, green, blue = read_colour(r) if isinstance(r, str) else (r, g, b)
    return (*(min(max(float(part), 0.0), 1.0) for part in (red, green, blue, a)),)


def is_colour(value: Any) -> bool:
    """Return whether the value is `#rrggbb`, `#rgb` or three or four finite numbers."""
    if isinstance(value, str):
        return _HEX.match(value) is not None
    return (
        isinstance(value, tuple | list)
        and len(value) in (3, 4)
        and all(isinstance(part, int | float) and not isinstance(part, bool) and abs(part) < 1e6 for part in value)
    )


def read_colour(value: Any) -> tuple[float, float, float]:
    """Return (r, g, b), each 0..1, of `#rrggbb` or of three or four numbers.

    Raises:
        ValueError: It is neither.
    """
    if not is_colour(value):
        raise ValueError(f'a colour is "#rrggbb" or three numbers 0..1, not {value!r}')
    if isinstance(value, str):
        digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
        return int(digits[:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:], 16) / 255
    red, green, blue = (min(max(float(part), 0.0), 1.0) for part in value[:3])
    return red, green, blue


def to_linear(part: Any) -> Any:
    """Return an sRGB part 0..1, or an array of them, as linear light (IEC 61966-2-1)."""
    if isinstance(part, np.ndarray):
        return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
