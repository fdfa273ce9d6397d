"""Tunings: which pitch sounds at which key; named ones, ratios, equal divisions, and Scala files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.music.pitch import OCTAVE_CENTS, SEMITONE_CENTS, MusicError, key_of, pitch_of_hz
from engine.music.scala import KeyboardMap, cents_of, read_kbm, read_scl
from engine.problems import Problem, did_you_mean

_FIFTH = OCTAVE_CENTS * math.log2(3 / 2)
_COMMA = 12 * _FIFTH - 7 * OCTAVE_CENTS  # by which twelve fifths miss seven octaves
_JUST = ("16/15", "9/8", "6/5", "5/4", "4/3", "45/32", "3/2", "8/5", "5/3", "9/5", "15/8", "2/1")


def _of_fifths(fifths: Iterable[float], below: int) -> tuple[float, ...]:
    """Return twelve steps from a chain of eleven fifths in cents that begins `below` fifths under the 1/1."""
    chain, cents = list(fifths), []
    for position in range(12):
        up, down = sum(chain[below:position]), sum(chain[position:below])
        cents.append((up - down) % OCTAVE_CENTS)
    return (*sorted(cents)[1:], OCTAVE_CENTS)


_MEANTONE = OCTAVE_CENTS * math.log2(5) / 4
_QUARTER = _FIFTH - _COMMA / 4
NAMED: dict[str, tuple[float, ...]] = {
    "equal": tuple(SEMITONE_CENTS * step for step in range(1, 13)),
    "just": tuple(map(cents_of, _JUST)),
    "pythagorean": _of_fifths([_FIFTH] * 11, 3),  # Eb to G#
    "meantone": _of_fifths([_MEANTONE] * 11, 3),  # a quarter of the syntonic comma, Aron 1523; Eb to G#
    # Werckmeister III, 1691: C-G, G-D, D-A and B-F# are narrow by a quarter of the comma
    "werckmeister": _of_fifths([_FIFTH, _FIFTH, _FIFTH, _QUARTER, _QUARTER, _QUARTER, _FIFTH, _FIFTH, _QUARTER, _FIFTH,
                                _FIFTH], 3),
    "harmonic": tuple(OCTAVE_CENTS * math.log2(partial / 8) for partial in range(9, 17)),  # partials 8 to 16
}


class Tuning:
    """Pitches of keys: `tuning["E4"]` or `tuning[64]` is a pitch for `sound.note`.

    Args:
        steps: `equal`, `just`, `pythagorean`, `meantone`, `werckmeister`, `harmonic`; or the steps above 1/1, the last
            one the period: ratios such as `"3/2"`, cents as numbers with a point.
        root: Key, or name of the key, that is 1/1; it sounds at its usual pitch.
        keys: A Scala keyboard mapping; it says where 1/1 is, so that `root` no longer counts.
        description: As the Scala file has it.

    Raises:
        MusicError: An argument is not what it should be.
    """

    def __init__(self, steps: str | Iterable[str | float] = "equal", root: int | str = 60,
                 keys: KeyboardMap | None = None, description: str = "") -> None:
        self.description = description or (steps if isinstance(steps, str) else "")
        self.cents = _named(steps) if isinstance(steps, str) else tuple(map(_cents, steps))
        self.root = keys.middle if keys else key_of(root, "Tuning: root")
        self.keys = keys
        self._root_pitch = float(self.root)
        if keys:
            self._root_pitch = pitch_of_hz(keys.hz) - self._above_root(keys.reference) / SEMITONE_CENTS

    @classmethod
    def equal(cls, notes: int, period: str | float = "2/1", root: int | str = 60) -> Tuning:
        """Return `notes` equal steps to a period: `Tuning.equal(19)`, `Tuning.equal(13, "3/1")`."""
        notes = key_of(notes, "Tuning.equal: notes")
        if not 1 <= notes <= 1200:
            raise MusicError(f"Tuning.equal: notes is {notes}; a number from 1 to 1200")
        width = _cents(period)
        return cls([width * step / notes for step in range(1, notes + 1)], root, description=f"{notes} equal steps")

    @classmethod
    def read(cls, path: str | Path, keys: str | Path | None = None, root: int | str = 60) -> Tuning:
        """Return the tuning of a Scala file, with its keyboard mapping if `keys` names one.

        Args:
            path: Of an `.scl` file; `Path(__file__).with_name("pelog.scl")` is one beside the scene.
            keys: Of a `.kbm` file.

        Raises:
            MusicError: A file is missing or none; names file and line.
        """
        description, cents = read_scl(Path(path))
        keyboard = read_kbm(Path(keys)) if keys is not None else None
        try:
            return cls(cents, root, keyboard, description or Path(path).stem)
        except MusicError as error:
            if keys is None:
                raise
            raise MusicError(str(Problem(Path(keys).name, 0, str(error)))) from None

    def __len__(self) -> int:
        """Return the steps of a period."""
        return len(self.cents)

    def __contains__(self, key: Any) -> bool:
        """Return whether a key sounds; a keyboard mapping may leave keys out."""
        return self._step(key_of(key, "Tuning: key")) is not None

    def __getitem__(self, key: int | str) -> float:
        """Return a key's pitch.

        Raises:
            MusicError: The keyboard mapping leaves the key out, or it is no key.
        """
        number = key_of(key, "Tuning: key")
        if self.keys and not self.keys.first <= number <= self.keys.last:
            return float(number)
        return self._root_pitch + self._above_root(number) / SEMITONE_CENTS

    @property
    def period_cents(self) -> float:
        """Return the distance after which the steps come again."""
        return self.cents[-1] if self.cents else 0.0

    def step_cents(self, step: int) -> float:
        """Return how far a step is above 1/1; steps go on above and below the period."""
        if not self.cents:
            return 0.0
        rounds, place = divmod(step, len(self.cents))
        return rounds * self.period_cents + (self.cents[place - 1] if place else 0.0)

    def _above_root(self, key: int) -> float:
        """Return how far a key is above 1/1, in cents."""
        step = self._step(key)
        if step is None:
            raise MusicError(f"key {key} has no step in the keyboard mapping; it is marked x, or left out")
        rounds, degree = step
        octave = (self.keys.octave if self.keys else 0) or len(self.cents)
        return rounds * self.step_cents(octave) + self.step_cents(degree)

    def _step(self, key: int) -> tuple[int, int] | None:
        """Return a key's round of the mapping and the step within it; None for a key that is left out."""
        if not self.keys or not self.keys.size:
            return 0, key - self.root
        rounds, place = divmod(key - self.root, self.keys.size)
        degree = self.keys.degrees[place]
        return None if degree is None else (rounds, degree)


def _named(name: str) -> tuple[float, ...]:
    if name not in NAMED:
        raise MusicError(f"Tuning: there is no tuning {name!r}; one of {', '.join(NAMED)}{did_you_mean(name, NAMED)}")
    return NAMED[name]


def _cents(step: str | float) -> float:
    if isinstance(step, str):
        try:
            return cents_of(step)
        except ValueError as error:
            raise MusicError(f"Tuning: {error}") from None
    if isinstance(step, float) and math.isfinite(step):  # numpy's numbers of 64 bits are floats too
        return float(step)
    raise MusicError(f"Tuning: step {step!r}; write a ratio as '3/2', and cents with a point, as 702.0")
