"""Voices: what an instrument is made of, as plain data that an artist writes in one line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.problems import did_you_mean
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
_FILTERED = (b.KIND_SAW, b.KIND_PULSE, b.KIND_NOISE)
MOVES: dict[str, tuple[int, float, float, tuple[int, ...]]] = {
    "cutoff_hz": (b.C_CUTOFF, 10.0, 20_000.0, _FILTERED),
    "resonance": (b.C_RESONANCE, 0.0, 1.0, _FILTERED),
    "width": (b.C_WIDTH, 0.02, 0.98, (b.KIND_PULSE,)),
}
KINDS = ("sample", "partials", "fm", "saw", "pulse", "noise", "string")
FILTERS = ("low", "band", "high")
SPREAD = (  # even distances would beat together
    (0.0,), (-0.5, 0.5), (-0.5, 0.07, 0.5), (-0.5, -0.19, 0.16, 0.5), (-0.5, -0.29, 0.02, 0.27, 0.5),
    (-0.5, -0.32, -0.11, 0.13, 0.29, 0.5), (-0.5, -0.33, -0.15, 0.01, 0.19, 0.31, 0.5),
)
FLAT = math.sqrt(1.5)  # a saw and noise of this amplitude are as loud as a sine of 1
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

    @staticmethod
    def saw(cutoff_hz: float | None = 2000.0, resonance: float = 0.2, *, unison: int = 1, detune: float = 0.12,
            **settings: Any) -> Voice:
        """Return a band-limited saw through a resonant filter.

        Args:
            cutoff_hz: Where the filter begins, 10 to 20000, at C4; None has no filter. `bright` moves it by 2 octaves.
            resonance: 0..1.
            unison: How many saws, 1 to 7; the outermost two are `detune` semitones apart.
            settings: `track` 0..1, how much the cutoff follows the pitch (1); `sweep`, octaves that it begins higher
                (0), and `sweep_s`, seconds in which they fall to a third (0.3); `filter`: `low`, `band` or `high`;
                `decay`, seconds in which a struck one falls to a third, 0 for never; `attack` (0.01), `release` (0.3).
        """
        return _filtered(b.KIND_SAW, "saw", cutoff_hz, resonance, _spread("saw", unison, detune, FLAT), settings)

    @staticmethod
    def pulse(width: float = 0.5, cutoff_hz: float | None = 2000.0, resonance: float = 0.2, *, unison: int = 1,
              detune: float = 0.12, **settings: Any) -> Voice:
        """Return a band-limited pulse through a resonant filter; `width` is the share of a turn that is high."""
        rows = _spread("pulse", unison, detune, 1.0)
        moves = ((b.C_WIDTH, _number("pulse", "width", width, *MOVES["width"][1:3])),)
        return _filtered(b.KIND_PULSE, "pulse", cutoff_hz, resonance, rows, settings, moves)

    @staticmethod
    def noise(cutoff_hz: float | None = 1000.0, resonance: float = 0.2, **settings: Any) -> Voice:
        """Return noise through a resonant filter, as loud whatever the filter; `track` is 0 if it is not given."""
        rows = ((1.0, HEADROOM * FLAT),)
        return _filtered(b.KIND_NOISE, "noise", cutoff_hz, resonance, rows, {"track": 0.0, **settings})

    @staticmethod
    def string(decay: float = 2.0, damping: float = 0.5, pick: float = 0.2, attack: float = 0.0,
               release: float = 0.3) -> Voice:
        """Return a plucked string; a held one is bowed.

        Args:
            decay: Seconds in which it falls to a third at C4, higher strings sooner.
            damping: 0..1, how much sooner its overtones die.
            pick: Where it is plucked, as a share of its length.
        """
        own = _number("string", "damping", damping, 0, 1), _number("string", "pick", pick, 0.01, 0.99)
        rows = ((1.0, HEADROOM, _number("string", "decay", decay, 0.01, LONGEST_S)),)
        return Voice(b.KIND_STRING, *_times("string", attack, release), rows, own)

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


def _spread(verb: str, unison: Any, detune: Any, level: float) -> Rows:
    """Return oscillators spread over `detune` semitones, at uneven distances, together as loud as one."""
    if isinstance(unison, bool) or unison not in range(1, 8):
        raise ValueError(f"Voice.{verb}: unison is {unison!r}; a whole number from 1 to 7")
    width = _number(verb, "detune", detune, 0, 12)
    return tuple((2 ** (place * width / 12), HEADROOM * level / math.sqrt(unison)) for place in SPREAD[unison - 1])


def _filtered(kind: int, verb: str, cutoff_hz: Any, resonance: Any, rows: Rows, settings: Mapping[str, Any],
              moves: tuple[tuple[int, float], ...] = ()) -> Voice:
    """Return a voice with a filter."""
    known = {"track": (1.0, 0.0, 1.0), "sweep": (0.0, -8.0, 8.0), "sweep_s": (0.3, 0.001, LONGEST_S),
             "decay": (0.0, 0.0, LONGEST_S), "attack": (0.01, 0.0, LONGEST_S), "release": (0.3, 0.0, LONGEST_S)}
    for name in settings:
        if name not in known and name != "filter":
            raise ValueError(f"Voice.{verb}: no setting {name!r}{did_you_mean(name, [*known, 'filter'])}")
    value = {name: _number(verb, name, settings.get(name, default), low, high)
             for name, (default, low, high) in known.items()}
    shape = settings.get("filter", "low")
    if shape not in FILTERS:
        raise ValueError(f"Voice.{verb}: filter is {shape!r}; one of {', '.join(FILTERS)}")
    hz = 20_000.0 if cutoff_hz is None else _number(verb, "cutoff_hz", cutoff_hz, *MOVES["cutoff_hz"][1:3])
    passes = (float(cutoff_hz is not None and shape == name) for name in FILTERS)
    own = value["track"], value["sweep"], value["sweep_s"], *passes
    moves = (*moves, (b.C_CUTOFF, hz), (b.C_RESONANCE, _number(verb, "resonance", resonance, 0, 1)))
    rows = tuple((*row, value["decay"]) for row in rows)
    return Voice(kind, value["attack"], value["release"], rows, own, moves)


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
