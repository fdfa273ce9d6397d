"""The cast: the show's scenes, which of them may run, and what stands in for one that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.problems import Problem
from engine.scene.parts import Parts
from engine.scene.running import Running
from engine.show.model import SceneEntry, Show

FAILURES_TO_BAR = 3
BAR_WITHIN_S = 60.0
RETRY_AFTER_S = 5.0
MakeRunning = Callable[[SceneEntry, str], Running]
State = Literal["shown", "ready", "resting", "failed", "barred", "broken"]


@dataclass(frozen=True, slots=True)
class SceneStatus:
    """A scene as the operator and the report see it.

    Attributes:
        state: `shown`, `ready` (set up, waiting), `resting`, `failed` (tried again soon), `barred` (until its file
            changes), `broken` (its file does not load).
        weight: How much of it shows, 0..1, before blackout.
        failures: Since the start of the run.
        cost_ms: Milliseconds a frame of each hook, smoothed.
        over_budget: Frames in which its hooks took more than they should.
        worst: The hook that took longest in such a frame, and its milliseconds.
        problem: Its newest failure, or None.
    """

    state: State
    weight: float
    frames: int
    failures: int
    cost_ms: Mapping[str, float]
    over_budget: int
    worst: tuple[str, float]
    problem: Problem | None


@dataclass(slots=True)
class _Record:
    failures: int = 0
    recent: list[float] = field(default_factory=list)
    barred: bool = False
    retry_at: float = 0.0
    problem: Problem | None = None


class Cast:
    """The scenes of a show by name.

    Args:
        make_running: Returns a scene of an entry and a key that is unique in this run.
    """

    def __init__(self, make_running: MakeRunning) -> None:
        self.scenes: dict[str, Running] = {}
        self._make = make_running
        self._made = 0
        self._records: dict[str, _Record] = {}
        self._last_resort: str | None = None

    def newcomers(self, show: Show) -> dict[str, Running]:
        """Return the scenes that a show has and the present one has not; may be called beside the loop."""
        return {name: self._made_of(entry) for name, entry in show.scenes.items() if not self._keeps(entry)}

    def adopt(self, show: Show, parts: Parts | None, newcomers: Mapping[str, Running]) -> None:
        """Take the scenes of a show: those whose file stays the same are kept, unless new parts need them anew."""
        before, self.scenes = self.scenes, {}
        self._last_resort = show.stage.fallback
        for name, entry in show.scenes.items():
            kept = before.get(name)
            if kept is not None and kept.entry.file == entry.file and (parts is None or kept.refit(parts)):
                kept.entry = entry
                self.scenes[name] = kept
            else:
                self.scenes[name] = made = newcomers.get(name) or self._made_of(entry)
                self._records[name] = _Record(problem=made.failure.problem if made.failure else None)

    def _keeps(self, entry: SceneEntry) -> bool:
        return entry.name in self.scenes and self.scenes[entry.name].entry.file == entry.file

    def _made_of(self, entry: SceneEntry) -> Running:
        self._made += 1
        return self._make(entry, f"{entry.name}#{self._made}")

    def candidates(self, name: str) -> Iterable[Running]:
        """Yield the scene and what stands in for it, best first: its fallback, then the stage's."""
        own = self.scenes[name].entry.fallback if name in self.scenes else None
        for candidate in dict.fromkeys((name, own, self._last_resort)):
            if candidate in self.scenes:
                yield self.scenes[candidate]

    def usable(self, running: Running, time: float) -> bool:
        """Return whether a scene may be shown now."""
        record = self._record(running)
        return running.failure is None and not record.barred and time >= record.retry_at

    def failed(self, running: Running, problem: Problem, time: float) -> Problem:
        """Note a failure; three within 60 s bar the scene. Return the problem to tell."""
        record = self._record(running)
        record.failures += 1
        record.recent = [past for past in record.recent if time - past < BAR_WITHIN_S] + [time]
        record.retry_at = time + RETRY_AFTER_S
        record.barred = len(record.recent) >= FAILURES_TO_BAR
        if record.barred:
            text = (
                f"{problem.text}; failed {FAILURES_TO_BAR} times in {BAR_WITHIN_S:.0f} s, barred until the file changes"
            )
            problem = Problem(problem.path, problem.line, text)
        record.problem = problem
        return problem

    def pardon(self, running: Running) -> None:
        """Let a scene run whose file has changed."""
        record = self._record(running)
        record.recent, record.barred, record.retry_at, record.problem = [], False, 0.0, None

    def status(self, weights: Mapping[Running | None, float], time: float) -> dict[str, SceneStatus]:
        """Return every scene's status."""
        return {
            name: SceneStatus(
                self._state(running, weights, time),
                weights.get(running, 0.0),
                running.frames,
                self._record(running).failures,
                dict(running.budget.cost_ms),
                running.budget.over,
                running.budget.worst,
                self._record(running).problem,
            )
            for name, running in self.scenes.items()
        }

    def _state(self, running: Running, weights: Mapping[Running | None, float], time: float) -> State:
        record = self._record(running)
        if running.failure is not None:
            return "broken"
        if running in weights:
            return "shown"
        if record.barred:
            return "barred"
        return "failed" if time < record.retry_at else "ready" if running.started else "resting"

    def _record(self, running: Running) -> _Record:
        return self._records.setdefault(running.name, _Record())
