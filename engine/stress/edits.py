"""Faults of files: what an artist, an editor or a bad disk does to a show while it runs; the truth is put back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from engine.stress.faults import Kind
from engine.stress.venue import Venue

CLASS = re.compile(r"^class (\w+)\(.*\bScene\b.*\):.*$", re.M)
UPDATE = "\n\ndef _stress(self, now):\n    {body}\n\n\n{name}.update = _stress\n"
DRAW = "\n\ndef _stress(self, canvas, now):\n    {body}\n\n\n{name}.draw = _stress\n"
BROKEN = {
    "does not parse": "\n\ndef broken(:\n",
    "imports what is not there": "\n\nimport nowhere_at_all\n",
    "raises at import": "\n\nraise RuntimeError('stress')\n",
    "raises in update": UPDATE.replace("{body}", "raise RuntimeError('stress')"),
    "raises in draw": DRAW.replace("{body}", "canvas.no_such_verb(1)"),
    "raises SystemExit": UPDATE.replace("{body}", "raise SystemExit(3)"),
    "recurs": UPDATE.replace("{body}", "_stress(self, now)"),
    "never returns": UPDATE.replace("{body}", "while True: pass"),
    "never returns at import": "\n\nwhile True:\n    pass\n",
    "never returns and catches all": UPDATE.replace(
        "{body}", "while True:\n        try:\n            while True: pass\n        except BaseException: pass"),
    "holds the interpreter": UPDATE.replace("{body}", "9 ** 9 ** 8"),
    "takes 80 ms a frame": UPDATE.replace("{body}", "for _ in range(2_000_000): pass"),
    "leaks 4 MB a frame": UPDATE.replace(
        "{body}", "self.kept = getattr(self, 'kept', [])\n"
        "    if len(self.kept) < 200: self.kept.append(bytearray(b'x') * (4 << 20))"),
    "draws no numbers": DRAW.replace("{body}", "canvas.circle(float('nan'), float('inf'), float('nan'), (255, 0, 0))"),
    "writes a wrong picture": DRAW.replace("{body}", "canvas.pixels[:] = None"),
    "crashes the process": UPDATE.replace(
        "{body}", "import numpy\n"
        "    numpy.lib.stride_tricks.as_strided(numpy.zeros(1), (1 << 40,), (8,))[1 << 39] = 1"),
    "is empty": None,
}  # fmt: skip
CRASHING = ("never returns and catches all", "holds the interpreter", "crashes the process")
TOML = {
    "does not parse": lambda text: text + "\n[[[\n",
    "is half written": lambda text: text[: len(text) // 2],
    "is empty": lambda text: "",
    "is no text": lambda text: "\x00\x01" + text[::-1],
    "has a wrong value": lambda text: text.replace("format = 1", "format = -7"),
}


def kinds(venue: Venue) -> Iterator[Kind]:
    """Yield the faults of a show's files."""
    for scene, path in venue.scene_files().items():
        for how, tail in BROKEN.items():
            yield Kind(f"scene.{scene}: {how}", _Broken(path, tail), (1.5, 6.0), "files", crashes=how in CRASHING)
        yield Kind(f"scene.{scene}: half written", _Half(path), (0.2, 3.0), holds="files")
        yield Kind(f"scene.{scene}: removed", _Removed(path), (0.5, 4.0), holds="files")
        for _ in range(4):  # most edits are good
            yield Kind(f"scene.{scene}: edited", _Edited(scene, path), (0.5, 0.5), holds="files")
    for path in venue.tables():
        yield Kind(f"{path.name}: edited", _Remarked(path), (0.5, 0.5), holds="files")
        for how, spoilt in TOML.items():
            yield Kind(f"{path.name}: {how}", _Spoilt(path, spoilt), (1.0, 5.0), holds="files")
        yield Kind(f"{path.name}: removed", _Removed(path), (0.5, 4.0), holds="files")


class _Broken:
    """A scene that is saved with a fault in it; a class of the file is broken from its end."""

    def __init__(self, path: Path, tail: str | None) -> None:
        self._path, self._tail = path, tail

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        text = venue.asked.texts[self._path]
        name = CLASS.search(text)
        tail = (self._tail or "").replace("{name}", name[1] if name else "Scene")
        _save(self._path, text + tail if self._tail is not None else "", dice)
        try:
            yield self._path.name
        finally:
            _save(self._path, venue.asked.texts[self._path], dice)


class _Spoilt:
    """A show, room or profile file that is saved with a fault in it."""

    def __init__(self, path: Path, spoilt: Callable[[str], str]) -> None:
        self._path, self._spoilt = path, spoilt

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        _save(self._path, self._spoilt(venue.asked.texts[self._path]), dice)
        try:
            yield self._path.name
        finally:
            _save(self._path, venue.asked.texts[self._path], dice)


class _Half:
    """A file that is written slowly: its beginning first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        text = venue.asked.texts[self._path]
        share = dice.random()
        self._path.write_text(text[: round(len(text) * share)])
        try:
            yield f"{share:.0%} of {self._path.name}"
        finally:
            self._path.write_text(text)


class _Removed:
    """A file that goes and comes back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        self._path.unlink(missing_ok=True)
        try:
            yield self._path.name
        finally:
            _save(self._path, venue.asked.texts[self._path], dice)


class _Edited:
    """A good edit: a new Param, which the show must know in the end."""

    def __init__(self, scene: str, path: Path) -> None:
        self._scene, self._path = scene, path

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        name = f"edit_{dice.randrange(10**6)}"
        lines = [line for line in venue.asked.texts[self._path].splitlines() if not line.startswith("    edit_")]
        at = next((i for i, line in enumerate(lines) if CLASS.match(line)), None)
        if at is not None:
            lines.insert(at + 1, f'    {name} = __import__("engine").Param(0.5, 0, 1)')
            venue.asked.edits[self._scene] = f"/scene/{self._scene}/{name}"
        venue.asked.texts[self._path] = "\n".join(lines) + "\n"
        _save(self._path, venue.asked.texts[self._path], dice)
        yield name


class _Remarked:
    """A good edit of a table that changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        lines = [line for line in venue.asked.texts[self._path].splitlines() if not line.startswith("# edited")]
        venue.asked.texts[self._path] = "\n".join((*lines, f"# edited {dice.randrange(10**6)}")) + "\n"
        _save(self._path, venue.asked.texts[self._path], dice)
        yield self._path.name


def _save(path: Path, text: str, dice: Random) -> None:
    """Write as editors do: in place, or beside it and renamed."""
    if dice.random() < 0.5:
        path.write_text(text)
        return
    part = path.with_name(f".{path.name}.stress")
    part.write_text(text)
    part.replace(path)
