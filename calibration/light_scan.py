"""The pictures from which a projector's light is measured: even greys and colours at several exposures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import tomlkit
from numpy.typing import NDArray

from calibration.capture import Rig
from calibration.check import linear
from calibration.folder import write_pictures
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
VEILS = tuple(round(255 * (0.014 * step / 7) ** (1 / 2.2)) for step in range(1, 7))  # even steps of light near black
PLACE_BY_PLACE = (BLACK, WHITE, *PRIMARIES)
MANY, FEW = 8, 2  # pictures, for what is told place by place, and for what all places tell together
COLOURS: Mapping[str, Signal] = {"white": WHITE, "grey": (153, 153, 153), "red": (255, 0, 0), "green": (0, 255, 0),
                                 "blue": (0, 0, 255)}  # by which colours are judged
LUMA = np.array((0.299, 0.587, 0.114))  # of a grey picture that is made of a coloured one
BRIGHTEST, DARKEST = 1.3, 0.08  # light of a level, times the exposure, between which it is worth a picture


class LightRig(Rig, Protocol):
    """Projectors that take coloured frames, shape (height, width, 3), and a camera with colours and an exposure."""

    def shares(self, camera: str) -> Sequence[float]:
        """Return the exposures that the camera can take, in shares of the first."""

    def expose(self, camera: str, share: float) -> None:
        """Gather `share` of the light of the first exposure from the next picture on."""

    def grab_settled(self, camera: str) -> tuple[Picture, float]:
        """Return the next picture that holds what is shown alone, grey, and when it was asked for.

        What is shown must look plainly other than what was grabbed before, or be the same.
        """

    def grab_colour(self, camera: str, pictures: int = MANY) -> tuple[Picture, float]:
        """Return such a picture in red, green and blue, shape (height, width, 3), and when it was asked for.

        Args:
            pictures: Of how many it may be the mean, where the camera's numbers are too coarse for one.
        """


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


def shots_of(shares: Sequence[float] = SHARES) -> list[Shot]:
    """Return what is to be taken: black at each exposure, each level where it neither clips nor drowns, primaries.

    Where there is one exposure, veils of light over black tell what whole numbers hide of it.
    At each exposure bright ones and dark ones take turns, so that a camera that is late is found out.
    """
    wanted: list[tuple[Signal, float]] = [(BLACK, share) for share in shares]
    wanted += [(signal, shares[0]) for signal in PRIMARIES]
    wanted += [((level, level, level), shares[0]) for level in VEILS if len(shares) == 1]
    for level in LEVELS[1:]:
        light = (level / 255) ** 2.2
        wanted += [((level, level, level), share) for share in shares
                   if light * share <= BRIGHTEST and (light * share >= DARKEST or share == shares[-1])]
    turns = [each for share in shares for each in _in_turns([each for each in wanted if each[1] == share])]
    return [Shot(file=f"{number:03d}.png", signal=signal, share=share) for number, (signal, share) in enumerate(turns)]


def take_light(rig: LightRig, projector: str, camera: str, size: tuple[int, int], wait_s: float,
               on_frame: Callable[[int, int], None] = lambda done, total: None) -> LightScan:
    """Take the pictures of one projector; all others must be black already.

    Args:
        size: (width, height) of the projector.
        wait_s: From showing a frame until the camera may be asked.
    """
    shots, pictures = shots_of(rig.shares(camera)), []
    for number, shot in enumerate(shots):
        rig.expose(camera, shot.share)
        rig.show(projector, np.full((*size[::-1], 3), shot.signal, np.uint8))
        rig.wait(wait_s)
        pictures.append(rig.grab_colour(camera, MANY if shot.signal in PLACE_BY_PLACE else FEW)[0])
        on_frame(number + 1, len(shots))
    rig.expose(camera, SHARES[0])
    rig.show(projector, np.zeros(size[::-1], np.uint8))
    return LightScan(shots, pictures)


def write_light(folder: Path, scan: LightScan) -> None:
    """Write a scan of light: lossless pictures, then the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pictures(folder, [(shot.file, picture[..., ::-1]) for shot, picture in
                            zip(scan.shots, scan.pictures, strict=True)])
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
    with ThreadPoolExecutor(2) as pool:
        return LightScan(manifest.shots, list(pool.map(lambda shot: _read(folder / shot.file, gamma), manifest.shots)))


def _in_turns(wanted: list[tuple[Signal, float]]) -> list[tuple[Signal, float]]:
    """Return shots in an order in which each looks plainly other than the one before."""
    rising = sorted(wanted, key=lambda each: float(LUMA @ (np.array(each[0]) / 255) ** 2.2))
    half = len(rising) // 2
    return [rising[place + side] for place in range(half) for side in (half, 0)] + rising[2 * half:]


def _read(file: Path, gamma: float) -> Picture:
    raw = np.fromfile(file, np.uint8) if file.exists() else np.empty(0, np.uint8)
    picture: Any = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None
    if picture is None or picture.ndim != 3:
        raise MixeurError(f"{file}: is missing, cut short or not in colour; take the light again with `calibrate scan`")
    return linear(np.ascontiguousarray(picture[..., 2::-1]), gamma)
