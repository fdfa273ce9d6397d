"""The probe of latency: shows the code, a level a frame, and gathers what the camera sees of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from engine.clock import NS, Clock, Tick
from engine.latency import BRIGHT, DARK, Array, Trace, code_of
from engine.world import Pixels

HZ = 173.0  # of the probe's clock: in step with no camera, or exposures would always end as far from a change of light
PARTS = (8, 5)  # of a picture, across and down
LEAD_S = 1.0  # of darkness, in which the camera settles


class Shot(Protocol):
    """A picture, BGR, and its arrival (monotonic ns)."""

    @property
    def picture(self) -> Pixels: ...
    @property
    def captured_ns(self) -> int: ...


def watch(clock: Clock, show: Callable[[int, Tick], None], newest: Callable[[], Shot | None], seconds: float,
          seed: int) -> Trace:
    """Return what was shown and seen in so many seconds.

    Args:
        clock: Of `HZ` ticks a second.
        show: Puts a level of light, 0..255, on the projector's whole picture; called where it changes.
        newest: Returns the camera's newest picture, once, or None; never waits.
    """
    lead = round(LEAD_S * clock.fps)
    code = np.concatenate([np.zeros(lead, bool), code_of(seed, seconds, clock.fps)])
    shown: list[int] = []
    levels: list[bool] = []
    stamps: list[int] = []
    seen: list[Array] = []
    for tick in clock.ticks():
        if tick.frame >= len(code):
            break
        level = bool(code[tick.frame])
        if not levels or level != levels[-1]:
            show(BRIGHT if level else DARK, tick)
            shown.append(clock.now_ns())
            levels.append(level)
        if (shot := newest()) is not None and tick.frame >= lead:
            stamps.append(shot.captured_ns)
            seen.append(light_of_parts(shot.picture))
    start_ns = shown[0]
    return Trace((np.array(shown) - start_ns) / NS, np.array(levels, np.float64), (np.array(stamps) - start_ns) / NS,
                 np.array(seen).reshape(len(stamps), PARTS[0] * PARTS[1]))


def light_of_parts(picture: Pixels) -> Array:
    """Return the mean of each part of a picture. Shape (parts,)."""
    means = cv2.resize(picture, PARTS, interpolation=cv2.INTER_AREA).astype(np.float64)
    return np.asarray(means.reshape(PARTS[0] * PARTS[1], -1).mean(1))
