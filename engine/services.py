"""Services: parts of other packages that look on while a show runs, such as the drift watch.

An entry point of the group `mixeur.services` names a module with `begin(show, cameras, say, wall)`, which returns a
`Service`, or None where there is nothing to do. A service that fails ends with a line; the show goes on.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from engine.inputs.camera_glimpse import Glimpse
from engine.show.model import Show
from engine.world import Pixels

GROUP = "mixeur.services"


class Looker(Protocol):
    """A camera of which single pictures can be had."""

    def ask(self) -> None:
        """Ask for the next picture."""

    def glimpse(self) -> Glimpse | None:
        """Return it, once, or None while it has not come."""


class Service(Protocol):
    """What looks on."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return what the status line should say, or nothing."""

    def step(self, frames: Mapping[str, Pixels], is_open: bool, now_ns: int) -> None:
        """Take what is shown now: each projector's picture, BGRX, the loop's until the next frame; must not wait."""

    def close(self) -> None:
        """End what it has begun."""


Say = Callable[[str], None]
Wall = Callable[[], datetime.datetime]
Begin = Callable[[Show, Mapping[str, Looker], Say, Wall], Service | None]


class Services:
    """The services of a running show; they are looked for in a thread, so that the first picture need not wait.

    Args:
        wall: Returns the time on the wall.
        found: Returns what begins each; None: those that are installed.
    """

    def __init__(self, show: Show, cameras: Mapping[str, Looker], say: Say, wall: Wall,
                 found: Callable[[], Sequence[Begin]] | None = None) -> None:
        self._say = say
        self._running: list[Service] = []
        self._ended = False
        words = (show, cameras, wall, found or _installed)
        self._thread = threading.Thread(target=self._begin, args=words, name="services", daemon=True)
        self._thread.start()

    @property
    def words(self) -> tuple[str, ...]:
        """Return what they say to the status line."""
        return tuple(word for service in self._running for word in service.words)

    def step(self, frames: Mapping[str, Pixels], is_open: bool, now_ns: int) -> None:
        """Show them a frame."""
        for service in tuple(self._running):
            try:
                service.step(frames, is_open, now_ns)
            except Exception as error:
                self._running.remove(service)
                self._say(f"{type(service).__name__}: {error} ({type(error).__name__}); it has ended, the show goes on")

    def close(self) -> None:
        """End them."""
        self._ended = True
        for service in self._running:
            service.close()

    def _begin(self, show: Show, cameras: Mapping[str, Looker], wall: Wall,
               found: Callable[[], Sequence[Begin]]) -> None:
        try:
            for begin in found():
                service = begin(show, cameras, self._say, wall)
                if service is not None and not self._ended:
                    self._running.append(service)
        except Exception as error:
            self._say(f"services: {error} ({type(error).__name__}); the show goes on without")


def _installed() -> list[Begin]:
    from importlib.metadata import entry_points

    return [entry.load().begin for entry in entry_points(group=GROUP)]
