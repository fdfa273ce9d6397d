"""Files that are written whole or not at all, with the previous one kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from engine.problems import MixeurError


def write_atomic(path: Path, text: str) -> None:
    """Replace a file's text; what stood there is kept as `NAME.bak`. At every moment the old or the new file is whole.

    Args:
        path: The file; a link is followed. Its folder is made if it is missing.

    Raises:
        MixeurError: The folder cannot be written; nothing has changed.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _replace(path.with_name(path.name + ".bak"), path.read_bytes(), path)
        _replace(path, text.encode(), path)
    except OSError as error:
        raise MixeurError(f"{path}: cannot be saved: {error.strerror}; the file is as it was") from None


def _replace(path: Path, raw: bytes, like: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
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


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power cut, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
