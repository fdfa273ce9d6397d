"""The entry of every process that the supervisor starts."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from engine.supervise.board import Board
from engine.supervise.last_words import speak_into
from engine.supervise.memory import Block
from engine.supervise.priority import go_first
from engine.supervise.spares import plan_when_needed

PR_SET_PDEATHSIG = 1
FAULT = 70  # an error of our own (EX_SOFTWARE): worth a new start, unlike 1, a show that cannot run
DISPLAY_GONE = 74  # the X server died under the engine (EX_IOERR): no fault of the show
ANEW = 75  # it needs a new process, at once (EX_TEMPFAIL): a stuck device, an edit that the old processes cannot take
TOLD_TO_END = 128 + 15  # by somebody's SIGTERM, not by the supervisor


def board_of(plan: Mapping[str, Any]) -> Board:
    """Return the board that the supervisor shares with this process."""
    return Board(Block.attach(plan["board"]), plan["children"])


def die_with_parent(parent: int) -> None:
    """Make the kernel end this process when the supervisor ends (Linux); elsewhere the entries watch `parent`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def main() -> None:
    """Run one entry: `child MODULE PLAN`; the module has `main(plan) -> int | None`, PLAN is JSON.

    `child MODULE --wait PARENT` is a spare: it calls the module's `ready()` and waits for its plan.
    """
    module = sys.argv[1]
    if sys.argv[2] == "--wait":
        die_with_parent(int(sys.argv[3]))
        plan = plan_when_needed(importlib.import_module(module).ready)
    else:
        plan = json.loads(sys.argv[2])
        die_with_parent(plan["parent"])
    if plan.get("last_words") is not None:  # tests and benches start a child on their own
        speak_into(plan["last_words"])
    go_first()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        entry: Callable[[dict[str, Any]], int | None] = importlib.import_module(module).main
        code = entry(plan) or 0
    except Exception:
        traceback.print_exc()
        code = FAULT
    sys.exit(code)


if __name__ == "__main__":
    main()
