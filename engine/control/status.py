"""What the director tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.control.cast import SceneStatus
from engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Status:
    """What the operator's window and the report read.

    Attributes:
        cue, standby: Names of the running cue and of the one that `go` runs; empty if there is none.
        progress: How far the fade is, 0..1; 1 when none is under way.
        held: Whether auto-follow waits.
        blackout: Whether blackout is asked for; `dark` is how far it is, 0..1.
        problem: The newest problem, or None.
    """

    cue: str
    standby: str
    progress: float
    held: bool
    blackout: bool
    dark: float
    scenes: Mapping[str, SceneStatus]
    problem: Problem | None
