"""The saver: writes what a hand has changed once it rests, in a thread, so that no frame waits for a disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.clock import NS
from engine.problems import MixeurError
from engine.show.profile import Profile

REST_NS = NS


class Saver:
    """Keeps projectors' profiles.

    Args:
        write: Writes one; raises `MixeurError` if it cannot.
        say: Where a line for the operator goes.
        now_ns: The clock.
    """

    def __init__(self, write: Callable[[str, Profile], None], say: Callable[[str], None],
                 now_ns: Callable[[], int]) -> None:
        self._write, self._say, self._now_ns = write, say, now_ns
        self._waiting: dict[str, Profile] = {}
        self._due_ns = 0
        self._writer = ThreadPoolExecutor(1, "saver")

    def keep(self, name: str, profile: Profile) -> None:
        """Take a projector's profile; it is written after a second without another one."""
        self._waiting[name] = profile
        self._due_ns = self._now_ns() + REST_NS

    def step(self) -> None:
        """Write what has rested."""
        if self._waiting and self._now_ns() >= self._due_ns:
            self._writer.submit(self._save, self._waiting)
            self._waiting = {}

    def close(self) -> None:
        """Write what is left, and wait for it."""
        self._writer.submit(self._save, self._waiting)
        self._writer.shutdown()

    def _save(self, profiles: dict[str, Profile]) -> None:
        for name, profile in profiles.items():
            try:
                self._write(name, profile)
            except MixeurError as error:
                self._say(f"projector.{name}: {error}")
