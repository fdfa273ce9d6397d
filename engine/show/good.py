"""The last good version of a show's files: an engine that starts again is not at the mercy of an edit under way."""

from __future__ import annotations

from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import ShowError
from engine.show.files import read_show
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
    except ShowError as error:
        try:
            return read_show(path, simulate, copies), str(error)
        except ShowError:
            raise error from None
    keep_good_show(show, copies)
    return show, ""


def keep_good_show(show: Show, copies: Path) -> None:
    """Keep what the files of a show say, now that it was read well."""
    files = {source.name: source for source in show.sources if source.suffix == ".toml"}
    for name, source in files.items():
        write_atomic(copies / name, source.read_text(encoding="utf-8"))
    for copy in copies.glob("*.toml"):
        if copy.name not in files:
            copy.unlink()
