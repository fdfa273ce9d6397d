"""Eyes: how bright the light of a show really is, from screenshots or from the pictures that it writes."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

BLACK = 3.0  # mean of 0..255; a projector's own black is below
LOOKS_A_SECOND = 4
STEP_PX = 8
SAME = 2


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment.

    Attributes:
        luminance: Mean of the darkest output, 0..255.
        fingerprint: Of all that was seen: another picture has another one.
    """

    luminance: float
    fingerprint: int

    @property
    def is_lit(self) -> bool:
        return self.luminance > BLACK


class Eyes(Protocol):
    """Somebody who looks at the light."""

    def close(self) -> None:
        """Look away."""


def look_at(pictures: list[NDArray[np.uint8]]) -> Look:
    """Return what pictures show, one an output. Each uint8, shape (height, width, 3 or 4)."""
    small = [np.ascontiguousarray(picture[::STEP_PX, ::STEP_PX, :3]) for picture in pictures]
    luminance = min((float(each.mean()) for each in small), default=0.0)
    return Look(luminance, zlib.crc32(b"".join(each.tobytes() for each in small)))


class PictureEyes:
    """Reads the pictures that a show without a display writes once a second.

    Args:
        folder: Where they stand.
        seen: Called with each look, in a thread of its own.
    """

    def __init__(self, folder: Path, seen: Callable[[Look], None]) -> None:
        self._folder, self._seen = folder, seen
        self._ending = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        before = 0
        while not self._ending.wait(1 / (2 * LOOKS_A_SECOND)):
            files = sorted(self._folder.glob("*.png")) if self._folder.is_dir() else []
            newest = max((path.stat().st_mtime_ns for path in files), default=0)
            if newest == before:
                continue
            before = newest
            pictures = [picture for path in files if (picture := cv2.imread(str(path))) is not None]
            if pictures:
                self._seen(look_at([np.asarray(picture, np.uint8) for picture in pictures]))


class ScreenEyes:
    """Takes screenshots of an X server four times a second; one that is gone is looked for again.

    Args:
        display: As in `DISPLAY`.
        areas: (x, y, width, height) of each output; empty: all of the screen is one.
        seen: Called with each look, in a thread of its own.
    """

    def __init__(self, display: str, areas: list[tuple[int, int, int, int]], seen: Callable[[Look], None]) -> None:
        self._display, self._areas, self._seen = display, areas, seen
        self._ending = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._ending.is_set():
            before, same = 0, 0
            for picture in self._pictures():
                parts = [picture[y : y + height, x : x + width] for x, y, width, height in self._areas]
                look = look_at([part for part in parts if part.size] or [picture])
                same = same + 1 if look.fingerprint == before else 0
                if same > SAME or self._ending.is_set():  # after a change of modes the old picture is given for ever
                    break
                before = look.fingerprint
                self._seen(look)
            self._ending.wait(1 / LOOKS_A_SECOND)

    def _pictures(self) -> Iterator[NDArray[np.uint8]]:
        """Yield screenshots until the server goes or its screen shrinks. BGRX, shape (height, width, 4), uint8."""
        try:
            told = {"framerate": str(LOOKS_A_SECOND), "draw_mouse": "0"}
            with av.open(self._display, format="x11grab", options=told) as screen:
                for frame in screen.decode(video=0):
                    plane = frame.planes[0]
                    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)
                    yield lines[:, : frame.width * 4].reshape(frame.height, frame.width, 4)
        except (av.FFmpegError, OSError):
            return


def outputs(env: Mapping[str, str]) -> list[tuple[int, int, int, int]]:
    """Return (x, y, width, height) of each output of an X server; empty if that cannot be told."""
    if not shutil.which("xrandr"):
        return []
    said = subprocess.run(["xrandr", "--listmonitors"], env=dict(env), capture_output=True, text=True, timeout=10)
    found = (map(int, match) for match in re.findall(r" (\d+)/\d+x(\d+)/\d+\+(\d+)\+(\d+) ", said.stdout))
    return sorted((x, y, width, height) for width, height, x, y in found)
