"""The empty room as a camera last saw it, kept in shared memory: a process started anew knows it at once, also with
visitors standing in front. It is never written anywhere else, and holds no pixel in which anybody was seen."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np

from engine.clock import NS
from engine.inputs.camera_link import ROOM_BYTES
from engine.world import Pixels, Sighting

EVERY_S = 0.5
MARGIN_PX = 9
OTHER_SHARE, OTHER_S = 0.85, 20.0  # nobody fills a picture so far and so long


class RoomMemory:
    """Notes what is seen where nobody is; it can be recalled once every pixel was seen so.

    Args:
        header: The camera block's header; `room` says whose room it is, `room_size` how large.
        pixels: `ROOM_BYTES` of the camera's block.
        source: Where the pictures come from; another source's room is not recalled.
    """

    def __init__(self, header: Any, pixels: Pixels, source: str) -> None:
        self._header, self._pixels = header, pixels
        self._mark = zlib.crc32(source.encode()) + 1
        self._unseen: Pixels | None = None
        self._next_ns = 0

    def recall(self) -> Pixels | None:
        """Return the empty room, BGR in the size of the analysed picture, or None."""
        width, height = self._header["room_size"].tolist()
        if int(self._header["room"]) != self._mark or not 0 < width * height * 3 <= ROOM_BYTES:
            return None
        return self._room(width, height).copy()

    def note(self, picture: Pixels, sighting: Sighting) -> None:
        """Take from a picture (BGR, any size) what shows the empty room."""
        if sighting.mask is None or sighting.captured_ns < self._next_ns:
            return
        self._next_ns = sighting.captured_ns + round(EVERY_S * NS)
        width, height = sighting.size
        if self._header["room_size"].tolist() != [width, height] or self._unseen is None:
            self._begin(width, height)
        assert self._unseen is not None
        somebody = cv2.dilate(sighting.mask, np.ones((MARGIN_PX, MARGIN_PX), np.uint8))
        nobody = np.asarray(cv2.bitwise_not(somebody), np.uint8)
        small = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        cv2.copyTo(small, nobody, self._room(width, height))
        if int(self._header["room"]) != self._mark:
            cv2.bitwise_and(self._unseen, somebody, dst=self._unseen)
            if not self._unseen.any():
                self._header["room"] = self._mark

    def forget(self) -> None:
        """Learn the room anew."""
        self._header["room"], self._unseen = 0, None

    def _begin(self, width: int, height: int) -> None:
        if self._header["room_size"].tolist() != [width, height]:
            self._header["room"] = 0
        self._header["room_size"] = width, height
        self._unseen = np.full((height, width), 255, np.uint8)

    def _room(self, width: int, height: int) -> Pixels:
        return self._pixels[: width * height * 3].reshape(height, width, 3)


class Doubt:
    """Whether the room is still the one that was learnt: nearly all of it differs for long once a camera is moved."""

    def __init__(self) -> None:
        self._since_ns: int | None = None

    def is_other(self, sighting: Sighting) -> bool:
        """Take a sighting; return whether the room must be learnt anew, once each time."""
        mask = sighting.mask
        if mask is None or cv2.countNonZero(mask) < OTHER_SHARE * mask.size:
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = sighting.captured_ns
        elif sighting.captured_ns - self._since_ns >= OTHER_S * NS:
            self._since_ns = None
            return True
        return False
