"""Saves what is changed while the show runs to `room.toml`: comments kept, whole or not at all."""

from __future__ import annotations

import copy
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.exceptions

from engine.atomic import write_atomic
from engine.problems import MixeurError, ShowError
from engine.show.document import parse_document
from engine.show.locate import Places, dotted
from engine.show.model import Show
from engine.show.schema import halves, keys_of
from engine.show.table import FORMAT, Reader, nearest

NEW_ROOM = f"format = {FORMAT}\n"


def save_edit(room_path: Path, path: tuple[str, ...], value: object) -> None:
    """Save one value of the room half, such as ("projector", "left", "profile"), to `room.toml`.

    The file is made if it is missing; what stood there is kept as `room.toml.bak`. Other keys, their order and all
    comments stay as they are.

    Args:
        room_path: The room file.
        path: Section, name and key, or section and key where a section has no names (`sound`, `osc`).
        value: As the show's dataclass holds it; a `Path` is saved relative to the room file.

    Raises:
        MixeurError: The file does not parse (a hand is at it), the path is not of the room half, or the value is not
            one that the show could be read with. Nothing has changed.
    """
    raw = _plain(value, room_path.absolute().parent)
    _check(path, raw)
    try:
        before = room_path.read_bytes() if room_path.exists() else NEW_ROOM.encode()
        data = parse_document(before, str(room_path)).data
    except ShowError as error:
        raise MixeurError(f"{error}; '{dotted(path)}' is not saved before it is mended") from None
    except OSError as error:
        raise MixeurError(f"{room_path}: cannot be read: {error.strerror}; '{dotted(path)}' is not saved") from None
    text = _edited(before.decode("utf-8-sig"), path, raw)
    if tomllib.loads(text) != _with(data, path, raw):
        raise MixeurError(f"{room_path}: '{dotted(path)}' cannot be saved among what stands there; write it by hand")
    write_atomic(room_path, text)


def _check(path: tuple[str, ...], raw: object) -> None:
    """Raise if the show could not be read with this value."""
    if path[0] in halves(Show, "work"):
        raise MixeurError(f"{dotted(path)}: belongs to the work; edit show.toml")
    if path[0] not in halves(Show, "room"):
        raise MixeurError(f"{dotted(path)}: unknown section{nearest(path[0], halves(Show, 'room'))}")
    kind = keys_of(Show)[path[0]].hint
    named = typing.get_origin(kind) is Mapping
    keys = keys_of(typing.get_args(kind)[1] if named else kind)
    if len(path) != (3 if named else 2) or path[-1] not in keys:
        raise MixeurError(f"{dotted(path)}: unknown key{nearest(path[-1], keys)}")
    reader = Reader(Places(""), Path())
    reader.value(raw, keys[path[-1]], path)
    if named:
        reader.names({path[1]: {}}, path[:1])
    if reader.problems:
        raise MixeurError(reader.problems[0].text)


def _plain(value: object, folder: Path) -> Any:
    """Return a value as TOML holds it."""
    if isinstance(value, Path):
        return (value.relative_to(folder) if value.is_relative_to(folder) else value).as_posix()
    if isinstance(value, tuple | list):
        return [_plain(part, folder) for part in value]
    return value


def _edited(text: str, path: tuple[str, ...], raw: Any) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    try:
        for depth, part in enumerate(path[:-1]):
            if part not in table:
                table[part] = tomlkit.table(is_super_table=depth < len(path) - 2)
            table = table[part]
        table[path[-1]] = raw
        return tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, TypeError, KeyError, AttributeError):
        return text  # the caller sees that nothing has changed


def _with(data: dict[str, Any], path: tuple[str, ...], raw: Any) -> dict[str, Any] | None:
    """Return the data as the edit shall leave it, or None where a value stands in a table's place."""
    whole = copy.deepcopy(data)
    table: Any = whole
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            return None
    table[path[-1]] = raw
    return whole
