"""Marks: what an artist's verb was given, checked and turned into what the brush draws: pixels and packed colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.colours import read_colour
from engine.problems import MixeurError, did_you_mean
from engine.render import brush
from engine.render.layer import BLENDS

FAR_PX = 1e5  # what lies further out is drawn as if it lay here
MOST = 1_000_000  # shapes or points in one call
PLAIN = frozenset((float, int, np.float64))  # what one number mostly is, and quick to check
Floats = NDArray[np.float32]


def numbers(verb: str, **values: Any) -> list[NDArray[np.float64]]:
    """Return the values as arrays of one length: each a number or an array of n numbers.

    Raises:
        MixeurError: One is not a finite number, or two lengths differ; the line names verb and argument.
    """
    arrays = {name: _array(verb, name, value) for name, value in values.items() if not _is_plain(value)}
    count = max((len(a) for a in arrays.values() if a.ndim), default=1)
    _bounded(verb, "shapes", count)
    for name, array in arrays.items():
        if array.ndim > 1 or (array.ndim and len(array) not in (1, count)):
            raise MixeurError(f"canvas.{verb}: {name} has the shape {array.shape}; give one number or {count} of them")
    return [arrays[name] if name in arrays and arrays[name].shape == (count,)
            else np.full(count, arrays.get(name, value), np.float64) for name, value in values.items()]


def number(verb: str, name: str, value: Any) -> float:
    """Return one finite number."""
    if _is_plain(value):
        return float(value)
    array = _array(verb, name, value)
    if array.size != 1:
        raise MixeurError(f"canvas.{verb}: {name} must be one number, not {array.size} of them")
    return float(array.reshape(-1)[0])


def _is_plain(value: Any) -> bool:
    return type(value) in PLAIN and -1e300 < value < 1e300


def points(verb: str, value: Any) -> NDArray[np.float64]:
    """Return points. Shape (n, 2), stage units."""
    array = _array(verb, "points", value)
    _bounded(verb, "points", array.size // 2)
    if array.size == 0:
        return np.zeros((0, 2))
    if array.ndim != 2 or array.shape[1] != 2:
        raise MixeurError(f"canvas.{verb}: points have the shape {array.shape}; give a list of (x, y)")
    return array


def paths(verb: str, value: Any) -> NDArray[np.float64]:
    """Return lines through as many points each. Shape (lines, n, 2), stage units; of shape (n, 2) it is one line."""
    array = _array(verb, "points", value)
    if array.ndim != 3:
        return points(verb, value)[None]
    _bounded(verb, "points", array.size // 2)
    if array.shape[2] != 2:
        raise MixeurError(f"canvas.{verb}: points have the shape {array.shape}; give (lines, points, 2)")
    return array


def _bounded(verb: str, what: str, count: int) -> None:
    if count > MOST:
        raise MixeurError(f"canvas.{verb}: {count} {what} in one call; at most {MOST}")


def in_pixels(stage: NDArray[np.float64], height_px: int) -> NDArray[np.float64]:
    """Return points in pixels, the middle of the first pixel at 0."""
    return np.clip(stage * height_px - 0.5, -FAR_PX, FAR_PX)


def share(verb: str, name: str, value: Any) -> float:
    """Return a number held within 0..1."""
    return min(max(number(verb, name, value), 0.0), 1.0)


def blend_index(verb: str, blend: str) -> int:
    """Return the brush's number of a blend mode."""
    try:
        return BLENDS.index(blend)
    except ValueError:
        raise MixeurError(
            f"canvas.{verb}: unknown blend {blend!r}; use {', '.join(BLENDS)}{did_you_mean(str(blend), BLENDS)}"
        ) from None


def parts(verb: str, colour: Any) -> tuple[float, float, float]:
    """Return a colour's red, green and blue, 0..1."""
    packed = int(paint(verb, colour))
    return (packed & 255) / 255, (packed >> 8 & 255) / 255, (packed >> 16 & 255) / 255


def paint(verb: str, colour: Any, alpha: Any = 1.0) -> np.uint32:
    """Return one colour packed and premultiplied."""
    a = share(verb, "alpha", alpha)
    if type(colour) is tuple and 3 <= len(colour) <= 4:
        a *= share(verb, "colour", colour[3]) if len(colour) == 4 else 1.0
        r, g, b = colour[:3]
    elif isinstance(colour, str):
        r, g, b = _named(verb, colour)
    else:
        packed = paints(verb, colour, alpha)
        if len(packed) != 1:
            raise MixeurError(f"canvas.{verb}: give one colour, not {len(packed)}")
        return np.uint32(packed[0])
    if not (0.0 <= r <= 1.0 and 0.0 <= g <= 1.0 and 0.0 <= b <= 1.0):
        r, g, b = (share(verb, "colour", part) for part in (r, g, b))
    a *= 255
    return np.uint32(int(r * a + 0.5) | int(g * a + 0.5) << 8 | int(b * a + 0.5) << 16 | int(a + 0.5) << 24)


def paints(verb: str, colour: Any, alpha: Any = 1.0) -> NDArray[np.uint32]:
    """Return colours packed and premultiplied. Shape (n,) for (n, 3) or (n, 4) parts or n alphas, else (1,)."""
    if isinstance(colour, str):
        colour = _named(verb, colour)
    parts = np.atleast_2d(_converted(verb, "colour", colour))
    strength = np.atleast_1d(_converted(verb, "alpha", alpha))
    if not parts.size or not strength.size:
        return np.zeros(0, np.uint32)
    if parts.ndim != 2 or parts.shape[1] not in (3, 4):
        raise MixeurError(f"canvas.{verb}: a colour has 3 or 4 parts, not the shape {parts.shape}")
    if strength.ndim != 1 or (len(strength) != len(parts) and 1 not in (len(strength), len(parts))):
        raise MixeurError(f"canvas.{verb}: {strength.size} alphas for {len(parts)} colours")
    packed = np.empty(max(len(parts), len(strength)), np.uint32)
    if not brush.pack(parts, strength, packed):
        _array(verb, "colour", colour), _array(verb, "alpha", alpha)  # one of them says what is wrong
    return packed


def _named(verb: str, colour: str) -> tuple[float, float, float]:
    try:
        return read_colour(colour)
    except ValueError as error:
        raise MixeurError(f"canvas.{verb}: {error}") from None


def _converted(verb: str, name: str, value: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise MixeurError(f"canvas.{verb}: {name} must be numbers, not {repr(value)[:40]}") from None


def _array(verb: str, name: str, value: Any) -> NDArray[np.float64]:
    array = _converted(verb, name, value)
    if not np.isfinite(array).all():
        raise MixeurError(f"canvas.{verb}: {name} is not finite (nan or inf); check for a division by zero")
    return array
