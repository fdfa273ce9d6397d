"""The processes of a running show, seen from outside: who they are, what they hold, and the memory that they share."""

from __future__ import annotations

import mmap
import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.supervise.board import Board
from engine.supervise.memory import Block

PROC = Path("/proc")
PF_EXITING = 0x4  # of the kernel's flags for a process
SPARE = "spare"  # those that wait to take another's place are called `spare.play`, after the module they will run


@dataclass(frozen=True, slots=True)
class Holding:
    """What a process holds of the machine."""

    rss_mb: float
    handles: int
    threads: int


def family(pid: int, board: Board | None) -> dict[str, int]:
    """Return a show's pids by name: `supervisor`, `engine`, `sound`, `camera.x`, `spare.play`, `spare.play.2`."""
    if not is_alive(pid):
        return {}
    known = {record.pid: record.name for record in board.children()} if board is not None else {}
    members = {"supervisor": pid}
    for child in sorted(_children().get(pid, ()), key=_started):
        name = known.get(child) or _waiting(child)
        members[f"{name}.2" if name in members else name] = child
    return members


def tree(pid: int) -> tuple[int, ...]:
    """Return a process and all that came of it."""
    children, found = _children(), [pid]
    for one in found:
        found += children.get(one, [])
    return tuple(one for one in found if is_alive(one))


def _waiting(pid: int) -> str:
    """Return the name of a process that the board does not know."""
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # it ended meanwhile
        return SPARE
    entry = words[words.index("--wait") - 1] if "--wait" in words else ""
    return f"{SPARE}.{entry.rpartition('.')[2]}"


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and was not waited for does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def is_ending(pid: int) -> bool:
    """Return whether the kernel is ending a process: it runs nothing of its own any more, but may wait for its turn."""
    fields = _stat(pid)
    return bool(fields) and bool(int(fields[6]) & PF_EXITING)


def is_stopped(pid: int) -> bool:
    """Return whether a process is held by SIGSTOP."""
    return _stat(pid)[:1] == ["T"]


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; return False if the process has gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def holding(pid: int) -> Holding | None:
    """Return what a process holds, or None if it has gone."""
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
        handles = len(os.listdir(PROC / str(pid) / "fd"))  # noqa: PTH208
        return Holding(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, handles, int(_stat(pid)[17]))
    except (OSError, IndexError):
        return None


def highest_handle(pid: int) -> int:
    """Return the number of the highest handle that a process has open."""
    try:
        return max((int(name) for name in os.listdir(PROC / str(pid) / "fd")), default=0)  # noqa: PTH208
    except OSError:
        return 0


def shared(pid: int, label: str) -> Block | None:
    """Return a block of shared memory that a process holds by the label it was made with, or None."""
    with suppress(OSError):
        for handle in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                if str(handle.readlink()).startswith(f"/memfd:mixeur-{label} "):
                    with handle.open("r+b", buffering=0) as file:
                        return Block(mmap.mmap(file.fileno(), 0), "", None)
    return None


def marked(token: str) -> list[int]:
    """Return the processes that carry a token in their environment, whoever their parent is by now."""
    return [pid for pid in _all() if token.encode() in _read(pid, "environ") and is_alive(pid)]


def command(pid: int) -> str:
    """Return how a process was called, for a person."""
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")[:200]


def _all() -> Iterator[int]:
    return (int(name) for name in os.listdir(PROC) if name.isdigit())  # noqa: PTH208


def _children() -> dict[int, list[int]]:
    children = defaultdict(list)
    for pid in _all():
        if len(fields := _stat(pid)) > 1:
            children[int(fields[1])].append(pid)
    return children


def _started(pid: int) -> tuple[int, int]:
    """Return what orders processes by age: their numbers begin again at 300 when they have reached the highest."""
    fields = _stat(pid)
    return (int(fields[19]) if len(fields) > 19 else 0), pid


def _stat(pid: int) -> list[str]:
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(pid: int, what: str) -> bytes:
    try:
        return (PROC / str(pid) / what).read_bytes()
    except OSError:
        return b""
