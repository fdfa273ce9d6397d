"""How true tracks are: identity F1, and contacts found in time; written apart from the tracker, for its figures.

Sources:
    IDF1: Ristani et al. 2016, "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

Places = Mapping[int, tuple[float, float]]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Contact:
    """Two ids that touch from one frame to another, both included."""

    pair: Pair
    first: int
    last: int

    @property
    def frames(self) -> int:
        """How many it lasts."""
        return self.last - self.first + 1


def identity_f1(truth: Sequence[Places], found: Sequence[Places], within: float) -> float:
    """Return IDF1: the share of places that have the right id, under the best one-to-one map of ids.

    Args:
        truth, found: For each frame where each id is.
        within: Places at most so far apart are the same.
    """
    together = _together(truth, found, within)
    total = sum(map(len, truth)) + sum(map(len, found))
    return 2 * sum(together[pair] for pair in _best(together).items()) / total if total else 1.0


def best_map(truth: Sequence[Places], found: Sequence[Places], within: float) -> dict[int, int]:
    """Return for each true id the found id that stands for it longest."""
    return _best(_together(truth, found, within))


def _together(truth: Sequence[Places], found: Sequence[Places], within: float) -> Mapping[Pair, int]:
    """Return in how many frames a true and a found id are at the same place."""
    together: dict[Pair, int] = defaultdict(int)
    for true, seen in zip(truth, found, strict=True):
        for a, place in true.items():
            for b, other in seen.items():
                if math.dist(place, other) <= within:
                    together[a, b] += 1
    return together


def _best(together: Mapping[Pair, int]) -> dict[int, int]:
    rows, columns = sorted({a for a, _ in together}), sorted({b for _, b in together})
    gain = np.array([[together.get((a, b), 0) for b in columns] for a in rows]).reshape(len(rows), len(columns))
    return {rows[r]: columns[c] for r, c in zip(*linear_sum_assignment(-gain), strict=True) if gain[r, c]}


def contacts_of(frames: Sequence[frozenset[Pair]], gap: int, shortest: int) -> list[Contact]:
    """Return contacts from the pairs that touch in each frame.

    Args:
        gap: A contact goes on over so many frames without touch.
        shortest: One of fewer frames is none.
    """
    found: list[Contact] = []
    lasting: dict[Pair, tuple[int, int]] = {}
    for frame, pairs in enumerate(frames):
        for pair in pairs:
            first, last = lasting.get(pair, (frame, frame))
            if frame - last > gap + 1:
                found.append(Contact(pair, first, last))
                first = frame
            lasting[pair] = (first, frame)
    found += [Contact(pair, first, last) for pair, (first, last) in lasting.items()]
    return sorted((c for c in found if c.frames >= shortest), key=lambda c: (c.first, c.pair))


@dataclass(frozen=True, slots=True)
class ContactScore:
    """How well contacts were found.

    Attributes:
        f1: Of contacts whose beginning was told within the tolerance.
        delays: Frames from each true beginning to the told one, of contacts that were told at all.
        end_delays: The same of the ends.
    """

    f1: float
    delays: tuple[int, ...]
    end_delays: tuple[int, ...]


def named_for_good(told: Sequence[Contact], truth: Sequence[Places], found: Sequence[Places],
                   within: float) -> list[Contact]:  # fmt: skip
    """Return told contacts in the ids of the truth: of those for whom each told id stands longest in all."""
    true_of = {b: a for a, b in best_map(truth, found, within).items()}
    return [_renamed(contact, true_of) for contact in told]


def _renamed(contact: Contact, true_of: Mapping[int, int]) -> Contact:
    a, b = (true_of.get(number, -number) for number in contact.pair)
    return Contact((min(a, b), max(a, b)), contact.first, contact.last)


def named_then(contact: Contact, truth: Sequence[Places], found: Sequence[Places], within: float) -> Contact:
    """Return a told contact in the ids of the truth: of those who stand there while it lasts.

    That ids are kept is what `identity_f1` says; one mixed up once would else make all contacts false ever after.
    """
    frames = slice(contact.first, contact.last + 1)
    theirs = [{i: place for i, place in places.items() if i in contact.pair} for places in found[frames]]
    return _renamed(contact, {b: a for a, b in best_map(truth[frames], theirs, within).items()})


def score_contacts(truth: Sequence[Contact], found: Sequence[Contact], tolerance: int,
                   shortest: int = 1) -> ContactScore:  # fmt: skip
    """Match contacts of the same people, each to the one that begins nearest while it lasts.

    Args:
        found: In the ids of the truth.
        tolerance: Frames that the told beginning may be off.
        shortest: True contacts of fewer frames need not be told; if they are, it is no mistake.
    """
    left, delays, ends, hits, excused = list(found), [], [], 0, 0
    for contact in sorted(truth, key=lambda c: c.frames < shortest):
        is_brief = contact.frames < shortest
        same = [c for c in left if c.pair == contact.pair
                and c.first <= contact.last + tolerance and c.last >= contact.first - tolerance]  # fmt: skip
        if is_brief:
            left = [c for c in left if c not in same]
            excused += len(same)
        if is_brief or not same:
            continue
        best = min(same, key=lambda c: abs(c.first - contact.first))
        left.remove(best)
        delays.append(best.first - contact.first)
        ends.append(best.last - contact.last)
        hits += abs(delays[-1]) <= tolerance
    total = sum(c.frames >= shortest for c in truth) + len(found) - excused
    return ContactScore(2 * hits / total if total else 1.0, tuple(delays), tuple(ends))
