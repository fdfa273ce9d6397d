"""Glimpses: single pictures of a camera as it saw the room, for those who watch projectors while the show runs.

One is given only when it is asked for, stands in shared memory until it is taken, and is wiped then: no picture of a
visitor is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engine.vision.sizes import ANALYSED, analysed_size
from engine.world import Pixels

GLIMPSE = np.dtype([("asked", "i8"), ("told", "i8"), ("taken", "i8"), ("captured_ns", "i8"), ("size", "i8", 2)])
GLIMPSE_BYTES = ANALYSED[0] * ANALYSED[1]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A grey picture, shape (height, width), uint8, and its arrival (monotonic ns)."""

    picture: Pixels
    captured_ns: int


def ask(slot: Any) -> None:
    """Ask for the next picture; `slot` is a record of `GLIMPSE`."""
    slot["asked"] = slot["told"] + 1


def answer(slot: Any, pixels: Pixels, picture: Pixels, captured_ns: int) -> None:
    """Give a picture (BGR, any size) if one is asked for."""
    if slot["asked"] == slot["told"]:
        return
    width, height = analysed_size((picture.shape[1], picture.shape[0]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    pixels[:width * height] = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).ravel()
    slot["captured_ns"], slot["size"] = captured_ns, (width, height)
    slot["told"] = slot["asked"]


def take(slot: Any, pixels: Pixels) -> Glimpse | None:
    """Return the picture that was asked for, once, and wipe it; None while it has not come."""
    if slot["taken"] == slot["told"] or slot["told"] != slot["asked"]:
        return None
    width, height = slot["size"].tolist()
    glimpse = Glimpse(pixels[:width * height].reshape(height, width).copy(), int(slot["captured_ns"]))
    pixels[:] = 0
    slot["taken"] = slot["told"]
    return glimpse
