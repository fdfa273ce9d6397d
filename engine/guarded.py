"""Guarded screens: the show's windows behind the flash guard. Nothing that is shown goes another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.render.window_input import OPERATOR, ToStage, WindowInput
from engine.safety.flash_guard import FlashGuard, Verdict

Pixels = NDArray[np.uint8]
QUIET_S = 60.0  # between two lines on the same scene
TOLD_SHARE = 0.001  # of a picture that is held, from which it is told


class Screens(Protocol):
    """Windows, or what stands in for them."""

    @property
    def operator_size(self) -> tuple[int, int] | None: ...
    def present(self, frames: Mapping[str, Pixels]) -> None: ...
    def present_operator(self, pixels: Pixels) -> None: ...
    def poll(self, to_stage: ToStage) -> WindowInput: ...
    def open_operator(self) -> None: ...
    def close_operator(self) -> None: ...
    def show_cursor(self, visible: bool) -> None: ...


class GuardedScreens:
    """Lets pictures through to the windows, each projector's past a guard of its own.

    Args:
        flashes: Most flashes in a second that are let through, 1..3.
        scenes: Returns the names of the scenes in the picture.
        say: Where a line for the operator goes.

    Attributes:
        words: What is held back now and whose it is, or nothing.
    """

    def __init__(self, screens: Screens, flashes: int, scenes: Callable[[], Sequence[str]],
                 say: Callable[[str], None]) -> None:
        self.words: tuple[str, ...] = ()
        self._screens, self._flashes, self._scenes, self._say = screens, flashes, scenes, say
        self._time_s = 0.0
        self._guards: dict[str, FlashGuard] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._told: dict[tuple[str, str], float] = {}

    def present(self, frames: Mapping[str, Pixels], time_s: float) -> None:
        """Show pictures, BGRX, which are due at `time_s`; they are changed in place where they have to be."""
        self._time_s = time_s
        names = list(frames)
        if self._pool is None and len(names) > 1:
            self._pool = ThreadPoolExecutor(len(names) - 1, "guard")
        guards = {name: self._guard(name) for name in names}
        others = names[1:] if self._pool else []
        waiting = [self._pool.submit(guards[name].apply, frames[name], time_s) for name in others if self._pool]
        for name in names[:1]:
            guards[name].apply(frames[name], time_s)
        for part in waiting:
            part.result()
        self._tell({name: guards[name].verdict for name in names}, time_s)
        self._screens.present(frames)

    def present_operator(self, pixels: Pixels) -> None:
        """Show the operator's picture; it holds the stage too."""
        self._screens.present_operator(self._guard(OPERATOR).apply(pixels.copy(), self._time_s))

    @property
    def operator_size(self) -> tuple[int, int] | None:
        """Return the operator's window's (width, height) in pixels, or None while it is closed."""
        return self._screens.operator_size

    def poll(self, to_stage: ToStage) -> WindowInput:
        """Return what was done at the windows since the last call; never blocks."""
        return self._screens.poll(to_stage)

    def open_operator(self) -> None:
        """Open the operator's window."""
        self._screens.open_operator()

    def close_operator(self) -> None:
        """Close it."""
        self._screens.close_operator()

    def show_cursor(self, visible: bool) -> None:
        """Show the pointer on full-screen projectors too."""
        self._screens.show_cursor(visible)

    def close(self) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown()

    def _guard(self, name: str) -> FlashGuard:
        if name not in self._guards:
            self._guards[name] = FlashGuard("bgra", self._flashes)
        return self._guards[name]

    def _tell(self, verdicts: Mapping[str, Verdict], time_s: float) -> None:
        held = {name: verdict.held for name, verdict in verdicts.items() if verdict.held >= TOLD_SHARE}
        whose = " and ".join(self._scenes()) or "the picture"
        self.words = (f"FLASHES {whose} {max(held.values()):.0%} held back",) if held else ()
        for name, share in held.items():
            self._say_once((whose, "flashes"), f"{whose}: flashes more than {self._flashes} times in a second or too "
                           f"long, and is held back ({name}, {share:.1%} of the picture); slow it down or soften it",
                           time_s)  # fmt: skip
        for name, verdict in verdicts.items():
            if verdict.stripes:
                self._say_once((whose, "stripes"), f"{whose}: {verdict.stripes} pairs of strong stripes stand in the "
                               f"picture ({name}), which may harm people; make them paler, fewer or uneven", time_s)

    def _say_once(self, what: tuple[str, str], line: str, time_s: float) -> None:
        if time_s - self._told.get(what, -QUIET_S) >= QUIET_S:
            self._told[what] = time_s
            self._say(line)
