"""Blackout: who makes lamps dark while there is no engine. It stands in the supervisor, which outlives all crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from engine.clock import NS, monotonic_ns
from engine.light.fixture import BUILT_IN
from engine.light.lines import LINES, Line
from engine.show.forms import lamp_slots
from engine.show.model import Lamp
from engine.supervise.board import Board

AFTER_NS, EVERY_NS = 3 * NS // 2, NS


class Blackout:
    """Sends darkness once a second to all universes while the engine, having played, shows nothing.

    The engine's own thread sends darkness when its loop stands still; this is for an engine that is gone.

    Args:
        lamps: Of the show.
    """

    def __init__(self, lamps: Mapping[str, Lamp],
                 lines: Mapping[str, Callable[[], Line]] = LINES) -> None:
        self._universes = {universe: bytes(512) for lamp in lamps.values() for universe in _universes(lamp)}
        self._make = lines
        self._next_ns = 0

    def look(self, board: Board) -> None:
        """See whether the engine plays; to be called many times a second."""
        now_ns = monotonic_ns()
        if self._universes and board.last_beat_ns and now_ns > max(board.last_beat_ns + AFTER_NS, self._next_ns):
            self._next_ns = now_ns + EVERY_NS
            threading.Thread(target=self.send, name="blackout", daemon=True).start()  # to look up a name may take long

    def send(self) -> None:
        """Send darkness, for the last time, to all universes."""
        for kind in sorted({universe.partition(":")[0] for universe in self._universes}):
            line = self._make[kind]()
            line.send({name: slots for name, slots in self._universes.items() if name.startswith(kind)}, ended=True)
            line.close()


def _universes(lamp: Lamp) -> list[str]:
    """Return a lamp's universes; only pixels, which are of the built-in fixtures, have more than one."""
    if ":" not in lamp.address:
        return []
    footprint = len(BUILT_IN[lamp.fixture].slots) if lamp.fixture in BUILT_IN else 1
    return list(dict(lamp_slots(lamp.address, footprint, lamp.pixels[0] * lamp.pixels[1])))
