"""Reload: files that change while the show runs reach the director; a broken one leaves the show as it was."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from engine.problems import Problem, ShowError
from engine.show.model import Show
from engine.show.watch import Watch

ROOM = ("stage", "cameras", "touches", "signals", "projectors", "speakers", "sound", "lamps", "midi", "osc", "sends")


class Reloadable(Protocol):
    """The part of the director that takes new versions."""

    def reload(self, changed: Collection[Path]) -> tuple[Problem, ...]:
        """Take changed scene files."""

    def adopt(self, show: Show) -> None:
        """Take another version of the show."""


class Reloader:
    """Watches a show's files; `step` is called in the loop and never waits.

    Args:
        show: As it runs.
        read: Reads the show again; runs in a thread of its own.
        say: Where a line for the operator goes.
    """

    def __init__(self, show: Show, director: Reloadable, read: Callable[[], Show], say: Callable[[str], None]) -> None:
        self._show, self._director, self._read, self._say = show, director, read, say
        self._answers: queue.SimpleQueue[Show | tuple[Problem, ...]] = queue.SimpleQueue()
        folders = {(show.folder / entry.file).parent for entry in show.scenes.values()}
        self._watch = Watch([*show.sources, show.folder / "room.toml", *sorted(folders)])

    def step(self) -> None:
        """Take over what has changed since the last step."""
        changed = self._watch.changed()
        files = {path.resolve() for path in changed}
        if any(path.suffix == ".toml" for path in files):
            threading.Thread(target=self._read_again, name="show file", daemon=True).start()
        if files:
            for problem in self._director.reload(files):
                self._say(str(problem))
        while not self._answers.empty():
            self._take(self._answers.get_nowait())

    def close(self) -> None:
        """End the watching."""
        self._watch.close()

    def _read_again(self) -> None:
        try:
            self._answers.put(self._read())
        except ShowError as error:
            self._answers.put(error.problems)

    def _take(self, answer: Show | tuple[Problem, ...]) -> None:
        if not isinstance(answer, Show):
            for problem in answer:
                self._say(f"{problem} (the running show goes on as it was)")
            return
        room = [name for name in ROOM if getattr(answer, name) != getattr(self._show, name)]
        if room:
            self._say(f"show: {', '.join(room)} changed; the show goes on with the old, start it again to take it")
        self._director.adopt(answer)
        self._show = answer
