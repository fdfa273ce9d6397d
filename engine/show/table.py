"""Turns a table of a TOML file into the dataclass that declares it, and reports all that is wrong at once."""

from __future__ import annotations

import builtins
import collections.abc
import dataclasses
import functools
import math
import pathlib
import typing
from collections.abc import Iterable, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, Literal, TypeVar

from engine.problems import Problem, did_you_mean
from engine.show import forms
from engine.show.locate import KeyPath, Places
from engine.show.schema import Key, keys_of, options

T = TypeVar("T")

FORMAT = 1
BAD = object()  # stands for a value that has been reported
LARGEST_INDEX = 1000
LARGEST_WHOLE = 2**63
LONGEST_SHOWN = 40
WANTED = {float: "a number", int: "a whole number", bool: "true or false", str: "text in quotes",
          Path: "a path in quotes"}
BLANKS: dict[Any, Any] = {str: "", int: 0, float: 0.0, Path: Path()}


class Reader:
    """Reads tables and gathers their problems.

    Attributes:
        places: Where the keys stand.
        folder: What paths are joined to.
        problems: All that has been found so far.
    """

    def __init__(self, places: Places, folder: Path) -> None:
        self.places = places
        self.folder = folder
        self.problems: list[Problem] = []

    def report(self, path: KeyPath, text: str) -> None:
        """Note a problem at a path."""
        self.problems.append(self.places.problem(path, text))

    def check_format(self, data: Mapping[str, Any]) -> None:
        """Report a missing or unknown `format`."""
        if "format" not in data:
            self.problems.append(Problem(self.places.file, 1, f"'format' is missing; begin with format = {FORMAT}"))
        elif data["format"] != FORMAT or type(data["format"]) is not int:
            self.report(("format",), f"must be {FORMAT}, the one format that this version reads")

    def table(self, raw: object, kind: type[T], path: KeyPath = (), spare: Iterable[str] = (), **given: Any) -> T:
        """Return a table as its dataclass; what is wrong is reported and replaced by the default or a blank.

        Args:
            raw: The table as `tomllib` gives it.
            kind: Its dataclass.
            path: Where it stands.
            spare: Keys that someone else reads.
            given: Fields that are not the file's to give.
        """
        keys = keys_of(typing.cast(type, kind))
        values = dict(given)
        if not isinstance(raw, dict):
            self.report(path, f"must be a table, not {shown(raw)}")
            raw = {key.name: BAD for key in keys.values() if key.required}
        for name in raw.keys() - keys.keys() - set(spare):
            self.report((*path, name), f"unknown key{nearest(name, keys)}")
        for key in keys.values():
            value = self.value(raw[key.name], key, (*path, key.name)) if key.name in raw else BAD
            if value is not BAD:
                values[key.field] = value
            elif key.required:
                values[key.field] = next((BLANKS[hint] for hint in options(key.hint) if hint in BLANKS), None)
                if key.name not in raw:
                    self.report(path, f"'{key.name}' is missing")
        return kind(**values)

    def named_tables(self, raw: object, kind: type[T], path: KeyPath) -> dict[str, T]:
        """Return the tables of a section, each with its name."""
        return {name: self.table(body, kind, (*path, name), name=name) for name, body in self.names(raw, path)}

    def names(self, raw: object, path: KeyPath) -> list[tuple[str, object]]:
        """Return names and bodies of a section's tables; names that cannot be used are reported."""
        if not isinstance(raw, dict):
            self.report(path, f"must be tables with names, such as [{path[-1]}.NAME], not {shown(raw)}")
            return []
        for name in raw:
            if wrong := forms.name(name):
                self.report((*path, name), wrong)
        return list(raw.items())

    def value(self, raw: object, key: Key, path: KeyPath) -> Any:
        """Return a value in its field's type, or `BAD` after reporting what is wrong."""
        before = len(self.problems)
        value = self._read(raw, key.hint, key, path)
        if value is not BAD and len(self.problems) == before and key.form and (wrong := key.form(value)):
            self.report(path, wrong)
        holds_tables = any(map(dataclasses.is_dataclass, typing.get_args(key.hint)))
        return value if len(self.problems) == before or holds_tables else BAD

    def _read(self, raw: Any, hint: Any, key: Key, path: KeyPath) -> Any:
        if raw is BAD:
            return BAD
        if key.as_text and type(raw) is int and 0 <= raw < LARGEST_INDEX:
            return str(raw)
        choices = options(hint)
        fitting = sorted(filter(functools.partial(_fits, raw), choices), key=lambda choice: choice is not type(raw))
        if not fitting:
            self.report(path, f"must be {' or '.join(dict.fromkeys(map(_wanted, choices)))}, not {shown(raw)}")
            return BAD
        hint, parts = fitting[0], typing.get_args(fitting[0])
        match typing.get_origin(hint) or hint:
            case builtins.tuple:
                return self._array(raw, parts, key, path)
            case typing.Literal:
                return self._choice(raw, parts, key, path)
            case collections.abc.Mapping:
                return {name: self._read(each, parts[1], key, (*path, name)) for name, each in raw.items()}
            case pathlib.Path:
                return self._path(raw, path)
            case builtins.int | builtins.float:
                return self._number(raw, hint, key, path)
        return self.table(raw, typing.cast(type, hint), path) if dataclasses.is_dataclass(hint) else raw

    def _array(self, raw: list[Any], hints: tuple[Any, ...], key: Key, path: KeyPath) -> Any:
        if hints[-1] is Ellipsis:
            hints = hints[:1] * len(raw)
        if len(raw) != len(hints):
            self.report(path, f"must be {_list_of(hints)}, not of {len(raw)}")
            return BAD
        return tuple(self._read(raw[index], hint, key, (*path, index)) for index, hint in enumerate(hints))

    def _choice(self, raw: str, choices: tuple[Any, ...], key: Key, path: KeyPath) -> str:
        if raw not in choices and not key.form:
            self.report(path, f"{shown(raw)} is not known{nearest(raw, choices, 'must be')}")
        return raw

    def _path(self, raw: str, path: KeyPath) -> Path:
        if wrong := forms.filled(raw):
            self.report(path, wrong)
        return self.folder / raw

    def _number(self, raw: int | float, hint: Any, key: Key, path: KeyPath) -> int | float:
        if isinstance(raw, float) and not math.isfinite(raw):
            self.report(path, f"must be a finite number, not {raw}")
        elif abs(raw) >= LARGEST_WHOLE and key.high is None:
            self.report(path, f"{shown(raw)} is out of range")
        elif key.low is not None and key.high is not None and not key.low <= raw <= key.high:
            span = f"{_plain(key.low)} to {_plain(key.high)} {key.unit}".rstrip()
            self.report(path, f"{shown(raw)} is out of range; must be {span}")
        elif hint is float:
            return float(raw)
        return raw


def shown(raw: object) -> str:
    """Return a value for people, as it might stand in the file."""
    match raw:
        case bool():
            return str(raw).lower()
        case str():
            return f'"{raw}"' if len(raw) <= LONGEST_SHOWN and raw.isprintable() else "other text"
        case int() if abs(raw) >= LARGEST_WHOLE:
            return "a number that is too large"
        case int() | float():
            return _plain(raw)
        case list() | tuple():
            return "a list"
        case date() | time():
            return f"{raw} without quotes"
    return "a table"


def nearest(name: str, known: Iterable[str], otherwise: str = "known are") -> str:
    """Return the end of a sentence that helps: the nearest known name, or all of them."""
    names = [f"'{each}'" for each in known]
    listed = " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    return did_you_mean(name, [each.strip("'") for each in names]) or (f"; {otherwise} {listed}" if names else "")


def _fits(raw: object, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is tuple:
        return isinstance(raw, list)
    if dataclasses.is_dataclass(hint):
        return True  # what is no table is reported as it is read
    if origin is Mapping:
        return isinstance(raw, dict)
    if origin is Literal or hint is Path:
        return isinstance(raw, str)
    if isinstance(raw, bool) or hint is bool:
        return isinstance(raw, bool) and hint is bool
    return isinstance(raw, int | float) if hint is float else isinstance(raw, hint)


def _wanted(hint: Any) -> str:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and parts[-1] is not Ellipsis:
        return _list_of(parts)
    if origin is tuple:
        return "a list"
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in parts)
    return WANTED.get(hint, "a table")


def _list_of(hints: tuple[Any, ...]) -> str:
    return f"a list of {len(hints)} {'whole numbers' if hints[0] is int else 'numbers'}"


def _plain(number: float) -> str:
    return str(int(number)) if math.isfinite(number) and number == int(number) and abs(number) < 1e15 else str(number)
