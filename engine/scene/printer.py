"""What a scene prints: handed on line by line, and no more than a person can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LINES_A_SECOND, LONGEST_LINE = 10, 1000


class Printer:
    """Stands for `print` in a scene's files.

    Args:
        say: Gets each line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_muted = False
        self._second = 0
        self._lines = 0

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Print nothing in the `with` block: what is tried unseen is not heard either."""
        self._is_muted = True
        try:
            yield
        finally:
            self._is_muted = False

    def at(self, time: float) -> None:
        """Let the next second's lines through, and say how many of the last one were held back."""
        if int(time) != self._second:
            if self._lines > LINES_A_SECOND:
                self._say(f"... and {self._lines - LINES_A_SECOND} lines more")
            self._second, self._lines = int(time), 0

    def __call__(
        self, *values: object, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: bool = False
    ) -> None:
        """Do what `print` does; with `file`, print there."""
        if self._is_muted:
            return
        if file is not None:
            print(*values, sep=sep, end=end, file=file, flush=flush)
            return
        for line in (" " if sep is None else sep).join(map(str, values)).split("\n"):
            self._lines += 1
            if self._lines <= LINES_A_SECOND:
                self._say(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ...")
