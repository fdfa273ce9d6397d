"""What a folder of pictures holds, as its `manifest.toml` says it: which file is which frame of which scan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from calibration.patterns import AXES, PERIOD_PX, STEPS, XOR_BIT, Axis, Kind, Pattern, Plan, bits_of
from engine.problems import MixeurError, ShowError
from engine.show.document import read_document
from engine.show.schema import limits
from engine.show.table import Reader

MANIFEST = "manifest.toml"
PARTS = ("white", "black", "columns", "rows")
WAVES = ("columns waves", "rows waves")
ONE_BIT = re.compile(r"(columns|rows) (\d+)( inverse)?")
ONE_STEP = re.compile(r"(columns|rows) wave (\d+) step (\d+)")
SKIPPED = re.compile(r"skip(?: (\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The checkerboard that stands in the pictures.

    Attributes:
        corners: Inner corners along its two sides, where four squares meet.
        square_mm: Side of a square.
        shape: `released`: the paper's own shape is found too; `flat`: it is taken for a plane.
    """

    corners: tuple[int, int] = field(metadata=limits(2, 200))
    square_mm: float = field(metadata=limits(0.1, 10_000, "mm"))
    shape: Literal["released", "flat"] = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder of pictures holds.

    Attributes:
        projector: (width, height) in pixels.
        files: Which files are the frames, in the natural order of their names (`f2` before `f10`), or each file's name;
            `{pose}` stands for the name of a pose or view; None: all pictures of the kind of which there are most.
        order: What comes after each other, see `slots_of`.
        inverse: Whether a bit's inverse follows it (`each`) or comes before it (`before`), all inverses follow all bits
            (`after`), or none are there.
        first: Whether the coarsest or the finest bit comes first.
        bits: How many bits columns and rows have; None: as many as the size needs.
        dropped: How many of the finest bits were not shown.
        cell_px: Projector pixels a step of the code.
        offset: What the code says at the first column and row, where a pattern is centred.
        xor_bit, steps, start_deg: See `calibration.patterns.Plan`.
        period_px: Length of a wave, or of each wave in the order in which they are shown.
        waves: Instead of `period_px`: how many waves there are across the picture, and down it.
        shift: Whether step k of a wave shows cos(... - k / steps) or cos(... + k / steps).
        camera_gamma: 1 if the pictures' numbers are light, 2.2 for most photographs.
        stage: The stage's corners in the picture, clockwise from its top left; None: all that is lit.
        board: The checkerboard, if lenses are to be found.
        poses: Folders of the board's poses, or their names in `files`.
        views: Folders of two cameras' pictures of one scene, or their names in `files`.
        mirrored: Whether the projector's picture is mirrored, as from behind a screen.
    """

    projector: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))
    kind: Kind = "gray"
    files: str | tuple[str, ...] | None = None
    order: tuple[str, ...] = PARTS
    inverse: Literal["each", "before", "after", "none"] = "each"
    first: Literal["coarse", "fine"] = "coarse"
    bits: tuple[int, int] | None = field(default=None, metadata=limits(1, 15))
    dropped: int = field(default=0, metadata=limits(0, 6))
    cell_px: int = field(default=1, metadata=limits(1, 256, "px"))
    offset: tuple[int, int] = field(default=(0, 0), metadata=limits(0, 16_384))
    xor_bit: int = field(default=XOR_BIT, metadata=limits(0, 6))
    period_px: float | tuple[float, ...] = field(default=PERIOD_PX, metadata=limits(2, 65_536, "px"))
    waves: float | tuple[float, ...] | None = field(default=None, metadata=limits(0.1, 4096))
    steps: int = field(default=STEPS, metadata=limits(3, 64))
    shift: Literal["minus", "plus"] = "minus"
    start_deg: float = field(default=0.0, metadata=limits(-360, 360))
    camera_gamma: float = field(default=1.0, metadata=limits(1, 4))
    stage: tuple[tuple[float, float], ...] | None = field(default=None, metadata=limits(-1e5, 1e5, "px"))
    board: Board | None = None
    poses: str | tuple[str, ...] | None = None
    views: tuple[str, str] | None = None
    mirrored: bool = False


def read_manifest(folder: Path) -> Manifest:
    """Return what a folder's manifest says; `ShowError` with every problem and its line."""
    if not folder.is_dir():
        raise MixeurError(f"{folder}: is no folder; name the one with the pictures and their {MANIFEST}")
    path = folder / MANIFEST
    document = read_document(path, str(path))
    reader = Reader(document.places, folder)
    reader.check_format(document.data)
    manifest = reader.table(document.data, Manifest, spare=("format",))
    for part in manifest.order:
        if part not in (*PARTS, *WAVES) and not any(one.fullmatch(part) for one in (ONE_BIT, ONE_STEP, SKIPPED)):
            known = ", ".join((*PARTS, *WAVES))
            reader.report(("order",), f"'{part}' is no part of a scan; parts are {known} and skip")
    if not reader.problems:
        _check(manifest, reader)
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return manifest


def plan_of(manifest: Manifest, patterns: Sequence[Pattern]) -> Plan:
    """Return the plan of a scan whose pictures show these patterns."""
    return Plan(manifest.projector, manifest.kind, tuple(patterns), manifest.cell_px, manifest.offset, manifest.xor_bit,
                _lengths(manifest), manifest.steps, -1 if manifest.shift == "minus" else 1, manifest.start_deg)


def slots_of(manifest: Manifest) -> list[Pattern | None]:
    """Return what each file of a scan is, in order; None for one to be skipped.

    `order` is made of `white`, `black`, `columns` and `rows` (all bits of an axis), `columns waves` and `rows waves`
    (all waves of an axis), `columns 9`, `columns 9 inverse` (one frame of a bit, 0 is the finest), `columns wave 0 step
    2` (one frame of a wave), and `skip` or `skip 3`.

    Raises:
        ValueError: The first part that is none of these.
    """
    slots: list[Pattern | None] = []
    for part in whole_order(manifest):
        slots += _slots(manifest, part)
    return slots


def whole_order(manifest: Manifest) -> tuple[str, ...]:
    """Return the order with the waves that a `phase` scan has at its end if they are not named."""
    named = any(part in WAVES or ONE_STEP.fullmatch(part) for part in manifest.order)
    return manifest.order if named or manifest.kind != "phase" else (*manifest.order, *WAVES)


def _slots(manifest: Manifest, part: str) -> Sequence[Pattern | None]:
    if part in ("white", "black"):
        return [Pattern("white" if part == "white" else "black")]
    if part in AXES:
        return _bits(manifest, "columns" if part == "columns" else "rows")
    if part in WAVES:
        axis: Axis = "columns" if part.startswith("columns") else "rows"
        waves = len(_lengths(manifest)[AXES.index(axis)])
        return [Pattern("step", axis, step, wave=wave) for wave in range(waves) for step in range(manifest.steps)]
    if found := ONE_BIT.fullmatch(part):
        return [Pattern("bit", "columns" if found[1] == "columns" else "rows", int(found[2]), bool(found[3]))]
    if found := ONE_STEP.fullmatch(part):
        return [Pattern("step", "columns" if found[1] == "columns" else "rows", int(found[3]), wave=int(found[2]))]
    if found := SKIPPED.fullmatch(part):
        return [None] * int(found[1] or 1)
    raise ValueError(part)


def _bits(manifest: Manifest, axis: Axis) -> list[Pattern]:
    along = AXES.index(axis)
    cells = -(-manifest.projector[along] // manifest.cell_px) + manifest.offset[along]
    count = manifest.bits[along] if manifest.bits else bits_of(cells)
    bits: Sequence[int] = range(count - 1, manifest.dropped - 1, -1)
    if manifest.first == "fine":
        bits = bits[::-1]
    if manifest.inverse in ("each", "before"):
        sides = (False, True) if manifest.inverse == "each" else (True, False)
        return [Pattern("bit", axis, bit, inverse) for bit in bits for inverse in sides]
    parts = (False, True) if manifest.inverse == "after" else (False,)
    return [Pattern("bit", axis, bit, inverse) for inverse in parts for bit in bits]


def _lengths(manifest: Manifest) -> tuple[tuple[float, ...], tuple[float, ...]]:
    given = manifest.period_px if manifest.waves is None else manifest.waves
    numbers = given if isinstance(given, tuple) else (given,)
    if manifest.waves is None:
        return numbers, numbers
    width, height = manifest.projector
    return tuple(width / number for number in numbers), tuple(height / number for number in numbers)


def _check(manifest: Manifest, reader: Reader) -> None:
    if manifest.stage is not None and len(manifest.stage) != 4:
        reader.report(("stage",), "must be the four corners of the stage")
    if manifest.poses is not None and manifest.board is None:
        reader.report(("poses",), "are those of a board; add [board] with 'corners' and 'square_mm'")
    if manifest.board is not None and manifest.views is not None:
        reader.report(("views",), "a board is looked at by one camera; leave out 'views' or 'board'")
    patterns = [slot for slot in slots_of(manifest) if slot is not None]
    bits = [pattern for pattern in patterns if pattern.role == "bit"]
    have = {pattern.role for pattern in patterns}
    if bits and not any(pattern.inverse for pattern in bits) and not {"white", "black"} <= have:
        reader.report(("order",), "a code without inverses needs 'white' and 'black'; name them where they are shown")
    if manifest.kind == "phase" and not bits and not _is_whole(manifest):
        reader.report(("order",), "the waves alone do not tell where a pixel is; add a wave as long as the picture, "
                                  "waves of other lengths, or a Gray code ('columns', 'rows')")


def _is_whole(manifest: Manifest) -> bool:
    """Return whether the waves together never come again within the picture."""
    for lengths, size in zip(_lengths(manifest), manifest.projector, strict=True):
        if max(lengths) < 0.99 * size and len(lengths) < 2:
            return False
    return True
