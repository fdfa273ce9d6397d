"""A projector's profile: where the stage falls in its picture, what it must not light, how it blends."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Widths of the soft edges where another projector's picture overlaps, in projector_px; 0: a hard edge."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


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
        made: When and how it was made, for people.
        error_px: Error of the fit on points held out, in projector_px; None: unknown.
    """

    size: tuple[int, int]
    corners: tuple[Point, ...] | None = None
    mesh: tuple[tuple[Point, ...], ...] | None = None
    mask: tuple[tuple[Point, ...], ...] = ()
    ramp: Ramp = Ramp()
    gamma: float = 2.2
    black_level: Triple = (0.0, 0.0, 0.0)
    colour: tuple[Triple, Triple, Triple] | None = None
    made: str = ""
    error_px: float | None = None

    @classmethod
    def identity(cls, size: tuple[int, int]) -> Profile:
        """Return the profile of a projector that shows the stage over its whole picture."""
        width, height = size
        return cls(size=size, corners=((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))))
