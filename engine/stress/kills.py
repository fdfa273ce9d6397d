"""Faults of processes: killed, told to end, stopped and let go on; starved of processor, memory and disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from engine.clock import sleep_s
from engine.restart import state_path
from engine.stress import processes
from engine.stress.faults import Kind
from engine.stress.venue import Venue

SPIN = "import os\nwhile os.getppid() == {parent}: sum(range(100_000))"
EAT = """
import os, select
kept = bytearray()
while os.getppid() == {parent}:
    if len(kept) < {mb} << 20: kept += os.urandom(1 << 16) * 256
    else: kept[::4096] = bytes(len(kept[::4096])); select.select([], [], [], 0.05)
"""
WRITE = """
import os
while os.getppid() == {parent}:
    with open({path!r}, "wb") as file:
        for _ in range(64): file.write(os.urandom(1 << 20)); os.fsync(file.fileno())
"""
START_S = 10.0  # more than the 5 s for one part: R5 gives a start of everything 15 s
MOST_MEMORY_SHARE = 0.25


def kinds(names: Sequence[str]) -> Iterator[Kind]:
    """Yield the faults of a show's processes, by their names (`engine`, `sound`, `camera.room`)."""
    for name in names:
        yield Kind(f"{name}: killed", _Sent(name, signal.SIGKILL), pull="" if "." in name else name)
        yield Kind(f"{name}: told to end", _Sent(name, signal.SIGTERM))
        yield Kind(f"{name}: crashes", _Sent(name, signal.SIGSEGV), crashes=name == "engine")
        yield Kind(f"{name}: out of handles", _OutOfHandles(name), (1.0, 5.0), holds=f"{name} handles")
        pull = name if "." in name else ""
        yield Kind(f"{name}: stopped", _Stopped(name), (0.5, 8.0), holds=name, pull=pull)
    yield Kind("engine: spare killed", _Sent(f"{processes.SPARE}.play", signal.SIGKILL))
    yield Kind("engine: state spoilt, then killed", _spoilt_state, holds="state")
    yield Kind("supervisor: hung up on", _Sent("supervisor", signal.SIGHUP))
    yield Kind("supervisor: stopped", _Stopped("supervisor"), (0.3, 1.0), holds="supervisor")
    everything = frozenset({"picture", "sound"})
    yield Kind("power: cut", _power_cut, (0.3, 1.0), holds="power", takes=everything, grants_s=START_S)
    yield Kind("processor: starved", _starved_of_processor, (2.0, 6.0), holds="processor")
    yield Kind("memory: pressed", _pressed_for_memory, (2.0, 5.0), holds="memory")
    yield Kind("disk: busy", _busy_disk, (2.0, 5.0), holds="disk")


class _Sent:
    """A signal sent to a process."""

    def __init__(self, name: str, number: signal.Signals) -> None:
        self._name, self._number = name, number

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        pid = venue.pids().get(self._name, 0)
        if pid and self._number == signal.SIGHUP and not venue.is_listening():
            pid = 0  # an interpreter that starts cannot yet ignore anything
        if pid:
            processes.send(pid, self._number)
        yield f"{self._number.name} to {pid}" if pid else "it was not there"


class _Stopped:
    """A process that is held for a while."""

    def __init__(self, name: str) -> None:
        self._name = name

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        pid = venue.pids().get(self._name, 0)
        if pid:
            processes.send(pid, signal.SIGSTOP)
        try:
            yield f"{pid} is held" if pid else "it was not there"
        finally:
            if pid and processes.is_stopped(pid):
                processes.send(pid, signal.SIGCONT)


class _OutOfHandles:
    """A process that cannot open anything for a while."""

    def __init__(self, name: str) -> None:
        self._name = name

    @contextmanager
    def __call__(self, venue: Venue, dice: Random) -> Iterator[str]:
        pid = venue.pids().get(self._name, 0)
        before = _limit(pid, processes.highest_handle(pid) + 1 + dice.randint(0, 3)) if pid else None
        try:
            yield f"{pid} can open nothing more" if before else "it was not there"
        finally:
            if before:
                _limit(pid, before)


def _limit(pid: int, handles: int) -> int | None:
    """Set how many handles a process may have; returns how many it might have, None if it has gone."""
    try:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(handles, hard), hard))
    except (OSError, ValueError):
        return None
    return soft


@contextmanager
def _spoilt_state(venue: Venue, dice: Random) -> Iterator[str]:
    """Spoil what a restart goes on from, and restart: what was asked for may be forgotten, the show must run."""
    path = state_path(venue.file)
    raw = path.read_bytes() if path.is_file() else b"{}"
    path.parent.mkdir(exist_ok=True)
    wrong = b'{"format": 1, "cue": 7, "params": 3}'
    path.write_bytes(dice.choice((b"", raw[: len(raw) // 2], b"\0" * len(raw), b"[]", wrong)))
    venue.asked.values.clear()
    pid = venue.pids().get("engine", 0)
    if pid:
        processes.send(pid, signal.SIGKILL)
    yield f"{path.name} spoilt, SIGKILL to {pid}"


@contextmanager
def _power_cut(venue: Venue, dice: Random) -> Iterator[str]:
    """Kill the supervisor; the kernel ends the rest. At the end it is started again, as a service manager does."""
    orphans = [pid for pid in venue.pids().values() if pid != venue.supervisor]
    venue.cut()
    yield f"SIGKILL to the supervisor of {len(orphans)} processes"
    left = [pid for pid in orphans if processes.is_alive(pid) and not _gone_soon(pid) and not processes.is_ending(pid)]
    if left:
        venue.complain(f"{len(left)} processes outlived their supervisor: {processes.command(left[0])}")
    venue.start()


def _gone_soon(pid: int) -> bool:
    for _ in range(50):
        if not processes.is_alive(pid):
            return True
        sleep_s(0.02)
    return False


@contextmanager
def _starved_of_processor(venue: Venue, dice: Random) -> Iterator[str]:
    count, nice = dice.randint(2, 6), dice.choice((0, 0, 5, 10))
    with _beside(SPIN, count, nice):
        yield f"{count} busy processes, nice {nice}"


@contextmanager
def _pressed_for_memory(venue: Venue, dice: Random) -> Iterator[str]:
    free_mb = next((int(line.split()[1]) // 1024 for line in Path("/proc/meminfo").read_text().splitlines()
                    if line.startswith("MemAvailable")), 1024)
    mb = round(min(dice.randint(200, 2000), MOST_MEMORY_SHARE * free_mb))
    with _beside(EAT.replace("{mb}", str(mb)), 1, 0):
        yield f"{mb} MB taken and touched"


@contextmanager
def _busy_disk(venue: Venue, dice: Random) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="mixeur-stress-") as file, _beside(
        WRITE.replace("{path!r}", repr(file.name)), 1, 0
    ):
        yield "64 MB written and synced again and again"


@contextmanager
def _beside(code: str, count: int, nice: int) -> Iterator[None]:
    """Run Python code in processes of its own; it ends itself if we are gone."""
    ranked = f"import os\nos.setpriority(os.PRIO_PROCESS, 0, {nice})\n" + code.replace("{parent}", str(os.getpid()))
    words = [sys.executable, "-c", ranked]
    running = [subprocess.Popen(words, start_new_session=True, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
