"""A camera's newest picture as it comes, dark ones and still ones too, read in a thread as fast as the camera gives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.clock import NS, monotonic_ns
from engine.inputs.camera_capture import Shot
from engine.inputs.camera_source import DEADLINE_S, Source, SourceLost
from engine.problems import MixeurError

OPENING_S = 8.0
PATIENCE_S = 15.0  # for the next picture of a camera, which may be on a busy machine
RETRY_S = 0.3


class Eye:
    """Keeps the newest picture of one camera; a show's `Capture` would leave out the dark ones of a scan.

    Args:
        name: The camera's in the show.
        open_it: Opens its source, which may take the seconds that it is given to answer.
    """

    def __init__(self, name: str, open_it: Callable[[float], Source]) -> None:
        self.name, self._open_it = name, open_it
        self._shot: Shot | None = None
        self._why = "gives no pictures; is its cable loose?"
        self._arrival = threading.Condition()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eye", daemon=True)
        self._thread.start()

    def after(self, time_ns: int, patience_s: float = PATIENCE_S) -> Shot:
        """Return the first picture that arrives after a time (monotonic).

        Raises:
            MixeurError: None comes; with what keeps it.
        """
        end_ns = monotonic_ns() + round(patience_s * NS)
        with self._arrival:
            while self._shot is None or self._shot.captured_ns <= time_ns:
                if (left_ns := end_ns - monotonic_ns()) <= 0:
                    raise MixeurError(f"camera.{self.name}: {self._why}")
                self._arrival.wait(left_ns / NS)
            return self._shot

    def close(self) -> None:
        """Let the camera go."""
        self._ending.set()
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._read_all()
            except SourceLost as error:
                self._why = str(error)
            except Exception as error:  # a driver may raise anything
                self._why = f"{type(error).__name__} in its driver; unplug the camera and plug it in again"
            self._ending.wait(RETRY_S)

    def _read_all(self) -> None:
        source = self._open_it(OPENING_S)
        try:
            while not self._ending.is_set():
                if (read := source.read(OPENING_S)) is not None:
                    with self._arrival:
                        self._shot = Shot(*read)
                        self._arrival.notify_all()
        finally:
            source.close()
