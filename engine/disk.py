"""The disk that the show stands on: whether it can be written; asked in a thread, for a network disk may hang."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from engine.clock import NS, monotonic_ns

LEAST_BYTES = 100 << 20
LOOK_S = 10.0
HANGS_S = 30.0


class Disk:
    """Looks every ten seconds.

    Args:
        folder: The show's.
        least_bytes: What must be free.
    """

    def __init__(self, folder: Path, least_bytes: int = LEAST_BYTES, look_s: float = LOOK_S) -> None:
        self._folder, self._least_bytes, self._look_s = folder, least_bytes, look_s
        self._why = ""
        self._answered_ns = monotonic_ns()
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="disk", daemon=True).start()

    @property
    def lost(self) -> str:
        """Return why nothing can be saved, or nothing."""
        if monotonic_ns() - self._answered_ns > (self._look_s + HANGS_S) * NS:
            return f"the disk of {self._folder} does not answer; is the network there?"
        return self._why

    def close(self) -> None:
        """Look no more; a thread that hangs is left behind."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._why = fault_of(self._folder, self._least_bytes)
            self._answered_ns = monotonic_ns()
            self._closing.wait(self._look_s)


def fault_of(folder: Path, least_bytes: int) -> str:
    """Return what keeps files from being saved in a folder, or nothing."""
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{folder} is not there ({error.strerror}); bring it back"
    if not os.access(folder, os.W_OK):
        return f"{folder} cannot be written; give the right to write, or changes are not saved"
    if free_bytes < least_bytes:
        return f"less than {least_bytes >> 20} MB are free in {folder}; make room, or changes are not saved"
    return ""
