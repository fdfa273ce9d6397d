"""Pitch: MIDI numbers that may be fractional (69 is 440 Hz), and the names of keys."""

from __future__ import annotations

import math
import operator
import re
from typing import Any

from engine.problems import MixeurError

NOTE_NAME = re.compile(r"([A-Ga-g])([#b]?)(-?\d)")
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
A4_KEY, A4_HZ = 69, 440.0
OCTAVE_CENTS, SEMITONE_CENTS = 1200.0, 100.0


class MusicError(MixeurError, ValueError):
    """A tool for music was given what it cannot use; the text is one line for the artist."""


def named_key(name: str) -> int | None:
    """Return the MIDI number of a name such as `C4` (60), `F#3` or `Bb-1`; None if it is no name of a key."""
    match = NOTE_NAME.fullmatch(name.strip())
    if not match:
        return None
    letter, sign, octave = match.groups()
    return 12 * (int(octave) + 1) + SEMITONES[letter.upper()] + {"#": 1, "b": -1, "": 0}[sign]


def key_of(key: Any, what: str) -> int:
    """Return a key's MIDI number.

    Args:
        key: A whole number or a name.
        what: Whose argument it is, for the error.

    Raises:
        MusicError: It is neither.
    """
    found = named_key(key) if isinstance(key, str) else key
    try:
        return operator.index(found)  # type: ignore[arg-type]  # whatever is no whole number raises
    except TypeError:
        text = f"{what} is {key!r}; a whole number such as 60, or a name such as 'C4' or 'F#3'"
        raise MusicError(text) from None


def pitch_of_hz(hz: float) -> float:
    """Return the pitch of a frequency."""
    return A4_KEY + 12 * math.log2(hz / A4_HZ)
