"""The supervisor: owns all shared memory, starts the processes, starts again what died or hangs, ends them all."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.clock import NS, monotonic_ns, sleep_s
from engine.supervise.board import BOARD_SIZE, Board
from engine.supervise.child import ANEW
from engine.supervise.inquest import CANNOT_RUN, Inquest
from engine.supervise.memory import Block
from engine.supervise.spares import Spares
from engine.supervise.ward import ENGINE, ChildPlan, Ward

PATIENCE_S = 3.0
TURN_S = 0.02
SLEPT_S = 1.0  # a turn that took longer: it is we who did not run
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Supervisor:
    """Runs a show's processes until the engine ends or somebody ends the supervisor.

    Args:
        plans: The processes; the one called `engine` decides when the show ends.
        say: Where a line for the operator goes.
        folder: The show's, from which files are named.
        each_turn: Called with the board, fifty times a second.
    """

    def __init__(
        self,
        plans: Sequence[ChildPlan],
        say: Callable[[str], None],
        folder: Path = Path(),
        each_turn: Callable[[Board], None] = lambda board: None,
    ) -> None:
        self._block = Block.create(BOARD_SIZE, "board")
        self._names = [plan.name for plan in plans]
        self.board = Board(self._block, self._names)
        self._inquest = Inquest(self.board, folder)
        self._spares = {plan.entry: Spares(plan.entry, plan.spares) for plan in plans}
        self._wards = [self._ward(plan) for plan in plans]
        self._say = say
        self._each_turn = each_turn
        self._ends_ns = 0

    def run(self) -> int:
        """Run until the end; returns the engine's exit code, or `ANEW`."""
        before = {number: signal.signal(number, lambda *_: self.board.stop()) for number in END_SIGNALS}
        if hasattr(signal, "SIGHUP"):
            before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # its terminal was closed
        try:
            code = self._watch()
            return ANEW if self.board.starts_anew else code
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)
            self._block.close()

    def _ward(self, plan: ChildPlan) -> Ward:
        spares, board = self._spares[plan.entry], self.board
        if plan.name != ENGINE:
            return Ward(plan, self._block, spares, plan.beat)
        beat, sign = lambda: board.last_life_ns, lambda: board.last_sign_ns
        return Ward(plan, self._block, spares, beat, sign, self._inquest.open)

    def _watch(self) -> int:
        last_turn_ns = monotonic_ns()
        while True:
            now_ns = monotonic_ns()
            if now_ns - last_turn_ns > SLEPT_S * NS:
                for ward in self._wards:
                    ward.pulse.forgive(now_ns)
            last_turn_ns = now_ns
            for index, ward in enumerate(self._wards):
                code = self._look_after(index, ward, now_ns)
                if code is not None:
                    return code
            self._each_turn(self.board)
            sleep_s(TURN_S)

    def _look_after(self, index: int, ward: Ward, now_ns: int) -> int | None:
        """Hear a process and start it if it is down; returns an exit code when the show is over."""
        ward.listen(now_ns)
        gone = ward.gone(now_ns)
        if gone is not None:
            self.board.record(index, 0, ward.restarts)
            if ward.plan.name == ENGINE and self._is_over(ward, gone.code):
                return gone.code
            if not self.board.stopping and gone.code != ANEW:
                what = self._inquest.hold(gone, now_ns) if ward.plan.name == ENGINE else f"{gone}; started again"
                self._say(f"{ward.plan.name}: {what}")
        if self.board.stopping:
            self._ends_ns = self._ends_ns or now_ns + round(PATIENCE_S * NS)
            return 0 if ward.plan.name == ENGINE and (not ward.pid or now_ns > self._ends_ns) else None
        if not ward.pid and now_ns >= ward.next_start_ns:
            self._start(index, ward, now_ns)
        return None

    def _is_over(self, ward: Ward, code: int) -> bool:
        """Return whether an engine's end is the show's: asked for, or the show cannot run and never did."""
        return code == 0 or (code in CANNOT_RUN and (not ward.pulse.ever or self.board.stopping))

    def _start(self, index: int, ward: Ward, now_ns: int) -> None:
        told = {"board": self._block.handle, "children": self._names}
        if ward.plan.name == ENGINE:
            ward.start({**told, "barred": self._inquest.told(now_ns)})
        else:
            ward.start(told)
        self.board.record(index, ward.pid, ward.restarts)

    def _end_all(self) -> None:
        """Ask, wait 3 s, then kill: nobody outlives the supervisor."""
        self.board.stop()
        running = [ward.process for ward in self._wards if ward.process and ward.process.poll() is None]
        for process in running:
            process.terminate()
        deadline_ns = monotonic_ns() + round(PATIENCE_S * NS)
        for process in running:
            try:
                process.wait(max(deadline_ns - monotonic_ns(), 0) / NS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for ward in self._wards:
            ward.kill()
            ward.close()
        for spares in self._spares.values():
            spares.close()
