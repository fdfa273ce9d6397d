"""One scene that runs: its instance, canvas, score and lights; contained, measured, reloaded with its state kept."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import zlib
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from engine.aside import Job, Overdue, Steps
from engine.containment import Failure, contained
from engine.deadline import SETUP_S, NoDeadline
from engine.light.levels import LampLevel
from engine.problems import Problem
from engine.scene.base import HOOKS, Scene
from engine.scene.budget import Budget
from engine.scene.keepings import largest
from engine.scene.loader import SceneClass, SceneError, load_scene, scene_file
from engine.scene.param import ParamSpec
from engine.scene.parts import NO_LIGHT, ParamValues, Parts, SceneCanvas, SceneFrame, SceneScore, Take, Views
from engine.scene.printer import Printer
from engine.scene.state import carry_state, fingerprints
from engine.show.model import SceneEntry
from engine.sound.events import Sounds
from engine.world import Now

PROBATION_S = 3.0
LOAD_LIMIT_S, SETUP_LIMIT_S, TRIAL_LIMIT_S = 15.0, 5.0, 2.0  # beside the loop; two set-ups
LOOK_EVERY = 60  # frames between two looks at what scenes share: a look takes as long as a small scene
T = TypeVar("T")


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
        self._take: Take | None = None
        self._previous: Take | None = None
        self._probation_ends = 0.0
        self._waits = False
        loaded = self._load()
        self._class, self.failure = (None, loaded) if isinstance(loaded, Failure) else (loaded, None)
        self._mentions = self._class.mentions if self._class else frozenset()

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
    def is_ready(self) -> bool:
        """Return whether it can make a frame at once, or will say why not."""
        return self.started

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
    def mentions(self) -> Collection[str]:
        """Return the names and patterns of files that the scene's code speaks of."""
        return self._mentions

    @property
    def uses_pixels(self) -> bool:
        """Return whether the scene reads camera pixels, so that no thumbnail of it may be made."""
        of = self._class
        return of is not None and contained("load", of.sources, lambda: bool(of.cls.uses_pixels)) is not False

    def uses(self, paths: Collection[Path]) -> bool:
        """Return whether one of the files is part of this scene, or its code mentions the name.

        Args:
            paths: Resolved. After a reload that failed every `.py` file beside the scene may be part of it.
        """
        file = scene_file(self._parts.folder / self.entry.file).resolve()
        parts = {file} if self._class is None else {file, *(Path(source).resolve() for source in self._class.sources)}
        return any(
            path in parts
            or (path.suffix == ".py" and (self._class is None or self._waits) and path.is_relative_to(file.parent))
            or (path.suffix != ".py" and any(fnmatch(path.name, name) for name in self._mentions))
            for path in paths
        )

    def start(self, values: ParamValues) -> Failure | None:
        """Make a fresh instance, its canvas and score, and run `setup`; return why it could not be done."""
        if self._class is None:
            return self.failure
        self._starts += 1
        take = self._begin(self._class, values)
        if isinstance(take, Take):
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

    def largest(self, why: str) -> Failure:
        """Return the failure of a scene that keeps too much, `why` and what."""
        take = self._take
        if take is None:
            return Failure(Problem(str(self.entry.file), 0, why), "update")
        found = contained("update", take.of.sources, partial(largest, take, why), self._parts.deadline)
        return found if isinstance(found, Failure) else Failure(found, "update")

    def renew(self) -> None:
        """Read the file again, so that what its modules keep is let go too; for a scene that does not run."""
        loaded = self._load()
        if self._class is not None:
            self._class.forget()
        self._class, self.failure = (None, loaded) if isinstance(loaded, Failure) else (loaded, None)

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
        if isinstance(made, Failure) or self.frames < 3 or self.frames % LOOK_EVERY == 0:
            made = self._unless_changed(self._take, made)
        self.frames += isinstance(made, SceneFrame)
        return made

    def reload(self, values: Callable[[tuple[ParamSpec, ...]], ParamValues]) -> Steps[Failure | None]:
        """Take the files as they are now, keep the plain state, try one frame unseen; on any failure nothing changes.

        Args:
            values: Returns the values of the new version's Params.
        """
        loaded = self._in_time("load", (yield Job(self._load, LOAD_LIMIT_S)))
        if isinstance(loaded, Failure):
            self._waits = True
            if self._class is None:
                self.failure = loaded
            return loaded
        failure: Failure | None = None
        self._mentions = loaded.mentions
        try:
            while (old := self._take) is not None and self._class is not loaded and failure is None:
                failure = yield from self._audition(old, loaded, values(loaded.specs))
            self._waits = failure is not None
            if self._take is None and failure is None:
                self._become(loaded)
        finally:
            if self._class is not loaded:
                loaded.forget()
        return failure

    def refit(self, parts: Parts) -> bool:
        """Go on with other lamps; return False if the parts differ in more, so that the scene must begin anew."""
        ours = self._parts
        if (parts.seed, parts.stage, parts.folder) != (ours.seed, ours.stage, ours.folder):
            return False
        self._parts = parts
        if self.started:
            self._lights = parts.make_lights()
        return True

    # -- how -----------------------------------------------------------------------------------

    def _load(self) -> SceneClass | Failure:
        parts = self._parts
        parts.enter(self.name)
        try:
            return load_scene(parts.folder / self.entry.file, self.name, parts.folder, self._printer, parts.deadline)
        except SceneError as error:
            return Failure(error.problem, "load")
        finally:
            parts.enter("")
            parts.commons.mended()

    def _rng(self, use: str = "") -> np.random.Generator:
        words = (self.name, use)
        return np.random.default_rng(
            [self._parts.seed % 2**64, *(zlib.crc32(word.encode()) for word in words), self._starts]
        )

    def _begin(self, of: SceneClass, values: ParamValues) -> Take | Failure:
        def begin() -> Take:
            scene = of.cls.__new__(of.cls)
            scene.rng = self._rng()
            scene._values = live = {**scene._values, **values}
            kept = dict(live)
            scene.__init__()  # type: ignore[misc]  # Params and rng are there before an artist's __init__
            scene.setup(self._parts.stage)
            hooks = frozenset(hook for hook in HOOKS if getattr(of.cls, hook) is not getattr(Scene, hook))
            return Take(of, scene, kept, live, fingerprints(scene), hooks)

        self._parts.enter(self.name)
        try:
            return contained("setup", of.sources, begin, self._parts.deadline, SETUP_S)
        finally:
            self._parts.enter("")
            self._parts.commons.mended()

    def _audition(self, old: Take, loaded: SceneClass, values: ParamValues) -> Steps[Failure | None]:
        """Try a new version on one frame unseen, and let it take over: without the state if that cannot all be kept."""
        tried: Failure | None = None
        for keeps_state in (True, False):
            double = self._double()
            takes = self._in_time("setup", (yield Job(partial(double._two_takes, old, loaded, values), SETUP_LIMIT_S)))
            if isinstance(takes, Failure):
                return takes
            twin, heir = takes
            left = self._carry(old, twin) if keeps_state else {}
            tried = self._in_time("draw", (yield Job(partial(double._unseen, twin, values), TRIAL_LIMIT_S)))
            if not (left and isinstance(tried, Failure)):
                break
        if self._take is old and tried is None:
            if keeps_state:
                self._carry(old, heir)
            self._say_kept(left if keeps_state else None)
            self._end_probation()
            self._previous, self._take, self._class, self.failure = old, heir, loaded, None
            self._probation_ends = self._now.time + PROBATION_S
        return tried

    def _double(self) -> Running:
        """Return one that works beside the loop and leaves no trace here."""
        double = copy.copy(self)
        double._parts = dataclasses.replace(self._parts, deadline=NoDeadline(), enter=lambda scene: None)
        double.budget = Budget(math.inf)
        return double

    def _two_takes(self, old: Take, loaded: SceneClass, values: ParamValues) -> tuple[Take, Take] | Failure:
        """Return two instances of a new version, set up as the old one was where their Params are the same."""
        before = {spec.name: spec for spec in old.of.specs}
        same = {spec.name: old.values[spec.name] for spec in loaded.specs if before.get(spec.name) == spec}
        with self._printer.muted():
            twin = self._begin(loaded, {**values, **same})
        heir = self._begin(loaded, {**values, **same}) if isinstance(twin, Take) else twin
        return heir if isinstance(heir, Failure) else (twin, heir)  # type: ignore[return-value]

    def _unseen(self, take: Take, values: ParamValues) -> Failure | None:
        """Make one frame that nobody sees or hears."""
        canvas, self._lights = self._parts.make_canvas(), self._parts.make_lights()
        score = self._parts.make_score(f"{self.owner}.trial", self._rng("score"))
        now = dataclasses.replace(self._now, arrivals=(), departures=(), pressed=())
        with self._printer.muted():
            made = self._frame(take, canvas, score, now, values, 0.0)
        canvas.close()
        return made if isinstance(made, Failure) else None

    def _carry(self, old: Take, new: Take) -> Mapping[str, str]:
        """Give a new version the state; return what could not be kept, and why."""
        packages = old.of.package, new.of.package
        carried = contained("setup", new.of.sources, lambda: carry_state(
            old.scene, old.initial, new.scene, new.initial, packages), self._parts.deadline)
        return {"everything": carried.problem.text} if isinstance(carried, Failure) else carried

    def _say_kept(self, left: Mapping[str, str] | None) -> None:
        """Tell the artist that the edit is there, and what of the state is not."""
        begun = "; ".join(f"{name} begins anew: {why}" for name, why in (left or {}).items())
        anew = "begun anew: with the state kept it fails" if left is None else begun
        self._parts.say(self.name, "reloaded" + (f"; {anew}" if anew else ""))

    def _in_time(self, hook: str, answer: Any) -> Any:
        """Return what was done beside the loop; what was not done in time is a failure."""
        if isinstance(answer, Overdue):
            text = str(answer) if hook == "load" else f"{hook}: {answer}"
            return Failure(Problem(str(self.entry.file), 0, text), hook)
        return answer

    def _become(self, loaded: SceneClass) -> None:
        if self._class is not None:
            self._class.forget()
        self._class, self.failure = loaded, None

    def _frame(
        self, take: Take, canvas: SceneCanvas, score: SceneScore, now: Now, values: ParamValues, gain: float
    ) -> SceneFrame | Failure:
        scene, lights = take.scene, self._lights
        take.live.update(values)
        scene._closes.clear()

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
        return SceneFrame(views, sounds, lamps, frozenset(lights.unknown), closes=frozenset(scene._closes))

    def _timed(self, take: Take, hook: str, work: Callable[[], T]) -> T | Failure:
        start_ns = self._parts.now_ns()
        made = contained(hook, take.of.sources, work, self._parts.deadline)
        self.budget.add(hook, (self._parts.now_ns() - start_ns) / 1e6)
        return made

    def _unless_changed(self, take: Take, made: SceneFrame | Failure) -> SceneFrame | Failure:
        """Return what was made, or a failure if the scene has changed what it shares with the engine."""
        change = self._parts.commons.mended()
        if change is None:
            return made
        hook = next(hook for hook in HOOKS if hook in take.hooks)
        return Failure(Problem(*change.place(take.of.sources), f"{hook}: {change}"), hook)

    def _end_probation(self) -> None:
        if self._previous is not None:
            self._previous.of.forget()
            self._previous = None
