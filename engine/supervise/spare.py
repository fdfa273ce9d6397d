"""A spare: a process that has imported all it needs and waits for its plan, so that a picture is back in a moment."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from engine.clock import NS
from engine.supervise.priority import come_forward, go_last, may_come_forward

AFTER_S = 3.0  # after one has died, and where none can go last: then the process in the show has the processor first


class Spare:
    """Stands in for any process of one entry; on a machine with one core, or without inherited descriptors, for none.

    Args:
        entry: The module it will run; its `ready()` imports what takes long.
    """

    def __init__(self, entry: str) -> None:
        self._entry = entry
        self._descriptors: tuple[int, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._goes_last = may_come_forward()
        self._wanted_ns: int | None = None

    def serve(self, descriptors: Sequence[int]) -> None:
        """Stand in for one more process, which inherits these."""
        self._descriptors = tuple({*self._descriptors, *descriptors})

    def look(self, is_needed: bool, now_ns: int) -> None:
        """Start it once it is needed: at once if it takes only what nobody else wants, unless the last one died."""
        if not is_needed or self._is_there():
            self._wanted_ns = None
            return
        if self._wanted_ns is None:
            has_died = self._process is not None
            self._wanted_ns = now_ns + round((0.0 if self._goes_last and not has_died else AFTER_S) * NS)
        if now_ns >= self._wanted_ns:
            self._wanted_ns = None
            self._start()

    def take(self, plan: Mapping[str, Any]) -> subprocess.Popen[bytes] | None:
        """Return it as a process that runs the plan, or None if there is none."""
        process, self._process = self._process if self._is_there() else None, None
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write(json.dumps(plan).encode() + b"\n")
            process.stdin.close()
        except OSError:
            process.kill()
            return None
        come_forward(process.pid)  # it may still be getting ready
        return process

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            come_forward(self._process.pid)  # to end takes a processor too
            self._process.wait()

    def _is_there(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> None:
        if os.name != "posix" or (os.cpu_count() or 1) < 2:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.supervise.child", self._entry, "--wait", str(os.getpid())],
            pass_fds=self._descriptors, start_new_session=True, stdin=subprocess.PIPE,
        )  # fmt: skip


def plan_when_needed(ready: Any) -> dict[str, Any]:
    """Get ready, then wait for a plan on the standard input and return it.

    Raises:
        SystemExit: None will come.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    go_last()
    if select.select([sys.stdin], [], [], 0)[0]:  # it was taken before it had gone last
        come_forward(os.getpid())
    ready()
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    plan: dict[str, Any] = json.loads(line)
    return plan
