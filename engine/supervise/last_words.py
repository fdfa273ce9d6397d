"""Last words: where a process was when it hung or crashed, written by itself into memory that outlives it."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys

from engine.clock import NS, monotonic_ns, sleep_s

ASK_S = 0.2
LONGEST = 16_384
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>\S+)')


class LastWords:
    """The supervisor's end; where memory has no descriptor nothing is ever said."""

    def __init__(self) -> None:
        self._file = os.memfd_create("mixeur-last-words") if sys.platform == "linux" else -1

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return the file descriptors that the process must inherit."""
        return (self._file,) if self._file >= 0 else ()

    def clear(self) -> None:
        """Forget what an earlier process said."""
        for file in self.descriptors:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)

    def ask(self, pid: int) -> str:
        """Ask a process that hangs where it is, and return what it says within 200 ms."""
        if not self.descriptors:
            return ""
        os.kill(pid, signal.SIGUSR1)
        end_ns = monotonic_ns() + round(ASK_S * NS)
        while monotonic_ns() < end_ns and not self.heard().endswith("\n"):
            sleep_s(0.01)
        return self.heard()

    def heard(self) -> str:
        """Return what was said so far."""
        return "".join(os.pread(file, LONGEST, 0).decode(errors="replace") for file in self.descriptors)

    def close(self) -> None:
        """Give the memory back."""
        for file in self.descriptors:
            os.close(file)


def speak_into(descriptor: int) -> None:
    """Make this process say where it is when it crashes and when it is asked (SIGUSR1)."""
    faulthandler.enable(descriptor, all_threads=False)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, descriptor, all_threads=False)


def innermost(words: str) -> str:
    """Return the file in which a process was by its last words, or nothing."""
    found = _FRAME.search(words)
    return found["file"] if found else ""


def place(words: str, file: str) -> tuple[int, str] | None:
    """Return the innermost (line, function) of a file in last words; None if it is not among them."""
    found = next((frame for frame in _FRAME.finditer(words) if frame["file"] == file), None)
    return (int(found["line"]), found["name"]) if found else None
