"""Watches files and folders: what has been written, replaced, removed or brought back since it was last asked."""

from __future__ import annotations

import collections
import itertools
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

try:
    import watchfiles
except ImportError:  # a system without its wheel: polled instead
    watchfiles = None  # type: ignore[assignment]

POLL_S = 0.1
STEP_MS = 20
REST, LONG_REST, MOST = 3, 40, 25  # steps: for which a file rests, an empty or a vanished one; and how many at most
LOOK, RARE_LOOK, MANY = 5, 50, 1000  # polls after which what the system did not tell of is seen; with many files
MOST_FOLDERS = 300  # in one folder: a scene may lie in someone's home

Stamp = tuple[int, int, int]  # time of change, size, inode
NOTHING: Stamp = (0, 0, 0)


class Watch:
    """Sees changes of files, and of everything in folders, within 200 ms, in a thread of its own.

    A change is told once the files rest, since editors write in several steps and git many files at once; that a file
    is gone, or empty, is told when it stays so for 0.8 s.

    The truth is a snapshot of times, sizes and inodes, taken anew when the system reports an event: so editors that
    replace a file by renaming, files that vanish and come back, and folders that are swapped are all seen. Hidden
    files, compiled ones and editors' spare copies are left out.

    Args:
        paths: Files, which need not exist yet, and folders, which are seen to the bottom (the nearest 300
            folders in each).
        polled: Look ten times a second and do not ask the system.
    """

    def __init__(self, paths: Iterable[Path], polled: bool = watchfiles is None) -> None:
        self._paths = tuple(paths)
        self._changes: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._end = threading.Event()
        self._polled = polled
        self._stamps = self._snapshot()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def changed(self) -> set[Path]:
        """Return the paths that have changed since the last call, resolved; never waits."""
        changes: set[Path] = set()
        while not self._changes.empty():
            changes.add(self._changes.get_nowait())
        return changes

    def look_at(self, paths: Iterable[Path]) -> None:
        """Watch other files and folders from now on."""
        self._paths = tuple(paths)

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            folders = self._folders()
            for _ in self._wakes(folders):
                self._compare()
                if self._folders() != folders:
                    break

    def _wakes(self, folders: dict[Path, int]) -> Iterator[None]:
        """Yield whenever something may have changed."""
        if self._polled or not folders:
            while not self._end.wait(POLL_S):
                yield
            return
        roots = self._roots()
        events = watchfiles.watch(
            *folders, stop_event=self._end, watch_filter=None, recursive=False, debounce=5 * STEP_MS, step=STEP_MS,
            rust_timeout=round(POLL_S * 1000), yield_on_timeout=True, raise_interrupt=False,
        )
        try:
            for count, changes in enumerate(events):  # the first time for what came before the system was asked
                is_due = count % (LOOK if len(self._stamps) < MANY else RARE_LOOK) == 0
                if changes or is_due or self._roots() != roots:
                    yield
        except (OSError, RuntimeError):  # a folder went while it was being taken up, or the system has no more watches
            yield
            self._end.wait(POLL_S)

    def _compare(self) -> None:
        """Tell what has changed as soon as it rests."""
        resting: dict[Path, int] = {}
        for count in itertools.count():
            changed = self._differing()
            if changed and count < MOST:
                resting = {path: max(left, REST) for path, left in resting.items()}
            resting |= {path: REST if self._stamps.get(path, NOTHING)[1] else LONG_REST for path in changed}
            for path in [path for path, left in resting.items() if left == 0]:
                del resting[path]
                self._changes.put(path.resolve())
            if not resting or self._end.wait(STEP_MS / 1000):
                return
            resting = {path: left - 1 for path, left in resting.items()}

    def _differing(self) -> list[Path]:
        before, self._stamps = self._stamps, self._snapshot()
        return [path for path in before.keys() | self._stamps.keys() if before.get(path) != self._stamps.get(path)]

    def _snapshot(self) -> dict[Path, Stamp]:
        return {path: stamp for path in self._files() if (stamp := _stamp(path))}

    def _files(self) -> Iterator[Path]:
        for path in self._paths:
            if path.is_dir():
                yield from (file for _, files in _walk(path) for file in files)
            else:
                yield path

    def _roots(self) -> dict[Path, int]:
        """Return the folders given, and those of the files given, with their inodes: a new one may bear an old name."""
        roots = (path if path.is_dir() else path.parent for path in self._paths)
        return {root: stamp[2] for root in roots if (stamp := _stamp(root))}

    def _folders(self) -> dict[Path, int]:
        """Return every folder to watch with its inode."""
        folders = self._roots()
        for path in self._paths:
            below = _walk(path) if path.is_dir() else ()
            folders |= {folder: stamp[2] for folder, _ in below if (stamp := _stamp(folder))}
        return folders


def _walk(top: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Yield folders and the files in them, the nearest first, without odd ones."""
    waiting = collections.deque([top])
    for _ in range(MOST_FOLDERS):
        if not waiting:
            return
        folder = waiting.popleft()
        try:
            entries = [entry for entry in os.scandir(folder) if not _is_odd(entry.name)]
        except OSError:
            continue
        waiting.extend(folder / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        yield folder, [folder / entry.name for entry in entries if entry.is_file()]


def _stamp(path: Path) -> Stamp | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _is_odd(name: str) -> bool:
    return name.startswith(".") or name.endswith(("~", ".pyc", ".swp", ".bak")) or name == "__pycache__"
