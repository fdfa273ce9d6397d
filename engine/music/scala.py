"""Scala files: scales (`.scl`) and keyboard mappings (`.kbm`), read as their author's pages define them.

Source: M. Op de Coul, Scala scale file format; Scala help, "Keyboard mappings".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.music.pitch import OCTAVE_CENTS, MusicError
from engine.problems import Problem

LARGEST_FILE = 1 << 20
MOST_NOTES = 4096
END_OF_FILE = "\x1a"  # DOS programs wrote one

_RATIO = re.compile(r"(-?\d+)(?:[ \t]*/[ \t]*(-?\d+))?(?=\s|$)")
_CENTS = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+)(?=\s|$)")
_WHOLE = re.compile(r"-?\d{1,9}")
KEYS = "size of map", "first note", "last note", "middle note", "reference note", "frequency", "octave degree"


@dataclass(frozen=True, slots=True)
class KeyboardMap:
    """Which step of a scale sounds at which key.

    Attributes:
        size: Keys after which the mapping repeats; 0: every key is the next step.
        first, last: Keys that are tuned at all; others keep their usual pitch.
        middle: Key of the first entry.
        reference, hz: Key that has a given frequency.
        octave: Step by which one round of the mapping is higher than the one before; 0: the scale's last.
        degrees: A step for each key of a round; None where the key is silent.
    """

    size: int
    first: int
    last: int
    middle: int
    reference: int
    hz: float
    octave: int
    degrees: tuple[int | None, ...]


def read_scl(path: Path) -> tuple[str, tuple[float, ...]]:
    """Return a scale's description and its steps in cents; the first step, 1/1, is implicit as in the file.

    Raises:
        MusicError: The file is missing or none; names file, line and remedy.
    """
    lines = _lines(path)
    _, description = next(lines, (0, ""))
    number, text = next(lines, (0, ""))
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise _wrong(path, number, f"{_shown(text)} is no number of notes; it stands in the second line that is no "
                                   "comment, after the description, whose line may be empty but must be there")
    count = int(text)
    if count > MOST_NOTES:
        raise _wrong(path, number, f"{count} notes; at most {MOST_NOTES} are read")
    cents: list[float] = []
    for number, text in lines:
        if len(cents) < count:
            cents.append(_step(path, number, text))
        elif text.strip():
            raise _wrong(path, number, f"{_shown(text)} is one more than the {count} notes that the file announces")
    if len(cents) < count:
        raise _wrong(path, 0, f"has {len(cents)} of the {count} notes that it announces")
    return description.strip(), tuple(cents)


def read_kbm(path: Path) -> KeyboardMap:
    """Return a keyboard mapping.

    Raises:
        MusicError: The file is missing or none; names file, line and remedy.
    """
    head: list[float] = []
    degrees: list[int | None] = []
    for number, text in _lines(path):
        word = text.split()[0] if text.split() else ""
        if len(head) < len(KEYS):
            head.append(_header(path, number, word, KEYS[len(head)]))
        elif word and len(degrees) == head[0]:
            raise _wrong(path, number, f"{_shown(text)} is one more than the map's {head[0]:g} keys")
        elif word:
            degrees.append(_degree(path, number, word))
    if len(head) < len(KEYS):
        raise _wrong(path, 0, f"ends before its {KEYS[len(head)]}")
    size, first, last, middle, reference, hz, octave = head
    if first > last:
        raise _wrong(path, 0, f"its first note, {first:g}, is above its last, {last:g}")
    left_out = [None] * (int(size) - len(degrees))
    return KeyboardMap(int(size), int(first), int(last), int(middle), int(reference), hz, int(octave),
                       (*degrees, *left_out))


def cents_of(text: str) -> float:
    """Return a pitch as a line of a Scala file writes it: cents with a point, a ratio without.

    Raises:
        ValueError: It is none; says why.
    """
    text = text.strip(" \t")
    if match := _CENTS.match(text):
        return float(match[0])
    match = _RATIO.match(text)
    if not match or re.match(r"\s*/", text[match.end() :]):
        comma = "; write a point, not a comma" if re.match(r"[-+]?\d+,\d", text) else ""
        raise ValueError(f"{_shown(text)} is no pitch; a ratio such as 3/2, or cents with a point such as 702.0{comma}")
    above, below = int(match[1]), int(match[2] or 1)
    if above <= 0 or below <= 0:
        raise ValueError(f"{match[0]} is no ratio: both its numbers must be above 0; cents have a point")
    return OCTAVE_CENTS * (math.log2(above) - math.log2(below))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are no comments, with their numbers."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _wrong(path, 0, f"cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_FILE:
        raise _wrong(path, 0, "is larger than any Scala file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.partition(END_OF_FILE)[0].rstrip()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text) if text else (), 1):
        if not line.startswith("!"):
            yield number, line


def _step(path: Path, line: int, text: str) -> float:
    try:
        return cents_of(text)
    except ValueError as error:
        raise _wrong(path, line, str(error)) from None


def _header(path: Path, line: int, word: str, name: str) -> float:
    """Return one of the numbers before the mapping."""
    try:
        value = float(word) if name == "frequency" or _WHOLE.fullmatch(word) else math.nan
    except ValueError:
        value = math.nan
    low, high = {"frequency": (1e-3, 1e6), "size of map": (0, MOST_NOTES), "octave degree": (0, MOST_NOTES)}.get(
        name, (-(10**6), 10**6) if name == "middle note" else (0, 127))
    if not low <= value <= high:
        raise _wrong(path, line, f"{_shown(word)} is no {name}; a number from {low:g} to {high:g} stands here")
    return value


def _degree(path: Path, line: int, word: str) -> int | None:
    if word in ("x", "X"):
        return None
    if not _WHOLE.fullmatch(word):
        raise _wrong(path, line, f"{_shown(word)} is no step; a whole number, or x for a key without sound")
    return int(word)


def _wrong(path: Path, line: int, text: str) -> MusicError:
    return MusicError(str(Problem(path.name, line, text)))


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:40] + "...") if text else "an empty line"
