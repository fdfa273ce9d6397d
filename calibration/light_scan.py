"""The pictures from which a projector's light is measured: even greys and colours at several exposures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import tomlkit
from numpy.typing import NDArray

from calibration.capture import Rig
from calibration.check import linear
from engine.atomic import write_atomic
from engine.problems import MixeurError, ShowError
from engine.show.document import read_document
from engine.show.schema import limits
from engine.show.table import FORMAT, Reader

Picture = NDArray[Any]
Signal = tuple[int, int, int]
MANIFEST = "light.toml"
LEVELS = tuple(round(step * 255 / 16) for step in range(17))
SHARES = (1.0, 5.0, 25.0)  # of the first exposure, in which white stays below full
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
PRIMARIES: tuple[Signal, ...] = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
BRIGHTEST, DARKEST = 1.3, 0.08  # light of a level, times the exposure, between which it is worth a picture


class LightRig(Rig, Protocol):
    """Projectors that take coloured frames, shape (height, width, 3), and a camera with colours and an exposure."""

    def expose(self, camera: str, share: float) -> None:
        """Gather `share` of the light of the first exposure from the next picture on."""

    def grab_colour(self, camera: str) -> tuple[Picture, float]:
        """Return the next picture in red, green and blue, shape (height, width, 3), and when it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: what the projector showed while all others were black, and the exposure."""

    file: str
    signal: Signal = field(metadata=limits(0, 255))
    share: float = field(metadata=limits(0.001, 1000))


@dataclass(frozen=True)
class LightScan:
    """A projector's pictures, red, green and blue, one for each shot."""

    shots: Sequence[Shot]
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    shots: tuple[Shot, ...] = ()


def shots_of() -> list[Shot]:
    """Return what is to be taken: black at each exposure, each level where it neither clips nor drowns, primaries."""
    wanted: list[tuple[Signal, float]] = [(BLACK, share) for share in SHARES]
    wanted += [(signal, SHARES[0]) for signal in PRIMARIES]
    for level in LEVELS[1:]:
        light = (level / 255) ** 2.2
        wanted += [((level, level, level), share) for share in SHARES
                   if light * share <= BRIGHTEST and (light * share >= DARKEST or share == SHARES[-1])]
    return [Shot(file=f"{number:03d}.png", signal=signal, share=share)
            for number, (signal, share) in enumerate(sorted(wanted, key=lambda each: each[1]))]


def take_light(rig: LightRig, projector: str, camera: str, size: tuple[int, int], wait_s: float,
               on_frame: Callable[[int, int], None] = lambda done, total: None) -> LightScan:
    """Take the pictures of one projector; all others must be black already.

    Args:
        size: (width, height) of the projector.
        wait_s: From showing a frame until the camera may be asked.
    """
    shots, pictures = shots_of(), []
    for number, shot in enumerate(shots):
        rig.expose(camera, shot.share)
        rig.show(projector, np.full((*size[::-1], 3), shot.signal, np.uint8))
        rig.wait(wait_s)
        pictures.append(rig.grab_colour(camera)[0])
        on_frame(number + 1, len(shots))
    rig.expose(camera, SHARES[0])
    rig.show(projector, np.zeros(size[::-1], np.uint8))
    return LightScan(shots, pictures)


def write_light(folder: Path, scan: LightScan) -> None:
    """Write a scan of light: lossless pictures, then the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    for shot, picture in zip(scan.shots, scan.pictures, strict=True):
        if not cv2.imwrite(str(folder / shot.file), np.ascontiguousarray(picture[..., ::-1]), fast):
            raise MixeurError(f"{folder}: a picture cannot be written; is the disk full?")
    rows = [{"file": shot.file, "signal": list(shot.signal), "share": shot.share} for shot in scan.shots]
    write_atomic(folder / MANIFEST, tomlkit.dumps({"format": FORMAT, "shots": rows}), keep_previous=False)


def read_light(folder: Path, gamma: float = 1.0) -> LightScan:
    """Return the scan of light in a folder, its pictures as light, 0..255, where full is what the camera can say.

    Raises:
        MixeurError: It is missing, or a picture is; with the remedy.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise MixeurError(f"{folder}: holds no pictures of the projector's light; take them with `calibrate scan`")
    document = read_document(path, str(path))
    reader = Reader(document.places, folder)
    reader.check_format(document.data)
    manifest = reader.table(document.data, _Manifest, spare=("format",))
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return LightScan(manifest.shots, [_read(folder / shot.file, gamma) for shot in manifest.shots])


def _read(file: Path, gamma: float) -> Picture:
    raw = np.fromfile(file, np.uint8) if file.exists() else np.empty(0, np.uint8)
    picture: Any = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None
    if picture is None or picture.ndim != 3:
        raise MixeurError(f"{file}: is missing, cut short or not in colour; take the light again with `calibrate scan`")
    return linear(np.ascontiguousarray(picture[..., 2::-1]), gamma)
