"""Colour: what each projector must mix so that all show the same, and how different two colours look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LUMINANCE = np.array((0.2126, 0.7152, 0.0722))  # of the camera's red, green and blue, taken as those of sRGB
TO_XYZ = np.array(((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750),
                   (0.0193339, 0.1191920, 0.9503041)))


def luminance_of(primaries: Array) -> Array:
    """Return primaries scaled so that their white has a luminance of 1. Shape (3, 3)."""
    return np.asarray(primaries / (LUMINANCE @ primaries.sum(1)))


def mixes_of(primaries: Sequence[Array]) -> tuple[list[Array], list[float]]:
    """Return the matrices by which all projectors show one common red, green, blue and white.

    The common primaries are the mean ones, made paler by as little as all projectors need to reach them.

    Args:
        primaries: Columns are what the camera sees of full red, green and blue. Shape (3, 3) each.
    Returns:
        Matrices on light (no row sums above 1), and which share of each projector's brightness is left for white.
    """
    own = [luminance_of(each) for each in primaries]
    mean = luminance_of(np.mean(own, axis=0))
    white = mean.sum(1)
    wanted = mean
    for paler in np.linspace(0, 0.5, 51):
        grey = np.outer(white, LUMINANCE @ mean)  # each primary's own luminance, without its colour
        wanted = (1 - paler) * mean + paler * grey
        mixes = [np.linalg.solve(each, wanted) for each in own]
        if min(mix.min() for mix in mixes) >= -1e-9:
            break
    mixes = [np.linalg.solve(each, wanted).clip(0, None) for each in own]
    tops = [float(mix.sum(1).max()) for mix in mixes]
    return [mix / top for mix, top in zip(mixes, tops, strict=True)], [1 / top for top in tops]


def lab_of(rgb: Array, white: Array) -> Array:
    """Return CIELAB of linear light, seen beside a white. Shape (..., 3) both."""
    t = (rgb @ TO_XYZ.T) / (white @ TO_XYZ.T)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def misses(seen: Array, target: Array, common: Array, light: Array) -> Array:
    """Return the CIEDE2000 between what is seen and an even wall of one colour. Shape (rows, columns).

    Args:
        seen: Shape (rows, columns, 3).
        target: How bright white is to be. Shape (rows, columns).
        common: Full red, green and blue on such a wall. Shape (3, 3), a column each.
        light: Of red, green and blue. Shape (3,).
    """
    white = common.sum(1)
    shown = np.maximum(seen / np.maximum(target, 1e-9)[..., None], 0)
    return difference(lab_of(shown, white), lab_of(common @ light, white))


def difference(first: Array, second: Array) -> Array:
    """Return how different colours of CIELAB look, shape (..., 3) both: 1 is just seen side by side.

    Source:
        CIEDE2000; Sharma, Wu and Dalal 2005.
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(each, np.float64), -1, 0) for each in (first, second))
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(chroma ** 7 / (chroma ** 7 + 25.0 ** 7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    is_grey = c1 * c2 == 0
    turn = np.where(is_grey, 0.0, (h2 - h1 + 180) % 360 - 180)
    middle = np.where(is_grey, h1 + h2, (h1 + turn / 2) % 360)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (1 - 0.17 * np.cos(np.radians(middle - 30)) + 0.24 * np.cos(np.radians(2 * middle))
         + 0.32 * np.cos(np.radians(3 * middle + 6)) - 0.20 * np.cos(np.radians(4 * middle - 63)))
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rc = 2 * np.sqrt(chroma ** 7 / (chroma ** 7 + 25.0 ** 7))
    rt = -np.sin(np.radians(60 * np.exp(-((middle - 275) / 25) ** 2))) * rc
    return np.asarray(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh))
