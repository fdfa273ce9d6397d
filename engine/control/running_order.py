"""The running order: which cue runs, which stands by, and when the next goes by itself."""

from __future__ import annotations

import datetime

from engine.show.model import Cue, Show

DAY_S = 86_400
TIMED_WITHIN_S = 60
DAYS_KEPT = 4  # a clock that is set to a wrong year and back fires no cue twice


def cues_of(show: Show) -> tuple[Cue, ...]:
    """Return the show's cues; without any, one for each scene."""
    return show.programme.cues or tuple(Cue(name=name, scene=name) for name in show.scenes)


class RunningOrder:
    """Cues in order, and where we are. After the last cue comes the first.

    Attributes:
        current: The running cue; None before the first.
        held: Whether auto-follow waits.
    """

    def __init__(self, cues: tuple[Cue, ...]) -> None:
        self.cues = cues
        self.current: Cue | None = None
        self.held = False
        self._index = -1
        self._run_s = self._over_s = 0.0
        self._fired: dict[str, tuple[datetime.date, ...]] = {}
        self._within_s: float = TIMED_WITHIN_S

    @property
    def standby(self) -> Cue | None:
        """Return the cue that `go` runs; None if there is no other."""
        following = self.cues[(self._index + 1) % len(self.cues)] if self.cues else None
        return None if following is self.current else following

    @property
    def previous(self) -> Cue | None:
        """Return the cue that `back` runs; None at the first."""
        return self.cues[self._index - 1] if self._index > 0 else None

    def named(self, name: str) -> Cue | None:
        """Return the cue of that name, or None."""
        return next((cue for cue in self.cues if cue.name == name), None)

    def take(self, cue: Cue) -> None:
        """Make `cue` the running one; its auto-follow counts from now, or from when it was due."""
        self.current = cue
        self._index = self.cues.index(cue)
        self._run_s, self._over_s = self._over_s, 0.0

    def rewind(self) -> None:
        """Go back to before the first cue."""
        self.current, self.held = None, False
        self._index, self._run_s, self._over_s, self._fired = -1, 0.0, 0.0, {}

    def catch_up(self, seconds: float) -> None:
        """Let the timed cue that came last, at most so many seconds ago, be due next."""
        self._within_s = max(seconds, TIMED_WITHIN_S)

    def due(self, dt: float, wall: datetime.datetime) -> Cue | None:
        """Return the cue that goes by itself in this frame: by the clock on the wall, else by auto-follow."""
        self._over_s = 0.0
        timed, self._within_s = self._timed(wall), TIMED_WITHIN_S
        if timed is not None:
            return timed
        self._run_s += 0.0 if self.held else dt
        follow_s = self.current.follow_s if self.current else None
        if follow_s is None or self._run_s < follow_s:
            return None
        self._over_s = min(self._run_s - follow_s, dt)  # so that frames do not add up to a delay
        return self.standby

    def adopt(self, cues: tuple[Cue, ...]) -> Cue | None:
        """Take another list of cues; return the cue to fade to where the running one is gone or changed its scene."""
        before, index = self.current, self._index
        self.cues = cues
        if before is None:
            return None
        kept = self.named(before.name)
        if kept is None:
            self.current, self._index = None, -1
            return cues[min(index, len(cues) - 1)] if cues else None
        self.current, self._index = kept, cues.index(kept)
        return kept if kept.scene != before.scene else None

    def _timed(self, wall: datetime.datetime) -> Cue | None:
        """Return the newest timed cue, of those within their minute, that has not gone today."""
        found: tuple[float, Cue] | None = None
        seconds = wall.hour * 3600 + wall.minute * 60 + wall.second + wall.microsecond / 1e6
        for cue in self.cues:
            if cue.time is None:
                continue
            late_s = (seconds - _seconds(cue.time)) % DAY_S
            day = (wall - datetime.timedelta(seconds=late_s)).date()
            before = self._fired.get(cue.name, ())
            if late_s < self._within_s and day not in before:
                self._fired[cue.name] = (*before[1 - DAYS_KEPT :], day)
                if found is None or late_s <= found[0]:
                    found = late_s, cue
        return found[1] if found else None


def _seconds(time: str) -> int:
    hour, minute, second = (*(int(part) for part in time.split(":")), 0)[:3]
    return hour * 3600 + minute * 60 + second
