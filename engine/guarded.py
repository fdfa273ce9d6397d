"""Guarded screens: the show's windows behind the flash guard. Nothing that is shown goes another way."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.held_back import HeldBack
from engine.render.window_input import OPERATOR, ToStage, WindowInput
from engine.safety.exemption import Exemption
from engine.safety.flash_guard import FlashGuard

Pixels = NDArray[np.uint8]

class Screens(Protocol):
    """Windows, or what stands in for them."""

    @property
    def operator_size(self) -> tuple[int, int] | None: ...
    def memory(self) -> Mapping[str, Pixels]: ...
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
        held_back: Told what the guards do.
        crew: The threads that share a picture; None: the caller's.
    """

    def __init__(self, screens: Screens, flashes: int, held_back: HeldBack, crew: Crew | None = None) -> None:
        self._screens, self._flashes, self._held_back, self._crew = screens, flashes, held_back, crew
        self._last: Mapping[str, Pixels] = {}
        self._time_s = 0.0
        self._guards: dict[str, FlashGuard] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._exemption: Exemption | None = None

    def exempt(self, exemption: Exemption) -> None:
        """Show the patterns of a calibration past the guards until the exemption ends; the operator's window stays."""
        self._exemption = exemption

    @property
    def shown(self) -> Mapping[str, Pixels]:
        """Return what projectors show, valid until `poll`; after it, only those whose windows' memory is known."""
        return {**self.memory(), **self._last}

    def memory(self) -> Mapping[str, Pixels]:
        """Return where pictures may be made, by projector, so that they need not be copied; lives until `poll`."""
        return self._screens.memory()

    def present(self, frames: Mapping[str, Pixels], time_s: float) -> None:
        """Show pictures, BGRX, which are due at `time_s`; they are changed in place where they have to be."""
        self._time_s, self._last = time_s, frames
        if self._exemption:
            self._guards = {name: guard for name, guard in self._guards.items() if name == OPERATOR}
            if self._exemption.left_s(time_s):
                self._screens.present(frames)
                return
            self._exemption = None  # what follows rises from black
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
        self._held_back.pictures({name: guards[name].verdict for name in names}, time_s)
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
        self._last = {}  # a window that goes takes its memory with it
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
            self._guards[name] = FlashGuard("bgra", self._flashes, crew=self._crew)
        return self._guards[name]
