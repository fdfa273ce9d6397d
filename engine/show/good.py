"""The last good version of a show's files: a show that starts again is not at the mercy of an edit under way.

The copies outlast a power cut; a show that a person starts after it has ended well begins without them.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import MixeurError, Problem, ShowError
from engine.show.files import ROOM_FILE, read_show
from engine.show.model import Show
from engine.show.profile import Profile, read_profile


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
        _keep(source, copies / name)


def read_good_profile(path: Path, projector: str, copies: Path) -> tuple[Profile | None, str]:
    """Return a projector's profile as its file says, or as it said when it last was good, and then why, in words.

    A projector that never had one has none.

    Raises:
        ShowError: The file is broken, and never was good.
    """
    copy = copies / f"{projector}.profile"
    if not path.exists():
        return (read_profile(copy), f"{path}: is gone") if copy.exists() else (None, "")
    try:
        profile = read_profile(path)
    except ShowError as error:
        try:
            return read_profile(copy), str(error)
        except ShowError:
            raise error from None
    keep_good_profile(path, projector, copies)
    return profile, ""


def keep_good_profile(path: Path, projector: str, copies: Path) -> None:
    """Keep what a projector's profile says, now that it was written or read well."""
    _keep(path, copies / f"{projector}.profile")


def forget_good_show(copies: Path) -> None:
    """Let the copies go: a person starts the show as its files are now."""
    shutil.rmtree(copies, ignore_errors=True)


def _keep(source: Path, copy: Path) -> None:
    with suppress(OSError, UnicodeDecodeError, MixeurError):  # a full disk is no reason not to play
        text = source.read_text(encoding="utf-8")
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            write_atomic(copy, text, keep_previous=False)
