"""What a table may hold, read off the dataclass that it becomes: names, types, ranges, units, forms."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Form = Callable[[Any], str]
FACTS = ("low", "high", "unit", "form", "as_text")  # metadata that a `Key` takes over


def limits(low: float, high: float, unit: str = "") -> dict[str, Any]:
    """Return metadata of a field whose number, or each of whose numbers, lies in low..high."""
    return {"low": low, "high": high, "unit": unit}


def form(check: Form, key: str = "") -> dict[str, Any]:
    """Return metadata of a field whose value `check` complains of; `key` is its name in the file if that differs."""
    return {"form": check, "key": key}


def section(key: str, half: str = "") -> dict[str, Any]:
    """Return metadata of a field of the show that a section fills; `half` is `work` or `room`."""
    return {"key": key, "half": half}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    Attributes:
        name: As it stands in the file.
        field: As the dataclass calls it.
        hint: Its type.
        required: Whether the file must give it.
        low, high, unit: Range of its numbers.
        form: Says what is wrong with a value of the right type.
        as_text: Whether a small whole number may stand for its text.
    """

    name: str
    field: str
    hint: Any
    required: bool
    low: float | None = None
    high: float | None = None
    unit: str = ""
    form: Form | None = None
    as_text: bool = False


@functools.cache
def keys_of(table: type) -> Mapping[str, Key]:
    """Return the keys of a table by their names in the file.

    A field with `metadata={"hidden": True}` is not the file's to give.
    """
    hints = typing.get_type_hints(table)
    keys = {}
    for item in dataclasses.fields(table):
        if item.metadata.get("hidden"):
            continue
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        name = item.metadata.get("key") or item.name
        rest = {part: item.metadata[part] for part in FACTS if part in item.metadata}
        keys[name] = Key(name, item.name, hints[item.name], required, **rest)
    return keys


def halves(table: type, half: str) -> list[str]:
    """Return the names of the sections of one half of a show: `work` or `room`."""
    return [item.metadata["key"] for item in dataclasses.fields(table) if item.metadata.get("half") == half]


def options(hint: Any) -> tuple[Any, ...]:
    """Return the types that a hint allows, None left out: `int | str | None` gives int and str."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(option for option in typing.get_args(hint) if option is not type(None))
    return (hint,)
