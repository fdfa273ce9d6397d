"""Speakers that keep what they were asked to play, with the sender's interface and no sound at all."""

from __future__ import annotations

from collections.abc import Sequence

from engine.problems import Problem
from engine.sound.events import Hold, Note, Sounds
from engine.sound.meters import Meters


class FakeSpeakers:
    """Takes the place of `SoundControl` where only what is asked for matters.

    Attributes:
        frames: What was submitted, with its time in nanoseconds, in order.
        values: The newest of each name.
    """

    def __init__(self) -> None:
        self.frames: list[tuple[int, tuple[Sounds, ...]]] = []
        self.values: dict[str, float] = {}
        self.problems: list[Problem] = []
        self.is_black = False
        self.panics = 0
        self.level_db = 0.0

    def submit(self, sounds: Sequence[Sounds], time_ns: int, moment_ns: int | None = None) -> None:
        self.frames.append((time_ns, tuple(sounds)))

    @property
    def notes(self) -> list[Note]:
        """Return all notes so far."""
        return [note for _, frame in self.frames for scene in frame for note in scene.notes]

    @property
    def holds(self) -> dict[tuple[str, str], Hold]:
        """Return what is held in the newest frame, by owner and key."""
        newest = self.frames[-1][1] if self.frames else ()
        return {(scene.owner, hold.key): hold for scene in newest if not scene.stop for hold in scene.holds}

    @property
    def bound(self) -> set[str]:
        """Return the names that holds follow."""
        return {name for hold in self.holds.values() for name in (hold.level_from, hold.pitch_from) if name}

    def tell(self, name: str, value: float) -> None:
        self.values[name] = value

    def heartbeat(self) -> None:
        """Do nothing: these speakers never fade."""

    def blackout(self, on: bool) -> None:
        self.is_black = on

    def panic(self) -> None:
        self.panics += 1

    def meters(self) -> Meters:
        """Return the state of an engine that plays nothing."""
        return Meters("none", "", False, 0, 0.0, (), (), 0, 0, 0.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0.0)
