"""The house: outside its hours the show is black and silent, its lamps are off, and no scene works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from engine.control.addresses import command_of
from engine.control.fade import Ramp
from engine.control.opening import Opening
from engine.director import Director
from engine.frame import Frame
from engine.light.lights import mix_lamps
from engine.show.hours import next_change
from engine.world import Event, Now

FADE_S = 3.0


class House:
    """Stands round the director: fades its frames when the house closes, then lets it rest until the house opens.

    Args:
        director: Answers while it is open.
        keeps_hours: Whether the show's hours hold; they do not where the room is simulated.
        say: Gets a line whenever it opens or closes.

    Attributes:
        words: What a technician should know of it, or nothing.
    """

    def __init__(self, director: Director, keeps_hours: bool, say: Callable[[str], None]) -> None:
        self.words = ""
        self._director, self._keeps_hours, self._say = director, keeps_hours, say
        self._opening = Opening()
        self._dark = Ramp(FADE_S)
        self._state: tuple[bool, bool] | None = None
        self._hour = -1
        if director.hours and not keeps_hours:
            say(f"house: the room is simulated, so its hours ({director.hours}) do not hold")

    @property
    def by_hand(self) -> str:
        """Return `open` or `closed` if somebody has set the house against its hours, or nothing."""
        return ("open" if self._opening.is_open else "closed") if self._opening.is_by_hand else ""

    @property
    def is_open(self) -> bool:
        """Return whether visitors may be there."""
        return self._opening.is_open

    def resume(self, by_hand: str, saved: datetime, wall: datetime) -> None:
        """Set it as somebody had set it at `saved`, unless the hours have changed since."""
        if not by_hand or not self._keeps_hours:
            return
        change = next_change(self._director.hours, saved)
        if change is None or change > wall:
            self._opening.step(wall, self._director.hours)
            self._opening.by_hand(by_hand == "open")

    def step(self, now: Now, events: tuple[Event, ...], wall: datetime) -> Frame:
        """Return the frame's light, sound and lamps."""
        self._opening.step(wall, self._director.hours if self._keeps_hours else None)
        for event in events:
            if (command := command_of(event)) is not None and command.verb == "open":
                self._opening.by_hand(command.on)
        self._follow(wall)
        lit = 1.0 - self._dark.step(now.dt)
        if lit <= 0.0:
            return self._director.rest(now, events)
        return dimmed(self._director.step(replace(now, mode="closed") if self._dark.on else now, events, wall), lit)

    def _follow(self, wall: datetime) -> None:
        """Turn with the opening, and say so; a house that is closed from the start is dark at once."""
        opening, before = self._opening, self._state
        self._state = state = opening.is_open, opening.is_by_hand
        if state != before or wall.hour != self._hour:
            self.words, self._hour = opening.words(wall), wall.hour
        if state == before:
            return
        self._dark.on = not opening.is_open
        if before is None:
            self._dark.level = float(self._dark.on)
        if opening.is_open:
            self._director.begin(opening.open_for_s(wall))
        if before is not None or self.words:
            self._say(f"house: {self.words or 'open'}")


def dimmed(frame: Frame, share: float) -> Frame:
    """Return a frame with all its light and sound times a share, 0..1."""
    if share >= 1.0:
        return frame
    views = {
        view: tuple(replace(group, weight=group.weight * share) for group in groups)
        for view, groups in frame.picture.views.items()
    }
    still = frame.picture.still
    picture = replace(frame.picture, views=views, still=still and replace(still, weight=still.weight * share))
    sounds = tuple(replace(sounds, gain=sounds.gain * share) for sounds in frame.sounds)
    return Frame(picture, sounds, mix_lamps([(share, frame.lamps)]))
