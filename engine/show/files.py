"""Reads a show: `show.toml`, the room beside it, or a single scene; simulated where there is no room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.problems import Problem, ShowError
from engine.show import forms
from engine.show.check import check_show
from engine.show.document import Document, read_document
from engine.show.model import Camera, SceneEntry, Show
from engine.show.references import stands
from engine.show.schema import halves
from engine.show.table import Reader, nearest
from engine.show.views import views

SHOW_FILE = "show.toml"
ROOM_FILE = "room.toml"
SIMULATED = "simulated"


def read_show(path: Path, simulate: bool = False, copies: Path | None = None) -> Show:
    """Return a checked show.

    The room half of the show file is overridden by a `room.toml` beside it, key by key. Without one everything is
    simulated: home rehearsal costs no edit.

    Args:
        path: A show file, a folder that holds a `show.toml`, or one scene (`.py`).
        simulate: Leave the room's devices alone even if there is a `room.toml`.
        copies: A folder that holds what the files are to say instead; what they name may be broken, then.

    Raises:
        ShowError: Carries every problem found.
    """
    if path.suffix == ".py" and not path.is_dir():
        return _single_scene(path)
    file = path / SHOW_FILE if path.is_dir() else path
    room_file = file.with_name(ROOM_FILE)
    sources = (file, room_file) if stands(copies / ROOM_FILE if copies else room_file) else (file,)
    documents, problems = _read_all(sources, copies)
    if problems:
        raise ShowError(problems)
    data, places = documents[0].data, documents[0].places
    if room := documents[1:]:
        problems = _misplaced(room[0])
        half = halves(Show, "room")
        data = _overridden(data, {key: value for key, value in room[0].data.items() if key in half})
        places = places.covered_by(room[0].places, half)
    simulated = simulate or not room
    show, found = check_show(data, places, file.parent.absolute(), simulated, files=copies is None)
    if problems or found:
        raise ShowError(sorted(problems + found))
    show = replace(show, sources=sources, cameras={name: _anchored(c, show.folder) for name, c in show.cameras.items()})
    return _simulated(show) if simulated else show


def _single_scene(path: Path) -> Show:
    wrong = forms.name(path.stem)
    if not stands(path):
        wrong = "there is no such file"
    if wrong:
        raise ShowError([Problem(str(path), 0, wrong)])
    name, file = path.stem, path.absolute()
    scenes = {name: SceneEntry(name=name, file=file, line=1)}
    return Show(folder=file.parent, name=name, scenes=scenes, simulated=True, sources=(path,))


def _read_all(sources: tuple[Path, ...], copies: Path | None) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            documents.append(read_document(copies / source.name if copies else source, str(source)))
        except ShowError as error:
            problems += error.problems
    return documents, problems


def _misplaced(room: Document) -> list[Problem]:
    """Return problems for what a room file may not say."""
    reader = Reader(room.places, Path())
    reader.check_format(room.data)
    work = halves(Show, "work")
    for name in room.data.keys() - {"format", *work, *halves(Show, "room")}:
        reader.report((name,), f"unknown section{nearest(name, halves(Show, 'room'))}")
    for name in room.data.keys() & set(work):
        reader.report((name,), f"belongs to the work; move it to {SHOW_FILE}")
    return reader.problems


def _overridden(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables with every key of `over` in place of the same key of `base`."""
    both = {key: _overridden(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
            for key, value in over.items()}
    return {**base, **both}


def _anchored(camera: Camera, folder: Path) -> Camera:
    """Return a camera whose source, where it names a file of the show's folder, is that file's whole path."""
    file = folder / camera.source
    is_file = stands(file.parent) if "%" in camera.source else stands(file) and file.is_file()
    return replace(camera, source=str(file)) if is_file else camera


def _simulated(show: Show) -> Show:
    """Return the show with every device of the room simulated; sound stays, and so do OSC and MIDI."""
    return replace(
        show,
        cameras={name: replace(camera, source=SIMULATED) for name, camera in views(show.cameras).items()},
        projectors={
            name: replace(each, display=None, profile=each.profile if each.profile and stands(each.profile) else None)
            for name, each in show.projectors.items()
        },
        mics={name: replace(mic, device=SIMULATED) for name, mic in show.mics.items()},
        lamps={name: replace(lamp, address=SIMULATED) for name, lamp in show.lamps.items()},
    )
