"""Where things stand in a TOML file: the line of every key, table and array element."""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from engine.problems import Problem

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[^,\]}#\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keys of a show stand: key path -> (file, line). Elements of arrays are counted from 0.

    Attributes:
        file: The file that is named where nothing is known of a path.
    """

    file: str = "show.toml"
    known: Mapping[KeyPath, tuple[str, int]] = field(default_factory=dict)

    def place(self, path: KeyPath) -> tuple[str, int]:
        """Return file and line of a path, or of the nearest table around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.known:
                return self.known[path[:end]]
        return self.file, 0

    def problem(self, path: KeyPath, text: str) -> Problem:
        """Return a problem at a path: `show.toml:8: projector.left.size: text`."""
        file, line = self.place(path)
        return Problem(file, line, f"{dotted(path)}: {text}" if path else text)

    def covered_by(self, other: Places, sections: Container[object]) -> Places:
        """Return these places with those of a file that overrides some sections of this one."""
        over = {path: place for path, place in other.known.items() if path[0] in sections}
        return Places(self.file, {**self.known, **over})


def dotted(path: KeyPath) -> str:
    """Return a path for people: `programme.cues[1].set.hue`; elements are counted from 1."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{_shown(part)}" for part in path).removeprefix(".")


def _shown(name: str) -> str:
    return name if name.isprintable() else repr(name)


def locate(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, of every key, table and array element.

    Args:
        text: TOML that `tomllib` has accepted; of other text the answer means nothing.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks through valid TOML once and notes where each path begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self.table_counts: dict[KeyPath, int] = {}
        self.line_ends = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_GAP) < len(self.text):
            if self._at("[["):
                table = self._header("[[", "]]")
            elif self._at("["):
                table = self._header("[", "]")
            else:
                self._pair(table)

    def _header(self, opening: str, closing: str) -> KeyPath:
        line = self._line()
        self.position += len(opening)
        path: KeyPath = ()
        parts = self._key()
        for part in parts[:-1]:
            path = self._newest((*path, part))
            self.lines.setdefault(path, line)
        path = (*path, parts[-1])
        self.lines.setdefault(path, line)
        if opening == "[[":
            count = self.table_counts.get(path, 0)
            self.table_counts[path] = count + 1
            path = (*path, count)
        self.lines[path] = line
        self._skip(_BLANK)
        self.position += len(closing)
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        count = self.table_counts.get(path)
        return path if count is None else (*path, count - 1)

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        for part in self._key():
            table = (*table, part)
            self.lines.setdefault(table, line)
        self.position += 1  # the equals sign
        self._value(table)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_BLANK)
            if self.text[self.position] in "\"'":
                parts.append(tomllib.loads(f"key = {self._string()}")["key"])
            else:
                parts.append(self._take(_BARE_KEY))
            self._skip(_BLANK)
            if not self._at("."):
                return parts
            self.position += 1

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        if self._at("["):
            self._array(path)
        elif self._at("{"):
            self._inline_table(path)
        elif self._at('"') or self._at("'"):
            self._string()
        else:
            self._take(_BARE)

    def _array(self, path: KeyPath) -> None:
        self.position += 1
        index = 0
        while self._skip(_GAP) < len(self.text) and not self._at("]"):
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1
            self._skip(_GAP)
            self.position += self._at(",")
        self.position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.position += 1
        while self._skip(_GAP) < len(self.text) and not self._at("}"):
            self._pair(path)
            self._skip(_GAP)
            self.position += self._at(",")
        self.position += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            if pattern.match(self.text, self.position):
                return self._take(pattern)
        raise ValueError(f"no text at line {self._line()}")

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise ValueError(f"unexpected sign at line {self._line()}")
        self.position = match.end()
        return match.group()

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self._take(pattern)
        return self.position

    def _at(self, sign: str) -> bool:
        return self.text.startswith(sign, self.position)

    def _line(self) -> int:
        return bisect.bisect_left(self.line_ends, self.position) + 1
