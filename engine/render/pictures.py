"""Pictures: image files and arrays as premultiplied RGBA, kept in halves of halves, placed at any size and angle."""

from __future__ import annotations

import math
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError, did_you_mean
from engine.render import areas
from engine.render.drawing import Drawing
from engine.render.layer import Blend
from engine.render.shapes import Shapes

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Stamp = tuple[Path, int, int, int]  # time of change, size, inode
Key = tuple[Pixels, tuple[float, float], tuple[float, float], float]
NO_ROOM: Pixels = np.empty(0, np.uint8)
KEPT_CANVASES = 2
SHIPPED = (Path(__file__).parents[2] / "assets", Path(sys.prefix) / "share/mixeur/sample/assets")


class Assets:
    """The folders that a scene's files are looked for in, and the pictures read from there.

    Args:
        live: Whether a picture that changed is read beside the loop; else in step.
    """

    def __init__(self, folders: tuple[Path, ...], live: bool = False) -> None:
        self.folders = folders
        self._live = live
        self._kept: dict[str, _Kept] = {}

    def find(self, verb: str, name: str | Path) -> Path:
        """Return the file of that name in the first folder that has it.

        Raises:
            MixeurError: There is none; names where it looked and the nearest name.
        """
        if (path := self._found(name)) is not None:
            return path
        beside = Path(name).parent
        near = [str(beside / path.name) for f in (*self.folders, *SHIPPED) for path in (f / beside).glob("*")]
        places = ", ".join(str(f) for f in self.folders) or "no assets folder"
        raise MixeurError(f"canvas.{verb}: no file '{name}' in {places}{did_you_mean(str(name), near)}")

    def picture(self, verb: str, source: Any) -> list[Pixels]:
        """Return a picture and the halves made of it so far.

        A file that changed is read again; while it is gone, or half written, the picture before stays.
        """
        if isinstance(source, np.ndarray):
            return [_rgba(verb, source).view()]  # each time another one: an artist may write into the same array
        kept = self._kept.get(str(source))
        if kept is None:
            kept = self._kept[str(source)] = _Kept(verb, self.find(verb, source))
        elif (path := self._found(source)) is not None:
            kept.renew(path, self._live)
        return kept.halves

    def _found(self, name: str | Path) -> Path | None:
        paths = (folder / name for folder in (*self.folders, *SHIPPED))
        return next((path for path in paths if path.is_file()), None)


class _Kept:
    """A picture as it was last read whole."""

    def __init__(self, verb: str, path: Path) -> None:
        self._verb = verb
        self._tried = stamp(path)
        self.halves = [_read(verb, path)]

    def renew(self, path: Path, beside: bool) -> None:
        """Read the file again if it changed, perhaps in a thread of its own."""
        now = stamp(path)
        if now not in (None, self._tried):
            self._tried = now
            if beside:
                threading.Thread(target=self._read, args=(path, now), name="picture", daemon=True).start()
            else:
                self._read(path, now)

    def _read(self, path: Path, wanted: Stamp | None) -> None:
        try:
            halves = [_read(self._verb, path)]
        except (MixeurError, OSError):
            return  # it is tried again when it changes
        if stamp(path) == wanted:
            self.halves = halves


def stamp(path: Path) -> Stamp | None:
    """Return what changes when a file does; None while it is not there."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return path, facts.st_mtime_ns, facts.st_size, facts.st_ino


class Places:
    """The pictures of a frame, in the order in which they were placed: one that stands as it stood is not warped again.

    What is kept is as large as two whole canvases at most; what is more shares the memory of one.

    Args:
        scratch: Memory for a turned picture, as large as the drawing.
    """

    def __init__(self, scratch: Pixels) -> None:
        self._scratch = scratch.reshape(-1)
        self._placed: list[_Placed] = []
        self._used = self._bytes = 0

    def begin(self) -> None:
        """Begin a frame."""
        self._used = 0

    def next(self, key: Key, size: int) -> _Placed:
        """Return the next picture of this frame as it was in the frame before, with room for so many bytes."""
        if self._used == len(self._placed):
            self._placed.append(_Placed())
        placed = self._placed[self._used]
        self._used += 1
        if not placed.stands(key) and len(placed.room) < size:
            larger = min(size + size // 4, len(self._scratch))  # one that grows is not given new room in each frame
            more = larger - len(placed.room)
            if self._bytes + more > KEPT_CANVASES * len(self._scratch):
                return _Placed(self._scratch)
            self._bytes += more
            placed.room = np.empty(larger, np.uint8)
        return placed


class _Placed:
    """A picture as it was warped.

    Attributes:
        room: Memory for it, flat.
        key: The picture, its place, size and angle; None while `room` does not hold it.
    """

    def __init__(self, room: Pixels = NO_ROOM) -> None:
        self.room = room
        self.key: Key | None = None

    def stands(self, key: Key) -> bool:
        """Return whether the room holds just this."""
        return self.key is not None and self.key[0] is key[0] and self.key[1:] == key[1:]


def place(
    drawing: Drawing,
    halves: list[Pixels],
    centre_px: tuple[float, float],
    size_px: tuple[float, float],
    angle: float,
    alpha: float,
    blend: Blend,
    shapes: Shapes,
    places: Places,
) -> None:
    """Mix a picture at a place, size and angle, anti-aliased.

    Args:
        halves: The picture, and as many halves of it as were made so far; more are added as they are needed.
        centre_px: Where its middle goes; the middle of the first pixel is at 0.
        angle: Degrees, clockwise.
        shapes: Covers the edge.
        places: Of this canvas.
    """
    height, width = halves[0].shape[:2]
    shrink = min(width / size_px[0], height / size_px[1])
    level = int(math.log2(min(max(shrink, 1.0), min(width, height))))
    low = width >> level, height >> level
    matrix = _matrix(low, centre_px, size_px, angle)
    corners = _corners(matrix, *low)
    left, top = (max(math.floor(part), 0) for part in corners.min(axis=0))
    right, bottom = (math.ceil(part) + 1 for part in corners.max(axis=0))
    wide, high = min(right, drawing.pixels.shape[1]) - left, min(bottom, drawing.pixels.shape[0]) - top
    if wide <= 0 or high <= 0:
        return
    key = halves[0], centre_px, size_px, angle
    placed = places.next(key, wide * high * 4)
    patch = placed.room[: wide * high * 4].reshape(high, wide, 4)
    packed = patch.view(np.uint32)[..., 0]
    if not placed.stands(key):
        placed.key = None
        while len(halves) <= level:
            half = halves[-1].shape[1] // 2, halves[-1].shape[0] // 2
            halves.append(np.asarray(cv2.resize(halves[-1], half, interpolation=cv2.INTER_AREA), np.uint8))
        matrix[:, 2] -= left, top
        cv2.warpAffine(halves[level], matrix, (wide, high), dst=patch, flags=cv2.INTER_LINEAR,
                       borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        if not _holds(corners, angle, drawing.pixels.shape):
            areas.keep(packed, shapes.patch_cover(corners - (left, top), wide, high))
        placed.key = key
    drawing.lay(packed, left, top, alpha, blend)


def _matrix(
    size: tuple[int, int], centre_px: tuple[float, float], size_px: tuple[float, float], angle: float
) -> Matrix:
    """Return source pixels -> canvas pixels. Shape (2, 3)."""
    turn = math.radians(angle)
    sx, sy = size_px[0] / size[0], size_px[1] / size[1]
    linear = np.array([[math.cos(turn) * sx, -math.sin(turn) * sy], [math.sin(turn) * sx, math.cos(turn) * sy]])
    shift = np.array(centre_px) - linear @ [(size[0] - 1) / 2, (size[1] - 1) / 2]
    return np.column_stack((linear, shift))


def _corners(matrix: Matrix, width: int, height: int) -> Matrix:
    """Return where the picture's outer corners lie on the canvas. Shape (4, 2)."""
    x, y = width - 0.5, height - 0.5
    return np.array(((-0.5, -0.5, 1), (x, -0.5, 1), (x, y, 1), (-0.5, y, 1))) @ matrix.T


def _holds(corners: Matrix, angle: float, shape: tuple[int, ...]) -> bool:
    """Return whether an upright picture covers the whole canvas."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    return not angle and bool((low <= -0.5).all() and high[0] >= shape[1] - 0.5 and high[1] >= shape[0] - 0.5)


def _read(verb: str, path: Path) -> Pixels:
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    data = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if raw.size else None
    if data is None:
        raise MixeurError(f"canvas.{verb}: '{path.name}' is not a picture that can be read; save it as PNG or JPEG")
    if data.ndim == 3:
        data = cv2.cvtColor(data, cv2.COLOR_BGRA2RGBA if data.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return _rgba(verb, data)


def _rgba(verb: str, picture: NDArray[Any]) -> Pixels:
    """Return any picture as premultiplied RGBA: grey or RGB or straight RGBA, uint8 or floats 0..1."""
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (3, 4)) or not picture.size:
        raise MixeurError(f"canvas.{verb}: a picture has the shape (h, w), (h, w, 3) or (h, w, 4), not {picture.shape}")
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    elif picture.dtype != np.uint8:
        if not np.isfinite(picture).all():
            raise MixeurError(f"canvas.{verb}: the picture is not finite (nan or inf)")
        picture = np.asarray(np.clip(picture, 0.0, 1.0) * 255 + 0.5, np.uint8)
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGBA), np.uint8)
    if picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)
    if picture[..., 3].min() == 255:
        return np.ascontiguousarray(picture)
    alpha = picture[..., 3:].astype(np.uint16)
    rgb = (picture[..., :3] * alpha + 127) // 255
    return np.concatenate((rgb.astype(np.uint8), picture[..., 3:]), axis=2)
