"""Barred scenes: what an engine is started without after a hang or a crash, why, and until when."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

EVERYTHING = "*"
GUESS_S = 600.0  # a scene left out on mere suspicion is tried again after this long


@dataclass(frozen=True, slots=True)
class Barred:
    """A scene that is left out.

    Attributes:
        scene: Its name in the show; `*` is every scene.
        file: Its whole path; empty for `*`.
        line: Where it was last seen; 0 if unknown.
        text: Why, in words.
        guess: Whether it was only in the picture.
        stamp: Of its folder's code when it was barred: another one pardons it.
    """

    scene: str
    file: str = ""
    line: int = 0
    text: str = ""
    guess: bool = False
    stamp: int = field(default=0)

    @property
    def holds(self) -> bool:
        """Return whether the scene's code is still what it was."""
        return self.scene == EVERYTHING or self.stamp == stamp_of(self.file)


def stamp_of(file: str) -> int:
    """Return a number that changes with a scene's file and with the code beside it."""
    facts = []
    for path in sorted(Path(file).parent.glob("*.py")):
        try:
            facts.append((path.name, path.stat().st_mtime_ns, path.stat().st_size))
        except OSError:
            continue
    return zlib.crc32(repr(facts).encode())


def as_plain(barred: Iterable[Barred]) -> list[dict[str, Any]]:
    """Return barred scenes as JSON takes them."""
    return [asdict(each) for each in barred]


def from_plain(raw: Iterable[Mapping[str, Any]]) -> dict[str, Barred]:
    """Return barred scenes by name from what JSON gave, without those that have been pardoned.

    Raises:
        TypeError: It is something else.
    """
    barred = (Barred(**each) for each in raw)
    return {each.scene: each for each in barred if each.holds}
