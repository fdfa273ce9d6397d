"""One scene that runs: its instance, canvas, score and lights; contained, measured, reloaded with its state kept."""

from __future__ import annotations

import dataclasses
import inspect
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from engine.containment import Failure, contained
from engine.deadline import SETUP_S, Deadline, NoDeadline
from engine.light.levels import LampLevel
from engine.light.lights import Lights
from engine.problems import Problem
from engine.render.layer import Layer
from engine.scene.base import HOOKS, Scene
from engine.scene.budget import Budget
from engine.scene.loader import SceneClass, SceneError, load_scene, scene_file
from engine.scene.param import ParamSpec
from engine.scene.printer import Printer
from engine.scene.state import Fingerprint, carry_state, fingerprints
from engine.show.model import SceneEntry
from engine.sound.events import Sounds
from engine.world import Now, StageSize

PROBATION_S = 3.0
NO_LIGHT: Mapping[str, tuple[Layer, ...]] = {"stage": ()}
T = TypeVar("T")
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
        budget_ms: What all hooks of a scene should take at most in a frame.
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
    budget_ms: float = math.inf


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """What a scene made in one frame.

    Attributes:
        setback: Why a reload was taken back in this frame, if it was.
    """

    views: Views
    sounds: Sounds
    lamps: tuple[LampLevel, ...] = ()
    unknown: frozenset[str] = frozenset()
    setback: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Take:
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


class Running:
    """A scene of the show, from loading to the end of the run; a file that does not load is a placeholder.

    Attributes:
        key: Unique among the scenes of this run.
        failure: Why the file does not load, or None.
        frames: Frames made.
        budget: What its hooks cost.
    """

    def __init__(self, entry: SceneEntry, key: str, parts: Parts) -> None:
        self.entry = entry
        self.name = entry.name
        self.key = key
        self.frames = 0
        self.budget = Budget(parts.budget_ms)
        self.failure: Failure | None = None
        self._parts = parts
        self._printer = Printer(lambda line: parts.say(entry.name, line))
        self._starts = 0
        self._now = Now()
        self._class: SceneClass | None = None
        self._take: _Take | None = None
        self._previous: _Take | None = None
        self._probation_ends = 0.0
        self._waits = False
        loaded = self._load()
        self._class, self.failure = (None, loaded) if isinstance(loaded, Failure) else (loaded, None)

    @property
    def specs(self) -> tuple[ParamSpec, ...]:
        """Return the scene's Params; none if it does not load."""
        return self._class.specs if self._class else ()

    @property
    def scene_class(self) -> SceneClass | None:
        """Return the version that runs or would run next."""
        return self._class

    @property
    def started(self) -> bool:
        """Return whether `setup` has been run."""
        return self._take is not None

    @property
    def strain(self) -> Problem | None:
        """Return what is to be said of a scene that takes too much of most frames."""
        if self._class is None or not self.budget.is_strained:
            return None
        hook, cost_ms = max(self.budget.cost_ms.items(), key=lambda pair: pair[1])
        code = getattr(inspect.getattr_static(self._class.cls, hook), "__code__", None)
        place = next(iter(self._class.sources.values())), 0
        if code is not None and code.co_filename in self._class.sources:
            place = self._class.sources[code.co_filename], code.co_firstlineno
        text = f"{hook}: takes {cost_ms:.0f} ms a frame; all hooks together have {self.budget.limit_ms:.0f} ms"
        return Problem(*place, text)

    @property
    def owner(self) -> str:
        """Return the key of the present instance, under which its sounds are known."""
        return f"{self.key}.{self._starts}"

    @property
    def uses_pixels(self) -> bool:
        """Return whether the scene reads camera pixels, so that no thumbnail of it may be made."""
        of = self._class
        return of is not None and contained("load", of.sources, lambda: bool(of.cls.uses_pixels)) is not False

    def uses(self, paths: Iterable[Path]) -> bool:
        """Return whether one of the files is part of this scene; after a failed load every file beside it may be."""
        resolved = {path.resolve() for path in paths}
        file = scene_file(self._parts.folder / self.entry.file).resolve()
        if self._class is None or self._waits:
            return any(path == file or (path.suffix == ".py" and path.is_relative_to(file.parent)) for path in resolved)
        return not resolved.isdisjoint({file, *(Path(source).resolve() for source in self._class.sources)})

    def start(self, values: ParamValues) -> Failure | None:
        """Make a fresh instance, its canvas and score, and run `setup`; return why it could not be done."""
        if self._class is None:
            return self.failure
        self._starts += 1
        take = self._begin(self._class, values)
        if isinstance(take, _Take):
            self._canvas = self._parts.make_canvas()
            self._score = self._parts.make_score(self.owner, self._rng("score"))
            self._lights = self._parts.make_lights()
            self._take = take
            return None
        return take

    def stop(self) -> None:
        """Let the instance, its canvas and score go; the file stays loaded."""
        self._end_probation()
        if self._take is not None:
            self._canvas.close()
        self._take = None
        self._canvas = self._score = self._lights = None  # type: ignore[assignment]  # start() makes new ones

    def step(self, now: Now, values: ParamValues, gain: float = 1.0) -> SceneFrame | Failure:
        """Run the hooks of one frame; code that fails within 3 s of its reload is taken back in the same frame."""
        if self._take is None:
            return self.failure or Failure(Problem(str(self.entry.file), 0, "the scene was not started"), "setup")
        self._printer.at(now.time)
        self._now = now
        self.budget.begin()
        self._parts.enter(self.name)
        made = self._frame(self._take, self._canvas, self._score, now, values, gain)
        if self._previous is not None and isinstance(made, Failure):
            setback = made
            self._take.of.forget()
            self._take, self._previous = self._previous, None
            self._class = self._take.of
            made = self._frame(self._take, self._canvas, self._score, now, values, gain)
            if isinstance(made, SceneFrame):
                made = dataclasses.replace(made, setback=setback)
        elif self._previous is not None and now.time >= self._probation_ends:
            self._end_probation()
        self._parts.enter("")
        self.budget.end()
        self.frames += isinstance(made, SceneFrame)
        return made

    def reload(self, values: Callable[[tuple[ParamSpec, ...]], ParamValues]) -> Failure | None:
        """Take the files as they are now, keep the plain state, try one frame unseen; on any failure nothing changes.

        Args:
            values: Returns the values of the new version's Params.
        """
        loaded = self._load()
        self._waits = isinstance(loaded, Failure)
        if isinstance(loaded, Failure):
            if self._class is None:
                self.failure = loaded
            return loaded
        if self._take is None:
            if self._class is not None:
                self._class.forget()
            self._class, self.failure = loaded, None
            return None
        old = self._take
        take = contained("setup", loaded.sources, lambda: self._tried(old, loaded, values(loaded.specs)))
        if isinstance(take, Failure):
            loaded.forget()
            return take
        self._end_probation()
        self._previous, self._take, self._class, self.failure = old, take, loaded, None
        self._probation_ends = self._now.time + PROBATION_S
        return None

    # -- how -----------------------------------------------------------------------------------

    def _load(self) -> SceneClass | Failure:
        try:
            return load_scene(self._parts.folder / self.entry.file, self.name, self._parts.folder, self._printer)
        except SceneError as error:
            return Failure(error.problem, "load")

    def _rng(self, use: str = "") -> np.random.Generator:
        words = (self.name, use)
        return np.random.default_rng(
            [self._parts.seed % 2**64, *(zlib.crc32(word.encode()) for word in words), self._starts]
        )

    def _begin(self, of: SceneClass, values: ParamValues) -> _Take | Failure:
        def begin() -> _Take:
            scene = of.cls.__new__(of.cls)
            scene.rng = self._rng()
            scene._values = live = {**scene._values, **values}
            kept = dict(live)
            scene.__init__()  # type: ignore[misc]  # Params and rng are there before an artist's __init__
            scene.setup(self._parts.stage)
            hooks = frozenset(hook for hook in HOOKS if getattr(of.cls, hook) is not getattr(Scene, hook))
            return _Take(of, scene, kept, live, fingerprints(scene), hooks)

        self._parts.enter(self.name)
        try:
            return contained("setup", of.sources, begin, self._parts.deadline, SETUP_S)
        finally:
            self._parts.enter("")

    def _tried(self, old: _Take, loaded: SceneClass, values: ParamValues) -> _Take | Failure:
        """Return the old instance's successor, after a twin of it has made one frame unseen."""
        twin = self._successor(old, loaded, values)
        if isinstance(twin, Failure):
            return twin
        unseen = dataclasses.replace(self._now, arrivals=(), departures=(), pressed=())
        score = self._parts.make_score(f"{self.owner}.trial", self._rng("score"))
        canvas, budget = self._parts.make_canvas(), self.budget
        self.budget = Budget(math.inf)
        trial = self._frame(twin, canvas, score, unseen, values, 0.0)
        canvas.close()
        self.budget = budget
        return trial if isinstance(trial, Failure) else self._successor(old, loaded, values)

    def _successor(self, old: _Take, loaded: SceneClass, values: ParamValues) -> _Take | Failure:
        before = {spec.name: spec for spec in old.of.specs}
        same = {spec.name: old.values[spec.name] for spec in loaded.specs if before.get(spec.name) == spec}
        take = self._begin(loaded, {**values, **same})
        if isinstance(take, Failure):
            return take
        carry_state(old.scene, old.initial, take.scene, take.initial, (old.of.package, loaded.package))
        return take

    def _frame(
        self, take: _Take, canvas: SceneCanvas, score: SceneScore, now: Now, values: ParamValues, gain: float
    ) -> SceneFrame | Failure:
        scene, lights = take.scene, self._lights
        take.live.update(values)

        def draw() -> Views:
            canvas.begin(now)
            scene.draw(canvas, now)
            return canvas.end()

        def play() -> Sounds:
            score.begin(now)
            scene.play(score, now)
            return score.end(gain)

        def light(views: Views) -> tuple[LampLevel, ...]:
            lights.begin(views)
            scene.light(lights, now)
            return lights.end()

        if "update" in take.hooks and isinstance(
            failed := self._timed(take, "update", lambda: scene.update(now)), Failure
        ):
            return failed
        views = self._timed(take, "draw", draw) if "draw" in take.hooks else NO_LIGHT
        if isinstance(views, Failure):
            return views
        sounds = self._timed(take, "play", play) if "play" in take.hooks else Sounds(self.owner, gain=gain)
        if isinstance(sounds, Failure):
            return sounds
        lamps = self._timed(take, "light", partial(light, views)) if "light" in take.hooks else ()
        if isinstance(lamps, Failure):
            return lamps
        return SceneFrame(views, sounds, lamps, frozenset(lights.unknown))

    def _timed(self, take: _Take, hook: str, work: Callable[[], T]) -> T | Failure:
        start_ns = self._parts.now_ns()
        made = contained(hook, take.of.sources, work, self._parts.deadline)
        self.budget.add(hook, (self._parts.now_ns() - start_ns) / 1e6)
        return made

    def _end_probation(self) -> None:
        if self._previous is not None:
            self._previous.of.forget()
            self._previous = None
