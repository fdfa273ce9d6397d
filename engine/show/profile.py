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
from engine.show.locate import KeyPath
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


def _part_wrong(part: Sequence[float]) -> str:
    """Return what keeps four shares from being a part of the stage, or an empty text."""
    left, top, right, bottom = part
    return "" if left < right and top < bottom else "must be left, top, right, bottom, each pair rising"


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


def _primaries_wrong(rows: Sequence[Sequence[float]]) -> str:
    """Return what keeps rows from being the colours of red, green and blue, or an empty text."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    told_apart = abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)) > 1e-4
    return "" if told_apart else "must tell red, green and blue apart: its determinant is 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What a camera measured of a projector's light; it stands for ramp, gamma and black level.

    Attributes:
        gain: 16-bit grey picture of the projector's size: how much of its light each pixel uses, 65535 is all.
        lift: 16-bit colour picture of that size: light that is added, so that blacks match; 65535 is white.
        tint: 16-bit colour picture of that size, 32768 is all; stands for `gain` where the wall's own colours are made
            good: how much of what the camera's red, green and blue shall see. None: they are left as they are.
        primaries: What the camera's red, green and blue (rows) see of full red, green and blue; for `tint`.
        response: Light of red, green and blue at even steps of the signal, 0 for black to 1 for full; None: gamma.
    """

    gain: Path
    lift: Path | None = None
    tint: Path | None = None
    primaries: tuple[Triple, Triple, Triple] | None = field(default=None, metadata=limits(-10, 10) |
                                                            form(_primaries_wrong))
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
class Watch:
    """How a camera of the show saw the projector when it was calibrated; the drift watch compares it with today.

    Attributes:
        camera: Its name in the show.
        map: Picture of floats (PFM) of the camera's size or less: projector_px across and down, and light of white.
        camera_gamma: 1 if the camera's numbers are light.
        moved_px: By how much the meshes were shifted since, to make good what the projector had moved.
    """

    camera: str
    map: Path
    camera_gamma: float = field(default=1.0, metadata=limits(1, 4))
    moved_px: tuple[float, float] = field(default=(0.0, 0.0), metadata=POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One of several surfaces on which a projector shows the stage, or parts of it.

    Attributes:
        part: What of the stage it shows: left, top, right and bottom in shares of its width and height.
        corners, mesh, bezier: As those of a profile, for this part.
    """

    part: tuple[float, float, float, float] = field(default=(0.0, 0.0, 1.0, 1.0), metadata=limits(0, 1) |
                                                    form(_part_wrong))
    corners: tuple[Point, ...] | None = field(default=None, metadata=POINTS | form(forms.corners))
    mesh: tuple[tuple[Point, ...], ...] | None = field(default=None, metadata=POINTS | form(_mesh_wrong))
    bezier: bool = False


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
        bezier: Whether the mesh's points are the control points of bicubic Bezier patches, 3 m + 1 by 3 n + 1 of them.
        surfaces: Where there are several, or one that shows a part of the stage; they stand for `corners` and `mesh`,
            later ones above earlier ones.
        mask: Polygons that stay black, in projector_px.
        feather_px: Width of the soft border around each polygon of the mask.
        ramp: Soft edges.
        gamma: The projector's response; ramps and black level are mixed in light, then encoded with it.
        black_level: Light (red, green, blue), 0..1, added where no other projector overlaps, so that blacks match.
        colour: Matrix of rows, applied to (red, green, blue) in light; None: unchanged.
        light: What a camera measured, in files beside the profile; None: the simple terms above hold.
        made: When and how it was made, for people.
        error_px: Error of the fit on points held out, in projector_px; None: unknown.
        latency: How late its light follows what a camera sees.
        watch: By what its drift is told while the show runs; None: by nothing.
    """

    size: tuple[int, int] = field(metadata=limits(16, 16_384, "px"))
    corners: tuple[Point, ...] | None = field(default=None, metadata=POINTS | form(forms.corners))
    mesh: tuple[tuple[Point, ...], ...] | None = field(default=None, metadata=POINTS | form(_mesh_wrong))
    bezier: bool = False
    surfaces: tuple[Surface, ...] = field(default=(), metadata={"key": "surface"})
    mask: tuple[tuple[Point, ...], ...] = field(default=(), metadata=POINTS | form(_polygons_wrong))
    feather_px: float = field(default=0.0, metadata=limits(0, 1000, "px"))
    ramp: Ramp = Ramp()
    gamma: float = field(default=2.2, metadata=limits(1, 4))
    black_level: Triple = field(default=(0.0, 0.0, 0.0), metadata=limits(0, 1))
    colour: tuple[Triple, Triple, Triple] | None = field(default=None, metadata=limits(-10, 10))
    light: Light | None = None
    made: str = ""
    error_px: float | None = field(default=None, metadata=limits(0, FARTHEST_PX, "px"))
    latency: Delay = Delay()
    watch: Watch | None = None

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
    shapes: list[tuple[KeyPath, Profile | Surface]] = [((), profile)]
    shapes += [(("surface", place), surface) for place, surface in enumerate(profile.surfaces)]
    for path, shape in shapes:
        if shape.bezier and not _is_patches(shape.mesh):
            reader.report((*path, "bezier"), "needs a mesh of 3 m + 1 by 3 n + 1 points; 4 by 4 are one patch")
    if reader.problems:
        raise ShowError(sorted(reader.problems))
    return profile


def _is_patches(mesh: Sequence[Sequence[Point]] | None) -> bool:
    """Return whether a mesh has as many points as whole Bezier patches have."""
    return mesh is not None and all(count >= 4 and count % 3 == 1 for count in (len(mesh), len(mesh[0])))


def profile_text(profile: Profile, folder: Path = Path()) -> str:
    """Return a profile as the TOML that `read_profile` reads from `folder`."""
    lines = [f"format = {FORMAT}", f"size = {_toml(profile.size)}"]
    if profile.made:
        lines.append(f"made = {_toml(profile.made)}")
    if profile.error_px is not None:
        lines.append(f"error_px = {_toml(profile.error_px)}")
    lines += _shape_lines(profile, "the stage")
    if profile.mask:
        lines += ["", "# polygons that stay black", f"mask = {_rows(profile.mask)}"]
        if profile.feather_px:
            lines.append(f"feather_px = {_toml(profile.feather_px)}")
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
    if profile.watch is not None:
        lines += ["", "# how a camera saw it: by this its drift is told while the show runs", "[watch]",
                  *_watch_lines(profile.watch, folder)]
    for surface in profile.surfaces:
        lines += ["", "[[surface]]", "# left, top, right, bottom of the part of the stage that it shows",
                  f"part = {_toml(surface.part)}", *_shape_lines(surface, "this part")]
    return "\n".join(lines) + "\n"


def _shape_lines(shape: Profile | Surface, what: str) -> list[str]:
    lines: list[str] = []
    if shape.corners is not None:
        lines += ["", f"# projector_px of the corners of {what}, clockwise from top left",
                  f"corners = {_toml(shape.corners)}"]
    if shape.mesh is not None:
        kind = "of the control points of Bezier patches" if shape.bezier else "of an even grid"
        lines += ["", f"# projector_px {kind} over {what}, row by row", f"mesh = {_rows(shape.mesh)}"]
    return [*lines, "bezier = true"] if shape.bezier else lines


def _light_lines(light: Light, folder: Path) -> list[str]:
    maps = (("gain", light.gain), ("lift", light.lift), ("tint", light.tint))
    lines = [f"{name} = {_toml(_beside(path, folder))}" for name, path in maps if path is not None]
    if light.primaries is not None:
        lines.append(f"primaries = {_rows(light.primaries)}")
    return lines if light.response is None else [*lines, f"response = {_rows(light.response)}"]


def _watch_lines(watch: Watch, folder: Path) -> list[str]:
    return [f"camera = {_toml(watch.camera)}", f"map = {_toml(_beside(watch.map, folder))}",
            f"camera_gamma = {_toml(watch.camera_gamma)}", f"moved_px = {_toml(watch.moved_px)}"]


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
