"""The history of a room's profiles: every calibration is kept, told in words, and can be taken back."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from calibration.register import shown
from engine.atomic import write_atomic
from engine.problems import MixeurError, ShowError
from engine.show.document import read_document
from engine.show.profile import Profile, profile_text, read_profile
from engine.show.table import FORMAT, Reader

HISTORY, MAPS, NOTE, CURRENT, PENDING = "history", "maps", "version.toml", "current", "pending"
SOLVED, TOUCHED, IMPORTED = "solve", "touchup", "import"
MOVED_PX = 0.05  # what is worth a word
EDGES = {"left": (0, 1), "right": (1, 1), "top": (0, 0), "bottom": (1, 0)}  # value of the coordinate, and which runs

Write = Callable[[Path, str | bytes], None]


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    write_atomic(path, content, keep_previous=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of all profiles.

    Attributes:
        before: Number of the state that it replaced; -1 for the first.
        step: What made it.
        made: When, for people.
        words: What changed.
    """

    number: int = field(default=0, metadata={"hidden": True})
    before: int = -1
    step: str = ""
    made: str = ""
    words: tuple[str, ...] = ()


class History:
    """Profiles in a folder, and every state that they were in.

    A state is written aside as a whole; then the file `pending` names it, and from that moment it holds: whoever opens
    the history next finishes what a power cut broke off. So all projectors are in the old state or all in the new one.

    Args:
        folder: Where the profiles stand.
        write: Writes a file whole or not at all.
    """

    def __init__(self, folder: Path, write: Write = write_file) -> None:
        self.folder, self._write = folder, write
        self._home = folder / HISTORY
        self._finish()

    def profiles(self) -> dict[str, Profile]:
        """Return the profiles that stand now, by name."""
        return {path.stem: read_profile(path) for path in sorted(self.folder.glob("*.toml"))}

    def versions(self) -> list[Version]:
        """Return all states, the oldest first."""
        numbers = sorted(int(path.parent.name) for path in self._home.glob(f"*/{NOTE}") if path.parent.name.isdigit())
        return [self._note(number) for number in numbers]

    @property
    def current(self) -> int:
        """The state that holds; -1 before the first."""
        return self._number(CURRENT)

    def latest(self, step: str, since: str = "") -> Version | None:
        """Return the latest such step from which the present state comes; None if it lies before a step `since`."""
        known = {version.number: version for version in self.versions()}
        version = known.get(self.current)
        while version is not None and version.step != step:
            version = known.get(version.before) if version.step != since else None
        return version

    def profiles_of(self, version: Version) -> dict[str, Profile]:
        """Return the profiles of a state, by name; the files that they name are sought in the wrong folder."""
        home = self._home / f"{version.number:04d}"
        return {name: read_profile(home / f"{name}.toml") for name in self._stored(version.number)}

    def keep(self, step: str, made: str, profiles: Mapping[str, Profile], maps: Mapping[Path, bytes],
             touched: Mapping[str, Profile] | None = None) -> Version:
        """Make a new state hold, and return it.

        Args:
            step: What made it.
            profiles: Those that change, by name.
            maps: What the files are to hold that they name, see `map_path`.
            touched: What a hand made of some of them: a state of its own on top, so that it can be taken back alone.
        """
        before = self._texts()
        self._keep_as_found(before, made)
        texts = {**before, **{name: profile_text(profile, self.folder) for name, profile in profiles.items()}}
        old = self.profiles()
        words = tuple(word for name, profile in profiles.items() for word in changes(name, old.get(name), profile))
        for path, raw in maps.items():
            self._write(path, raw)
        version = self._enter(texts, Version(before=self.current, step=step, made=made, words=words))
        if touched:
            texts |= {name: profile_text(profile, self.folder) for name, profile in touched.items()}
            told = tuple(f"kept by hand: {word}" for name in touched for word in changes(name, profiles[name],
                                                                                       touched[name]))
            version = self._enter(texts, Version(before=version.number, step=TOUCHED, made=made, words=told))
        self._adopt(version.number)
        return replace(version, words=(*words, *version.words)) if touched else version

    def map_path(self, name: str, kind: str, raw: bytes, suffix: str = ".png") -> Path:
        """Return where a map of a projector is to stand: another content has another name, so none is written over."""
        return self.folder / MAPS / f"{name}-{kind}-{hashlib.sha256(raw).hexdigest()[:12]}{suffix}"

    def undo(self, to: int | None = None, made: str = "") -> Version:
        """Make the state before the present one hold again, or one by its number.

        Args:
            made: When, for people: what a hand changed since the last state is kept first.
        Raises:
            MixeurError: There is none.
        """
        if self.current >= 0:
            self._keep_as_found(self._texts(), made)
        known = {version.number: version for version in self.versions()}
        if to is None:
            to = known[self.current].before if self.current in known else -1
        if to not in known:
            raise MixeurError(f"{self.folder}: there is no earlier state to go back to; "
                              "`mixeur calibrate history` lists what there is")
        self._adopt(to)
        return known[to]

    def _keep_as_found(self, texts: Mapping[str, str], made: str) -> None:
        """Keep what a hand changed since the last state, or what stood there before the first."""
        if self.current < 0 or texts != self._stored(self.current):
            step = "as found" if self.current < 0 else "changed by hand"
            self._adopt(self._enter(texts, Version(before=self.current, step=step, made=made)).number)

    def _enter(self, texts: Mapping[str, str], version: Version) -> Version:
        number = self._next()
        home = self._home / f"{number:04d}"
        for name, text in texts.items():
            self._write(home / f"{name}.toml", text)
        note = {"format": FORMAT, "before": version.before, "step": version.step, "made": version.made,
                "words": list(version.words)}
        self._write(home / NOTE, tomlkit.dumps(note))
        return self._note(number)

    def _adopt(self, number: int) -> None:
        self._write(self._home / PENDING, f"{number}\n")
        self._finish()

    def _finish(self) -> None:
        """Bring the profiles into the state that is pending, if one is."""
        number = self._number(PENDING)
        if number < 0:
            return
        wanted = self._stored(number)
        for name, text in wanted.items():
            if self._texts().get(name) != text:
                self._write(self.folder / f"{name}.toml", text)
        for name in self._texts().keys() - wanted.keys():
            (self.folder / f"{name}.toml").unlink()
        self._write(self._home / CURRENT, f"{number}\n")
        (self._home / PENDING).unlink()

    def _next(self) -> int:
        return max((version.number for version in self.versions()), default=-1) + 1

    def _texts(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in sorted(self.folder.glob("*.toml"))}

    def _stored(self, number: int) -> dict[str, str]:
        home = self._home / f"{number:04d}"
        return {path.stem: path.read_text() for path in sorted(home.glob("*.toml")) if path.name != NOTE}

    def _number(self, file: str) -> int:
        path = self._home / file
        text = path.read_text() if path.exists() else ""
        return int(text) if re.fullmatch(r"\d+\n", text) else -1

    def _note(self, number: int) -> Version:
        path = self._home / f"{number:04d}" / NOTE
        document = read_document(path, str(path))
        reader = Reader(document.places, self.folder)
        version = reader.table(document.data, Version, spare=("format",), number=number)
        if reader.problems:
            raise ShowError(sorted(reader.problems))
        return version


def changes(name: str, before: Profile | None, after: Profile) -> list[str]:
    """Return what a profile changes, in words."""
    if before is None:
        return [f"projector {name}: new" + (f", residual {after.error_px:.3f} px" if after.error_px else "")]
    words = []
    if before.mesh and after.mesh:
        moved = _moved(before, after)
        words += [f"{edge} edge moved {far:.1f} px" for edge, far in moved.items() if far > MOVED_PX]
    elif (before.mesh is None) != (after.mesh is None):
        words.append("a mesh instead of corners" if after.mesh else "corners instead of a mesh")
    if before.error_px != after.error_px:
        old, new = (f"{each:.3f}" if each is not None else "unknown" for each in (before.error_px, after.error_px))
        words.append(f"residual {old} -> {new} px")
    words += _light_words(before, after)
    return [f"projector {name}: {', '.join(words)}"] if words else []


def is_worse(before: Profile | None, after: Profile) -> bool:
    """Return whether a fit is plainly worse than the one that stands: by a quarter and a hundredth of a pixel."""
    if before is None or before.error_px is None or after.error_px is None or before.size != after.size:
        return False
    return after.error_px > 1.25 * before.error_px + 0.01


def _moved(before: Profile, after: Profile) -> dict[str, float]:
    """Return how far each edge of the stage has moved where it lies in the picture, on average, in projector_px."""
    along = np.linspace(0, 1, 65)
    moved = {}
    for edge, (value, runs) in EDGES.items():
        fixed = np.full_like(along, value)
        u, v = (fixed, along) if runs else (along, fixed)
        old, new = (shown(np.array(each.mesh), u, v) for each in (before, after))
        size = np.array(before.size)
        there = ((old > -0.1 * size) & (old < 1.1 * size)).all(1)
        if there.any():
            moved[edge] = float(np.hypot(*(new - old)[there].T).mean())
    return moved


def _light_words(before: Profile, after: Profile) -> list[str]:
    words = []
    if before.light != after.light:
        words.append("light measured anew" if after.light and after.light.response else
                     "blended anew" if after.light else "no blend any more")
    tints = [each.light.tint if each.light else None for each in (before, after)]
    if tints[0] != tints[1]:
        words.append("the wall's colours made good" if tints[1] else "the wall's colours left as they are")
    if before.colour != after.colour:
        words.append("colour mixed anew" if after.colour else "no colour mix any more")
    if before.mask != after.mask:
        words.append(f"{len(after.mask)} masks instead of {len(before.mask)}")
    return words


def joined(versions: list[Version]) -> list[Any]:
    """Return states as plain data, for files."""
    return [{"number": each.number, "before": each.before, "step": each.step, "made": each.made,
             "words": list(each.words)} for each in versions]


def told(version: Version, is_current: bool) -> str:
    """Return a state for people, in a few lines."""
    head = f"{'*' if is_current else ' '} {version.number:4d}  {version.made:<17}{version.step}"
    return "\n".join(itertools.chain([head], (f"        {word}" for word in version.words)))
