"""Priority: a show goes before whatever else the machine does, where the system permits it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NICE = -10
CAMERA_NICE = -5  # a camera that is late is seen less than an engine that starts late
WITNESS_NICE = -12  # who watches a show under stress sees nothing while it starves
AUTOGROUP = Path("/proc/self/autogroup")  # Linux weighs sessions first: there niceness counts only within one


def go_first(nice: int = NICE, pid: int = 0) -> None:
    """Ask to run before other processes; a system that refuses (it takes root or `LimitNICE`) leaves all as it is."""
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, nice)
    autogroup = Path(f"/proc/{pid}/autogroup") if pid else AUTOGROUP
    if autogroup.exists():
        with suppress(OSError):
            autogroup.write_text(str(nice))
