"""Screens: the show's windows, or off-screen frames while there is no display server for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.problems import MixeurError
from engine.render.headless import HeadlessWindows
from engine.render.window import Windows
from engine.render.window_input import ToStage, WindowInput

Pixels = NDArray[np.uint8]
LOOK_S = 1.0
PATIENCE_S = 5.0  # at the start, for a server that is just starting too


class Screens:
    """Takes what `Windows` takes; sound, lamps and sensors go on while the server is away.

    Args:
        open_windows: Opens the windows; raises `MixeurError` where there is no server.
        off: Takes the frames meanwhile.
        answers: Whether there is a server; one that hangs keeps it for ever, in a thread of its own.
        say: Where a line for the operator goes.
    """

    def __init__(self, open_windows: Callable[[], Windows], off: HeadlessWindows, answers: Callable[[], bool],
                 say: Callable[[str], None]) -> None:
        self._open_windows, self._off, self._answers, self._say = open_windows, off, answers, say
        self._look: _Look | None = _Look(answers)
        self._next_look_ns = 0
        self._why = "the display server does not answer"
        self._cursor = False
        self._screens: Windows | HeadlessWindows = off
        if self._look.waited(PATIENCE_S):
            self._look = None
            self._open()
        if self._screens is off:
            say(f"{self._why}; frames are made off-screen until there is one")
        for name, why in self._screens.lost.items():
            say(f"projector.{name}: {why}")

    @property
    def lost(self) -> Mapping[str, str]:
        """Return why a projector has no window, by its name."""
        return dict.fromkeys(self._off.sizes, self._why) if self._screens is self._off else self._screens.lost

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """Return the (width, height) each projector's picture should have; changes with the displays."""
        return self._screens.sizes

    @property
    def operator_size(self) -> tuple[int, int] | None:
        """Return the operator's window's (width, height) in pixels, or None while it is closed."""
        return self._screens.operator_size

    def memory(self) -> Mapping[str, Pixels]:
        """Return where pictures may be made, by projector, so that they need not be copied; lives until `poll`."""
        return self._screens.memory()

    def present(self, frames: Mapping[str, Pixels]) -> None:
        """Show pictures, all windows at once; a projector without one keeps its last."""
        self._screens.present(frames)

    def present_operator(self, pixels: Pixels) -> None:
        """Show the operator's picture, BGRX, if that window is open."""
        self._screens.present_operator(pixels)

    def preparing(self, done: int, total: int, what: str) -> None:
        """Show on every projector how far the start has come."""
        self._screens.preparing(done, total, what)

    def show_cursor(self, visible: bool) -> None:
        """Show the pointer on full-screen projectors too, while someone works there."""
        self._cursor = visible
        self._screens.show_cursor(visible)

    def open_operator(self) -> None:
        """Open the operator's window, on a display that no projector uses if there is one."""
        self._screens.open_operator()

    def close_operator(self) -> None:
        """Close the operator's window."""
        self._screens.close_operator()

    def poll(self, to_stage: ToStage) -> WindowInput:
        """Return what was done at the windows since the last call; never blocks."""
        if self._screens is self._off:
            self._look_for_server()
        return self._screens.poll(to_stage)

    def close(self) -> None:
        """Close every window."""
        self._screens.close()
        self._off.close()

    def _look_for_server(self) -> None:
        now_ns = monotonic_ns()
        if self._look is None:
            if now_ns >= self._next_look_ns:
                self._next_look_ns = now_ns + round(LOOK_S * NS)
                self._look = _Look(self._answers)
        elif self._look.waited(0):
            is_there, self._look = self._look.is_there, None
            if is_there and self._open():
                self._say("display: there is one; the windows are open")

    def _open(self) -> bool:
        """Open the windows and return true, unless the server went again or is not ready yet."""
        try:
            self._screens = self._open_windows()
        except MixeurError as error:
            self._why = str(error)
            return False
        self._screens.show_cursor(self._cursor)
        return True


class _Look:
    """One look for the server; a thread that hangs on it ends with the process."""

    def __init__(self, answers: Callable[[], bool]) -> None:
        self.is_there = False
        self._answers = answers
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    def waited(self, seconds: float) -> bool:
        """Wait at most so long; return whether the look is over."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self.is_there = self._answers()
