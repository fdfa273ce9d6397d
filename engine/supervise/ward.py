"""A ward: one process under the supervisor, with its pulse, its ends and its last words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.clock import NS, monotonic_ns
from engine.supervise.brake import pause_s, with_end
from engine.supervise.child import ANEW
from engine.supervise.cpu import waited_ns
from engine.supervise.last_words import LastWords
from engine.supervise.memory import Block
from engine.supervise.pulse import Patience, Pulse
from engine.supervise.spares import Spares

ENGINE = "engine"
PATIENCE = Patience(beating_s=3.0, warm_s=15.0, cold_s=300.0)
ENGINE_PATIENCE = Patience(beating_s=2.0, warm_s=20.0, cold_s=60.0)
NOTICED_S = 0.5  # a silence that is looked into
STOPPED = ("T", "t")
FREE_ENDS, ENGINE_FREE_ENDS = 1, 4  # after so many there is no pause: without the engine there is no picture


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One process to run.

    Attributes:
        name: `engine`, `sound` or `camera.NAME`.
        entry: The module it runs, with `main(plan) -> int | None`.
        plan: What that entry is told; must be plain JSON.
        blocks: Shared memory it may see.
        beat: Returns a number that changes while the process does its work; None: it is not listened to.
        patience: How long it may be silent.
        spares: How many others wait, ready to take its place.
    """

    name: str
    entry: str
    plan: Mapping[str, Any]
    blocks: tuple[Block, ...] = ()
    beat: Callable[[], int] | None = None
    patience: Patience = PATIENCE
    spares: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """How a process ended.

    Attributes:
        code: As `Popen.returncode`.
        hung: Why it was killed by the supervisor, in words; empty if it was not.
        stopped: Whether somebody had stopped it (SIGSTOP).
        words: Its last words.
    """

    code: int
    hung: str
    stopped: bool
    words: str

    def __str__(self) -> str:
        if self.hung:
            return self.hung
        return "ended with " + (f"signal {signal.Signals(-self.code).name}" if self.code < 0 else f"code {self.code}")


class Ward:
    """Starts a process, listens to it, kills it when it hangs.

    Args:
        board: Shared with every process.
        spares: Stand in for it, if its plan wants any.
        beat, sign: What `Pulse` hears.
        hangs: Called when it is found to hang, before anything is done to it.
    """

    def __init__(
        self,
        plan: ChildPlan,
        board: Block,
        spares: Spares,
        beat: Callable[[], int] | None,
        sign: Callable[[], int] = lambda: 0,
        hangs: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = plan
        self.starts = 0
        self.next_start_ns = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.pulse = Pulse(plan.patience)
        self._beat, self._sign, self._hangs = beat, sign, hangs
        self._ends_ns: list[int] = []
        self._words = LastWords()
        shared = [descriptor for block in (board, *plan.blocks) for descriptor in block.descriptors]
        self._descriptors = (*shared, *self._words.descriptors) if os.name == "posix" else ()
        self._spares = spares
        if plan.spares:
            spares.serve(self._descriptors)
        self._hung, self._stopped = "", False
        self._waited_ns: int | None = None

    @property
    def restarts(self) -> int:
        return max(self.starts - 1, 0)

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def start(self, told: Mapping[str, Any]) -> None:
        """Start the process; `told` joins its plan."""
        self._words.clear()
        self._hung, self._stopped = "", False
        words = self._words.descriptors
        plan = {**self.plan.plan, **told, "parent": os.getpid(), "last_words": words[0] if words else None}
        self.process = self._spares.take(plan) or subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.supervise.child", self.plan.entry, json.dumps(plan)],
            pass_fds=self._descriptors,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        self.starts += 1
        if self._beat is not None:
            self.pulse.begin(self._beat(), self._sign(), monotonic_ns())

    def listen(self, now_ns: int) -> None:
        """Hear the process and kill it if it hangs."""
        if self.process is None or self._beat is None or self._hung:
            return
        self.pulse.hear(self._beat(), self._sign(), now_ns)
        if self.plan.spares:
            self._spares.look(self.pulse.beats or self.pulse.ever, now_ns)
        if not self.pulse.hangs(now_ns, self._starved_s(now_ns)):
            return
        self._hangs()
        self._stopped = _state(self.process.pid) in STOPPED
        work = "no new frame" if self.plan.name == ENGINE else "no sign of life"
        self._hung = f"{work} for {self.pulse.silent_s(now_ns):.1f} s" + (", it was stopped" if self._stopped else "")
        if not self._stopped and self._words.descriptors:
            self._words.ask(self.process.pid)
        self.kill()

    def gone(self, now_ns: int) -> Gone | None:
        """Return how the process ended if it has; whatever it had started ends with it."""
        code = self.process.poll() if self.process else None
        if self.process is None or code is None:
            return None
        self._sweep()
        self.process = None
        if code == ANEW:
            return Gone(code, self._hung, self._stopped, "")
        self._ends_ns = with_end(self._ends_ns, now_ns, self.pulse.lived_s)
        free = ENGINE_FREE_ENDS if self.plan.name == ENGINE else FREE_ENDS
        self.next_start_ns = now_ns + round(pause_s(self._ends_ns, now_ns, free) * NS)
        return Gone(code, self._hung, self._stopped, self._words.heard())

    def kill(self) -> None:
        """End the process and all it has started, at once."""
        if self.process is not None:
            self._sweep()
            self.process.kill()

    def close(self) -> None:
        """Give back what belongs to the supervisor's end."""
        self._words.close()

    def _starved_s(self, now_ns: int) -> float:
        """Return how long of its present silence the process waited for a processor."""
        if self.pulse.silent_s(now_ns) < NOTICED_S:
            self._waited_ns = None
        elif self.process is not None and self._waited_ns is None:
            self._waited_ns = waited_ns(self.process.pid)
        if self._waited_ns is None or self.process is None:
            return 0.0
        return (waited_ns(self.process.pid) - self._waited_ns) / NS

    def _sweep(self) -> None:
        if self.process is not None and os.name == "posix":
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _state(pid: int) -> str:
    """Return the kernel's letter for what a process does, or nothing where that cannot be seen."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
