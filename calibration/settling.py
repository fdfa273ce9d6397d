"""Settling: how long a frame must stand until a camera's picture holds nothing of the one before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.clock import NS
from engine.inputs.camera_capture import Shot
from engine.problems import MixeurError

STEPS = 12
ALIKE = 0.1  # of the contrast: a picture that is so near is the new one
IN_A_ROW = 3  # new pictures, until a step is over
MARGIN_S = 0.01
SPREAD = 0.5  # of how much the steps differ, left besides the longest
LONGEST_S, LEAST_DN = 3.0, 8.0
FINE = 0.25  # of a picture's size, at which it is held against others: noise is less, waves are still seen
UNSETTLED = 0.2  # of a change of light: more between two pictures in a row, and one of them is late


@dataclass(frozen=True, slots=True)
class Settling:
    """How a camera follows the light.

    Attributes:
        seen_s: From showing a frame until the first picture of it arrives, in the middle of all steps.
        wait_s: From showing a frame until every picture that arrives holds it alone.
        steps: How many were looked at.
    """

    seen_s: float
    wait_s: float
    steps: int


def settling_of(shine: Callable[[bool], int], after: Callable[[int], Shot], steps: int = STEPS) -> Settling:
    """Show light and darkness in turns, and see how late the camera's pictures follow.

    Args:
        shine: Shows light or darkness on all projectors; returns when (monotonic ns).
        after: Returns the first picture that arrives after a time.
    Raises:
        MixeurError: The camera does not follow the light; with the remedy.
    """
    dark, bright = (_steady(shine, after, level) for level in (False, True))
    apart = cv2.subtract(bright, dark)
    lit = apart > max(LEAST_DN, 0.3 * float(np.percentile(apart, 99)))
    if not lit.any():
        raise MixeurError("calibrate: the camera does not follow the light; it must see the projection, with automatic "
                          "exposure off, and the room darker")
    levels = float(dark[lit].mean()), float(bright[lit].mean())
    first_s, last_old_s = [], []
    for step in range(steps):
        seen, old = _step(shine, after, bool(step % 2), levels, lit)
        first_s.append(seen)
        last_old_s.append(old)
    wait_s = max(last_old_s) + SPREAD * float(np.std(last_old_s)) + MARGIN_S
    return Settling(float(np.median(first_s)), wait_s, steps)


def _steady(shine: Callable[[bool], int], after: Callable[[int], Shot], level: bool) -> NDArray[np.uint8]:
    """Return what the camera sees once its picture has stood still."""
    shown_ns = last_ns = shine(level)
    picture, still = grey(after(last_ns).picture), 0
    while still < IN_A_ROW or last_ns < shown_ns + NS // 2:
        shot = after(last_ns)
        following, last_ns = grey(shot.picture), shot.captured_ns
        still = still + 1 if float(cv2.absdiff(picture, following).mean()) < 1.5 else 0
        picture = following
        if last_ns - shown_ns > LONGEST_S * 2 * NS:
            break  # noise or people: the steps will tell
    return picture


def _step(shine: Callable[[bool], int], after: Callable[[int], Shot], level: bool, levels: tuple[float, float],
          lit: NDArray[np.bool_]) -> tuple[float, float]:
    """Change the light; return when the first new picture came, and when the last that was not, in seconds."""
    shown_ns = last_ns = shine(level)
    wanted, contrast = levels[level], levels[1] - levels[0]
    first_s, old_s, row = 0.0, 0.0, 0
    while row < IN_A_ROW:
        shot = after(last_ns)
        last_ns = shot.captured_ns
        late_s = (last_ns - shown_ns) / NS
        if abs(float(grey(shot.picture)[lit].mean()) - wanted) <= ALIKE * contrast:
            first_s, row = first_s if row else late_s, row + 1
        else:
            old_s, row = late_s, 0
        if late_s > LONGEST_S:
            raise MixeurError("calibrate: the camera does not follow the light within three seconds; switch its "
                              "automatic exposure off, and keep the room's light and the people still")
    return first_s, old_s


def has_settled(before: NDArray[np.uint8], seen: NDArray[np.uint8], following: NDArray[np.uint8]) -> bool:
    """Return whether two pictures in a row hold a new frame alone, told by what plainly changed since the last one.

    A late picture looks like the one before it, a torn or mixed one like neither; `following` is the one to keep.

    Args:
        before: What was seen of another frame, grey.
        seen, following: The two pictures, grey.
    """
    old, new, newest = (cv2.resize(picture.astype(np.float32), None, fx=FINE, fy=FINE, interpolation=cv2.INTER_AREA)
                        for picture in (before, seen, following))
    step = np.abs(newest - old)
    changed = step >= 0.5 * np.percentile(step, 99)
    return bool(np.abs(newest - new)[changed].mean() < UNSETTLED * step[changed].mean())


def grey(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a picture (BGR) in grey."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
