"""Casting: makes the show's scenes, notes on the board whose code runs, and leaves out those that are barred."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.containment import Failure
from engine.problems import Problem
from engine.scene.isolated import IsolatedRunning
from engine.scene.loader import SceneClass, scene_file
from engine.scene.parts import Parts
from engine.scene.running import Running
from engine.show.model import SceneEntry
from engine.supervise.barred import EVERYTHING, GUESS_S, Barred
from engine.supervise.board import Board, note_of


class BarredRunning(Running):
    """A scene that is left out: its file is not even loaded before it changes."""

    def __init__(self, entry: SceneEntry, key: str, parts: Parts, barred: Barred) -> None:
        text = f"{barred.text}; save the file to try it again"
        file = os.path.relpath(entry.file, parts.folder)
        self._reason: Failure | None = Failure(Problem(file, barred.line, text), "load")
        super().__init__(entry, key, parts)

    def _load(self) -> SceneClass | Failure:
        reason, self._reason = self._reason, None
        return reason or super()._load()


class Casting:
    """Makes scenes.

    Args:
        barred: By scene, or `*` for all.
        folder: The show's.
    """

    def __init__(self, board: Board, barred: Mapping[str, Barred], folder: Path) -> None:
        self.barred = dict(barred)
        self._board, self._folder = board, folder
        self._notes: dict[str, bytes] = {}

    def make(self, entry: SceneEntry, key: str, parts: Parts) -> Running:
        """Return a scene, loaded unless it is barred."""
        self._notes[entry.name] = note_of(entry.name, str(self._file(entry)))
        barred = self.barred.get(entry.name) or self.barred.get(EVERYTHING)
        self.enter(entry.name)
        try:
            if barred:
                return BarredRunning(entry, key, parts, barred)
            return (IsolatedRunning if entry.isolate == "process" else Running)(entry, key, parts)
        finally:
            self.enter("")

    def enter(self, scene: str) -> None:
        """Note whose code runs from now on, or nobody's."""
        self._board.enter(self._notes.get(scene, b""))

    def picture(self, scenes: Iterable[Running]) -> None:
        """Note which scenes are in the picture."""
        self._board.picture(self._notes[scene.name] for scene in scenes)

    def pardoned(self, scenes: Mapping[str, SceneEntry], time: float) -> set[Path]:
        """Return the files of scenes left out without proof, once, after ten minutes that went well."""
        if not self.barred or time < GUESS_S:
            return set()
        suspects = {name for name, barred in self.barred.items() if barred.guess}
        names = scenes.keys() if EVERYTHING in suspects else suspects & scenes.keys()
        self.barred = {name: barred for name, barred in self.barred.items() if not barred.guess}
        return {self._file(scenes[name]) for name in names}

    def _file(self, entry: SceneEntry) -> Path:
        return scene_file(self._folder / entry.file).resolve()
