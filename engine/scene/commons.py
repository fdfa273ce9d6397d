"""The commons: what scenes share with the engine and must leave as it is; what one has changed is put back."""

from __future__ import annotations

import ast
import builtins
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import is_
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the whole process: how to read it, how to write it, and the words that a file would change it by."""

    what: str
    word: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def place_of(word: str, sources: Mapping[str, str]) -> tuple[str, int]:
    """Return the path as shown and the line where a scene's files first use a name, or say it as a text.

    Args:
        sources: The scene's files: real path to the path as shown; the first one, line 0, where none has it.
    """
    for path, shown in sources.items():
        with suppress(OSError, SyntaxError, ValueError):
            lines = [node.lineno for node in ast.walk(ast.parse(Path(path).read_bytes())) if _says(node, word)]
            if lines:
                return shown, min(lines)
    return next(iter(sources.values())), 0


def _says(node: Any, word: str) -> TypeGuard[ast.expr]:
    return word in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "value", None))


def settings() -> tuple[Setting, ...]:
    """Return the settings that are looked after on this machine."""
    known = [
        Setting("numpy's handling of errors", "seterr", np.geterr, lambda kept: np.seterr(**kept)),
        Setting("the recursion limit", "setrecursionlimit", sys.getrecursionlimit, sys.setrecursionlimit),
    ]
    if hasattr(signal, "SIGALRM"):
        alarm = signal.SIGALRM
        read, write = lambda: signal.getsignal(alarm), lambda kept: signal.signal(alarm, kept)
        known.append(Setting("the alarm", "SIGALRM", read, write))
    return tuple(known)


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed and put back, and the word to look for in the file that did it."""

    what: str
    word: str

    def __str__(self) -> str:
        return f"changed {self.what}, which all share; it is put back"

    def place(self, sources: Mapping[str, str]) -> tuple[str, int]:
        """Return the path as shown and the line of the first file that has the word."""
        return place_of(self.word, sources)


class Commons:
    """Remembers how everything was when it was made."""

    def __init__(self) -> None:
        self._words = vars(builtins)
        self._names = vars(np)
        self._kept_words, self._kept_names = dict(self._words), dict(self._names)
        self._settings = [(setting, setting.read()) for setting in settings()]

    def mended(self) -> Change | None:
        """Put back what has changed since, and return the first of it."""
        found = {**self._words}
        self._words.update(self._kept_words)  # first of all: what follows needs them
        changes = [Change(f"builtins.{word}", word) for word in _changed(found, self._kept_words)]
        self._kept_words = {**self._words}
        changes += [Change(f"numpy.{name}", name) for name in _changed(self._names, self._kept_names)]
        self._names.update(self._kept_names)
        self._kept_names = {**self._names}  # numpy loads parts of itself late: what is new may stay
        for setting, value in self._settings:
            if setting.read() != value:
                with suppress(ValueError):  # the alarm is the main thread's; it looks soon
                    setting.write(value)
                changes.append(Change(setting.what, setting.word))
        return changes[0] if changes else None


def _changed(names: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """Return the names that mean something else than they did, told by identity: `==` would ask the intruder."""
    if len(names) == len(kept) and all(map(is_, names.values(), kept.values())):
        return []
    return [name for name, value in kept.items() if name not in names or names[name] is not value]
