"""The footprint: how much memory this process takes, how much the machine has left, and a limit to the first."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30
M_TRIM = 0  # bytes that are left at the top of the heap


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes: `own` of this process, `free` and `total` of the machine."""

    own: int
    free: int
    total: int


def footprint() -> Footprint | None:
    """Return the memory in use, or None where that cannot be seen (anywhere but Linux)."""
    try:
        own = _fields(Path("/proc/self/status"))["VmRSS"]
        machine = _fields(Path("/proc/meminfo"))
        return Footprint(own, machine["MemAvailable"], machine["MemTotal"])
    except (OSError, KeyError, ValueError):
        return None


def limit() -> None:
    """Let one allocation that this machine could not bear fail (MemoryError) and not end the process; Linux only."""
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError, KeyError, ValueError):
        data = _fields(Path("/proc/self/status"))["VmData"]
        most = data + max(2 * GIB, _fields(Path("/proc/meminfo"))["MemTotal"] // 2)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


def give_back() -> None:
    """Collect what nobody holds any more and return it to the machine."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(M_TRIM)


def _fields(path: Path) -> dict[str, int]:
    """Return the fields of a file of `/proc` that are given in kB, in bytes."""
    pairs = (line.partition(":") for line in path.read_text().splitlines() if line.endswith(" kB"))
    return {name: int(value.split()[0]) * 1024 for name, _, value in pairs}
