"""People followed through a film of a fixed camera, picture by picture: those known are placed first, the rest is new.

Everybody known is expected somewhere and has a look. All are placed together so that their bodies explain the evidence
and their looks agree with the picture, each in turn while the others stay, the nearest first. So two who cross or walk
side by side stay two people in one piece of the mask. What nobody explains then is somebody new.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.bodies import LOOK_COLUMNS, LOOK_ROWS, find, place
from engine.vision.stature import Stature
from engine.world import Floats, Pixels

ROUNDS = 2
LOOKS_WEIGHT, MOTION_WEIGHT = 0.9, 1.5
LEAST_NEW, LEAST_BESIDE, LEAST_SECOND, LEAST_FILLED = 0.42, 0.2, 0.40, 0.55
LOST_BELOW, HIDDEN_BELOW = 0.3, 0.35
LOST_S, HIDDEN_S, SURE_S, BACK_S = 0.6, 2.5, 0.4, 2.0
LEAST_BACK, MOST_UNLIKE, MOST_UNLIKE_BACK = 0.5, 0.75, 0.4
MOST_NEW_IN_PIECE = 8
SAME_PLACE, DOUBLE_S = 0.13, 0.6
LEAST_TALL = 24  # pixels; of smaller ones two cannot be told from one with a bag

People = NDArray[np.float64]  # a row a person: x and y of the feet, height, pixels


@dataclass(slots=True, eq=False)
class Tracklet:
    """One unbroken way.

    Attributes:
        look, weight: Colours of the body, rows from the head to the feet, and how well each is known.
            Shapes (12, 5, 3) and (12, 5), float32.
        frames, feet, sure: Of each sighting: number, (x, y) of the feet in pixels, and how well it is seen, 0..1.
        extents: Of the sightings with nobody before or behind them: how far the head's top and the feet are below where
            they were expected, in heights.
        missed, lost: For how many frames they were not seen, and not seen though nobody hid them.
        doubled: For how many frames they were told where somebody else is; `is_double` when it is too long to be true.
        is_traced: Whether they were followed back in time.
    """

    filter: cv2.KalmanFilter
    look: Floats
    weight: Floats
    frames: list[int]
    feet: list[tuple[float, float]]
    sure: list[float]
    extents: list[tuple[float, float]] = field(default_factory=list)
    missed: int = 0
    lost: int = 0
    doubled: int = 0
    is_double: bool = False
    is_traced: bool = False

    @property
    def expected(self) -> tuple[float, float]:
        """Return where the feet are expected now."""
        return float(self.filter.statePost[0, 0]), float(self.filter.statePost[1, 0])


@dataclass(frozen=True, slots=True)
class Placed:
    """How a person was placed.

    Attributes:
        x, foot: Of the point between the feet, pixels.
        got, seen: How much evidence they explain and how much of them nobody hides, in bodies.
        off: How unlike their look that is, 0..1.
    """

    x: float
    foot: float
    got: float
    seen: float
    off: float

    @property
    def filled(self) -> float:
        """Return how much of what can be seen of them is there."""
        return self.got / max(self.seen, 0.05)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen in one frame and where everybody stood: for going back in time."""

    frame: int
    evidence: NDArray[np.float16]
    picture: Pixels
    people: People


class Pursuit:
    """Follows people through a film.

    Args:
        fps: Pictures a second.
    """

    def __init__(self, stature: Stature, fps: float) -> None:
        self._stature, self._fps = stature, fps
        self._open: list[Tracklet] = []
        self._closed: list[Tracklet] = []
        self._before: deque[Moment] = deque(maxlen=max(2, round(BACK_S * fps)))

    def follow(self, frame: int, evidence: Floats, picture: Pixels) -> None:
        """Take one picture, BGR, and the evidence in it."""
        picture = np.ascontiguousarray(cv2.blur(picture, (3, 3)), np.uint8)
        for tracklet in self._open:
            tracklet.filter.predict()
            tracklet.filter.statePost = tracklet.filter.statePre.copy()
            tracklet.filter.errorCovPost = tracklet.filter.errorCovPre.copy()
        people = self._place_known(frame, evidence, picture)
        people = self._find_new(frame, evidence, picture, people)
        people = self._split(frame, evidence, picture, people)
        for tracklet in self._open:
            if not tracklet.is_traced and len(tracklet.frames) > max(3, SURE_S * self._fps):
                tracklet.is_traced = True
                self._go_back(tracklet)
        self._before.append(Moment(frame, evidence.astype(np.float16), picture, people))
        for tracklet in [t for t in self._open if self._is_over(t)]:
            self._open.remove(tracklet)
            self._closed.append(tracklet)

    def tracklets(self, share: float) -> list[Tracklet]:
        """Return all unbroken ways, in the pixels of the whole picture when this one was made smaller by `share`."""
        for tracklet in self._closed + self._open:
            tracklet.feet = [(x / share, y / share) for x, y in tracklet.feet]
        return self._closed + self._open

    def _place_known(self, frame: int, evidence: Floats, picture: Pixels) -> People:
        self._open.sort(key=lambda t: -t.expected[1])
        rows = [(*t.expected, self._stature.at(t.expected[1])) for t in self._open]
        people = np.array(rows, np.float64).reshape(-1, 3)
        for turn in range(ROUNDS):
            for k, tracklet in enumerate(self._open):
                placed = self._place(k, tracklet, people, evidence, picture, learn=turn == ROUNDS - 1)
                people[k] = placed.x, placed.foot, self._stature.at(placed.foot)
                if turn == ROUNDS - 1:
                    self._note(frame, tracklet, placed, evidence)
        self._end_doubles(frame, people)
        kept = [k for k, tracklet in enumerate(self._open) if not tracklet.is_double]
        self._closed += [tracklet for tracklet in self._open if tracklet.is_double and tracklet.frames]
        self._open = [self._open[k] for k in kept]
        return people[kept]

    def _end_doubles(self, frame: int, people: People) -> None:
        """End the newer of two who are told at one place for long: they are one person."""
        now = [k for k, tracklet in enumerate(self._open) if tracklet.frames[-1] == frame]
        for k in now:
            newer = self._open[k]
            near = np.abs(people[:, :2] - people[k, :2]).max(axis=1) < SAME_PLACE * people[k, 2]
            older = any(near[j] and self._open[j].frames[0] < newer.frames[0] for j in now if j != k)
            newer.doubled = newer.doubled + 1 if older else max(0, newer.doubled - 1)
            if newer.doubled > max(3, DOUBLE_S * self._fps):
                for told in (newer.frames, newer.feet, newer.sure):
                    del told[-newer.doubled :]
                newer.is_double = True

    def _place(self, k: int, tracklet: Tracklet, people: People, evidence: Floats, picture: Pixels,
               learn: bool) -> Placed:  # fmt: skip
        x, y = tracklet.expected
        is_young = len(tracklet.frames) < 4  # how fast they go is not known yet
        reach = (0.35 if is_young else 0.16) + (1.2 if is_young else 0.5) / self._fps + 0.02 * min(tracklet.missed, 6)
        reach *= self._stature.at(y)
        calm = 0.4 if is_young else 1.0
        return self._search(k, tracklet, people, (x, y, reach, 0.6 * reach), evidence, picture, learn, calm)

    def _search(self, k: int, tracklet: Tracklet, people: People, expected: tuple[float, float, float, float],
                evidence: Floats, picture: Pixels, learn: bool = False, calm: float = 1.0) -> Placed:  # fmt: skip
        x, foot, _, got, seen, off = place(
            evidence, picture, people, k, tracklet.look, tracklet.weight, np.array(expected), self._stature.base,
            self._stature.slope, self._stature.least, LOOKS_WEIGHT, calm * MOTION_WEIGHT, learn)  # fmt: skip
        return Placed(x, foot, got, seen, off)

    def _note(self, frame: int, tracklet: Tracklet, placed: Placed, evidence: Floats) -> None:
        is_hidden = placed.seen < HIDDEN_BELOW
        if is_hidden or placed.filled < LOST_BELOW or placed.off > MOST_UNLIKE:
            tracklet.missed += 1
            tracklet.lost += not is_hidden
            return
        tracklet.missed = tracklet.lost = 0
        error = 0.05 * self._stature.at(placed.foot) / max(placed.seen, 0.2)
        tracklet.filter.measurementNoiseCov = np.diag(np.array([error**2, (1.5 * error) ** 2], np.float32))
        tracklet.filter.correct(np.array([[placed.x], [placed.foot]], np.float32))
        tracklet.frames.append(frame)
        tracklet.feet.append((placed.x, placed.foot))
        tracklet.sure.append(float(np.clip(placed.filled, 0.05, 1)))
        if placed.seen > 0.97 and placed.got > 0.6:
            self._measure(tracklet, placed, evidence)

    def _measure(self, tracklet: Tracklet, placed: Placed, evidence: Floats) -> None:
        """Note where the head and the feet of somebody who stands free really end."""
        tall = self._stature.at(placed.foot)
        top, bottom = round(placed.foot - 1.3 * tall), round(placed.foot + 0.2 * tall)
        left, right = max(0, round(placed.x - 0.1 * tall)), max(1, round(placed.x + 0.1 * tall))
        if top < 0 or bottom > evidence.shape[0]:
            return
        there = np.nonzero(evidence[top:bottom, left:right].max(axis=1, initial=-1.0) > 0.2)[0]
        if len(there):
            head = (top + int(there[0]) - placed.foot) / tall + 1
            end = (top + int(there[-1]) + 1 - placed.foot) / tall
            if abs(head) < 0.2 and abs(end) < 0.15:
                tracklet.extents.append((head, end))

    def _find_new(self, frame: int, evidence: Floats, picture: Pixels, people: People) -> People:
        free = np.where(evidence > 0.1, 255, 0).astype(np.uint8)
        for x, foot, tall in people:
            left_top = round(x - 0.2 * tall), round(foot - 1.03 * tall)
            cv2.rectangle(free, left_top, (round(x + 0.2 * tall), round(foot + 0.03 * tall)), 0, -1)
        stats = cv2.connectedComponentsWithStats(free, connectivity=8)[2]
        for left, top, wide, high, area in stats[1:].tolist():
            tall = self._stature.at(top + high)
            if area < 0.04 * tall * tall or high < 0.25 * tall:
                continue
            first, last = max(top + 0.6 * tall, top + high - 1.5 * tall), min(top + high, len(evidence)) + 0.3 * tall
            for _ in range(MOST_NEW_IN_PIECE):
                x, foot, found_tall, _, _ = find(
                    evidence, people, self._stature.base, self._stature.slope, self._stature.least,
                    left, left + wide, int(first), int(last), LEAST_NEW, LEAST_FILLED)  # fmt: skip
                if found_tall <= 0:
                    break
                tracklet = self._newcomer(frame, x, foot)
                self._open.append(tracklet)
                people = np.vstack([people, [x, foot, found_tall]])
                self._place(len(people) - 1, tracklet, people, evidence, picture, learn=True)
        return people

    def _split(self, frame: int, evidence: Floats, picture: Pixels, people: People) -> People:
        """Put a second person where one stands in the middle of two."""
        for k, tracklet in enumerate(self._open[: len(people)]):
            x, foot, tall = people[k]
            if tall < LEAST_TALL:
                continue
            x, foot, tall, _, _ = find(
                evidence, people, self._stature.base, self._stature.slope, self._stature.least, int(x - 0.3 * tall),
                int(x + 0.3 * tall), int(foot - 0.12 * tall), int(foot + 0.12 * tall), LEAST_BESIDE,
                LEAST_FILLED)  # fmt: skip
            if tall <= 0:
                continue
            newcomer = self._newcomer(frame, x, foot)
            both = np.vstack([people, [x, foot, tall]])
            for _ in range(3):
                old = self._place(k, tracklet, both, evidence, picture, learn=False)
                both[k] = old.x, old.foot, self._stature.at(old.foot)
                expected = both[-1, 0], both[-1, 1], 0.2 * tall, 0.1 * tall
                new = self._search(len(people), newcomer, both, expected, evidence, picture, calm=0.0)
                both[-1] = new.x, new.foot, self._stature.at(new.foot)
            if new.got > LEAST_SECOND and new.filled > LEAST_FILLED and old.filled > LEAST_BACK:
                newcomer.feet = [(new.x, new.foot)]
                newcomer.filter.statePost = np.array([[new.x], [new.foot], [0], [0]], np.float32)
                self._open.append(newcomer)
                self._place(len(people), newcomer, both, evidence, picture, learn=True)
                people = both
        return people

    def _newcomer(self, frame: int, x: float, foot: float) -> Tracklet:
        tall = self._stature.at(foot)
        kalman = cv2.KalmanFilter(4, 2)
        kalman.transitionMatrix = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
        kalman.measurementMatrix = np.eye(2, 4, dtype=np.float32)
        # A walker changes speed by about a body height a second, each second.
        push = (0.6 * tall / self._fps**2) ** 2
        kalman.processNoiseCov = np.diag(np.array([push, push, push, push], np.float32)) * np.float32(self._fps / 4)
        kalman.statePost = np.array([[x], [foot], [0], [0]], np.float32)
        speed = (tall / self._fps) ** 2
        kalman.errorCovPost = np.diag(np.array([9, 9, speed, speed], np.float32))
        weight = np.zeros((LOOK_ROWS, LOOK_COLUMNS), np.float32)
        return Tracklet(kalman, np.zeros((*weight.shape, 3), np.float32), weight, [frame], [(x, foot)], [0.5])

    def _is_over(self, tracklet: Tracklet) -> bool:
        if len(tracklet.frames) <= SURE_S * self._fps + 2:
            return tracklet.missed > max(2, 0.25 * self._fps)
        return tracklet.lost > max(2, LOST_S * self._fps) or tracklet.missed > HIDDEN_S * self._fps

    def _go_back(self, tracklet: Tracklet) -> None:
        """Follow somebody new back in time, to where they came from."""
        (x, y), last = tracklet.feet[0], tracklet.feet[-1]
        span = tracklet.frames[-1] - tracklet.frames[0]
        vx, vy = (last[0] - x) / span, (last[1] - y) / span
        for moment in reversed(self._before):
            if moment.frame >= tracklet.frames[0]:
                continue
            tall = self._stature.at(y - vy)
            people = np.vstack([moment.people, [x - vx, y - vy, tall]])
            expected = x - vx, y - vy, 0.25 * tall, 0.15 * tall
            evidence = moment.evidence.astype(np.float32)
            placed = self._search(len(people) - 1, tracklet, people, expected, evidence, moment.picture)
            if placed.seen < HIDDEN_BELOW or placed.filled < LEAST_BACK or placed.off > MOST_UNLIKE_BACK:
                return
            vx, vy = 0.7 * vx + 0.3 * (x - placed.x), 0.7 * vy + 0.3 * (y - placed.foot)
            x, y = placed.x, placed.foot
            tracklet.frames.insert(0, moment.frame)
            tracklet.feet.insert(0, (x, y))
            tracklet.sure.insert(0, float(np.clip(placed.filled, 0.05, 1)))
