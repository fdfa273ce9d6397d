"""The director: which scene shows, cues, fades, Params and blackout. It owns all that changes, and never raises."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from engine.aside import Job, Overdue, Steps
from engine.containment import Failure
from engine.control.addresses import command_of, pressed
from engine.control.afterglow import Afterglow
from engine.control.cast import Cast, MakeRunning
from engine.control.conductor import ADDRESS as TEMPO
from engine.control.conductor import Conductor
from engine.control.fade import SHORTEST_FADE_S, Fade, Ramp
from engine.control.faults import Faults
from engine.control.gates import Gates
from engine.control.params import ParamTree
from engine.control.running_order import RunningOrder, cues_of
from engine.control.status import Status
from engine.frame import Frame
from engine.light.lights import mix_lamps
from engine.problems import Problem, did_you_mean
from engine.scene.parts import Parts, SceneFrame
from engine.scene.running import LOAD_LIMIT_S, Running
from engine.show.model import Cue, Show
from engine.sound.events import Sounds
from engine.world import Event, Now

PREPARE_EVERY_S = 0.1


class Director:
    """Answers each `Now` with a `Frame`.

    Args:
        show: The show.
        make_running: Returns a scene of an entry and a unique key; loads it, does not run it.
        report: Gets each new problem once.

    Attributes:
        params: The Params of all scenes, and the tempo.
        conductor: Keeps that tempo.
        gates: What scenes keep closed of the house.
    """

    def __init__(
        self, show: Show, make_running: MakeRunning, report: Callable[[Problem], None] = lambda _: None
    ) -> None:
        self.params, self.conductor, self.gates = ParamTree(), Conductor(), Gates()
        self._faults = Faults(report)
        self._cast = Cast(make_running)
        self._order = RunningOrder(())
        self._fade: Fade[Running] = Fade()
        self._dark = Ramp()
        self._afterglow = Afterglow()
        self._stopped: list[Sounds] = []
        self._time = 0.0
        self.adopt(show)

    # -- what is going on ----------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong now, the newest last."""
        return self._faults.all

    @property
    def standby(self) -> Cue | None:
        """Return the cue that `go` runs."""
        return self._order.standby

    @property
    def hours(self) -> str | None:
        """Return the show's opening hours, or None."""
        return self._show.programme.hours

    @property
    def shown(self) -> tuple[Running, ...]:
        """Return the scenes in the picture, the one that fades in last."""
        return tuple(running for running in self._fade.weights if running is not None)

    @property
    def status(self) -> Status:
        """Return all of it at once."""
        cue, standby = self._order.current, self._order.standby
        return Status(
            cue.name if cue else "",
            standby.name if standby else "",
            self._fade.progress,
            self._order.held,
            self._dark.on,
            self._dark.level,
            self._cast.status(self._fade.weights, self._time),
            next(reversed(self._faults.all), None),
        )

    # -- what an operator does -----------------------------------------------------------------

    def go(self) -> None:
        """Run the standby cue."""
        if self._order.standby is not None:
            self._enter(self._order.standby)

    def back(self) -> None:
        """Run the cue before the present one; nothing at the first."""
        if self._order.previous is not None:
            self._enter(self._order.previous)

    def cue(self, name: str) -> None:
        """Run the cue of that name; a name that is not there is a problem told."""
        cue = self._order.named(name)
        if cue is not None:
            self._enter(cue)
        else:
            near = did_you_mean(name, [known.name for known in self._order.cues])
            self._faults.tell(f"cue {name}", Problem("/cue", 0, f"there is no cue '{name[:80]}'{near}"))

    def resume(self, name: str, gone: datetime.datetime, wall: datetime.datetime) -> None:
        """Run a cue as after a restart: in the shortest fade; timed cues go that came after `gone`, none before it."""
        self._order.due(0.0, gone)
        self._order.catch_up((wall - gone).total_seconds())
        if (cue := self._order.named(name)) is not None:
            self._enter(cue)
            self._fade.to(self._fade.target, SHORTEST_FADE_S)

    def hold(self, on: bool | None = None) -> None:
        """Make auto-follow wait or go on; None: the other way round."""
        self._order.held = not self._order.held if on is None else on

    def blackout(self, on: bool | None = None) -> None:
        """Go to black and silence in 300 ms, or come back; None: the other way round."""
        self._dark.on = not self._dark.on if on is None else on

    def reloads(self, changed: Collection[Path]) -> dict[str, Steps[Problem | None]]:
        """Return the steps by which each scene that uses changed files takes them, and which return why it does not.

        Args:
            changed: Resolved paths.
        """
        return {name: self._reload(running) for name, running in self._cast.scenes.items() if running.uses(changed)}

    def adoption(self, show: Show, parts: Parts | None = None) -> Steps[Problem | None]:
        """Take another version of the show as `adopt` does, its new scenes loaded beside the loop."""
        newcomers = yield Job(lambda: self._cast.newcomers(show), LOAD_LIMIT_S)
        if isinstance(newcomers, Overdue):
            return Problem(", ".join(map(str, show.sources)), 0, f"a scene that is new {newcomers}")
        self.adopt(show, parts, newcomers)
        return None

    def adopt(
        self, show: Show, parts: Parts | None = None, newcomers: Mapping[str, Running] | None = None
    ) -> None:
        """Take another version of the show: the running cue stays if it is still there, else the show fades on.

        Args:
            parts: What its scenes are built with, if that has changed.
            newcomers: Of its scenes those that were not there, loaded.
        """
        before = self._order.current
        self._show = show
        self.conductor.adopt(show.tempo, self.params)
        gone = set(self._cast.scenes) - set(show.scenes)
        self._cast.adopt(show, parts, newcomers or {})
        self._faults.forget("unknown ", "param ", *(f"scene {name}:" for name in gone))
        for name in gone:
            self.params.remove(name)
        for name, running in self._cast.scenes.items():
            self._adopt_params(running)
            if running.failure is not None:
                self._faults.tell(f"scene {name}:", running.failure.problem)
        cues = cues_of(show)
        self._go_sources = {cue.go: cue for cue in cues if cue.go is not None}
        moved_to = self._order.adopt(cues)
        if moved_to is not None:
            self._enter(moved_to)
        elif before is not None and self._order.current is not None and before.set != self._order.current.set:
            self._set_params(self._order.current)

    # -- one frame -----------------------------------------------------------------------------

    def step(self, now: Now, events: tuple[Event, ...], wall: datetime.datetime) -> Frame:
        """Return the frame's light, sound and lamps."""
        self._time = now.time
        for event in events:
            self._hear(event)
        due = self._order.due(now.dt, wall)
        if due is not None:
            self._enter(due)
        elif self._order.current is None and self._order.cues:
            self._enter(self._order.cues[0])
        self.params.step(now.dt)
        now = self.gates.meet(self.conductor.step(now, self.params))
        self._recast()
        for running in self._fade.step(now.dt):
            self._stop(running)
        self._afterglow.step(now.dt)
        made = self._run_scenes(now, 1.0 - self._dark.step(now.dt))
        if not self._fade.running and now.every(PREPARE_EVERY_S):
            self._prepare()
        self.params.settle()
        self._faults.tell_unknown(now.unknown, self._show)
        return made

    def begin(self, open_for_s: float) -> None:
        """Let the show begin, if no cue runs: with the timed cue that came last in so many seconds, else the first."""
        if self._order.current is None:
            self._order.catch_up(open_for_s)

    def rest(self, now: Now, events: tuple[Event, ...]) -> Frame:
        """Return black and silence: no scene works, no cue runs, only Params listen."""
        self._time = now.time
        for event in events:
            self._hear_param(event)
        self.params.step(now.dt)
        self.conductor.step(now, self.params)
        self.params.settle()
        self._order.rewind()
        self.gates.ask(())
        self._afterglow.step(now.dt)
        self._fade = Fade()
        for running in self._cast.scenes.values():
            if running.started:
                self._stop(running)
        stopped, self._stopped = self._stopped, []
        return Frame(sounds=tuple(stopped))

    def _run_scenes(self, now: Now, lit: float) -> Frame:
        made: list[tuple[float, SceneFrame]] = []
        for running, weight in list(self._fade.weights.items()):
            if running is None:
                continue
            answer = running.step(now, self.params.values(running.name), weight * lit)
            if isinstance(answer, Failure):
                self._failed(running, answer)
                self._recast()
                continue
            if answer.setback is not None:
                self._set_back(running, answer.setback)
            self._faults.tell_first(f"strain {running.name}:", running.strain)
            self._faults.tell_unknown(answer.unknown, self._show)
            made.append((weight * lit, answer))
        stopped, self._stopped = self._stopped, []
        self.gates.ask(gate for weight, answer in made if weight > 0.5 for gate in answer.closes)
        picture = self._afterglow.picture(((weight, answer.views) for weight, answer in made), lit, now.calm)
        lamps = mix_lamps((weight, answer.lamps) for weight, answer in made)
        frame = Frame(picture, (*(answer.sounds for _, answer in made), *stopped), lamps)
        return self.gates.quieten(frame, self._show.presence.quiet_db)

    def _hear(self, event: Event) -> None:
        if event.source in self._go_sources and pressed(event):
            self._enter(self._go_sources[event.source])
        self._hear_param(event)
        command = command_of(event)
        if command is None:
            return
        match command.verb:
            case "go":
                self.go()
            case "back":
                self.back()
            case "hold":
                self.hold(command.on)
            case "blackout":
                self.blackout(command.on)
            case "cue":
                self.cue(command.name)

    def _hear_param(self, event: Event) -> None:
        for problem in self.params.apply(event):
            self._faults.tell(event.source, problem)
        command = command_of(event)
        if command is not None and command.verb == "param":
            self._try_set(command.name, command.value)

    # -- cues ----------------------------------------------------------------------------------

    def _enter(self, cue: Cue) -> None:
        self._order.take(cue)
        self._set_params(cue)
        if cue.bpm is not None:
            self._try_set(TEMPO, cue.bpm, cue.fade_s)
        self._recast()

    def _recast(self) -> None:
        """Fade to the running cue's scene, or to what stands in for it, unless that is so already."""
        cue = self._order.current
        wanted = self._best(cue.scene) if cue is not None else None
        if wanted is not self._fade.target:
            stands_in = cue is None or wanted is None or wanted.name != cue.scene
            self._fade.to(wanted, SHORTEST_FADE_S if stands_in or cue is None else cue.fade_s)

    def _best(self, scene: str) -> Running | None:
        """Return the first of the scene and its stand-ins that can run, set up; None is black."""
        for running in self._cast.candidates(scene):
            if self._cast.usable(running, self._time) and self._ready(running):
                return running
        return None

    def _ready(self, running: Running, values: Mapping[str, Any] | None = None) -> bool:
        """Return whether a scene can make a frame now; sets it up if need be, with other values of its Params."""
        if not running.started:
            failure = running.start({**self.params.values(running.name), **(values or {})})
            if failure is not None:
                self._failed(running, failure)
                return False
        return running.is_ready

    def _prepare(self) -> None:
        """Set up at most one scene a frame that may be wanted soon, so that a cue starts at once; let others go."""
        standby, cue = self._order.standby, self._order.current
        wanted = {
            running.name: running for scene in (standby, cue) if scene for running in self._cast.candidates(scene.scene)
        }
        for running in wanted.values():
            if not running.started and self._cast.usable(running, self._time):
                self._ready(running, self._cue_values(standby) if standby and running.name == standby.scene else None)
                return
        for name, running in self._cast.scenes.items():
            if running.started and name not in wanted and running not in self._fade.weights:
                running.stop()

    # -- Params --------------------------------------------------------------------------------

    def _cue_values(self, cue: Cue) -> dict[str, Any]:
        """Return what a cue makes of the Params that any cue of its scene sets: its own value, or the show's start."""
        names = dict.fromkeys(name for other in self._order.cues if other.scene == cue.scene for name in other.set)
        values = {}
        for name in names:
            entry = self.params.entry(f"/scene/{cue.scene}/{name}")
            if entry is not None and entry.spec.kind != "trigger":
                values[name] = cue.set.get(name, entry.start)
        return values

    def _set_params(self, cue: Cue) -> None:
        running = self._cast.scenes.get(cue.scene)
        over_s = max(cue.fade_s, SHORTEST_FADE_S) if running in self._fade.weights else 0.0
        for name, value in self._cue_values(cue).items():
            address = f"/scene/{cue.scene}/{name}"
            if name in cue.set:
                self._try_set(address, value, over_s)
            else:
                self.params.reset(address, over_s)

    def _try_set(self, address: str, value: Any, over_s: float = 0.0) -> None:
        problem = self.params.set(address, value, over_s)
        if problem is not None:
            self._faults.tell(f"param {address}", problem)

    def _reload(self, running: Running) -> Steps[Problem | None]:
        name = running.name
        failure = yield from running.reload(lambda specs: {
            key: entry.value for key, entry in self.params.foresee(name, specs, running.entry.params).items()
        })
        if self._cast.scenes.get(name) is not running:
            return None
        if failure is None:
            self._cast.pardon(running)
            self._faults.forget(f"scene {name}:", f"strain {name}:", "unknown ", "param ")
            self._adopt_params(running)
            return None
        text = failure.problem.text + ("; the version before goes on" if running.started else "")
        problem = Problem(failure.problem.path, failure.problem.line, text)
        self._faults.tell(f"scene {name}:", problem)
        return problem

    def _adopt_params(self, running: Running) -> None:
        if running.scene_class is not None:
            for problem in self.params.adopt(running.name, running.specs, running.entry.params):
                self._faults.tell(f"param {problem.path}", problem)

    # -- failures ------------------------------------------------------------------------------

    def let_go(self, name: str, why: str) -> None:
        """End a scene that hurts the whole show (`why`, in words): its fallback shows, all that it keeps is let go."""
        running = self._cast.scenes.get(name)
        if running is not None and running.started:
            failure = running.largest(why)
            self._failed(running, failure)
            running.renew()

    def _failed(self, running: Running, failure: Failure) -> None:
        self._faults.tell(f"scene {running.name}:", self._cast.failed(running, failure.problem, self._time))
        if self._fade.weights.get(running):
            self._afterglow.begin()
        self._fade.drop(running)
        self._stop(running)

    def _stop(self, running: Running) -> None:
        self._stopped.append(Sounds(running.owner, gain=0.0, stop=True))
        running.stop()

    def _set_back(self, running: Running, setback: Failure) -> None:
        problem = setback.problem
        self.params.take_back(running.name)
        self._adopt_params(running)
        text = f"{problem.text}; the version before is back"
        self._faults.tell(f"scene {running.name}:", Problem(problem.path, problem.line, text))
