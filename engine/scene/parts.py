"""What a running scene is made of and gives: its parts, one take of its code, one frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.containment import Failure
from engine.deadline import Deadline, NoDeadline
from engine.light.levels import LampLevel
from engine.light.lights import Lights
from engine.render.layer import Layer
from engine.scene.base import Scene
from engine.scene.commons import Commons
from engine.scene.loader import SceneClass
from engine.scene.state import Fingerprint
from engine.show.model import Show
from engine.sound.events import Sounds
from engine.world import Now, StageSize

NO_LIGHT: Mapping[str, tuple[Layer, ...]] = {"stage": ()}
Views = Mapping[str, tuple[Layer, ...]]
ParamValues = Mapping[str, Any]


class SceneCanvas(Protocol):
    """What a running scene needs of `engine.render.canvas.Canvas`."""

    def begin(self, now: Now) -> None: ...
    def end(self) -> Views: ...
    def close(self) -> None: ...


class SceneScore(Protocol):
    """What a running scene needs of `engine.sound.score.Score`."""

    def begin(self, now: Now) -> None: ...
    def end(self, gain: float) -> Sounds: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What scenes are built with.

    Attributes:
        stage: Handed to `setup`.
        seed: The show's seed today.
        folder: The show's folder, from which problems show their paths.
        make_canvas: Returns a canvas of the stage.
        make_score: Returns a score of an owner's unique key and random numbers of its own.
        make_lights: Returns the show's lamps.
        now_ns: The clock, to measure what hooks cost.
        say: Gets a scene's name and a line that it printed.
        enter: Gets a scene's name before code of its own runs, and nothing once it no longer does.
        deadline: Ends hooks that do not end by themselves.
        commons: What scenes must leave as it is.
        budget_ms: What all hooks of a scene should take at most in a frame.
        show: What a scene in a process of its own is built from there; None where there is no such process.
    """

    stage: StageSize
    seed: int
    folder: Path
    make_canvas: Callable[[], SceneCanvas]
    make_score: Callable[[str, np.random.Generator], SceneScore]
    make_lights: Callable[[], Lights]
    now_ns: Callable[[], int]
    say: Callable[[str, str], None] = lambda scene, line: None
    enter: Callable[[str], None] = lambda scene: None
    deadline: Deadline = field(default_factory=NoDeadline)
    commons: Commons = field(default_factory=Commons)
    budget_ms: float = math.inf
    show: Show | None = None


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """What a scene made in one frame.

    Attributes:
        setback: Why a reload was taken back in this frame, if it was.
        closes: Gates of the house that it keeps closed.
    """

    views: Views
    sounds: Sounds
    lamps: tuple[LampLevel, ...] = ()
    unknown: frozenset[str] = frozenset()
    setback: Failure | None = None
    closes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Take:
    """An instance of one version of the code.

    Attributes:
        values: Of its Params, as `setup` saw them; `live` as they are now, which is what the scene reads.
        initial: Its state as `setup` left it.
    """

    of: SceneClass
    scene: Scene
    values: Mapping[str, Any]
    live: dict[str, Any]
    initial: Mapping[str, Fingerprint]
    hooks: frozenset[str]
