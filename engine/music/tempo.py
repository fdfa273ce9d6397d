"""Tempo: where the beat is at any time, and when a beat comes; pure, and exact through every change."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from engine.music.pitch import MusicError

AHEAD_S = 0.1  # so long before its time a note is handed to the sound; a change of tempo begins after that
KEPT_S = 0.5  # so far back the past of the beat is known
SOON_S = 1e-6  # a beat that is now is not the next one
BEATS = 4  # in a whole note: 1/4 is a beat
_GRID = re.compile(r"([1-9]\d{0,2})/([1-9]\d{0,2})")
Point = tuple[float, float, float]  # from this time (seconds) and beat on, so many beats a minute


class Step(int):
    """Number of a step of a grid, counted from the first beat; `sound.note(when=step)` plays on it.

    Attributes:
        beat: Where it is, in beats.
    """

    beat: float

    def __new__(cls, number: int, beat: float) -> Step:
        step = super().__new__(cls, number)
        step.beat = beat
        return step


@dataclass(frozen=True, slots=True)
class Tempo:
    """The beat as lines from time to beats, each from its point on.

    Attributes:
        points: Rising in time, without a jump between them. A tempo of 0 stands still.
        beats: In a bar.
        swing: 0..1: how far the second eighth of a beat is late, as a share of an eighth; 1/3 is that of triplets.
        jumps: How often the beat was set anew: what was counted before means nothing then.
    """

    points: tuple[Point, ...] = ((0.0, 0.0, 100.0),)
    beats: int = 4
    swing: float = 0.0
    jumps: int = 0

    @classmethod
    def steady(cls, bpm: float, beats: int = 4, swing: float = 0.0) -> Tempo:
        """Return a tempo whose first beat is at time 0."""
        return cls(((0.0, 0.0, bpm),), beats, swing)

    def bpm_at(self, time_s: float) -> float:
        """Return the beats a minute."""
        return self._point_at(time_s)[2]

    def beat_at(self, time_s: float) -> float:
        """Return the beat, counted from 0, with its fraction."""
        begin_s, beat, bpm = self._point_at(time_s)
        return beat + (time_s - begin_s) * bpm / 60

    def time_of(self, beat: float) -> float:
        """Return when a beat comes, in seconds; infinity for one that does not while the tempo stands still."""
        for (begin_s, first, bpm), (_, end, _) in zip(self.points, self.points[1:], strict=False):
            if beat < end:
                return begin_s + (beat - first) * 60 / bpm if bpm else begin_s
        begin_s, first, bpm = self.points[-1]
        if bpm:
            return begin_s + (beat - first) * 60 / bpm
        return begin_s if beat <= first else math.inf

    # -- grids: places on a swung beat ---------------------------------------------------------

    def grid(self, name: str) -> float | None:
        """Return the beats of a grid such as `1/8`, `beat` or `bar`; None for a text that names none."""
        if match := _GRID.fullmatch(name.replace(" ", "")):
            return BEATS * int(match[1]) / int(match[2])
        return {"beat": 1.0, "bar": float(self.beats)}.get(name)

    def place_at(self, time_s: float) -> float:
        """Return the place on the grid, in beats: the beat, with its swing taken back."""
        beat = self.beat_at(time_s)
        whole, middle = math.floor(beat), 0.5 + self.swing / 2
        part = beat - whole
        return whole + (0.5 * part / middle if part < middle else 1.0 - 0.5 * (1.0 - part) / (1.0 - middle))

    def time_at(self, place: float) -> float:
        """Return when a place on the grid comes, in seconds, swung."""
        whole, middle = math.floor(place), 0.5 + self.swing / 2
        part = place - whole
        return self.time_of(whole + (part * 2 * middle if part < 0.5 else 1.0 - (1.0 - part) * 2 * (1.0 - middle)))

    def next_place(self, grid: float, time_s: float) -> float:
        """Return the first place of a grid that is not past at a time."""
        soon = SOON_S * max(self.bpm_at(time_s), 1.0) / 60
        return math.ceil((self.place_at(time_s) - soon) / grid) * grid

    # -- changes -------------------------------------------------------------------------------

    def turned(self, now_s: float, bpm: float) -> Tempo:
        """Return the tempo that changes to `bpm` a tenth of a second from now: what was handed on stays on the beat."""
        begin_s = max(now_s + AHEAD_S, self.points[-1][0])
        kept = [point for point in self.points if point[0] < begin_s]
        while len(kept) > 1 and kept[1][0] < now_s - KEPT_S:
            kept.pop(0)
        if bpm == self.points[-1][2]:
            points = (*kept, *self.points[-1:]) if self.points[-1][0] >= begin_s else tuple(kept)
            return self if len(points) == len(self.points) else replace(self, points=points)
        return replace(self, points=(*kept, (begin_s, self.beat_at(begin_s), bpm)))

    def placed(self, now_s: float, beat: float, bpm: float) -> Tempo:
        """Return the tempo set anew: it is at `beat` now."""
        return replace(self, points=((now_s, beat, bpm),), jumps=self.jumps + 1)

    def _point_at(self, time_s: float) -> Point:
        for point in reversed(self.points):
            if point[0] <= time_s:
                return point
        return self.points[0]


def need_grid(tempo: Tempo, name: object, what: str) -> float:
    """Return the beats of a grid.

    Raises:
        MusicError: It is none.
    """
    beats = tempo.grid(name) if isinstance(name, str) else None
    if beats is None:
        raise MusicError(f"{what} is {name!r}; a share of a bar such as '1/4' or '1/8', or 'beat' or 'bar'")
    return beats
