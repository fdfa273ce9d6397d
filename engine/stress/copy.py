"""The copy of a show that is put under stress: whatever happens to it, the artist's files are not touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import tomlkit

from engine.show.files import ROOM_FILE, SHOW_FILE

LARGEST_COPIED = 2**20
LEFT_OUT = {"out", "__pycache__", "node_modules"}


def copy_show(show: Path, folder: Path) -> Path:
    """Copy a show and return where its copy stands: texts are copied, media are linked, and its cues wait for a person.

    Args:
        show: A show file, its folder, or one scene.
        folder: An empty folder.
    """
    source = show.resolve()
    name = SHOW_FILE if source.is_dir() else source.name
    if source.suffix == ".py" and source.is_file():
        _copy_folder(source.parent, folder, {SHOW_FILE, ROOM_FILE})
        return folder / name
    _copy_folder(source if source.is_dir() else source.parent, folder, set())
    _stand_still(folder / name)
    return folder / name


def _copy_folder(source: Path, target: Path, left_out: set[str]) -> None:
    target.mkdir(exist_ok=True)
    for path in source.iterdir():
        if path.name.startswith(".") or path.name in LEFT_OUT | left_out or path.resolve() == target.resolve():
            continue
        copy = target / path.name
        if path.is_dir():
            _copy_folder(path, copy, set())
        elif path.is_file() and path.stat().st_size <= LARGEST_COPIED:
            shutil.copy(path, copy)
        elif path.is_file():
            copy.symlink_to(path)


def _stand_still(file: Path) -> None:
    """Take opening hours and timed cues out: what is on then changes only when the rehearsal asks for it."""
    document = tomlkit.parse(file.read_text())
    programme = document.get("programme", {})
    programme.pop("hours", None)
    for cue in programme.get("cues", ()):
        for key in ("follow_s", "time"):
            cue.pop(key, None)
    file.write_text(tomlkit.dumps(document))
