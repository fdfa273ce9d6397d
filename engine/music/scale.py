"""Scales: the steps of a tuning that a piece uses, counted from its root."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from engine.music.pitch import MusicError, key_of
from engine.music.tuning import Tuning
from engine.problems import did_you_mean

NAMED: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11), "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "harmonic major": (0, 2, 4, 5, 7, 8, 11), "double harmonic": (0, 1, 4, 5, 7, 8, 11),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11), "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    "ionian": (0, 2, 4, 5, 7, 9, 11), "dorian": (0, 2, 3, 5, 7, 9, 10), "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11), "mixolydian": (0, 2, 4, 5, 7, 9, 10), "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10), "lydian dominant": (0, 2, 4, 6, 7, 9, 10), "altered": (0, 1, 3, 4, 6, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9), "minor pentatonic": (0, 3, 5, 7, 10), "blues": (0, 3, 5, 6, 7, 10),
    "hirajoshi": (0, 2, 3, 7, 8), "in sen": (0, 1, 5, 7, 10), "iwato": (0, 1, 5, 6, 10), "yo": (0, 2, 5, 7, 9),
    "whole tone": (0, 2, 4, 6, 8, 10), "octatonic": (0, 2, 3, 5, 6, 8, 9, 11), "hexatonic": (0, 3, 4, 7, 8, 11),
    "messiaen 3": (0, 2, 3, 4, 6, 7, 8, 10, 11), "chromatic": tuple(range(12)),
    "fifths": (0, 7), "octaves": (0,),
}
KEYS = 12  # what the named scales choose among


class Scale:
    """Pitches by degree: `scale[0]` is the root, `scale[len(scale)]` the same one period higher, `scale[-1]` below it.

    Args:
        steps: A name (`NAMED`), or steps of the tuning above the root, within one period; None: all of them.
        root: Key, or name of a key, of degree 0; that of the tuning if None.
        tuning: A `Tuning`, or the name of one, which is then laid on the root.

    Raises:
        MusicError: An argument is not what it should be.
    """

    def __init__(self, steps: str | Sequence[int] | None = None, root: int | str | None = None,
                 tuning: Tuning | str = "equal") -> None:
        if isinstance(tuning, str):
            tuning = Tuning(tuning, 60 if root is None else root)
        self.tuning = tuning
        self.root = tuning.root if root is None else key_of(root, "Scale: root")
        self._keys = tuning.keys.size if tuning.keys and tuning.keys.size else len(tuning)
        self.steps = self._chosen(steps)

    def __len__(self) -> int:
        """Return the degrees of a period."""
        return len(self.steps)

    def __iter__(self) -> Iterator[float]:
        """Yield the pitches of one period."""
        return (self[degree] for degree in range(len(self)))

    def __getitem__(self, degree: float) -> float:
        """Return the pitch of a degree; between two of them, of what lies between: 2.5 is half way from 2 to 3."""
        if not math.isfinite(degree):
            raise MusicError(f"Scale: there is no degree {degree}")
        below = math.floor(degree)
        pitch = self._pitch(below)
        return pitch if degree == below else pitch + (self._pitch(below + 1) - pitch) * float(degree - below)

    def degree(self, pitch: float | str) -> int:
        """Return the degree whose pitch is nearest; of two as near the lower degree."""
        wanted = float(key_of(pitch, "Scale: pitch")) if isinstance(pitch, str) else float(pitch)
        if not math.isfinite(wanted):
            raise MusicError(f"Scale: pitch is {wanted}; a number such as 60")
        count = len(self)
        first = self._pitch(0)
        width = self._pitch(count) - first
        about = round((wanted - first) / width * count) if abs(width) > 1e-9 else 0
        near = range(about - 2 * count, about + 2 * count + 1)
        return min(near, key=lambda degree: abs(self._pitch(degree) - wanted))

    def nearest(self, pitch: float | str) -> float:
        """Return the pitch of the scale that is nearest to any pitch."""
        return self[self.degree(pitch)]

    def chord(self, degree: int, notes: int = 3) -> tuple[float, ...]:
        """Return the pitches of every second degree from `degree` on: thirds, in a scale of seven."""
        return tuple(self[degree + 2 * each] for each in range(notes))

    def _pitch(self, degree: int) -> float:
        rounds, place = divmod(degree, len(self.steps))
        return self.tuning[self.root + rounds * self._keys + self.steps[place]]

    def _chosen(self, steps: str | Sequence[int] | None) -> tuple[int, ...]:
        if steps is None:
            mapped = range(max(self._keys, 1))
            return tuple(step for step in mapped if self.root + step in self.tuning)
        if isinstance(steps, str):
            return self._named(steps)
        chosen = tuple(key_of(step, "Scale: step") for step in steps)
        if not chosen or list(chosen) != sorted(set(chosen)) or chosen[0] < 0 or chosen[-1] >= max(self._keys, 1):
            raise MusicError(f"Scale: steps are {_shown(steps)}; rising numbers from 0 to {self._keys - 1}")
        return chosen

    def _named(self, name: str) -> tuple[int, ...]:
        known = " ".join(name.lower().replace("-", " ").replace("_", " ").split())
        if known not in NAMED:
            raise MusicError(f"Scale: there is no scale {name!r}{did_you_mean(known, NAMED) or '; one is major'}")
        if self._keys != KEYS:
            raise MusicError(f"Scale: {name!r} chooses among {KEYS} notes, this tuning has {self._keys}; "
                             "give steps, or none for all of them")
        return NAMED[known]


def _shown(steps: Any) -> str:
    text = repr(steps)
    return text if len(text) <= 60 else text[:60] + "..."
