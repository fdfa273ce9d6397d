"""The engine process: picks the real devices, builds every part, and runs the loop. Started by the supervisor only."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from engine.clock import RealClock, monotonic_ns
from engine.kernel_cache import RENDER_KERNELS, SAFETY_KERNELS, prepare_cache, warm
from engine.problems import MixeurError
from engine.render.headless import HeadlessWindows
from engine.render.screens import Screens as DesktopScreens
from engine.render.window import Windows
from engine.render.x11 import answers
from engine.show.furnish import furnish
from engine.show.good import read_good_show
from engine.show.model import Show
from engine.supervise.board import Board
from engine.supervise.child import TOLD_TO_END, board_of
from engine.world import StageSize

Plan = Mapping[str, Any]
Screens = DesktopScreens | HeadlessWindows


def main(plan: Plan) -> int:
    """Run a show to its end.

    Args:
        plan: `show`, `simulate`, `headless`, `operator`, `frames`, `report`, `settle` (in frames), `out`, `debug` of
            the command line; `good`, a folder for the last good version of its files; handles of the blocks `sound`,
            `board` and `cameras` by name.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        prepare_cache()
        with ExitStack() as closing:
            _play(plan, board_of(plan), stop.is_set, closing)
    except MixeurError as error:
        if plan["debug"]:
            raise
        say(str(error))
        return 1
    return 0


def ready() -> None:
    """Import what takes long, for an engine that waits until it is needed."""
    prepare_cache()
    warm(RENDER_KERNELS + SAFETY_KERNELS)
    importlib.import_module("engine.live")


def say(text: str) -> None:
    """Tell the person at the terminal, if there still is one."""
    with suppress(OSError, ValueError):  # it is gone, or a scene has closed it
        sys.stderr.write(f"\r\x1b[K{text}\n" if sys.stderr.isatty() else f"{text}\n")
        sys.stderr.flush()


def _play(plan: Plan, board: Board, told_to_stop: Callable[[], bool], closing: ExitStack) -> None:
    board.sign(monotonic_ns())
    read, why = read_good_show(Path(plan["show"]), plan["simulate"], Path(plan["good"]))
    show = furnish(read)
    if why:
        say(f"{why} (the show goes on as it was)")
    screens = _screens(show, plan)
    closing.callback(screens.close)
    _prepare(screens, lambda: board.sign(monotonic_ns()))
    from engine.live import LiveShow  # compiled kernels come with it: only now

    live = closing.enter_context(LiveShow(show, plan, screens, board, say))
    gc.collect()
    gc.freeze()
    board.sign(monotonic_ns())
    live.run(RealClock(show.stage.fps, plan["frames"]), lambda: _ends(board, told_to_stop()))


def _ends(board: Board, told_to_stop: bool) -> bool:
    """Return whether the show is to end.

    Raises:
        SystemExit: This process alone is to end: the signal was not the supervisor's, which starts it again.
    """
    if told_to_stop and not board.stopping:
        raise SystemExit(TOLD_TO_END)
    return board.stopping


def _screens(show: Show, plan: Plan) -> Screens:
    stage = StageSize(show.stage.aspect, show.stage.size_m, show.stage.size_px)
    if plan["headless"]:
        folder = Path(plan["out"]) if show.simulated else None
        where = f"{folder}{os.sep}NAME.png, one a projector, once a second" if folder else "nowhere: they show visitors"
        say(f"off-screen frames go to {where}")
        return HeadlessWindows(show.projectors, stage, folder, say=say)
    return DesktopScreens(lambda: Windows(show.projectors, stage, plan["operator"], show.name),
                          HeadlessWindows(show.projectors, stage), answers, say)


def _prepare(screens: Screens, sign: Callable[[], None]) -> None:
    """Make the kernels ready in a thread while the windows say how far it is; `sign` is called all the while."""
    progress = [(0, 1, "starting")]
    failed: list[BaseException] = []

    def work() -> None:
        try:
            warm(RENDER_KERNELS + SAFETY_KERNELS, lambda *step: progress.append(step))
        except Exception as error:  # told in the main thread
            failed.append(error)

    screens.preparing(*progress[-1])
    thread = threading.Thread(target=work, name="kernels", daemon=True)
    thread.start()
    while thread.is_alive():
        screens.preparing(*progress[-1])
        sign()
        thread.join(0.1)
    if failed:
        raise failed[0]
