"""An errand: what a command does in the engine's place, beside a show's other processes, until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.problems import MixeurError
from engine.supervise.supervisor import Supervisor
from engine.supervise.ward import ChildPlan


def send(entry: str, plans: Sequence[ChildPlan]) -> int:
    """Run a show's processes with the module `entry` in the engine's place; returns the exit code.

    Args:
        plans: The engine's first. Nobody waits to take another's place: an errand is short.
    """
    engine, *others = (replace(plan, spares=0) for plan in plans)
    return Supervisor([replace(engine, entry=entry), *others],
                      lambda line: print(line, file=sys.stderr, flush=True)).run()


def do(plan: Mapping[str, Any], work: Callable[[Callable[[], bool]], None]) -> int:
    """Be the process that was sent; returns its exit code.

    Args:
        plan: `debug`, and the handle of the `board`.
        work: Gets what says whether it is to stop.
    """
    from engine.kernel_cache import prepare_cache
    from engine.supervise.child import board_of

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    board = board_of(dict(plan))
    prepare_cache()
    try:
        work(lambda: stop.is_set() or board.stopping)
    except MixeurError as error:
        if plan["debug"]:
            raise
        print(error, file=sys.stderr)
        return 1
    return 0
