"""How well boxes with ids follow people in a film: MOTA, IDF1 and HOTA.

Sources:
    MOTA: Bernardin & Stiefelhagen 2008. IDF1: Ristani et al. 2016. HOTA: Luiten et al. 2020, the mean over overlaps
    of 0.05 to 0.95, as `trackeval` computes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Box = tuple[float, float, float, float]
Frames = Sequence[Mapping[int, Box]]
LEAST_OVERLAP = 0.5
ALPHAS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, slots=True)
class BoxScore:
    """What a tracker made of a film: shares, and counts at an overlap of 0.5."""

    mota: float
    idf1: float
    hota: float
    false: int
    missed: int
    swapped: int
    boxes: int


def box_score(truth: Frames, found: Frames) -> BoxScore:
    """Score what was found; both give for each frame (left, top, width, height) by id."""
    overlaps = [_overlap(list(a.values()), list(b.values())) for a, b in zip(truth, found, strict=True)]
    true_ids = {k: n for n, k in enumerate(sorted({k for f in truth for k in f}))}
    found_ids = {k: n for n, k in enumerate(sorted({k for f in found for k in f}))}
    pairs = [(np.array([true_ids[k] for k in a], int), np.array([found_ids[k] for k in b], int))
             for a, b in zip(truth, found, strict=True)]  # fmt: skip
    shape = len(true_ids), len(found_ids)
    boxes, told = sum(len(f) for f in truth), sum(len(f) for f in found)
    hits, swapped = _clear(pairs, overlaps)
    together = np.zeros(shape)
    for (a, b), overlap in zip(pairs, overlaps, strict=True):
        together[np.ix_(a, b)] += overlap >= LEAST_OVERLAP
    rows, columns = linear_sum_assignment(-together)
    same = float(together[rows, columns].sum())
    mota = 1 - (boxes - hits + told - hits + swapped) / max(boxes, 1)
    return BoxScore(
        mota, 2 * same / max(boxes + told, 1), _hota(pairs, overlaps, shape), told - hits, boxes - hits, swapped, boxes
    )


def _clear(
    pairs: list[tuple[NDArray[np.int_], NDArray[np.int_]]], overlaps: list[NDArray[np.float64]]
) -> tuple[int, int]:
    """Return how many true boxes were found and how often somebody got another id; who was matched before stays so."""
    last: dict[int, int] = {}
    hits = swapped = 0
    before: dict[int, int] = {}
    for (a, b), overlap in zip(pairs, overlaps, strict=True):
        worth = np.where(overlap >= LEAST_OVERLAP, overlap, 0.0)
        for i, j in np.argwhere(worth > 0):
            worth[i, j] += 1000.0 * (before.get(int(a[i])) == int(b[j]))
        now: dict[int, int] = {}
        for i, j in zip(*linear_sum_assignment(-worth), strict=True):
            if worth[i, j] > 0:
                now[int(a[i])] = int(b[j])
        hits += len(now)
        swapped += sum(last.get(k, v) != v for k, v in now.items())
        last.update(now)
        before = now
    return hits, swapped


def _hota(
    pairs: list[tuple[NDArray[np.int_], NDArray[np.int_]]], overlaps: list[NDArray[np.float64]], shape: tuple[int, int]
) -> float:
    likely, true_count, found_count = np.zeros(shape), np.zeros((shape[0], 1)), np.zeros((1, shape[1]))
    for (a, b), overlap in zip(pairs, overlaps, strict=True):
        both = overlap.sum(axis=0)[None] + overlap.sum(axis=1)[:, None] - overlap
        likely[np.ix_(a, b)] += np.divide(overlap, both, out=np.zeros_like(overlap), where=both > 1e-12)
        true_count[a] += 1
        found_count[0, b] += 1
    aligned = likely / np.maximum(true_count + found_count - likely, 1e-12)
    matches, hits = np.zeros((len(ALPHAS), *shape)), np.zeros(len(ALPHAS))
    for (a, b), overlap in zip(pairs, overlaps, strict=True):
        rows, columns = linear_sum_assignment(-aligned[np.ix_(a, b)] * overlap)
        for n, alpha in enumerate(ALPHAS):
            good = overlap[rows, columns] >= alpha - 1e-9
            hits[n] += good.sum()
            matches[n, a[rows[good]], b[columns[good]]] += 1
    whole = true_count.sum() + found_count.sum()
    kept = (matches * matches / np.maximum(true_count + found_count - matches, 1)).sum(axis=(1, 2)) / np.maximum(
        hits, 1
    )
    return float(np.mean(np.sqrt(hits / np.maximum(whole - hits, 1) * kept)))


def _overlap(one: Sequence[Box], other: Sequence[Box]) -> NDArray[np.float64]:
    """Return intersection over union of all pairs."""
    a, b = (np.array(boxes, np.float64).reshape(-1, 4) for boxes in (one, other))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:])[:, None], (b[:, :2] + b[:, 2:])[None])
    inside = np.clip(high - low, 0, None).prod(axis=2)
    return np.asarray(inside / np.maximum(a[:, 2:].prod(axis=1)[:, None] + b[:, 2:].prod(axis=1)[None] - inside, 1e-9))
