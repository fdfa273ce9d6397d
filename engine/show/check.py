"""Checks a show: everything that is wrong at once, each with its line, and the show as data."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.problems import Problem
from engine.show.locate import KeyPath, Places
from engine.show.model import ParamLink, ParamValue, SceneEntry, Show, Stage
from engine.show.references import check_references
from engine.show.schema import Key, keys_of
from engine.show.table import Reader, nearest

KEYS = ("format", "name", "seed")  # what stands before the first section


def check_show(data: Mapping[str, Any], places: Places, folder: Path, simulated: bool,
               files: bool = True) -> tuple[Show, list[Problem]]:
    """Return the show that a file's tables describe, and all problems; with problems it must not be used.

    Args:
        data: Sections by name, show and room already put together.
        places: Where their keys stand.
        folder: Where the show stands, absolute.
        simulated: Whether the room's devices are left alone, so that its files may be missing.
        files: Whether the files of scenes and profiles are looked at too.
    """
    reader = Reader(places, folder)
    sections = keys_of(Show)
    reader.check_format(data)
    for name in data.keys() - sections.keys() - {"format"}:
        kind, known = ("section", sections.keys() - KEYS) if isinstance(data[name], dict | list) else ("key", KEYS)
        reader.report((name,), f"unknown {kind}{nearest(name, sorted(known))}")
    values = {key.field: _section(data[name], key, reader) for name, key in sections.items() if name in data}
    kept = {field: value for field, value in values.items() if value is not None}
    show = Show(folder=folder, simulated=simulated, places=places, **kept)
    show = dataclasses.replace(show, stage=_shaped(show.stage, data.get("stage"), reader))
    check_references(show, data, reader, files)
    return show, sorted(reader.problems)


def _section(raw: object, key: Key, reader: Reader) -> Any:
    path = (key.name,)
    if typing.get_origin(key.hint) is not Mapping:
        if dataclasses.is_dataclass(key.hint):
            return reader.table(raw, typing.cast(type, key.hint), path)
        value = reader.value(raw, key, path)
        return value if isinstance(value, str | int) else None
    kind = typing.get_args(key.hint)[1]
    if kind is SceneEntry:
        return {name: _scene(name, body, (*path, name), reader) for name, body in reader.names(raw, path)}
    return reader.named_tables(raw, kind, path)


def _scene(name: str, body: object, path: KeyPath, reader: Reader) -> SceneEntry:
    spare = body.keys() - keys_of(SceneEntry).keys() if isinstance(body, dict) else frozenset()
    raw = typing.cast(dict[str, Any], body)
    params = {param: _param(raw[param], (*path, param), reader) for param in raw if param in spare} if spare else {}
    line = reader.places.place(path)[1]
    return reader.table(body, SceneEntry, path, spare, name=name, line=line, params=params)


def _param(raw: object, path: KeyPath, reader: Reader) -> ParamValue | ParamLink:
    if isinstance(raw, dict):
        return reader.table(raw, ParamLink, path)
    value = reader.value(raw, Key("", "", ParamValue, False), path)
    return typing.cast(ParamValue, value)


def _shaped(stage: Stage, raw: object, reader: Reader) -> Stage:
    """Return the stage with the aspect of its metres where the file gives no aspect."""
    if stage.size_m is None:
        return stage
    aspect = stage.size_m[0] / stage.size_m[1]
    if not isinstance(raw, dict) or "aspect" not in raw:
        return dataclasses.replace(stage, aspect=aspect)
    if abs(stage.aspect / aspect - 1) > 0.02:
        reader.report(("stage", "aspect"), f"{stage.aspect:.3g} is not the shape of size_m, {aspect:.3g}; leave it out")
    return stage
