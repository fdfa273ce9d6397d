"""The campaign: which faults are done when, from a seed, and the doing of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from random import Random

from engine.clock import sleep_s
from engine.problems import MixeurError, did_you_mean
from engine.stress import edits, kills, messages, plugs
from engine.stress.faults import Done, Fault, Kind
from engine.stress.presence import Span
from engine.stress.venue import Venue

PULLED_S = 3.0
OVERLAP = 0.3  # this share of the faults begins while the one before lasts
STEP_S = 0.02
MOST_CRASHES, MINUTE_S = 2, 70.0  # a fault shows a little after it is done
POWER = "power"
WEIGHTS = {"engine": 2, "scene": 3, "sound": 2, "camera": 2}


def kinds_of(venue: Venue) -> list[Kind]:
    """Return every fault that can be done to a show."""
    return [*plugs.kinds(list(venue.plugs.values())), *kills.kinds(venue.names),
             *messages.kinds(venue), *edits.kinds(venue)]  # fmt: skip


def planned(kinds: Sequence[Kind], count: int, seed: int, pace_s: float) -> list[Fault]:
    """Return a campaign: the same kinds and seed give the same one.

    Faults are chosen by their group (`engine`, `sound`, `scene`), however many kinds it has. A new one begins about
    every `pace_s`; some begin while another lasts. The engine is never made to crash three times within a minute: what
    the brake does then, a show without the scenes in question, has tests of its own.
    """
    dice = Random(f"campaign {seed}")
    groups = _groups(kinds)
    names = [name for name in sorted(groups) for _ in range(WEIGHTS.get(name, 1))]
    faults: list[Fault] = []
    held_until: dict[str, float] = {}
    crashes: list[float] = []
    at_s = 0.0
    for number in range(count):
        kind = dice.choice(groups[dice.choice(names)])
        while kind.crashes and sum(crash_s > at_s - MINUTE_S for crash_s in crashes) >= MOST_CRASHES:
            kind = dice.choice(groups[dice.choice(names)])
        lasts_s = min(dice.uniform(*kind.lasts_s), max(2.5 * pace_s, kind.lasts_s[0]))
        start_s = max(at_s, held_until.get(kind.holds, 0.0) if kind.holds else 0.0)
        faults.append(Fault(number + 1, kind, start_s, lasts_s, f"{seed} {number}"))
        if kind.crashes:
            crashes.append(start_s + lasts_s)
        if kind.holds:
            held_until[kind.holds] = start_s + lasts_s + 0.5
        at_s += pace_s * (dice.uniform(0.1, 0.4) if dice.random() < OVERLAP else dice.uniform(0.9, 1.6))
    return sorted(faults, key=lambda fault: fault.at_s)


def pulled(kinds: Sequence[Kind], words: Sequence[str]) -> list[Fault]:
    """Return the faults that `--pull WHAT@SECOND[+SECONDS]` asks for.

    Raises:
        MixeurError: One of them cannot be read, or there is nothing of that name to pull.
    """
    known = {kind.pull: kind for kind in reversed(kinds) if kind.pull}
    faults = []
    for number, word in enumerate(words, 1):
        name, _, when = word.partition("@")
        at, _, lasts = when.partition("+")
        if name not in known:
            raise MixeurError(f"--pull {word}: nothing of this show is called '{name}' and can be pulled"
                              f"{did_you_mean(name, known)}; there are {', '.join(sorted(known))}")
        try:
            at_s, lasts_s = float(at or 5), float(lasts or PULLED_S)
        except ValueError:
            raise MixeurError(f"--pull {word}: write NAME@SECOND or NAME@SECOND+SECONDS, as camera.room@10+5") from None
        faults.append(Fault(number, known[name], at_s, lasts_s, f"pull {number}"))
    return sorted(faults, key=lambda fault: fault.at_s)


def together(*campaigns: Sequence[Fault]) -> list[Fault]:
    """Return the faults of several campaigns in order of time, numbered anew."""
    faults = sorted((fault for each in campaigns for fault in each), key=lambda fault: fault.at_s)
    return [replace(fault, number=number) for number, fault in enumerate(faults, 1)]


def _groups(kinds: Sequence[Kind]) -> dict[str, list[Kind]]:
    groups: dict[str, list[Kind]] = {}
    for kind in kinds:
        thing = kind.name.partition(":")[0]
        groups.setdefault("table" if thing.endswith(".toml") else thing.partition(".")[0], []).append(kind)
    return groups


@dataclass(slots=True)
class _Under:
    fault: Fault
    what: str
    doing: AbstractContextManager[str]
    start_s: float


def run(venue: Venue, faults: Sequence[Fault], say: Callable[[str], None]) -> list[Done]:
    """Do faults to a venue at their times, counted from now; return what was done, in order.

    A show that ends though nobody asked it to is a complaint; it is started again, as a service manager does.
    """
    zero_s = venue.now_s()
    waiting, under, done = list(faults), list[_Under](), list[Done]()
    try:
        while waiting or under:
            now_s = venue.now_s() - zero_s
            for one in [one for one in under if one.fault.lasts_s <= venue.now_s() - one.start_s]:
                under.remove(one)
                done.append(_ended(venue, one))
            if waiting and waiting[0].at_s <= now_s:
                under.append(_begun(venue, waiting.pop(0), say))
            if not venue.supervisor and not any(one.fault.kind.holds == POWER for one in under):
                venue.complain(f"the show ended by itself, with code {venue.code}; it was started again")
                venue.start()
            sleep_s(STEP_S)
    finally:
        done += [_ended(venue, one) for one in under]
    return sorted(done, key=lambda each: each.fault.number)


def _begun(venue: Venue, fault: Fault, say: Callable[[str], None]) -> _Under:
    start_s = venue.now_s()
    doing = fault.kind.do(venue, Random(fault.dice))
    what = doing.__enter__()
    say(f"{start_s:7.1f} s  {fault.number:3d}  {fault.kind.name} ({what})"
        + (f" for {fault.lasts_s:.1f} s" if fault.lasts_s else ""))
    return _Under(fault, what, doing, start_s)


def _ended(venue: Venue, one: _Under) -> Done:
    one.doing.__exit__(None, None, None)
    return Done(one.fault, one.what, Span(one.start_s, venue.now_s()))
