"""The last good version of a show's files: an engine that starts again is not at the mercy of an edit under way."""

from __future__ import annotations

from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import Problem, ShowError
from engine.show.files import ROOM_FILE, read_show
from engine.show.model import Show


def read_good_show(path: Path, simulate: bool, copies: Path) -> tuple[Show, str]:
    """Return a show as its files say, or else as they said when they last were good, and then why, in words.

    Args:
        path, simulate: As `read_show` takes them.
        copies: A folder for the last good version; what is read well is kept there.

    Raises:
        ShowError: The files are broken, and never were good.
    """
    try:
        show = read_show(path, simulate)
        keep_good_show(show, copies)
    except ShowError as error:
        try:
            return read_show(path, simulate, copies), str(error)
        except ShowError:
            raise error from None
    return show, ""


def keep_good_show(show: Show, copies: Path) -> None:
    """Keep what the files of a show say, now that it was read well.

    Raises:
        ShowError: Its room file has gone since. A show that plays in a room does not turn to a simulated one under
            its visitors' eyes.
    """
    files = {source.name: source for source in show.sources if source.suffix == ".toml"}
    if ROOM_FILE not in files and (copies / ROOM_FILE).exists():
        text = "is gone; put it back, or end the show and start it again to play without a room"
        raise ShowError([Problem(ROOM_FILE, 0, text)])
    for name, source in files.items():
        write_atomic(copies / name, source.read_text(encoding="utf-8"))
