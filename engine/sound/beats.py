"""A scene's notes that wait for their beat, and the steps that come next."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.music.tempo import AHEAD_S, SOON_S, Step
from engine.sound.events import Instrument, Note
from engine.world import Now

MOST_WAITING = 1024
FORGOTTEN_S = 1.0  # a scene that was not asked for so long begins at the present beat


@dataclass(frozen=True, slots=True)
class _Waiting:
    note: Note
    place: float
    grid: float


class Beats:
    """Keeps notes until a tenth of a second before their beat: until then every change of tempo counts.

    What is handed over then keeps its time to the sample, since a change begins after that tenth. A note of the same
    voice and pitch that is asked for again, in a later frame before the same beat, sounds once.
    """

    def __init__(self, now: Now) -> None:
        self._waiting: list[_Waiting] = []
        self._asked: dict[tuple[Instrument, float, float], int] = {}
        self._frame = 0
        self._now, self._from, self._until = now, 0.0, 0.0

    def begin(self, now: Now) -> None:
        """Start a frame."""
        tempo, before, self._now = now.tempo, self._now, now
        self._frame += 1
        place = tempo.place_at(now.time - SOON_S)
        if tempo.jumps != before.tempo.jumps:
            self._place_again()
            self._from = tempo.place_at(max(tempo.points[0][0], now.time - 2 * now.dt))
        elif not before.time < now.time < before.time + FORGOTTEN_S:
            self._from = place
        else:
            self._from = max(self._until, place)  # what is past by now would be late
        self._until = tempo.place_at(now.time + AHEAD_S)
        self._asked = {key: frame for key, frame in self._asked.items() if key[2] > place - tempo.beats}

    def steps(self, grid: float) -> tuple[Step, ...]:
        """Return the steps of a grid, in beats, that come within a tenth of a second and were in no frame before."""
        first = math.ceil(self._from / grid - 1e-9)
        last = math.ceil(self._until / grid - 1e-9)
        return tuple(Step(number, number * grid) for number in range(first, last))

    def ask(self, note: Note, place: float, grid: float = 0.0) -> bool:
        """Let a note wait for a place on the beat; return False if there is no room for it.

        Args:
            grid: In beats: where the beat is set anew meanwhile, it waits for the next place of it. 0: it is dropped.
        """
        if not self._now.tempo.bpm_at(self._now.time + AHEAD_S):
            return True  # the tempo stands still
        if self._asked.setdefault((note.voice, note.pitch, place), self._frame) == self._frame:
            if len(self._waiting) >= MOST_WAITING:
                return False
            self._waiting.append(_Waiting(note, place, grid))
        return True

    def due(self) -> list[Note]:
        """Return the notes whose time has come, with their delay after this frame's time."""
        tempo, time_s = self._now.tempo, self._now.time
        timed = [(tempo.time_at(each.place) - time_s, each) for each in self._waiting]
        self._waiting = [each for delay_s, each in timed if delay_s > AHEAD_S + SOON_S]
        return [replace(each.note, delay_s=max(delay_s, 0.0), on_beat=True)
                for delay_s, each in timed if delay_s <= AHEAD_S + SOON_S]

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._asked.clear()

    def _place_again(self) -> None:
        """Let what waits, wait for the next place of its grid after the beat was set anew."""
        waiting, now = tuple(self._waiting), self._now
        self.clear()
        for each in waiting:
            if each.grid:
                self.ask(each.note, now.tempo.next_place(each.grid, now.time), each.grid)
