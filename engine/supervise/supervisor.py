"""The supervisor: owns all shared memory, starts the other processes, starts again what died, and ends them all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.clock import NS, monotonic_ns, sleep_s
from engine.supervise.board import BOARD_SIZE, Board
from engine.supervise.memory import Block

PATIENCE_S = 3.0
BRAKE_COUNT, BRAKE_S = 3, 60.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One process to run.

    Attributes:
        name: `engine`, `sound` or `camera.NAME`.
        entry: The module it runs, with `main(plan) -> int | None`.
        plan: What that entry is told; must be plain JSON.
        blocks: Shared memory it may see.
    """

    name: str
    entry: str
    plan: Mapping[str, Any]
    blocks: tuple[Block, ...] = ()


@dataclass(slots=True)
class _Child:
    plan: ChildPlan
    process: subprocess.Popen[bytes] | None = None
    starts: list[int] = field(default_factory=list)
    next_start_ns: int = 0

    @property
    def restarts(self) -> int:
        return max(len(self.starts) - 1, 0)


class Supervisor:
    """Runs a show's processes until the engine ends or `stop` is called.

    Args:
        plans: The processes; the one called `engine` decides when the show ends.
        say: Where a line for the operator goes.
    """

    def __init__(self, plans: Sequence[ChildPlan], say: Callable[[str], None]) -> None:
        self._block = Block.create(BOARD_SIZE, "board")
        self.board = Board(self._block, [plan.name for plan in plans])
        self._children = [_Child(plan) for plan in plans]
        self._names = [plan.name for plan in plans]
        self._say = say

    def run(self) -> int:
        """Run until the end; returns the engine's exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.board.stop())
        try:
            return self._watch()
        finally:
            self._end_all()
            self._block.close()

    def _watch(self) -> int:
        while True:
            for index, child in enumerate(self._children):
                code = self._look_after(index, child)
                if code is not None:
                    return code
            sleep_s(0.02)

    def _look_after(self, index: int, child: _Child) -> int | None:
        """Start a child that is down; returns an exit code when the show is over."""
        is_engine = child.plan.name == "engine"
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return None
            child.process = None
            self.board.record(index, 0, child.restarts)
            if is_engine and (code in (0, 1, 2) or self.board.stopping):
                return code
            if not self.board.stopping:
                self._say(f"{child.plan.name}: ended with {_reason(code)}; starting it again")
                child.next_start_ns = monotonic_ns() + round(self._pause_s(child) * NS)
        if self.board.stopping:
            return 0 if is_engine else None
        if monotonic_ns() < child.next_start_ns:
            return None
        if is_engine and self._recent(child) > BRAKE_COUNT:
            self._say(
                f"engine: failed {BRAKE_COUNT + 1} times in {BRAKE_S:.0f} s; giving up. See the last error above."
            )
            return 3
        self._start(index, child)
        return None

    def _recent(self, child: _Child) -> int:
        return sum(monotonic_ns() - start < BRAKE_S * NS for start in child.starts)

    def _pause_s(self, child: _Child) -> float:
        """Return 0 for the first failure in a minute, then 1, 2, 4 ... 30 s; the engine never waits."""
        recent = self._recent(child)
        return 0.0 if recent <= 1 or child.plan.name == "engine" else min(2.0 ** (recent - 2), LONGEST_PAUSE_S)

    def _start(self, index: int, child: _Child) -> None:
        blocks = (self._block, *child.plan.blocks)
        plan = {**child.plan.plan, "parent": os.getpid(), "board": self._block.handle, "children": self._names}
        child.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.supervise.child", child.plan.entry, json.dumps(plan)],
            pass_fds=[descriptor for block in blocks for descriptor in block.descriptors] if os.name == "posix" else (),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        child.starts.append(monotonic_ns())
        self.board.record(index, child.process.pid, child.restarts)

    def _end_all(self) -> None:
        """Ask, wait 3 s, then kill: nobody outlives the supervisor."""
        self.board.stop()
        running = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline_ns = monotonic_ns() + round(PATIENCE_S * NS)
        for process in running:
            try:
                process.wait(max(deadline_ns - monotonic_ns(), 0) / NS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
