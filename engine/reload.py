"""Reload: files that change while the show runs reach the director; a broken one leaves the show as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.aside import Aside, Job, Overdue, Steps
from engine.assembly import profile_path
from engine.problems import Problem, ShowError
from engine.show.files import ROOM_FILE
from engine.show.model import Show
from engine.show.watch import Watch

READ_LIMIT_S = 10.0
SHOW_FILE = ""  # what the show file's own reload is called among those of scenes


class Reloadable(Protocol):
    """The part of the director that takes new versions."""

    def reloads(self, changed: Collection[Path]) -> Mapping[str, Steps[Any]]:
        """Return the steps that take changed files, by scene."""

    def adoption(self, show: Show) -> Steps[Problem | None]:
        """Return the steps that take another version of the show, and which return why it is not taken."""


class Reloader:
    """Watches a show's files; `step` is called in the loop and never waits.

    One reload is under way at a time. If its files change again meanwhile, it is given up and begun anew.

    Args:
        show: As it runs.
        read: Reads the show again; runs beside the loop.
        say: Where a line for the operator goes.
    """

    def __init__(self, show: Show, director: Reloadable, read: Callable[[], Show], say: Callable[[str], None]) -> None:
        self._show, self._director, self._read, self._say = show, director, read, say
        self._watch = Watch(_watched(show))
        self._aside = Aside()
        self._waiting: dict[str, Steps[Any]] = {}
        self._name, self._steps = "", None  # type: tuple[str, Steps[Any] | None]

    def step(self) -> None:
        """Take over what has changed since the last step."""
        if changed := self._watch.changed():
            self.take_up(changed)
        if not self._aside.ended():
            return
        if self._steps is not None:
            self._go_on(self._aside.answer())
        if self._steps is None and self._waiting:
            self._name = next(iter(self._waiting))
            self._steps = self._waiting.pop(self._name)
            self._go_on(None)

    def close(self) -> None:
        """End the watching."""
        self._watch.close()
        self._aside.hurry()

    def take_up(self, changed: Collection[Path]) -> None:
        """Take over files, given by resolved paths, as they are now."""
        if not {path.resolve() for path in _sources(self._show)}.isdisjoint(changed):
            self._want(SHOW_FILE, self._adoption())
        for name, steps in self._director.reloads(changed).items():
            self._want(name, steps)

    def _want(self, name: str, steps: Steps[Any]) -> None:
        self._waiting[name] = steps
        if self._steps is not None and name == self._name:
            self._aside.hurry()
            self._steps = None

    def _go_on(self, answer: Any) -> None:
        assert self._steps is not None
        try:
            self._aside.begin(self._steps.send(answer))
        except StopIteration:
            self._steps = None

    def _adoption(self) -> Steps[None]:
        answer = yield Job(self._read_again, READ_LIMIT_S)
        if isinstance(answer, Overdue):
            self._say(f"{self._show.sources[0]}: cannot be read in {READ_LIMIT_S:.0f} s; the running show goes on")
            return
        problems = answer
        if isinstance(answer, Show):
            problem = yield from self._director.adoption(answer)
            problems = () if problem is None else (problem,)
        if isinstance(answer, Show) and not problems:
            self._show = answer
            self._watch.look_at(_watched(answer))
        for problem in problems:
            self._say(f"{problem} (the running show goes on as it was)")

    def _read_again(self) -> Show | tuple[Problem, ...]:
        try:
            return self._read()
        except ShowError as error:
            return error.problems


def _sources(show: Show) -> tuple[Path, ...]:
    """Return the files that the show is read from, and the room's where there is none yet."""
    return (*show.sources, show.folder / ROOM_FILE)


def _watched(show: Show) -> list[Path]:
    """Return the show's files, the folders of its scenes, its assets and its projectors' profiles."""
    folders = {(show.folder / entry.file).parent for entry in show.scenes.values()}
    profiles = [profile_path(show, projector) for projector in show.projectors.values()]
    return [*_sources(show), *profiles, show.folder / "assets", *sorted(folders)]
