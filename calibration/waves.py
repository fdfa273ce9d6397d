"""Phase: from waves that move on from frame to frame to where each pixel looks, alone or with a Gray code's help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calibration.patterns import AXES, Axis, Pattern

if TYPE_CHECKING:
    from calibration.decode import Scan

Array = NDArray[Any]  # float32 or float64
WHOLE = 0.99  # of the picture: a wave so long tells where a pixel is without help
OFF_PX = 1.0  # between code and phase, from which on the wave is taken to begin elsewhere than the manifest says


def turns_of(scan: Scan, axis: Axis, wave: int, shift: int | None = None) -> tuple[Array, Array]:
    """Return how far a wave is through its length (0..1) and its amplitude, at each pixel. Shape (height, width).

    Source:
        Srinivasan, Liu and Halioua 1984, "Automated phase-measuring profilometry".
    """
    plan = scan.plan
    sine = cosine = np.zeros(scan.pictures[0].shape, np.float32)
    for step in range(plan.steps):
        picture = scan.picture(Pattern("step", axis, step, wave=wave)).astype(np.float32)
        sine = sine + picture * np.float32(np.sin(2 * np.pi * step / plan.steps))
        cosine = cosine + picture * np.float32(np.cos(2 * np.pi * step / plan.steps))
    sign = plan.shift if shift is None else shift
    turns = np.arctan2(-sign * sine, cosine) / np.float32(2 * np.pi) - np.float32(plan.start_deg / 360)
    return turns - np.floor(turns), 2 / plan.steps * np.hypot(sine, cosine)


def finest(scan: Scan, axis: Axis) -> int:
    """Return the number of an axis's shortest wave."""
    lengths = scan.plan.waves_px[AXES.index(axis)]
    return int(np.argmin(lengths))


def places_of(scan: Scan, axis: Axis) -> Array:
    """Return the coordinate that the waves alone tell. Shape (height, width), float32.

    The longest wave tells it roughly if it is as long as the picture, each shorter one more exactly. Without such a
    wave the one place is taken at which all waves agree best.

    Source:
        Saldner and Huntley 1997 (temporal unwrapping); Towers, Towers and Jones 2005 (waves of nearly one length).
    """
    along = AXES.index(axis)
    lengths, size = scan.plan.waves_px[along], scan.plan.size[along]
    order = sorted(range(len(lengths)), key=lambda wave: -lengths[wave])
    turns = {wave: turns_of(scan, axis, wave)[0] for wave in order}
    if lengths[order[0]] >= WHOLE * size:
        place = turns[order[0]] * np.float32(lengths[order[0]])
        rest = order[1:]
    else:
        place = _agreed([turns[wave] for wave in order], [lengths[wave] for wave in order], size)
        rest = order[-1:]
    for wave in rest:
        place = at_turn(turns[wave], lengths[wave], place)
    return place


def at_turn(turns: Array, length: float, near: Array) -> Array:
    """Return the coordinate nearest to `near` at which a wave is so far through its length."""
    place = turns * length
    return np.asarray(place + length * np.rint((near - place) / length), near.dtype)


def aligned(scan: Scan, axis: Axis, coarse: Array, index: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return turns and amplitude of the shortest wave at some pixels, in accord with what a code says there.

    A manifest that has the wave's sense or beginning wrong is put right by the code.
    """
    wave = finest(scan, axis)
    length = scan.plan.waves_px[AXES.index(axis)][wave]
    best: tuple[float, Array, Array] | None = None
    for shift in (scan.plan.shift, -scan.plan.shift):
        turns, strength = (part.ravel()[index].astype(np.float64) for part in turns_of(scan, axis, wave, shift))
        mean = complex(np.mean(np.exp(2j * np.pi * (turns - coarse / length))))
        if best is None or abs(mean) > 1.5 * best[0]:
            off = float(np.angle(mean)) / (2 * np.pi)
            best = abs(mean), turns - off if abs(off * length) > OFF_PX else turns, strength
    assert best is not None
    return best[1], best[2]


def _agreed(turns: list[Array], lengths: list[float], size: int) -> Array:
    """Return the place in 0..size at which waves, the longest first, agree best; strip by strip."""
    place = np.empty_like(turns[0])
    fine, length = turns[-1], lengths[-1]
    for start in range(0, len(place), 64):
        strip = slice(start, start + 64)
        least = np.full(place[strip].shape, np.inf, np.float32)
        for count in range(int(np.ceil(size / length)) + 1):
            at = (fine[strip] + count) * np.float32(length)
            off = np.zeros_like(at)
            for its, its_length in zip(turns[:-1], lengths[:-1], strict=True):
                apart = at / np.float32(its_length) - its[strip]
                off += (apart - np.rint(apart)) ** 2
            off[at > size + 1] = np.inf
            better = off < least
            least[better], place[strip][better] = off[better], at[better]
    return place
