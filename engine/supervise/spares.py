"""Spares: processes that have imported all they need and wait for a plan, so that a picture is back in a moment."""

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

AFTER_S = 3.0  # after one has died or was made, and where none can go last: others have the processor first


class Spares:
    """Stand in for any process of one entry; on a machine with one core, or without inherited descriptors, nobody does.

    Args:
        entry: The module they will run; its `ready()` imports what takes long.
        count: How many wait; with two, a process that dies again while the next one still imports is replaced too.
    """

    def __init__(self, entry: str, count: int = 1) -> None:
        self._entry = entry
        self._count = count
        self._descriptors: tuple[int, ...] = ()
        self._waiting: list[subprocess.Popen[bytes]] = []
        self._goes_last = may_come_forward()
        self._wanted_ns: int | None = None
        self._has_died = False

    def serve(self, descriptors: Sequence[int]) -> None:
        """Stand in for one more process, which inherits these."""
        self._descriptors = tuple({*self._descriptors, *descriptors})

    def look(self, is_needed: bool, now_ns: int) -> None:
        """Start what lacks: the first one at once if it takes only what nobody else wants, unless the last one died."""
        self._leave_out_dead()
        if not is_needed or len(self._waiting) >= self._count:
            self._wanted_ns = None
            return
        if self._wanted_ns is None:
            at_once = self._goes_last and not self._has_died and not self._waiting
            self._wanted_ns = now_ns + round((0.0 if at_once else AFTER_S) * NS)
        if now_ns >= self._wanted_ns:
            self._wanted_ns = None
            self._start()

    def take(self, plan: Mapping[str, Any]) -> subprocess.Popen[bytes] | None:
        """Return the oldest as a process that runs the plan, or None if there is none."""
        self._leave_out_dead()
        while self._waiting:
            process = self._waiting.pop(0)
            try:
                _tell(process, plan)
            except OSError:
                process.kill()
                continue
            come_forward(process.pid)  # it may still be getting ready
            return process
        return None

    def close(self) -> None:
        """End them."""
        for process in self._waiting:
            process.kill()
            come_forward(process.pid)  # to end takes a processor too
            process.wait()

    def _leave_out_dead(self) -> None:
        alive = [process for process in self._waiting if process.poll() is None]
        self._has_died |= len(alive) < len(self._waiting)
        self._waiting = alive

    def _start(self) -> None:
        if os.name != "posix" or (os.cpu_count() or 1) < 2:
            return
        self._has_died = False
        self._waiting.append(subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.supervise.child", self._entry, "--wait", str(os.getpid())],
            pass_fds=self._descriptors, start_new_session=True, stdin=subprocess.PIPE,
        ))  # fmt: skip


def _tell(process: subprocess.Popen[bytes], plan: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode() + b"\n")
    process.stdin.close()


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
