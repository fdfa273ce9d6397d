"""The brake: which scenes an engine that keeps ending is started without. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.clock import NS

COUNT, WITHIN_S = 3, 60.0
LONGEST_PAUSE_S = 30.0
FIRST_MINUTE_S, FIRST_PAUSE_S = 60.0, 2.0
SETTLED_S = 10.0
Kind = Literal["hang", "crash", "outside"]


@dataclass(frozen=True, slots=True)
class End:
    """How an engine ended.

    Attributes:
        kind: `hang`: it presented no frame and was killed; `crash`: by itself; `outside`: somebody killed or stopped
            it, which is no scene's fault.
        inside: Note of the scene whose code ran, or nothing.
        shown: Notes of the scenes in the picture.
    """

    at_ns: int
    kind: Kind
    inside: str = ""
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine is started without.

    Attributes:
        scenes: Notes of scenes; `everything` leaves out all of the artist's.
        guess: Whether the scenes were only in the picture: tried again after a while.
        braked: Whether it ended too often.
    """

    scenes: tuple[str, ...] = ()
    everything: bool = False
    guess: bool = False
    braked: bool = False


def judge(ends: Sequence[End], barred: Collection[str] = ()) -> Verdict:
    """Return what the next engine is started without, after at least one end.

    A scene in whose code the engine hung is left out at once, one in whose code it crashed twice within 10 s too: it
    crashes each new engine. After three hangs and crashes within 60 s the scenes whose code ran are; if none did, those
    in the picture; if those were left out already, everything. Ends from outside count only for a scene that was killed
    three times in its own code, as when memory runs out.

    Args:
        ends: Since the brake was last on, the newest last.
        barred: Notes of the scenes that the last engine ran without.
    """
    last = ends[-1]
    proven = {last.inside} if last.inside and (last.kind == "hang" or _crashes_again(ends)) else set()
    recent = [end for end in ends if last.at_ns - end.at_ns <= WITHIN_S * NS]
    own = [end for end in recent if end.kind != "outside"]
    ran = Counter(end.inside for end in recent if end.inside)
    often = {scene for scene, times in ran.items() if times >= COUNT}
    if len(own) < COUNT:
        return Verdict(tuple(sorted(proven | often)), braked=bool(often))
    proven |= often | {end.inside for end in own if end.inside}
    if proven:
        return Verdict(tuple(sorted(proven)), braked=True)
    suspects = {scene for end in own for scene in end.shown} - set(barred)
    return Verdict(tuple(sorted(suspects)), everything=not suspects, guess=True, braked=True)


def _crashes_again(ends: Sequence[End]) -> bool:
    """Return whether the last end is the second crash within 10 s in one scene's code."""
    if len(ends) < 2:
        return False
    before, last = ends[-2:]
    is_near = last.at_ns - before.at_ns <= SETTLED_S * NS
    return before.kind == last.kind == "crash" and before.inside == last.inside and is_near


def with_end(ends_ns: Sequence[int], now_ns: int, lived_s: float) -> list[int]:
    """Return a process's row of ends with one more; who worked for 10 s did not end because it was started: a new row.

    Args:
        ends_ns: When it ended before, the newest last.
        lived_s: How long it did its work this time.
    """
    return [*(ends_ns[-20:] if lived_s < SETTLED_S else ()), now_ns]


def pause_s(ends_ns: Sequence[int], now_ns: int, free: int = 1) -> float:
    """Return how long to wait before a process is started again: 0 at first, then 1, 2, 4 ... 30 s.

    In the first minute of a row of ends never more than 2 s.

    Args:
        ends_ns: When it ended, the newest last; a row is broken by a minute without an end.
        free: After how many ends of a row there is no pause.
    """
    row = 1
    while row < len(ends_ns) and ends_ns[-row] - ends_ns[-row - 1] < 2 * LONGEST_PAUSE_S * NS:
        row += 1
    if row <= free:
        return 0.0
    is_first_minute = now_ns - ends_ns[-row] < FIRST_MINUTE_S * NS
    return min(2.0 ** (row - free - 1), FIRST_PAUSE_S if is_first_minute else LONGEST_PAUSE_S)
