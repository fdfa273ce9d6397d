"""Retention: pictures that may hold a passer-by carry the day on which they go, and go on it.

Folders of raw calibration pictures are listed in `.mixeur/pictures` beside the show, one a line; the day stands in each
folder, so that it goes where the folder goes.
"""

from __future__ import annotations

import datetime
import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import MixeurError

LIST, DAY = Path(".mixeur") / "pictures", "delete_on.toml"
KEPT_DAYS = 30
LOOK_S = 3600.0


def keep_until(show_folder: Path, folder: Path, day: datetime.date) -> None:
    """Note in a folder of pictures on which day they go, and in the show's list that it is there."""
    text = f"# the pictures in this folder are deleted by mixeur on this day\ndelete_on = {day.isoformat()}\n"
    write_atomic(folder / DAY, text, keep_previous=False)
    listed = _listed(show_folder)
    if (place := folder.resolve()) not in listed:
        _write(show_folder, [*listed, place])


def delete_expired(show_folder: Path, today: datetime.date) -> list[Path]:
    """Delete the pictures whose day has come; return their folders. What is not theirs stays."""
    gone, left = [], []
    for folder in _listed(show_folder):
        day = _day(folder)
        if day is not None and day > today:
            left.append(folder)
        elif day is not None:
            pictures = list(folder.rglob("*.png"))
            for picture in pictures:
                picture.unlink(missing_ok=True)
            gone += [folder] if pictures else []
            (folder / DAY).unlink(missing_ok=True)
    if left != _listed(show_folder):
        _write(show_folder, left)
    return gone


class Retention:
    """Deletes what is due at the start and once an hour, in a thread: a disk may hang.

    Args:
        show_folder: The show's.
        today: Returns the date.
        say: Where a line for the operator goes.
    """

    def __init__(self, show_folder: Path, today: Callable[[], datetime.date], say: Callable[[str], None]) -> None:
        self._show_folder, self._today, self._say = show_folder, today, say
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="retention", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                for folder in delete_expired(self._show_folder, self._today()):
                    self._say(f"{folder}: the raw pictures of a calibration were deleted, their day had come")
            except (OSError, MixeurError) as error:
                self._say(f"raw calibration pictures whose day has come cannot be deleted: {error}")
            self._closing.wait(LOOK_S)


def _listed(show_folder: Path) -> list[Path]:
    path = show_folder / LIST
    return [Path(line) for line in path.read_text().splitlines() if line] if path.exists() else []


def _write(show_folder: Path, folders: list[Path]) -> None:
    write_atomic(show_folder / LIST, "".join(f"{folder}\n" for folder in folders), keep_previous=False)


def _day(folder: Path) -> datetime.date | None:
    """Return on which day a folder's pictures go; None where it is no more, or bears no day."""
    with suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        day = tomllib.loads((folder / DAY).read_text()).get("delete_on")
        return day if isinstance(day, datetime.date) else None
    return None
