"""What the operator's window shows, and what can be done there, as plain values. Places are in stage units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.scene.param import ParamSpec

Pixels = NDArray[np.uint8]
Button = Literal["go", "back", "hold", "blackout"]


@dataclass(frozen=True, slots=True)
class SetParam:
    """A slider was moved: the Param's address and the value it should get."""

    address: str
    value: Any


@dataclass(frozen=True, slots=True)
class Press:
    """A button was pressed."""

    name: Button


@dataclass(frozen=True, slots=True)
class FireCue:
    """A cue is to run now, out of order."""

    name: str


Action = SetParam | Press | FireCue


@dataclass(frozen=True, slots=True)
class VisitorMark:
    """A visitor on the plan; velocity in stage units a second."""

    id: int
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    player: bool = True


@dataclass(frozen=True, slots=True)
class LampMark:
    """A lamp on the plan; `colour` is (red, green, blue) 0..1 with its level in it, `at` None where it has no place."""

    name: str
    at: tuple[float, float] | None = None
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class SpeakerMark:
    """A speaker on the plan and its peak in dBFS."""

    name: str
    x: float
    y: float
    level_db: float = -120.0


@dataclass(frozen=True, slots=True)
class ParamMark:
    """A Param of the running scene and its value now."""

    address: str
    spec: ParamSpec
    value: Any


@dataclass(frozen=True, slots=True)
class CueMark:
    """A cue of the running order."""

    name: str
    scene: str
    fade_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of the status line, such as ("fps", "60.0")."""

    label: str
    text: str
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorView:
    """Everything the operator's window shows.

    Attributes:
        picture: The stage's picture, any size. BGRX, shape (height, width, 4), uint8; None: not known.
        aspect: The stage's width in stage units.
        size_m: The stage's (width, height) in metres, or None.
        scene: Name of the running scene.
        cue, standby: Names of the running cue and of the one that `go` runs.
        progress: How far the fade is, 0..1; 1 when none is under way.
        held: Whether the programme waits.
        problem: The last error with file and line, or empty.
        problems: How many there were.
    """

    name: str = ""
    picture: Pixels | None = None
    aspect: float = 16 / 9
    size_m: tuple[float, float] | None = None
    visitors: tuple[VisitorMark, ...] = ()
    lamps: tuple[LampMark, ...] = ()
    speakers: tuple[SpeakerMark, ...] = ()
    scene: str = ""
    params: tuple[ParamMark, ...] = ()
    cues: tuple[CueMark, ...] = ()
    cue: str = ""
    standby: str = ""
    progress: float = 1.0
    held: bool = False
    blackout: bool = False
    readings: tuple[Reading, ...] = ()
    problem: str = ""
    problems: int = 0
