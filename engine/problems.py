"""Problems: what is wrong, where, and what mends it, in one line each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a file or a device, for a person to read.

    Attributes:
        path: The file, or the device's name in the show (`camera.room`).
        line: Line in the file, counted from 1; 0 where no line applies.
        text: What is wrong and, after a semicolon, what mends it.
    """

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


class MixeurError(Exception):
    """An error meant for a person: its text is one line with a remedy; no traceback is shown."""


class ShowError(MixeurError):
    """The show cannot run; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, or an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""
