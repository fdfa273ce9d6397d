"""Voices: what an instrument is made of, as plain data that an artist writes in one line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.sound import block as b

HEADROOM = 0.32  # amplitude of a voice at full level
LONGEST_S = 120.0
# Routings of four operators as on the synthesizers of the 1980s (Yamaha TX81Z): who bends each of them; 1 to 4
ALGORITHMS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((2,), (3,), (4,), ()),
    2: ((2,), (3, 4), (), ()),
    3: ((2, 4), (3,), (), ()),
    4: ((2, 3), (), (4,), ()),
    5: ((2,), (), (4,), ()),
    6: ((4,), (4,), (4,), ()),
    7: ((), (), (4,), ()),
    8: ((), (), (), ()),
}
# Controls that can be moved while a voice sounds: place in the record and in the instrument, range, kinds that have it.
MOVES: dict[str, tuple[int, float, float, tuple[int, ...]]] = {}
KINDS = ("sample", "partials", "fm")
Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """An instrument; made by `Voice.partials`, `Voice.fm` ..., played by `sound.note` and `sound.hold`.

    Attributes:
        kind: Which kernel sounds it: one of the block's `KIND_`.
        attack_s: Rise; holds rise in no less than 20 ms.
        release_s: Fall by 60 dB after the end.
        rows: Its partials or operators, as the kernels want them.
        own: What only its kind knows, by the offset from the block's `P_OWN`.
        moves: Its controls that can be moved while it sounds, by their place in `MOVES`.
    """

    kind: int
    attack_s: float
    release_s: float
    rows: Rows = ()
    own: tuple[float, ...] = ()
    moves: tuple[tuple[int, float], ...] = ()

    @staticmethod
    def partials(*partials: Any, attack: float = 0.01, release: float = 0.5) -> Voice:
        """Return a sum of sines.

        Args:
            partials: At most 16, each a multiple of the pitch, or (multiple, level), or (multiple, level, decay):
                seconds in which a struck one falls to a third; 0 lasts as long as the note.
            attack: Seconds of its rise.
            release: Seconds in which it falls by 60 dB.

        Raises:
            ValueError: A value is not what it should be; names it.
        """
        rows = _rows("partials", partials, ("multiple", "level", "decay"), b.PARTIALS, (1.0, 0.0))
        return Voice(b.KIND_PARTIALS, *_times("partials", attack, release), _equal_power(rows))

    @staticmethod
    def fm(*operators: Any, algorithm: int = 5, feedback: float = 0.0, attack: float = 0.005,
           release: float = 0.4) -> Voice:
        """Return sines that bend each other's phase (Chowning 1973).

        Args:
            operators: At most 4, each (multiple of the pitch, amount), (.., decay) or (.., decay, stays). The amount is
                a level for those that are heard, and the index in radians for those that bend another; it falls to a
                third in `decay` seconds (0: never), down to the share `stays`.
            algorithm: Who bends whom, 1 to 8 as on four-operator synthesizers: 1 is the chain 4-3-2-1, 5 the pairs 2-1
                and 4-3, 6 bends 1, 2 and 3 by 4, 8 bends none.
            feedback: 0..1, how much the last operator bends itself.
            attack, release: As for `partials`.
        """
        if algorithm not in ALGORITHMS:
            raise ValueError(f"Voice.fm: algorithm is {algorithm!r}; a whole number from 1 to 8")
        rows = _rows("fm", operators, ("multiple", "amount", "decay", "stays"), 4, (0.0, 0.0))
        routed, heard = [], []
        for number, (ratio, amount, decay_s, stays) in enumerate(rows, 1):
            bends = any(number in by for by in ALGORITHMS[algorithm][: len(rows)])
            by = sum(1 << other - 1 for other in ALGORITHMS[algorithm][number - 1] if other <= len(rows))
            heard.append(0.0 if bends else amount)
            routed.append((ratio, amount, decay_s, stays, float(by if bends else -1 - by)))
        share = HEADROOM / max(math.sqrt(sum(level * level for level in heard)), 1e-9)
        scaled = tuple((row[0], row[1] * (share if row[4] < 0 else 1.0), *row[2:]) for row in routed)
        back = _number("fm", "feedback", feedback, 0, 1)
        return Voice(b.KIND_FM, *_times("fm", attack, release), scaled, (back,))

    def __str__(self) -> str:
        return f"Voice.{KINDS[self.kind]}"

    def patch(self) -> NDArray[np.float64]:
        """Return it as a row of the block's instruments. Shape (PATCH,), float64."""
        row = np.zeros(b.PATCH)
        row[[b.P_KIND, b.P_COUNT, b.P_ATTACK_S, b.P_RELEASE_S]] = (
            self.kind, len(self.rows), self.attack_s, self.release_s)
        row[b.P_OWN : b.P_OWN + len(self.own)] = self.own
        for index, value in self.moves:
            row[b.P_MOVES + index] = value
        for index, values in enumerate(self.rows):
            begin = b.P_ROWS + index * b.ROW
            row[begin : begin + len(values)] = values
        return row


def _times(verb: str, attack: Any, release: Any) -> tuple[float, float]:
    return _number(verb, "attack", attack, 0, LONGEST_S), _number(verb, "release", release, 0, LONGEST_S)


def _number(verb: str, name: str, value: Any, low: float, high: float) -> float:
    good = isinstance(value, Real | np.number) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= float(value) <= high:
        raise ValueError(f"Voice.{verb}: {name} is {value!r}; a number from {low:g} to {high:g}")
    return float(value)


def _rows(verb: str, given: Sequence[Any], names: Sequence[str], most: int, missing: Sequence[float]) -> Rows:
    """Return the rows of numbers, filled up where the last ones are left out."""
    if not 1 <= len(given) <= most:
        raise ValueError(f"Voice.{verb}: {len(given)} rows; give 1 to {most}, each ({', '.join(names)})")
    limits = {"multiple": (0.001, 64.0), "decay": (0.0, LONGEST_S), "amount": (0.0, 16.0)}
    rows = []
    for entry in given:
        values = list(entry) if isinstance(entry, Iterable) and not isinstance(entry, str) else [entry]
        least = len(names) - len(missing)
        if not least <= len(values) <= len(names):
            raise ValueError(f"Voice.{verb}: {entry!r}; each is ({', '.join(names)})")
        checked = [_number(verb, name, value, *limits.get(name, (0.0, 1.0)))
                   for name, value in zip(names, values, strict=False)]
        rows.append((*checked, *missing[len(checked) - least :]))
    return tuple(rows)


def _equal_power(rows: Rows) -> Rows:
    """Return partials with the same power whatever their number."""
    share = HEADROOM / max(math.sqrt(sum(row[1] ** 2 for row in rows)), 1e-9)
    return tuple((row[0], row[1] * share, *row[2:]) for row in rows)
