"""How much of a core each process uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from engine.clock import NS, monotonic_ns


def cpu_s(pid: int) -> float | None:
    """Return the CPU seconds that a process has used so far, or None if that cannot be seen."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def waited_ns(pid: int) -> int:
    """Return how long a process's main thread could have run and was not let so far; 0 if that cannot be seen."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


class CpuShares:
    """Shares of one core, by process, since this was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._since_ns = monotonic_ns()
        self._before = {name: (pid, cpu_s(pid)) for name, pid in pids.items()}

    def shares(self) -> dict[str, float]:
        """Return the share of each process that still runs, 1.0 = one whole core."""
        elapsed_s = max((monotonic_ns() - self._since_ns) / NS, 1e-9)
        now = {name: (cpu_s(pid), before) for name, (pid, before) in self._before.items()}
        return {
            name: round((used - before) / elapsed_s, 4)
            for name, (used, before) in now.items()
            if used is not None and before is not None
        }
