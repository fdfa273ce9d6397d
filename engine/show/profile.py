"""A projector's profile: where the stage falls in its picture, what it must not light, how it blends."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit

from engine.atomic import write_atomic
from engine.problems import ShowError
from engine.show import forms
from engine.show.document import Document, parse_document, read_document
from engine.show.schema import form, limits
from engine.show.table import FORMAT, Reader

FARTHEST_PX = 1e6

Point = tuple[float, float]
Triple = tuple[float, float, float]
POINTS = limits(-FARTHEST_PX, FARTHEST_PX, "px")


def _mesh_wrong(rows: Sequence[Sequence[Point]]) -> str:
    """Return what keeps rows of points from being a mesh, or an empty text."""
    if len(rows) < 2 or min(map(len, rows)) < 2:
        return "must have at least 2 rows of 2 points"
    return "" if len(set(map(len, rows))) == 1 else "must have equally many points in each row"


def _polygons_wrong(shapes: Sequence[Sequence[Point]]) -> str:
    """Return what keeps lists of points from being polygons, or an empty text."""
    return "" if all(len(shape) >= 3 for shape in shapes) else "must be polygons of at least 3 points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Widths of the soft edges where another projector's picture overlaps, in projector_px; 0: a hard edge."""

    left: float = field(default=0.0, metadata=limits(0, 16_384, "px"))
    right: float = field(default=0.0, metadata=limits(0, 16_384, "px"))
    top: float = field(default=0.0, metadata=limits(0, 16_384, "px"))
    bottom: float = field(default=0.0, metadata=limits(0, 16_384, "px"))


def _response_wrong(rows: Sequence[Sequence[float]]) -> str:
    """Return what keeps rows of light from being the responses of red, green and blue, or an empty text."""
    if len(rows) != 3 or len(set(map(len, rows))) != 1 or len(rows[0]) < 2:
        return "must be three rows (red, green, blue) of equally many lights, at least 2"
    if any(row[0] != 0 or row[-1] != 1 for row in rows):
        return "must begin with 0 and end with 1 in each row"
    rises = all(a <= b for row in rows for a, b in itertools.pairwise(row))
    return "" if rises else "must nowhere fall within a row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What a camera measured of a projector's light; it stands for ramp, gamma and black level.

    Attributes:
        gain: 16-bit grey picture of the projector's size: how much of its light each pixel uses, 65535 is all.
        lift: 16-bit colour picture of that size: light that is added, so that blacks match; 65535 is white.
        response: Light of red, green and blue at even steps of the signal, 0 for black to 1 for full; None: gamma.
    """

    gain: Path
    lift: Path | None = None
    response: tuple[tuple[float, ...], ...] | None = field(default=None,
                                                           metadata=limits(0, 1) | form(_response_wrong))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """From a gesture before a camera until its light on the wall, as `mixeur measure-latency` found it.

    Attributes:
        camera: Name of the camera; empty: never measured.
        p50_ms, p99_ms: Over single pictures.
    """

    camera: str = ""
    p50_ms: float = field(default=0.0, metadata=limits(0, 2000, "ms"))
    p99_ms: float = field(default=0.0, metadata=limits(0, 5000, "ms"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One projector's calibration.

    Points are projector_px: (0, 0) is the outer corner of the top left pixel, whose centre is (0.5, 0.5), and
    (width, height) that of the bottom right one. They may lie outside the picture.

    Attributes:
        size: (width, height) of the projector's picture in pixels, for which the points hold.
        corners: Where the stage's corners fall, clockwise from its top left; None: the whole picture.
        mesh: Where an even grid over the stage falls: rows from top to bottom of points from left to right, at
            least 2 x 2, all rows equally long. Where it is given it holds, and `corners` is only its outline.
        mask: Polygons that stay black, in projector_px.
        ramp: Soft edges.
        gamma: The projector's response; ramps and black level are mixed in light, then encoded with it.
        black_level: Light (red, green, blue), 0..1, added where no other projector overlaps, so that blacks match.
        colour: Matrix of rows, applied to (red, green, blue) in light; None: unchanged.
        light: What a camera measured, in files beside the profile; None: the simple terms above hold.
        made: When and how it was made, for people.
        error_px: Error of the fit on points held out, in projector_px; None: unknown.
        latency: How late its light follows what a camera sees.
    """

    size: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))
    corners: tuple[Point, ...] | None = field(default=None, metadata=POINTS | form(forms.corners))
    mesh: tuple[tuple[Point, ...], ...] | None = field(default=None, metadata=POINTS | form(_mesh_wrong))
    mask: tuple[tuple[Point, ...], ...] = field(default=(), metadata=POINTS | form(_polygons_wrong))
    ramp: Ramp = Ramp()
    gamma: float = field(default=2.2, metadata=limits(1, 4))
    black_level: Triple = field(default=(0.0, 0.0, 0.0), metadata=limits(0, 1))
    colour: tuple[Triple, Triple, Triple] | None = field(default=None, metadata=limits(-10, 10))
    light: Light | None = None
    made: str = ""
    error_px: float | None = field(default=None, metadata=limits(0, FARTHEST_PX, "px"))
    latency: Delay = Delay()

    @classmethod
    def identity(cls, size: tuple[int, int]) -> Profile:
        """Return the profile of a projector that shows the stage over its whole picture."""
        width, height = map(float, size)
        return cls(size=size, corners=((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)))


def read_profile(path: Path, file: str = "") -> Profile:
    """Return the profile that a file holds; `file` is what problems call it.

    Raises:
        ShowError: The file is missing, no TOML, or says something that cannot be; it carries all problems.
    """
    return _checked(read_document(path, file or str(path)), path.parent)


def write_profile(path: Path, profile: Profile) -> None:
    """Save a profile at once or not at all; the one that stood there is kept as `NAME.bak`.

    Raises:
        ShowError: `read_profile` would refuse it (a point is not finite, say); nothing has changed.
        MixeurError: The folder cannot be written; nothing has changed.
    """
    text = profile_text(profile, path.parent)
    _checked(parse_document(text.encode(), str(path)), path.parent)
    write_atomic(path, text)


def _checked(document: Document, folder: Path) -> Profile:
    reader = Reader(document.places, folder)
    reader.check_format(document.data)
    profile = reader.table(document.data, Profile, spare=("format",))
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return profile


def profile_text(profile: Profile, folder: Path = Path()) -> str:
    """Return a profile as the TOML that `read_profile` reads from `folder`."""
    lines = [f"format = {FORMAT}", f"size = {_toml(profile.size)}"]
    if profile.made:
        lines.append(f"made = {_toml(profile.made)}")
    if profile.error_px is not None:
        lines.append(f"error_px = {_toml(profile.error_px)}")
    if profile.corners is not None:
        lines += ["", "# projector_px of the stage's corners, clockwise from top left"]
        lines += [f"corners = {_toml(profile.corners)}"]
    if profile.mesh is not None:
        lines += ["", "# projector_px of an even grid over the stage, row by row", f"mesh = {_rows(profile.mesh)}"]
    if profile.mask:
        lines += ["", "# polygons that stay black", f"mask = {_rows(profile.mask)}"]
    lines += ["", f"gamma = {_toml(profile.gamma)}", f"black_level = {_toml(profile.black_level)}"]
    if profile.colour is not None:
        lines.append(f"colour = {_rows(profile.colour)}")
    ramp = profile.ramp
    lines += ["", "[ramp]", *(f"{side} = {_toml(getattr(ramp, side))}" for side in ("left", "right", "top", "bottom"))]
    if profile.light is not None:
        lines += ["", "# as a camera measured it: stands for ramp, gamma and black level", "[light]",
                  *_light_lines(profile.light, folder)]
    late = profile.latency
    if late.camera:
        lines += ["", "[latency]", f"camera = {_toml(late.camera)}", f"p50_ms = {_toml(late.p50_ms)}",
                  f"p99_ms = {_toml(late.p99_ms)}"]
    return "\n".join(lines) + "\n"


def _light_lines(light: Light, folder: Path) -> list[str]:
    maps = (("gain", light.gain), ("lift", light.lift))
    lines = [f"{name} = {_toml(_beside(path, folder))}" for name, path in maps if path is not None]
    return lines if light.response is None else [*lines, f"response = {_rows(light.response)}"]


def _beside(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path.absolute()).as_posix()


def _toml(value: object) -> str:
    if isinstance(value, str):
        return tomlkit.string(value).as_string()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(float(value)) if isinstance(value, float) else str(value)


def _rows(rows: Sequence[Sequence[object]]) -> str:
    return "[\n" + "".join(f"  {_toml(tuple(row))},\n" for row in rows) + "]"
