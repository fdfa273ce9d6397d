"""Files that are written whole or not at all, with the previous one kept."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from io import FileIO
from pathlib import Path

from engine.clock import RealClock
from engine.problems import MixeurError

PART = ".part"
OLD_S = 3600.0  # a part this old is nobody's, whoever bears its writer's number now


def write_atomic(path: Path, text: str | bytes, keep_previous: bool = True) -> None:
    """Replace what a file holds. At every moment the old or the new file is whole, also after a power cut.

    What writers that were killed have left beside it is removed.

    Args:
        path: The file; a link is followed. Its folder is made if it is missing.
        keep_previous: Whether what stood there is kept as `NAME.bak`.

    Raises:
        MixeurError: The folder cannot be written; nothing has changed.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(path.parent, path.name)
        if keep_previous and path.exists():
            _replace(path.with_name(path.name + ".bak"), path.read_bytes(), path)
        _replace(path, text.encode() if isinstance(text, str) else text, path)
    except OSError as error:
        raise MixeurError(f"{path}: cannot be saved: {error.strerror}; the file is as it was") from None


def append_line(path: Path, line: str, head: str = "") -> None:
    """Append a line to a file; a power cut leaves whole lines, and what it tore is cut off with the next one.

    Args:
        path: The file. Its folder is made if it is missing.
        head: First line of a new file.

    Raises:
        OSError: It cannot be written; the file holds whole lines all the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        end = _whole_lines(file)
        text = (f"{line}\n" if end or not head else f"{head}\n{line}\n").encode()
        if file.write(text) != len(text):
            file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())


def remove_parts(folder: Path, name: str = "") -> None:
    """Remove what killed writers have left in a folder: parts of one file, or of any; living writers keep theirs."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(f".{name}") and entry.name.endswith(PART) and _is_left(Path(entry.path)):
                Path(entry.path).unlink(missing_ok=True)


def _whole_lines(file: FileIO) -> int:
    """Cut off a torn last line; return the file's end."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            end = file.read().rfind(b"\n") + 1
            file.truncate(end)
    return end


def _replace(path: Path, raw: bytes, like: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.{os.getpid()}-", suffix=PART, dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(like.stat().st_mode & 0o777 if like.exists() else 0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _is_left(part: Path) -> bool:
    """Return whether the process that wrote a part is gone."""
    writer = part.name.removesuffix(PART).rpartition(".")[2].partition("-")[0]
    if not writer.isdigit():
        return False
    try:
        if RealClock().wall().timestamp() - part.stat().st_mtime > OLD_S:
            return True
        if os.name == "posix":  # elsewhere signal 0 is no question
            os.kill(int(writer), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power cut, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
