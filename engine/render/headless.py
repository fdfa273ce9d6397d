"""Windows for a machine without a display: the same interface, pictures kept, and written to a folder if asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.render.window_input import ToStage, WindowInput
from engine.show.model import Projector
from engine.world import StageSize

Pixels = NDArray[np.uint8]


class HeadlessWindows:
    """Takes what `Windows` takes and shows nothing.

    Args:
        folder: Where each projector's picture is written as `NAME.png`; None: nowhere.
        every_s: Seconds between two writings.
        say: Where a line goes when they cannot be written.

    Attributes:
        last: The newest picture of each projector. BGRX, shape (height, width, 4), uint8.
        sizes: The (width, height) of each projector's picture.
    """

    operator_size: tuple[int, int] | None = None
    lost: Mapping[str, str] = MappingProxyType({})

    def __init__(self, projectors: Mapping[str, Projector], stage: StageSize,
                 folder: Path | None = None, every_s: float = 1.0,
                 say: Callable[[str], None] = lambda line: None) -> None:
        named = dict(projectors) or {"stage": Projector(name="stage")}
        self.sizes = {name: projector.size or stage.size_px for name, projector in named.items()}
        self.last: dict[str, Pixels] = {}
        self._folder = folder
        self._every_ns = round(every_s * NS)
        self._next_ns = 0
        self._writer = ThreadPoolExecutor(1, "pictures") if folder else None
        self._writing: Future[None] | None = None
        self._say, self._failed = say, False

    def memory(self) -> Mapping[str, Pixels]:
        """Return the pictures that are kept: what is made there need not be copied."""
        return self.last

    def present(self, frames: Mapping[str, Pixels]) -> None:
        """Keep the pictures; in a thread of its own, write them where it is due and the last writing has ended."""
        for name, frame in frames.items():
            if frame is self.last.get(name):
                continue
            if name in self.last and self.last[name].shape == frame.shape:
                np.copyto(self.last[name], frame)
            else:
                self.last[name] = frame.copy()
        if self._writer and monotonic_ns() >= self._next_ns and (self._writing is None or self._writing.done()):
            self._next_ns = monotonic_ns() + self._every_ns
            self._writing = self._writer.submit(self._write, {name: kept.copy() for name, kept in self.last.items()})

    def present_operator(self, pixels: Pixels) -> None:
        """Do nothing: there is no operator's window."""

    def preparing(self, done: int, total: int, what: str) -> None:
        """Do nothing: there is no one to wait."""

    def show_cursor(self, visible: bool) -> None:
        """Do nothing: there is no pointer."""

    def open_operator(self) -> None:
        """Do nothing: there is nowhere to open it."""

    def close_operator(self) -> None:
        """Do nothing: it is never open."""

    def poll(self, to_stage: ToStage) -> WindowInput:
        """Return that nobody did anything."""
        return WindowInput()

    def close(self) -> None:
        """End the writing."""
        if self._writer:
            self._writer.shutdown()

    def _write(self, frames: Mapping[str, Pixels]) -> None:
        try:
            self._save(frames)
            self._failed = False
        except OSError as error:
            if not self._failed:
                self._say(f"{self._folder}: off-screen frames cannot be written ({error.strerror}); the show goes on")
            self._failed = True

    def _save(self, frames: Mapping[str, Pixels]) -> None:
        if self._folder is None:
            return
        import cv2  # slow to load: not while windows are waited for

        self._folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            part = self._folder / f".{name}.part.png"
            try:
                part.write_bytes(cv2.imencode(".png", frame[..., :3])[1].tobytes())  # imwrite is silent on a full disk
                part.replace(self._folder / f"{name}.png")
            finally:
                part.unlink(missing_ok=True)
