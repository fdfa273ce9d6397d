"""How a projector answers signals: light of red, green and blue at each level, and the colours of its primaries."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from calibration.grid import Floats, Grid
from calibration.light_scan import BLACK, LEVELS, PRIMARIES, VEILS, WHITE, LightScan, Signal
from engine.problems import MixeurError

Array = NDArray[np.float64]
CLIPPED = 250.0  # of 255: a place as bright as this tells nothing
LEAST_DN = 10.0  # of white above black
GAMMA = 2.2  # in whose terms a response is nearly straight
ADDITIVE = 0.05  # by which white may differ from red, green and blue together


@dataclass(frozen=True)
class Answer:
    """What a camera measured of one projector.

    Attributes:
        response: Light, 0..1, of red, green and blue at 17 even steps of the signal. Shape (3, 17).
        primaries: What the camera's red, green and blue see of full red, green and blue, in numbers of an 8-bit
            picture at the first exposure. Shape (3, 3), a column each.
        white, black: Of each place, all projectors' black within both. Shape (rows, columns, 3).
        additive: White against red, green and blue together, in each of the camera's colours; 1 where nothing is added.
        factors: How much more than the first each exposure gathered.
    """

    response: Array
    primaries: Array
    white: Floats
    black: Floats
    additive: Array
    factors: Mapping[float, float]


def answer_of(scan: LightScan, grid: Grid, inside: NDArray[np.bool_], alike: NDArray[np.bool_]) -> Answer:
    """Return a projector's answer.

    Args:
        inside: The places that it lights. Shape (rows, columns).
        alike: The places where its primaries are held against other projectors'.
    Raises:
        MixeurError: A picture lacks, white is clipped or hardly seen, or the channels cannot be told apart.
    """
    seen = {(shot.signal, shot.share): grid.seen(picture)
            for shot, picture in zip(scan.shots, scan.pictures, strict=True)}
    shares = sorted({share for _, share in seen})
    if any((BLACK, share) not in seen for share in shares) or (WHITE, shares[0]) not in seen:
        raise MixeurError("light: black or white lacks among the pictures; take them again with `calibrate scan`")
    if (seen[WHITE, shares[0]][inside] >= CLIPPED).mean() > 0.01:
        raise MixeurError("light: white is clipped; shorten the exposure or lower the gain, and scan again")
    usable = {key: picture for key, picture in seen.items() if (picture[inside] >= CLIPPED).mean() < 1e-3}
    factor = _factors(usable, shares, inside)
    white = _above(usable, WHITE, shares, factor, alike)
    if white.max() < LEAST_DN:
        raise MixeurError("light: the camera hardly sees this projector; lengthen the exposure, and scan again")
    primaries = np.stack([_above(usable, signal, shares, factor, alike) for signal in PRIMARIES], axis=1)
    if np.linalg.cond(primaries) > 50:
        raise MixeurError("light: the camera cannot tell red, green and blue apart; does it see in colour?")
    levels = [_above(usable, (level,) * 3, shares, factor, inside) for level in LEVELS[1:]]
    full = np.stack([_above(usable, signal, shares, factor, inside) for signal in PRIMARIES], axis=1)
    shape = np.linalg.solve(full, np.stack(levels, axis=1))
    longest = next(share for share in reversed(shares) if (BLACK, share) in usable)
    response = _evened(shape / shape[:, -1:])
    above = seen[WHITE, shares[0]] - seen[BLACK, shares[0]]
    blacks = [seen[BLACK, longest] / np.float32(factor[longest])]
    blacks += [seen[(level,) * 3, shares[0]] - above * light_at(response, level / 255).astype(np.float32)
               for level in VEILS if ((level,) * 3, shares[0]) in seen]
    return Answer(response, primaries, above, np.mean(blacks, axis=0), white / primaries.sum(1), factor)


def light_at(response: Array, signal: float) -> Array:
    """Return the light of red, green and blue at a signal, 0..1, by a response at even steps. Shape (3,)."""
    even = np.linspace(0, 1, response.shape[1])
    return np.asarray(PchipInterpolator(even, response ** (1 / GAMMA), axis=1)(signal).clip(0, 1) ** GAMMA)


def _factors(seen: dict[tuple[Signal, float], Floats], shares: list[float],
             inside: NDArray[np.bool_]) -> dict[float, float]:
    """Return how much more each exposure really gathers, from the levels that two of them saw."""
    factor = {shares[0]: 1.0}
    for shorter, longer in itertools.pairwise(shares):
        both = [signal for signal, share in seen if share == longer and (signal, shorter) in seen and signal != BLACK]
        ratios = [(_mean(seen, signal, longer, inside).sum() / _mean(seen, signal, shorter, inside).sum(),
                   _mean(seen, signal, shorter, inside).sum()) for signal in both]
        bright = [ratio for ratio, light in ratios if light > LEAST_DN]
        factor[longer] = factor[shorter] * (float(np.median(bright)) if bright else longer / shorter)
    return factor


def _mean(seen: dict[tuple[Signal, float], Floats], signal: Signal, share: float, where: NDArray[np.bool_]) -> Array:
    return np.asarray((seen[signal, share] - seen[BLACK, share])[where].mean(0), np.float64)


def _above(seen: dict[tuple[Signal, float], Floats], signal: Signal, shares: list[float], factor: dict[float, float],
           where: NDArray[np.bool_]) -> Array:
    """Return the light of a signal above black, the longer exposures weighing more. Shape (3,)."""
    known = [share for share in shares if (signal, share) in seen and (BLACK, share) in seen]
    if not known:
        raise MixeurError(f"light: no usable picture of signal {signal}; take them again with `calibrate scan`")
    means = [_mean(seen, signal, share, where) for share in known]
    return np.asarray(sum(means) / sum(factor[share] for share in known))


def _evened(measured: Array) -> Array:
    """Return responses at even steps of the signal, from 0 to 1 and nowhere falling. Shape (3, 17)."""
    signals = np.array(LEVELS) / 255
    even = np.linspace(0, 1, len(LEVELS))
    rows = []
    for row in measured:
        light = np.maximum.accumulate(np.concatenate([[0.0], np.clip(row[:-1], 0, 1), [1.0]]))
        rows.append(PchipInterpolator(signals, light ** (1 / GAMMA))(even).clip(0, 1) ** GAMMA)
    return np.stack(rows)
