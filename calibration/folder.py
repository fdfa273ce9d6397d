"""A scan in a folder: pictures and a `manifest.toml` that says which is which; anybody's, or one of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.decode import Picture, Scan
from calibration.patterns import AXES, STEPS, Axis, Pattern, Plan, bits_of
from engine.atomic import write_atomic
from engine.problems import MixeurError, ShowError
from engine.show.document import read_document
from engine.show.schema import limits
from engine.show.table import Reader

MANIFEST = "manifest.toml"
PARTS = ("white", "black", "columns", "rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder of pictures holds.

    Attributes:
        projector: (width, height) in pixels.
        files: Which files are the frames, in the natural order of their names (`f2` before `f10`).
        order: Which parts come after each other: white, black, columns, rows; `skip` is a file that is none of them.
        inverse: Whether a bit's inverse follows it (`each`), all inverses follow all bits (`after`), or none are there.
        first: Whether the coarsest or the finest bit comes first.
        bits: How many bits columns and rows have; None: as many as the size needs.
        dropped: How many of the finest bits were not shown.
        cell_px: Projector pixels a step of the code.
        offset: What the code says at the first column and row, where a pattern is centred.
        xor_bit, period_px, steps: See `calibration.patterns.Plan`.
        camera_gamma: 1 if the pictures' numbers are light, 2.2 for most photographs.
        stage: The stage's corners in the picture, clockwise from its top left; None: all that is lit.
    """

    projector: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))
    kind: Literal["gray", "xor", "phase"] = "gray"
    files: str = "*.png"
    order: tuple[str, ...] = PARTS
    inverse: Literal["each", "after", "none"] = "each"
    first: Literal["coarse", "fine"] = "coarse"
    bits: tuple[int, int] | None = field(default=None, metadata=limits(1, 15))
    dropped: int = field(default=0, metadata=limits(0, 6))
    cell_px: int = field(default=1, metadata=limits(1, 256, "px"))
    offset: tuple[int, int] = field(default=(0, 0), metadata=limits(0, 16_384))
    xor_bit: int = field(default=3, metadata=limits(0, 6))
    period_px: float = field(default=16.0, metadata=limits(4, 1024, "px"))
    steps: int = field(default=STEPS, metadata=limits(3, 64))
    camera_gamma: float = field(default=1.0, metadata=limits(1, 4))
    stage: tuple[tuple[float, float], ...] | None = field(default=None, metadata=limits(-1e5, 1e5, "px"))


def read_manifest(folder: Path) -> Manifest:
    """Return what a folder's manifest says; `ShowError` with every problem and its line."""
    path = folder / MANIFEST
    document = read_document(path, str(path))
    reader = Reader(document.places, folder)
    reader.check_format(document.data)
    manifest = reader.table(document.data, Manifest, spare=("format",))
    for name in manifest.order:
        if name not in (*PARTS, "skip"):
            reader.report(("order",), f"'{name}' is no part of a scan; parts are {', '.join(PARTS)} and skip")
    if manifest.stage is not None and len(manifest.stage) != 4:
        reader.report(("stage",), "must be the four corners of the stage")
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return manifest


def read_scan(folder: Path) -> tuple[Scan, Manifest]:
    """Return the scan that a folder holds.

    Raises:
        MixeurError: Which file is missing, cannot be read or has another size, and what to do.
    """
    manifest = read_manifest(folder)
    slots = slots_of(manifest)
    files = sorted(folder.glob(manifest.files), key=_natural)
    if len(files) != len(slots):
        shown = ", ".join(str(slot) for slot in slots[:4])
        raise MixeurError(f"{folder}: holds {len(files)} files {manifest.files}, its manifest asks for {len(slots)} "
                          f"({shown} ...); complete the folder, or mend `bits`, `inverse` or `order` in {MANIFEST}")
    pictures = [(slot, _read(file)) for slot, file in zip(slots, files, strict=True) if slot is not None]
    shapes = {picture.shape for _, picture in pictures} | {(str(picture.dtype),) for _, picture in pictures}
    if len(shapes) != 2:
        raise MixeurError(f"{folder}: its pictures differ in size or depth; keep the camera's format through the scan")
    patterns = tuple(slot for slot, _ in pictures)
    plan = Plan(manifest.projector, manifest.kind, patterns, manifest.cell_px, manifest.offset, manifest.xor_bit,
                manifest.period_px, manifest.steps)
    return Scan(plan, [picture for _, picture in pictures]), manifest


def slots_of(manifest: Manifest) -> list[Pattern | None]:
    """Return what each file is, in order; None for one to be skipped."""
    slots: list[Pattern | None] = []
    for part in manifest.order:
        if part == "skip":
            slots.append(None)
        elif part in ("white", "black"):
            slots.append(Pattern("white" if part == "white" else "black"))
        else:
            slots += _axis_slots(manifest, "columns" if part == "columns" else "rows")
    if manifest.kind == "phase":
        slots += [Pattern("step", axis, step) for axis in AXES for step in range(manifest.steps)]
    return slots


def write_scan(folder: Path, scan: Scan, gamma: float = 1.0) -> None:
    """Write a scan of ours as a folder that `read_scan` reads: lossless pictures, then the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (pattern, picture) in enumerate(zip(scan.plan.patterns, scan.pictures, strict=True)):
        if not cv2.imwrite(str(folder / f"{number:03d}_{str(pattern).replace(' ', '_')}.png"), picture):
            raise MixeurError(f"{folder}: a picture cannot be written; is the disk full?")
    dropped = scan.plan.bits("columns")[-1]
    lines = ["format = 1", f"projector = [{scan.plan.size[0]}, {scan.plan.size[1]}]", f'kind = "{scan.plan.kind}"',
             f"dropped = {dropped}", f"camera_gamma = {gamma}"]
    write_atomic(folder / MANIFEST, "\n".join(lines) + "\n", keep_previous=False)


def odd_frames(scan: Scan) -> list[str]:
    """Return the frames that do not add up to white and black with their inverses: stale, torn or mixed up."""
    if not scan.is_paired:
        return []
    total = scan.white.astype(np.float32) + scan.black
    contrast = scan.white.astype(np.float32) - scan.black
    lit = contrast > 0.25 * np.percentile(contrast, 98)
    odd = []
    for axis in AXES:
        for bit in scan.plan.bits(axis):
            shown, inverse = scan.pair(axis, bit)
            left = np.abs(shown[lit].astype(np.float32) + inverse[lit] - total[lit]) > 0.5 * contrast[lit]
            if np.mean(left) > 0.1:
                odd.append(str(Pattern("bit", axis, bit)))
    return odd


def _axis_slots(manifest: Manifest, axis: Axis) -> list[Pattern]:
    along = AXES.index(axis)
    cells = -(-manifest.projector[along] // manifest.cell_px) + manifest.offset[along]
    count = manifest.bits[along] if manifest.bits else bits_of(cells)
    bits: Sequence[int] = range(count - 1, manifest.dropped - 1, -1)
    if manifest.first == "fine":
        bits = bits[::-1]
    if manifest.inverse == "each":
        return [Pattern("bit", axis, bit, inverse) for bit in bits for inverse in (False, True)]
    sides = (False, True) if manifest.inverse == "after" else (False,)
    return [Pattern("bit", axis, bit, inverse) for inverse in sides for bit in bits]


def _read(file: Path) -> Picture:
    raw = np.fromfile(file, np.uint8)
    picture: NDArray[np.uint8] | None = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if len(raw) else None  # type: ignore[assignment]
    if picture is None:
        raise MixeurError(f"{file}: is no picture or is cut short; copy it from the camera again")
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture[..., :3], cv2.COLOR_BGR2GRAY))
    if picture.dtype not in (np.uint8, np.uint16):
        raise MixeurError(f"{file}: is {picture.dtype}; save it with 8 or 16 bits")
    return picture


def _natural(file: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", file.name) if part]
