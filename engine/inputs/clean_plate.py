"""The clean plate of a camera: a picture of its empty wall, `plates/NAME.png` beside the show.

It is the only picture that is ever kept. `mixeur plate` writes it, and it holds nothing that has not the wall's colour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.atomic import write_atomic
from engine.clock import NS
from engine.problems import MixeurError
from engine.world import Pixels

FOLDER = "plates"
LOOK_EVERY_S = 1.0


def plate_path(folder: Path, camera: str) -> Path:
    """Return where the clean plate of a camera stands, in the show's folder."""
    return folder / FOLDER / f"{camera}.png"


def write_plate(path: Path, plate: Pixels) -> None:
    """Save a plate (BGR) at once or not at all; the one before it is kept as `NAME.png.bak`.

    Raises:
        MixeurError: The folder cannot be written.
    """
    write_atomic(path, bytes(cv2.imencode(".png", plate)[1]))


def read_plate(path: Path) -> Pixels:
    """Return a plate, BGR.

    Raises:
        MixeurError: It is not there, or no picture.
    """
    try:
        packed = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise MixeurError(f"{path}: cannot be read: {error.strerror}") from None
    plate: Any = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    if plate is None:
        raise MixeurError(f"{path}: is no picture; take the clean plate again (mixeur plate)")
    return np.asarray(plate, np.uint8)


class PlateWatch:
    """Notices that a clean plate was taken anew, while the camera runs.

    Attributes:
        fault: Why the plate cannot be used, or nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._next_ns = 0
        self.fault = ""

    def taken(self, now_ns: int) -> Pixels | None:
        """Return the plate if it is new; looks at most once a second."""
        if now_ns < self._next_ns:
            return None
        self._next_ns = now_ns + round(LOOK_EVERY_S * NS)
        try:
            stat = self._path.stat()
        except OSError:
            self._known, self.fault = None, ""
            return None
        mark = stat.st_mtime_ns, stat.st_size
        if mark == self._known:
            return None
        self._known = mark
        try:
            plate = read_plate(self._path)
        except MixeurError as error:
            self.fault = str(error)
            return None
        self.fault = ""
        return plate
