"""Who is who in a whole video: followed forward, pieces of ways joined, gaps bridged, boxes smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import linear_sum_assignment

from engine.vision.bodies import COLOUR_OFF
from engine.vision.people import Box
from engine.vision.pursuit import Tracklet
from engine.vision.stature import WIDTH, Stature

JOIN_S, SHORTEST_S, BORDER_S = 3.0, 0.5, 0.6
OUT_S = 0.3  # who is out of the picture for longer comes back as somebody new
LEAST_INSIDE = 0.4
TOO_DEAR = 1e3

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Way:
    """One person through the video: for each frame from the first to the last a box."""

    id: int
    frames: tuple[int, ...]
    boxes: tuple[Box, ...]
    sure: tuple[float, ...]


class Film:
    """What is known of a film when it is over.

    Args:
        fps: Pictures a second.
        size: (width, height) of the pictures.
    """

    def __init__(self, stature: Stature, fps: float, size: tuple[int, int]) -> None:
        self._stature, self._fps, self._size = stature, fps, size

    def ways(self, tracklets: list[Tracklet], count: int) -> list[Way]:
        """Return everybody's way, joined, bridged and smoothed, in order of appearance; the film has `count` frames."""
        chains = self._chains([t for t in tracklets if len(t.frames) >= 3])
        kept = [chain for chain in chains if self._is_somebody(chain)]
        kept.sort(key=lambda chain: chain[0].frames[0])
        return [self._way(number, chain, count) for number, chain in enumerate(kept, 1)]

    def _chains(self, tracklets: list[Tracklet]) -> list[list[Tracklet]]:
        """Join tracklets end to beginning, the cheapest way for all."""
        if not tracklets:
            return []
        count = len(tracklets)
        cost = np.full((count, count), 2 * TOO_DEAR)
        for a, before in enumerate(tracklets):
            for b, after in enumerate(tracklets):
                gap = after.frames[0] - before.frames[-1]
                if 0 < gap <= JOIN_S * self._fps and not self._left(before, after, gap):
                    cost[a, b] = _join_cost(before, after, gap, self._stature, self._fps)
        pairs = zip(*linear_sum_assignment(cost), strict=True)
        following = {int(a): int(b) for a, b in pairs if cost[a, b] < TOO_DEAR}
        chains = []
        for start in set(range(count)) - set(following.values()):
            chain, at = [tracklets[start]], start
            while at in following:
                at = following[at]
                chain.append(tracklets[at])
            chains.append(chain)
        return chains

    def _left(self, before: Tracklet, after: Tracklet, gap: int) -> bool:
        """Return whether one went out of the picture before the other came in."""
        if gap <= OUT_S * self._fps:
            return False
        window = max(3, round(BORDER_S * self._fps))
        out = np.array(before.feet[-1]) + 0.5 * gap * _speed(before, -window)
        came = np.array(after.feet[0]) - 0.5 * gap * _speed(after, window)
        return not self._is_inside(self._box(out)) and not self._is_inside(self._box(came))

    def _is_somebody(self, chain: list[Tracklet]) -> bool:
        count = sum(len(t.frames) for t in chain)
        span = chain[-1].frames[-1] - chain[0].frames[0] + 1
        feet = np.array([foot for t in chain for foot in t.feet])
        moved = float(np.hypot(*(np.percentile(feet, 95, axis=0) - np.percentile(feet, 5, axis=0))))
        return (count >= SHORTEST_S * self._fps and count >= 0.3 * span
                and moved > 0.06 * self._stature.at(float(feet[:, 1].mean())))  # fmt: skip

    def _way(self, number: int, chain: list[Tracklet], count: int) -> Way:
        """Bridge the gaps by straight lines and smooth what was measured."""
        frames, feet = self._to_the_border(chain)
        all_frames = np.arange(max(1, frames[0]), min(frames[-1], count) + 1)
        x, y = (np.interp(all_frames, frames, feet[:, axis]) for axis in range(2))
        sigma = 0.12 * self._fps
        x, y = gaussian_filter1d(x, sigma, mode="nearest"), gaussian_filter1d(y, 2 * sigma, mode="nearest")
        usual = np.array([self._stature.at(foot) for foot in y])
        head, end = _extent(chain)
        y = y + end * usual
        heights = (1 + end - head) * usual
        boxes = [(float(a - 0.5 * WIDTH * h), float(b - h), float(WIDTH * h), float(h))
                 for a, b, h in zip(x, y, heights, strict=True)]  # fmt: skip
        sure = np.interp(all_frames, [f for t in chain for f in t.frames], [s for t in chain for s in t.sure])
        inside = [self._is_inside(box) for box in boxes]
        kept = [k for k, keep in enumerate(inside) if keep]
        return Way(number, tuple(int(all_frames[k]) for k in kept), tuple(boxes[k] for k in kept),
                   tuple(float(min(max(sure[k], 0.05), 1.0)) for k in kept))  # fmt: skip

    def _to_the_border(self, chain: list[Tracklet]) -> tuple[Reals, Reals]:
        """Return frames and feet; who was about to cross the border goes on as before until it is crossed."""
        frames, feet = [f for t in chain for f in t.frames], [foot for t in chain for foot in t.feet]
        most = round(BORDER_S * self._fps)
        window = max(3, most)
        for end, velocity in ((-1, _speed(chain[-1], -window)), (0, -_speed(chain[0], window))):
            at = np.array(feet[end], np.float64)
            on = [at + k * velocity for k in range(1, 2 * most + 1)]
            reached = next((k for k, foot in enumerate(on, 1) if not self._is_inside(self._box(foot))), 0)
            speed = float(np.hypot(*velocity)) * self._fps / self._stature.at(at[1])
            if reached and speed > 0.2:
                steps = range(1, reached + 1)
                frames += [frames[end] + (k if end else -k) for k in steps]
                feet += [(float(on[k - 1][0]), float(on[k - 1][1])) for k in steps]
        order = np.argsort(frames, kind="stable")
        return np.array(frames, np.float64)[order], np.array(feet, np.float64)[order]

    def _box(self, foot: Reals) -> Box:
        tall = self._stature.at(float(foot[1]))
        return float(foot[0]) - 0.5 * WIDTH * tall, float(foot[1]) - tall, WIDTH * tall, tall

    def _is_inside(self, box: Box) -> bool:
        width, height = self._size
        across = min(box[0] + box[2], width) - max(box[0], 0.0)
        down = min(box[1] + box[3], height) - max(box[1], 0.0)
        return across > 0 and down > 0 and across * down > LEAST_INSIDE * box[2] * box[3]


def _extent(chain: list[Tracklet]) -> tuple[float, float]:
    """Return how far the head is below, and how far the feet are below where they were placed, in heights."""
    extents = np.array([extent for t in chain for extent in t.extents]).reshape(-1, 2)
    if len(extents) < 5:
        return 0.0, 0.0
    head, end = np.median(extents, axis=0)
    return float(head), float(end)


def _unlike(one: Tracklet, other: Tracklet) -> float:
    """Return how unlike two people are dressed, 0..1: row by row, because they may have turned round."""
    rows = np.minimum(one.weight.sum(axis=1), other.weight.sum(axis=1)) > 0.1
    if not rows.any():
        return 0.5
    a, b = (
        (t.look * t.weight[..., None]).sum(axis=1) / np.maximum(t.weight.sum(axis=1), 1e-3)[:, None]
        for t in (one, other)
    )
    return float(np.minimum(1.0, np.abs(a - b)[rows].mean(axis=1) / COLOUR_OFF).mean())


def _join_cost(before: Tracklet, after: Tracklet, gap: int, stature: Stature, fps: float) -> float:
    window = max(2, round(0.6 * fps))
    speed_before, speed_after = _speed(before, -window), _speed(after, window)
    end, start = np.array(before.feet[-1]), np.array(after.feet[0])
    tall = stature.at(float(end[1]))
    ahead, back = end + speed_before * gap - start, start - speed_after * gap - end
    off = 0.5 * (float(np.hypot(*ahead)) + float(np.hypot(*back))) / tall
    direct = float(np.hypot(*(start - end))) / tall
    reach = 0.5 + 0.35 * gap / fps
    off = min(off, direct)
    looks = _unlike(before, after)
    if off > reach or direct > 0.6 + 1.6 * gap / fps or looks > 0.6:
        return 2 * TOO_DEAR
    return off / reach + 1.5 * looks + 0.2 * gap / fps


def _speed(tracklet: Tracklet, window: int) -> Reals:
    """Return pixels a frame over the first frames, or the last for a negative window. Shape (2,)."""
    part = slice(window, None) if window < 0 else slice(None, window)
    frames, feet = np.array(tracklet.frames[part], float), np.array(tracklet.feet[part])
    if len(frames) < 3:
        return np.zeros(2)
    return np.asarray([np.polyfit(frames, feet[:, axis], 1)[0] for axis in range(2)], np.float64)
