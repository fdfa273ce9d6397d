"""A projector's light as a camera measured it: what each pixel may use and must add, and its response's tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.show.profile import Light, Profile

Floats = NDArray[np.float32]
STEPS = 4096  # of the root of light, in the tables that encode it: even about as the eye and the signal are
TOP = 65535
LIFT_BITS, LIGHT = 13, 1 << 24  # as in `engine.render.kernels.shine`
DITHER = 16  # side of the square in which every threshold stands once


@dataclass(frozen=True)
class Measured:
    """The arguments of `engine.render.kernels.shine`, and the gain for those who draw without it.

    Attributes:
        gain: 0..1. Shape (height, width).
        tints: Against the colour of the wall, for `shine_tinted`; empty: none.
        primaries: What a camera sees of full red, green and blue, where there are tints. Shape (3, 3).
    """

    gain: Floats
    allowed: NDArray[np.uint64]
    light: NDArray[np.uint32]
    matrix: Floats
    encode: NDArray[np.uint32]
    tints: NDArray[np.uint64]
    primaries: NDArray[np.float64]

    def shine(self, kernels: Any, picture: NDArray[np.uint32], band: slice, swap: int) -> None:
        """Turn the warped signals of a part of a flat picture into the projector's own, in place."""
        pixels, allowed = picture[band], self.allowed[band]
        if len(self.tints):
            seen, mix = self.primaries @ self.matrix, np.linalg.inv(self.primaries)
            kernels.shine_tinted(pixels, pixels, allowed, self.tints[band], self.light, seen.astype(np.float32),
                                 mix.astype(np.float32), self.encode, swap)
        else:
            kernels.shine(pixels, pixels, allowed, self.light, self.matrix, self.encode, swap)


def measured(profile: Profile, coverage: Floats, alone: NDArray[np.bool_]) -> Measured:
    """Return what a profile's measured light, or its mere mix of colours, asks of each pixel.

    Args:
        coverage: How much of each pixel is shown at all, 0..1. Shape (height, width).
        alone: Where a black level is added that nobody measured.
    Raises:
        MixeurError: A map is missing, cut short or of another size.
    """
    light = profile.light or Light(gain=Path())
    if profile.light is None:
        gain = np.full(profile.size[::-1], TOP, np.uint16)
        lift = TOP * alone[..., None] * np.array(profile.black_level[::-1])
    else:
        gain = _read_map(light.gain, profile.size, 1)
        lift = coverage[..., None] * _read_map(light.lift, profile.size, 3) if light.lift else np.zeros((1, 1, 3))
    words = gain.astype(np.uint64)
    for channel in range(3):
        own = np.minimum(np.rint(lift[..., 2 - channel]), (1 << LIFT_BITS) - 1).astype(np.uint64)
        words |= own << np.uint64(16 + LIFT_BITS * channel)
    words |= thresholds(profile.size).astype(np.uint64) << np.uint64(16 + 3 * LIFT_BITS)
    tints = np.zeros(0, np.uint64)
    if light.tint is not None:
        tint = _read_map(light.tint, profile.size, 3).astype(np.uint64)
        tints = (tint[..., 2] | tint[..., 1] << np.uint64(16) | tint[..., 0] << np.uint64(32)).ravel()
    decoded = np.rint((np.arange(256) / 255) ** profile.gamma * LIGHT).astype(np.uint32)
    matrix, primaries = (np.eye(3) if each is None else np.array(each) for each in (profile.colour, light.primaries))
    return Measured(gain.astype(np.float32) / np.float32(TOP), words.ravel(), decoded, matrix.astype(np.float32),
                    encode_tables(profile, light), tints, primaries)


def encode_tables(profile: Profile, light: Light) -> NDArray[np.uint32]:
    """Return the signal, in 256ths, for each root of light from 0 to 1. Shape (3, STEPS)."""
    wanted = np.linspace(0, 1, STEPS) ** 2
    if light.response is None:
        signals = np.tile(wanted ** (1 / profile.gamma), (3, 1))
    else:
        signals = np.stack([np.interp(wanted, *curve(row)) for row in light.response])
    return np.rint(signals * (255 * 256)).astype(np.uint32)


def curve(response: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return light and signal of a response on a fine grid; between its values it goes on monotone.

    It is drawn through the lights as the eye would encode them, where a projector's response is nearly straight.

    Source:
        Fritsch and Carlson 1980, "Monotone piecewise cubic interpolation".
    """
    from scipy.interpolate import PchipInterpolator  # takes a while to load, and only measured projectors need it

    signal = np.linspace(0, 1, 4 * STEPS)
    smooth = PchipInterpolator(np.linspace(0, 1, len(response)), np.array(response) ** (1 / 2.2))
    light = np.maximum.accumulate(np.clip(smooth(signal), 0, 1) ** 2.2)
    return light + 1e-9 * signal, signal


def thresholds(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the fraction, in 256ths, from which a pixel is rounded up; any square of 16 holds each once.

    Source:
        Bayer 1973, "An optimum method for two-level rendition of continuous-tone pictures".
    """
    square = np.zeros((1, 1), np.int64)
    while len(square) < DITHER:
        square = np.block([[4 * square, 4 * square + 2], [4 * square + 3, 4 * square + 1]])
    tiles = (-(-size[1] // DITHER), -(-size[0] // DITHER))
    return np.tile(square.astype(np.uint8), tiles)[:size[1], :size[0]]


def _read_map(path: Path, size: tuple[int, int], channels: int) -> NDArray[Any]:
    remedy = "calibrate again, or take [light] out of the profile"
    try:
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise MixeurError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None
    picture: Any = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None
    shape = size[::-1] if channels == 1 else (*size[::-1], channels)
    if picture is None or picture.dtype != np.uint16 or picture.shape != shape:
        raise MixeurError(f"{path}: is no whole 16-bit picture of {size[0]} x {size[1]}; {remedy}")
    return np.asarray(picture)
