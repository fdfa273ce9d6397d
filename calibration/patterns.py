"""Structured light: the frames that a projector shows so that each of its pixels tells where it is."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError

Kind = Literal["gray", "xor", "binary", "phase"]
Axis = Literal["columns", "rows"]
Role = Literal["white", "black", "bit", "step"]
Pixels = NDArray[np.uint8]
AXES: tuple[Axis, Axis] = ("columns", "rows")
PERIOD_PX, STEPS = 16.0, 8  # of the phase-shifted waves: eight steps reject the projector's gamma, four would not
DARKEST, BRIGHTEST = 0, 255
XOR_BIT = 3  # its stripes of 16 px cut the coarser ones: fine for light between walls, and finer bits stay as they are


@dataclass(frozen=True, slots=True)
class Pattern:
    """One frame of a scan: its light changes along one axis only.

    Attributes:
        bit: Of the code, 0 is the finest; of a step, which one.
        inverse: Whether light and dark have changed places.
        wave: Of a step: number of the wave's length in `Plan.waves_px`.
    """

    role: Role
    axis: Axis = "columns"
    bit: int = 0
    inverse: bool = False
    wave: int = 0

    def __str__(self) -> str:
        if self.role in ("white", "black"):
            return self.role
        if self.role == "step":
            return f"{self.axis} wave {self.wave} step {self.bit}"
        return f"{self.axis} bit {self.bit}{' inverse' if self.inverse else ''}"


@dataclass(frozen=True)
class Plan:
    """The frames of a scan, in the order in which they are shown.

    Attributes:
        size: (width, height) of the projector in pixels.
        kind: `gray`; `xor`, whose stripes are all fine, for corners and domes where light goes from wall to wall;
            `binary`, plain numbers, as some others show them; `phase`, waves that move on from frame to frame, with or
            without a Gray code.
        patterns: One for each frame.
        cell_px: Projector pixels that one step of the code is wide.
        offset: What the code says at the projector's first column and row.
        xor_bit: Of an `xor` plan: the bit whose stripes cut the coarser ones.
        waves_px: Lengths of a `phase` plan's waves along columns and along rows.
        steps: In how many frames a wave moves on by its length.
        shift: 1 where the light of step k is cos(2 pi (x / length + k / steps) + start), -1 where it is - k / steps.
        start_deg: That start.
    """

    size: tuple[int, int]
    kind: Kind
    patterns: tuple[Pattern, ...]
    cell_px: int = 1
    offset: tuple[int, int] = (0, 0)
    xor_bit: int = XOR_BIT
    waves_px: tuple[tuple[float, ...], tuple[float, ...]] = ((PERIOD_PX,), (PERIOD_PX,))
    steps: int = STEPS
    shift: int = -1
    start_deg: float = 0.0

    def frames(self) -> Iterator[Pixels]:
        """Yield each frame. Shape (height, width), uint8."""
        return (self.frame(pattern) for pattern in self.patterns)

    def frame(self, pattern: Pattern) -> Pixels:
        """Return one frame. Shape (height, width), uint8."""
        width, height = self.size
        line = self.line(pattern)
        shape = (height, width)
        return np.ascontiguousarray(np.broadcast_to(line if pattern.axis == "columns" else line[:, None], shape))

    def line(self, pattern: Pattern) -> Pixels:
        """Return the light of a frame along its axis. Shape (width,) or (height,), uint8."""
        along = AXES.index(pattern.axis)
        length = self.size[along]
        if pattern.role == "step":
            turns = (np.arange(length) + 0.5) / self.waves_px[along][pattern.wave]
            angle = 2 * np.pi * (turns + self.shift * pattern.bit / self.steps) + np.deg2rad(self.start_deg)
            return np.asarray(np.rint(127.5 + 127.5 * np.cos(angle)), np.uint8)
        if pattern.role != "bit":
            return np.full(length, BRIGHTEST if pattern.role == "white" else DARKEST, np.uint8)
        code = np.arange(length) // self.cell_px + self.offset[along]
        is_lit = (code if self.kind == "binary" else gray(code)) >> pattern.bit & 1
        if self.kind == "xor" and pattern.bit > self.xor_bit:
            is_lit = is_lit ^ (gray(code) >> self.xor_bit & 1)
        return np.where(is_lit != pattern.inverse, BRIGHTEST, DARKEST).astype(np.uint8)

    def bits(self, axis: Axis) -> tuple[int, ...]:
        """Return the bits of the code along an axis that the frames hold, the coarsest first."""
        return tuple(sorted({p.bit for p in self.patterns if p.role == "bit" and p.axis == axis}, reverse=True))

    def index(self, pattern: Pattern) -> int:
        """Return at which place a pattern is shown.

        Raises:
            MixeurError: It is not.
        """
        if pattern not in self.places:
            raise MixeurError(f"scan: has no frame '{pattern}'; take it again with `calibrate scan`")
        return self.places[pattern]

    @functools.cached_property
    def places(self) -> Mapping[Pattern, int]:
        """At which place each pattern is shown."""
        return {pattern: place for place, pattern in enumerate(self.patterns)}


def plan(size: tuple[int, int], kind: Kind = "gray", dropped: int = 0) -> Plan:
    """Return the frames that scan a projector: white, black, then each bit with its inverse, the coarsest first.

    Args:
        size: (width, height) of the projector in pixels.
        kind: See `Plan`; `phase` needs all bits and adds 8 waves of 16 px along each axis.
        dropped: How many of the finest bits are left out, for a camera that cannot see them.
    """
    patterns = [Pattern("white"), Pattern("black")]
    for axis, length in zip(AXES, size, strict=True):
        for bit in range(bits_of(length) - 1, dropped - 1, -1):
            patterns += [Pattern("bit", axis, bit), Pattern("bit", axis, bit, True)]
    if kind == "phase":
        patterns += [Pattern("step", axis, step) for axis in AXES for step in range(STEPS)]
    return Plan(size, kind, tuple(patterns))


def bits_of(length: int) -> int:
    """Return how many bits tell so many columns apart."""
    return max(1, (length - 1).bit_length())


def gray(code: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the Gray code of numbers: neighbours differ in one bit."""
    return code ^ (code >> 1)


def binary(code: NDArray[np.integer], bits: int = 16) -> NDArray[np.integer]:
    """Return the numbers whose Gray code is given."""
    shift = 1
    while shift < bits:
        code = code ^ (code >> shift)
        shift *= 2
    return code
