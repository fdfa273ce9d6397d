"""Scans in a folder: pictures and a `manifest.toml` that says which is which; anybody's, or one of ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.decode import Picture, Scan
from calibration.manifest import MANIFEST, Manifest, plan_of, read_manifest, slots_of
from calibration.patterns import AXES, Pattern
from engine.atomic import write_atomic
from engine.problems import MixeurError

POSE = "{pose}"
TAIL = 4096  # bytes at the end of a file, in which cameras put more behind the picture
HEAD = 70_000  # bytes at the start of a JPEG file, in which there may be a small picture, whole in itself
ENOUGH = 500_000  # pixels that tell whether a pair of frames adds up
PICTURES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".webp"))
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class Shot:
    """The files of one scan: of one pose of a board, or of one camera's view.

    Attributes:
        name: As the folder or its files call it.
        files: By what they show.
    """

    name: str
    files: Mapping[Pattern, Path]

    def read(self, manifest: Manifest, box: Box | None = None) -> Scan:
        """Return the scan, or a part of its pictures.

        Raises:
            MixeurError: Which file cannot be read or has another size, and what to do.
        """
        with ThreadPoolExecutor(2) as pool:
            pictures = list(pool.map(lambda file: read_picture(file, box), self.files.values()))
        kinds = Counter((picture.shape, str(picture.dtype)) for picture in pictures)
        if len(kinds) > 1:
            usual = kinds.most_common(1)[0][0]
            odd = next(file for file, picture in zip(self.files.values(), pictures, strict=True)
                       if (picture.shape, str(picture.dtype)) != usual)
            raise MixeurError(f"{odd}: differs in size or depth from the others; keep the camera's format through the "
                              "scan, and put no other pictures among its frames")
        return Scan(plan_of(manifest, tuple(self.files)), pictures)


def read_scan(folder: Path) -> tuple[Scan, Manifest]:
    """Return the one scan that a folder holds.

    Raises:
        MixeurError: Which file is missing, cannot be read or has another size, and what to do.
    """
    manifest = read_manifest(folder)
    return shots_of(folder, manifest)[0].read(manifest), manifest


def shots_of(folder: Path, manifest: Manifest) -> list[Shot]:
    """Return the scans of a folder in the natural order of their names; `MixeurError` where files are missing."""
    slots = slots_of(manifest)
    shots = []
    for name, files in _groups(folder, manifest):
        if len(files) != len(slots):
            raise MixeurError(_miscounted(folder, manifest, name, files, slots))
        shown = {slot: file for slot, file in zip(slots, files, strict=True) if slot is not None}
        shots.append(Shot(name, shown))
    return shots


def write_scan(folder: Path, scan: Scan, gamma: float = 1.0) -> None:
    """Write a scan of ours as a folder that `read_scan` reads: lossless pictures, then the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number:03d}_{str(pattern).replace(' ', '_')}.png" for number, pattern in enumerate(scan.plan.patterns)]
    write_pictures(folder, list(zip(names, scan.pictures, strict=True)))
    dropped = scan.plan.bits("columns")[-1]
    lines = ["format = 1", f"projector = [{scan.plan.size[0]}, {scan.plan.size[1]}]", f'kind = "{scan.plan.kind}"',
             f"dropped = {dropped}", f"camera_gamma = {gamma}"]
    write_atomic(folder / MANIFEST, "\n".join(lines) + "\n", keep_previous=False)


def write_pictures(folder: Path, pictures: Sequence[tuple[str, Picture]]) -> None:
    """Write pictures by their names, as two threads; `MixeurError` if one cannot be written."""
    def write(one: tuple[str, Picture]) -> bool:
        return cv2.imwrite(str(folder / one[0]), np.ascontiguousarray(one[1]))

    with ThreadPoolExecutor(2) as pool:
        if not all(pool.map(write, pictures)):
            raise MixeurError(f"{folder}: a picture cannot be written; is the disk full?")


def odd_frames(scan: Scan) -> list[str]:
    """Return the frames that do not add up to white and black with their inverses: stale, torn or mixed up."""
    odd = ["white and black (changed places)"] if scan.is_upside_down else []
    if not scan.is_paired:
        return odd
    step = max(1, round((scan.white.size / ENOUGH) ** 0.5))
    some = np.s_[::step, ::step]
    white, black = scan.white[some].astype(np.float32), scan.black[some]
    total, contrast = white + black, white - black
    lit = contrast > 0.25 * np.percentile(contrast, 98)
    for axis in AXES:
        for bit in scan.plan.bits(axis):
            shown, inverse = scan.pair(axis, bit)
            left = np.abs(shown[some][lit].astype(np.float32) + inverse[some][lit] - total[lit]) > 0.5 * contrast[lit]
            if np.mean(left) > 0.1:
                odd.append(str(Pattern("bit", axis, bit)))
    return odd


def read_picture(file: Path, box: Box | None = None) -> Picture:
    """Return a picture in grey, uint8 or uint16; `MixeurError` if it is none."""
    raw = np.fromfile(file, np.uint8)
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    picture: NDArray[np.uint8] | None = cv2.imdecode(raw, flags) if len(raw) else None  # type: ignore[assignment]
    if picture is None or _is_cut(raw.tobytes()):
        raise MixeurError(f"{file}: is no picture or is cut short; copy it from the camera again")
    if picture.dtype not in (np.uint8, np.uint16):
        raise MixeurError(f"{file}: is {picture.dtype}; save it with 8 or 16 bits")
    if box is None:
        return picture
    left, top, right, bottom = box
    return np.ascontiguousarray(picture[top:bottom, left:right])


def _groups(folder: Path, manifest: Manifest) -> list[tuple[str, list[Path]]]:
    """Return name and files of each scan."""
    names = manifest.views or manifest.poses
    if isinstance(manifest.files, str) and POSE in manifest.files and not isinstance(names, tuple):
        return _by_name(folder, manifest.files)
    if names is None:
        return [("", _files(folder, manifest, ""))]
    if isinstance(names, str):
        found = sorted((path for path in folder.glob(names) if path.is_dir()), key=_natural)
        if not found:
            raise MixeurError(f"{folder}: holds no folder '{names}'; mend `poses` in {MANIFEST}")
        names = tuple(str(path.relative_to(folder)) for path in found)
    return [(name, _files(folder, manifest, name)) for name in names]


def _files(folder: Path, manifest: Manifest, name: str) -> list[Path]:
    given = manifest.files if isinstance(manifest.files, tuple) else (manifest.files or "",)
    has_name = any(POSE in file for file in given)
    place = folder if has_name or not name else folder / name
    if not place.is_dir():
        raise MixeurError(f"{place}: is missing; complete the folder, or mend `poses` or `views` in {MANIFEST}")
    if manifest.files is None:
        return _pictures(place)
    given = tuple(file.replace(POSE, name) for file in given)
    if isinstance(manifest.files, str):
        return sorted(place.glob(given[0]), key=_natural)
    files = [place / file for file in given]
    for file in files:
        if not file.is_file():
            raise MixeurError(f"{file}: is missing; complete the folder, or mend `files` in {MANIFEST}")
    return files


def _pictures(place: Path) -> list[Path]:
    """Return the pictures of a folder, of the suffix that most of them have."""
    kinds = Counter(path.suffix for path in place.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    usual = kinds.most_common(1)[0][0] if kinds else ".png"
    return sorted(place.glob(f"*{usual}"), key=_natural)


def _by_name(folder: Path, files: str) -> list[tuple[str, list[Path]]]:
    """Return files gathered by what stands in their names at the place of the pose: a number if it is one."""
    before, after = files.split(POSE, 1)
    found = sorted(folder.glob(before + "*" + after), key=_natural)
    for name in (r"(\d+)", "(.+?)"):
        wanted = re.compile(_as_regex(before) + name + _as_regex(after))
        groups: dict[str, list[Path]] = {}
        for path in found:
            if match := wanted.fullmatch(path.relative_to(folder).as_posix()):
                groups.setdefault(match[1], []).append(path)
        if groups:
            return list(groups.items())
    raise MixeurError(f"{folder}: holds no files '{files}'; mend `files` in {MANIFEST}")


def _as_regex(pattern: str) -> str:
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(letter, re.escape(letter)) for letter in pattern.replace(POSE, "*"))


def _miscounted(folder: Path, manifest: Manifest, name: str, files: Sequence[Path],
                slots: Sequence[Pattern | None]) -> str:
    place = folder / name if name else folder
    shown = ", ".join(str(slot) for slot in slots[:4])
    given = manifest.files if isinstance(manifest.files, str) else "of its list" if manifest.files else "with pictures"
    there = Counter(path.suffix for path in (place if place.is_dir() else folder).iterdir() if path.suffix != ".toml")
    about = "" if files or not there else f" (there are {', '.join(f'{n} {kind}' for kind, n in there.items())})"
    return (f"{place}: holds {len(files)} files {given}{about}, its manifest asks for {len(slots)} ({shown} ...); "
            f"complete the folder, or mend `files`, `bits`, `inverse` or `order` in {MANIFEST}")


def _is_cut(raw: bytes) -> bool:
    """Return whether a PNG or JPEG lacks its end: decoders fill in what is missing."""
    if raw.startswith(b"\x89PNG"):
        return b"IEND" not in raw[-TAIL:]
    return raw.startswith(b"\xff\xd8") and b"\xff\xd9" not in raw[max(0, min(len(raw) - TAIL, HEAD)):]


def _natural(file: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", file.as_posix()) if part]
