"""The output of lamps: 40 times a second, in a thread of its own, what the loop asked for last goes to all fixtures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.light.fades import Fades
from engine.light.levels import LampLevel
from engine.light.lines import LINES, Line
from engine.light.patch import Patch
from engine.safety.lamp_guard import LampGuard
from engine.show.model import Lamp

Floats = NDArray[np.float32]
FPS = 40
SLOTS = 512
DARK = bytes(SLOTS)
STALE_S, FADE_S = 1.0, 0.5  # a loop that asks for nothing any more; then lamps go dark
LATE_S = 0.2  # from which frames are left out


@dataclass(frozen=True, slots=True)
class Room:
    """The lamps of one version of the show."""

    patch: Patch
    fades: Fades
    guard: LampGuard

    def values(self) -> Floats:
        """Return what each slot is to hold."""
        return self.patch.values(self.fades.lamps)


class LampOutput:
    """Sends a show's lamps; the flash guard of lamps stands before every slot.

    Args:
        patch: Where the lamps are.
        flashes: Most flashes in a second, 1..3.

    Attributes:
        held: Which part of the slots the flash guard holds back, 0..1.
    """

    def __init__(self, lamps: Mapping[str, Lamp], patch: Patch, flashes: int,
                 lines: Mapping[str, Callable[[], Line]] = LINES) -> None:
        self.held = 0.0
        self._flashes, self._make = flashes, lines
        self._lines: dict[str, Line] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lamps", daemon=True)
        self.adopt(lamps, patch)

    @property
    def lost(self) -> dict[str, str]:
        """Return for each universe why nothing goes out, or nothing."""
        lost = {universe: why for line in list(self._lines.values()) for universe, why in list(line.lost.items())}
        return {universe: lost.get(universe, "") for universe in self._room.patch.universes}

    def adopt(self, lamps: Mapping[str, Lamp], patch: Patch) -> None:
        """Take the lamps of another version of the show."""
        self._room = Room(patch, Fades(lamps), LampGuard(patch.weights, patch.reds, self._flashes))
        self._asked = self._room, self._room.values(), monotonic_ns()
        if patch.universes and not self._thread.is_alive():
            self._thread.start()

    def submit(self, levels: Iterable[LampLevel], dt: float) -> None:
        """Take what a frame asks of the lamps; `dt` is its length in seconds."""
        self._room.fades.step(levels, dt)
        self._asked = self._room, self._room.values(), monotonic_ns()

    def close(self) -> None:
        """Make all lamps dark and end."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        room = self._room
        due_ns = monotonic_ns()
        while not self._closing.wait(max(due_ns - monotonic_ns(), 0) / NS):
            before, (room, values, asked_ns) = room, self._asked
            gone = set(before.patch.universes) - set(room.patch.universes)
            self._send(dict.fromkeys(gone, DARK), ended=True)
            self._send(_packed(room.patch, self._guarded(room, values, asked_ns, monotonic_ns())))
            due_ns = max(due_ns + NS // FPS, monotonic_ns() - round(LATE_S * NS))
        self._send(dict.fromkeys(room.patch.universes, DARK), ended=True)
        for line in self._lines.values():
            line.close()

    def _guarded(self, room: Room, values: Floats, asked_ns: int, now_ns: int) -> Floats:
        """Return what goes out: dark once the loop is silent, and past the flash guard."""
        left = 1.0 - max((now_ns - asked_ns) / NS - STALE_S, 0.0) / FADE_S
        lit, out = room.patch.lit, values.copy()
        out[lit] = room.guard.apply(values[lit] * np.float32(max(min(left, 1.0), 0.0)), now_ns / NS)
        self.held = room.guard.held
        return out

    def _send(self, universes: Mapping[str, bytes], ended: bool = False) -> None:
        for kind in sorted({universe.partition(":")[0] for universe in universes}):
            if kind not in self._lines:
                self._lines[kind] = self._make[kind]()
            line = {name: slots for name, slots in universes.items() if name.partition(":")[0] == kind}
            self._lines[kind].send(line, ended)


def _packed(patch: Patch, values: Floats) -> dict[str, bytes]:
    """Return the 512 bytes of each universe."""
    universes = np.zeros((len(patch.universes), SLOTS), np.uint8)
    universes[patch.universe, patch.channel] = np.rint(values * 255)
    return {name: universes[index].tobytes() for index, name in enumerate(patch.universes)}
