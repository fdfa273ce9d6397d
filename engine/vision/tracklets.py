"""Who is who in a whole video: followed forward, pieces of ways joined, gaps bridged, boxes smoothed."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import linear_sum_assignment

from engine.vision.people import Box
from engine.vision.upright import WIDTH, Standing, Stature
from engine.world import Floats

LOST_S, JOIN_S, SHORTEST_S = 1.0, 3.0, 0.5
GATE = 0.45
LOOKS_WEIGHT = 0.6
TOO_DEAR = 1e3


@dataclass(slots=True, eq=False)
class Tracklet:
    """One unbroken way.

    Attributes:
        frames, feet, tall, wide, sure, alone: Of each sighting: (x, y) of the feet, pixels, and the box's size.
        colours: Of the clothes; an average. Shape (2, 64), float32.
    """

    filter: cv2.KalmanFilter
    colours: Floats
    frames: list[int] = field(default_factory=list)
    feet: list[tuple[float, float]] = field(default_factory=list)
    tall: list[float] = field(default_factory=list)
    wide: list[float] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)
    alone: list[bool] = field(default_factory=list)

    @property
    def expected(self) -> tuple[float, float]:
        """Return where the feet are expected now."""
        return float(self.filter.statePost[0, 0]), float(self.filter.statePost[1, 0])

    @property
    def velocity(self) -> tuple[float, float]:
        """Return pixels a frame."""
        return float(self.filter.statePost[2, 0]), float(self.filter.statePost[3, 0])


@dataclass(frozen=True, slots=True)
class Way:
    """One person through the video: for each frame from the first to the last a box."""

    id: int
    frames: tuple[int, ...]
    boxes: tuple[Box, ...]
    sure: tuple[float, ...]


class VideoTracker:
    """Follows people through a video, picture by picture; `ways` works out the rest.

    Args:
        fps: Pictures a second.
        size: (width, height) of the pictures.
    """

    def __init__(self, stature: Stature, fps: float, size: tuple[int, int]) -> None:
        self._stature, self._fps, self._size = stature, fps, size
        self._open: list[Tracklet] = []
        self._closed: list[Tracklet] = []

    def follow(self, frame: int, found: list[Standing]) -> None:
        """Take the people found in one frame."""
        for tracklet in self._open:
            tracklet.filter.predict()
            tracklet.filter.statePost = tracklet.filter.statePre.copy()
            tracklet.filter.errorCovPost = tracklet.filter.errorCovPre.copy()
        taken: set[int] = set()
        if self._open and found:
            cost = np.array([[self._cost(tracklet, standing, frame) for standing in found] for tracklet in self._open])
            for row, column in zip(*linear_sum_assignment(cost), strict=True):
                if cost[row, column] < TOO_DEAR:
                    self._extend(self._open[row], found[column], frame)
                    taken.add(int(column))
        for number, standing in enumerate(found):
            if number not in taken:
                self._begin(standing, frame)
        lost = [t for t in self._open if frame - t.frames[-1] > self._patience(t)]
        self._closed += lost
        self._open = [t for t in self._open if t not in lost]

    def ways(self) -> list[Way]:
        """Return everybody's way, joined, bridged and smoothed, in order of appearance."""
        tracklets = [t for t in self._closed + self._open if len(t.frames) >= 3]
        chains = _chains(tracklets, self._stature, self._fps)
        kept = [chain for chain in chains if self._is_somebody(chain)]
        kept.sort(key=lambda chain: chain[0].frames[0])
        return [self._way(number, chain) for number, chain in enumerate(kept, 1)]

    def _patience(self, tracklet: Tracklet) -> float:
        return LOST_S * self._fps if len(tracklet.frames) >= 5 else 2

    def _cost(self, tracklet: Tracklet, standing: Standing, frame: int) -> float:
        left, top, width, height = standing.box
        x, y = tracklet.expected
        tall = self._stature.at(y)
        off = float(np.hypot((left + width / 2 - x) / tall, 0.7 * (top + height - y) / tall))
        gate = GATE * (1 + 0.5 * min((frame - tracklet.frames[-1] - 1) / self._fps, 1.0))
        if off > gate:
            return 2 * TOO_DEAR
        return off + LOOKS_WEIGHT * GATE * _unlike(tracklet.colours, standing.colours)

    def _begin(self, standing: Standing, frame: int) -> None:
        left, top, width, height = standing.box
        kalman = cv2.KalmanFilter(4, 2)
        kalman.transitionMatrix = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
        kalman.measurementMatrix = np.eye(2, 4, dtype=np.float32)
        # A walker changes speed by about a body height a second, each second.
        push = (0.6 * height / self._fps**2) ** 2
        kalman.processNoiseCov = np.diag(np.array([push, push, push, push], np.float32)) * np.float32(self._fps / 4)
        kalman.statePost = np.array([[left + width / 2], [top + height], [0], [0]], np.float32)
        speed = (height / self._fps) ** 2
        kalman.errorCovPost = np.diag(np.array([9, 9, speed, speed], np.float32))
        tracklet = Tracklet(kalman, standing.colours.copy())
        self._note(tracklet, standing, frame)
        self._open.append(tracklet)

    def _extend(self, tracklet: Tracklet, standing: Standing, frame: int) -> None:
        left, top, width, height = standing.box
        error = (0.04 if standing.alone else 0.10) * height
        tracklet.filter.measurementNoiseCov = np.diag(np.array([error**2, (1.5 * error) ** 2], np.float32))
        tracklet.filter.correct(np.array([[left + width / 2], [top + height]], np.float32))
        share = np.float32(0.15 if standing.alone else 0.04)
        tracklet.colours += share * (standing.colours - tracklet.colours)
        self._note(tracklet, standing, frame)

    def _note(self, tracklet: Tracklet, standing: Standing, frame: int) -> None:
        left, top, width, height = standing.box
        tracklet.frames.append(frame)
        tracklet.feet.append((left + width / 2, top + height))
        tracklet.tall.append(height)
        tracklet.wide.append(width)
        tracklet.sure.append(standing.sure)
        tracklet.alone.append(standing.alone)

    def _is_somebody(self, chain: list[Tracklet]) -> bool:
        count = sum(len(t.frames) for t in chain)
        span = chain[-1].frames[-1] - chain[0].frames[0] + 1
        feet = np.array([foot for t in chain for foot in t.feet])
        moved = float(np.hypot(*(np.percentile(feet, 95, axis=0) - np.percentile(feet, 5, axis=0))))
        return (count >= SHORTEST_S * self._fps and count >= 0.3 * span
                and moved > 0.12 * self._stature.at(float(feet[:, 1].mean())))  # fmt: skip

    def _way(self, number: int, chain: list[Tracklet]) -> Way:
        """Bridge the gaps by straight lines and smooth what was measured."""
        frames = np.array([f for t in chain for f in t.frames])
        feet = np.array([foot for t in chain for foot in t.feet])
        tall = np.array([h for t in chain for h in t.tall])
        wide = np.array([w for t in chain for w in t.wide])
        alone = np.array([a for t in chain for a in t.alone])
        all_frames = np.arange(frames[0], frames[-1] + 1)
        x, y = (np.interp(all_frames, frames, feet[:, axis]) for axis in range(2))
        expected = np.array([self._stature.at(foot) for foot in feet[:, 1]])
        good = alone if alone.sum() >= 5 else np.ones(len(alone), bool)
        factor = float(np.median(tall[good] / expected[good]))
        sigma = 0.12 * self._fps
        x, y = gaussian_filter1d(x, sigma, mode="nearest"), gaussian_filter1d(y, 2 * sigma, mode="nearest")
        heights = factor * np.array([self._stature.at(foot) for foot in y])
        ratio = float(np.clip(np.median(wide[good] / tall[good]), 0.3, 0.5)) if good.any() else WIDTH
        boxes = [(float(a - 0.5 * ratio * h), float(b - h), float(ratio * h), float(h))
                 for a, b, h in zip(x, y, heights, strict=True)]  # fmt: skip
        sure = np.interp(all_frames, frames, [s for t in chain for s in t.sure])
        inside = [self._is_inside(box) for box in boxes]
        kept = [k for k, keep in enumerate(inside) if keep]
        return Way(number, tuple(int(all_frames[k]) for k in kept), tuple(boxes[k] for k in kept),
                   tuple(float(min(max(sure[k], 0.05), 1.0)) for k in kept))  # fmt: skip

    def _is_inside(self, box: Box) -> bool:
        width, height = self._size
        return 0 < box[0] + box[2] / 2 < width and box[1] < height - 0.3 * box[3] and box[1] + box[3] > 0.3 * box[3]


def _unlike(one: Floats, other: Floats) -> float:
    """Return how unlike two people are dressed, 0..1 (Bhattacharyya)."""
    alike = (one * other).sum(axis=1)
    return float(np.sqrt(np.maximum(0.0, 1.0 - alike)).mean())


def _chains(tracklets: list[Tracklet], stature: Stature, fps: float) -> list[list[Tracklet]]:
    """Join tracklets end to beginning, the cheapest way for all."""
    if not tracklets:
        return []
    count = len(tracklets)
    cost = np.full((count, count), 2 * TOO_DEAR)
    for a, before in enumerate(tracklets):
        for b, after in enumerate(tracklets):
            gap = after.frames[0] - before.frames[-1]
            if 0 < gap <= JOIN_S * fps:
                cost[a, b] = _join_cost(before, after, gap, stature, fps)
    following = {int(a): int(b) for a, b in zip(*linear_sum_assignment(cost), strict=True) if cost[a, b] < TOO_DEAR}
    chains = []
    for start in set(range(count)) - set(following.values()):
        chain, at = [tracklets[start]], start
        while at in following:
            at = following[at]
            chain.append(tracklets[at])
        chains.append(chain)
    return chains


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
    looks = _unlike(before.colours, after.colours)
    if off > reach or direct > 0.6 + 1.6 * gap / fps or looks > 0.6:
        return 2 * TOO_DEAR
    return off / reach + 1.5 * looks + 0.2 * gap / fps


def _speed(tracklet: Tracklet, window: int) -> Floats:
    """Return pixels a frame over the first frames, or the last for a negative window. Shape (2,)."""
    part = slice(window, None) if window < 0 else slice(None, window)
    frames, feet = np.array(tracklet.frames[part], float), np.array(tracklet.feet[part])
    if len(frames) < 3:
        return np.zeros(2, np.float32)
    return np.asarray([np.polyfit(frames, feet[:, axis], 1)[0] for axis in range(2)], np.float32)
