"""Who is who among people seen from above: they merge in hugs and hands, and part again with the ids they had."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.vision.sharing import Piece, find_pieces, middle, share, trunks
from engine.world import Floats, Pixels

BORN_AFTER, SPLIT_AFTER, SETTLED, FORGET_AFTER = 3, 10, 45, 30
KEPT_S, KEPT_AT_EDGE_S, LOST_S = 1.2, 0.25, 4.0
JOINED, TOGETHER, CROWDED = 0.7, 0.45, 0.62  # of the area people have alone: to share a piece, to stay, to stay long
CROWDED_S, FULL, FRAGMENT = 1.5, 0.85, 0.4
JOIN_M, FASTEST_M_S = 0.12, 2.2
FOUND_M, FOUND_M_S = 0.5, 0.8  # how far, and how fast, somebody lost may turn up again
GATE_M = 0.35
ACCELERATION_M_S2, ALONE_M, MERGED_M = 3.0, 0.03, 0.10
ONSET_FRAMES, END_FRAMES = 3, 6
NEAR_M = 0.55


@dataclass(slots=True, eq=False)
class Walker:
    """One person over time; places in pixels of the mask.

    Attributes:
        owned: Their pixels: the piece, and which of its pixels.
        area: Pixels they have while alone.
        colour: Mean BGR of the trunk.
        alone: For how many pictures they have shared no piece.
        crowded_s: For how long they have shared a piece that is small for all in it.
        partners: With whom they shared a piece last.
    """

    id: int
    filter: cv2.KalmanFilter
    piece: Piece | None = None
    owned: NDArray[np.bool_] | None = None
    seen: int = 1
    unseen_s: float = 0.0
    alone: int = 0
    crowded_s: float = 0.0
    area: float = 0.0
    colour: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    partners: list[Walker] = field(default_factory=list)

    @property
    def x(self) -> float:
        return float(self.filter.statePost[0, 0])

    @property
    def y(self) -> float:
        return float(self.filter.statePost[1, 0])


class CrowdTracker:
    """Keeps ids of people seen from above.

    Args:
        px_per_m: Pixels of the mask a metre on the floor.
        first_id: Ids count from here.
    """

    def __init__(self, px_per_m: float, first_id: int = 1) -> None:
        self._px_per_m = px_per_m
        self.next_id = first_id
        self._walkers: list[Walker] = []
        self._touching: dict[tuple[int, int], int] = {}
        self.mask: Pixels = np.zeros((1, 1), np.uint8)

    def follow(self, mask: Pixels, picture: Pixels, dt: float) -> tuple[list[Walker], tuple[tuple[int, int], ...]]:
        """Return who is there, and the pairs of ids that touch.

        Args:
            mask: 0 or 255, shape (height, width).
            picture: BGR of the same size.
            dt: Seconds since the last one.
        """
        pieces, self.mask = find_pieces(mask, self._px_per_m)
        for walker in self._walkers:
            self._predict(walker, dt)
        held = self._assign(pieces)
        touching = set()
        for piece, walkers in zip(pieces, held, strict=True):
            touching |= self._see(piece, walkers, picture)
            self._crowd(piece, walkers, dt)
        self._walkers = [walker for walker in self._walkers if self._is_kept(walker, mask.shape)]
        for piece, walkers in zip(pieces, held, strict=True):
            self._bear(piece, walkers, picture)
        born = [walker for walker in self._walkers if walker.id and walker.unseen_s <= KEPT_S]
        return born, self._contacts(touching, born)

    # -- which piece holds whom ------------------------------------------------------------------

    def _predict(self, walker: Walker, dt: float) -> None:
        kalman = walker.filter
        speed = float(np.hypot(*kalman.statePost[2:, 0])) / self._px_per_m
        slower = np.float32(min(0.8 if walker.unseen_s > 0 else 1.0, FASTEST_M_S / max(speed, 1e-6)))
        kalman.statePost = kalman.statePost * np.array([[1], [1], [slower], [slower]], np.float32)
        walker.unseen_s += dt
        kalman.transitionMatrix = np.array([[1, 0, dt, 0], [0, 1, 0, dt], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
        push = (ACCELERATION_M_S2 * self._px_per_m) ** 2
        spread = np.array([[dt**4 / 4, 0, dt**3 / 2, 0], [0, dt**4 / 4, 0, dt**3 / 2],
                           [dt**3 / 2, 0, dt**2, 0], [0, dt**3 / 2, 0, dt**2]], np.float32)  # fmt: skip
        kalman.processNoiseCov = spread * np.float32(push)
        kalman.predict()
        kalman.statePost = kalman.statePre.copy()
        kalman.errorCovPost = kalman.errorCovPre.copy()

    def _assign(self, pieces: list[Piece]) -> list[list[Walker]]:
        """Return for each piece who is in it: whose place it holds, and, for pieces left over, who else could be."""
        held: list[list[Walker]] = [[] for _ in pieces]
        if not pieces or not self._walkers:
            return held
        far = np.array([[piece.distance(w.x, w.y) for piece in pieces] for w in self._walkers], np.float32)
        far /= np.float32(self._px_per_m)
        best = far.argmin(axis=1)
        nearest = far[np.arange(len(best)), best]
        for row in sorted(range(len(best)), key=lambda row: (float(nearest[row]), self._walkers[row].id or 1 << 40)):
            walker, piece, there = self._walkers[row], pieces[best[row]], held[best[row]]
            gate = GATE_M * (1 + min(walker.unseen_s, 1.0)) if not there else JOIN_M
            if nearest[row] <= gate and _fits(walker, piece, there):
                there.append(walker)
        self._rehouse(pieces, held, far)
        return held

    def _rehouse(self, pieces: list[Piece], held: list[list[Walker]], far: Floats) -> None:
        """Give a piece that holds nobody to one of those crowded nearby: so people part after a hug."""
        empty = [k for k, walkers in enumerate(held) if not walkers]
        crowded = {k for k, walkers in enumerate(held)
                   if len(walkers) > 1 and pieces[k].area < FULL * sum(walker.area for walker in walkers)}  # fmt: skip
        if not empty or not crowded:
            return
        index = {id(walker): row for row, walker in enumerate(self._walkers)}
        rows = [(k, walker) for k in crowded for walker in held[k] if walker.id]
        if not rows:
            return
        cost = np.array([[far[index[id(w)], k] for k in empty] for _, w in rows])
        for row, column in zip(*linear_sum_assignment(np.where(cost < NEAR_M, cost, 1e3)), strict=True):
            source, walker = rows[row]
            is_large = pieces[empty[column]].area > FRAGMENT * walker.area
            if cost[row, column] < NEAR_M and len(held[source]) > 1 and is_large:
                held[source].remove(walker)
                held[empty[column]].append(walker)

    # -- what a piece says of them ------------------------------------------------------------------

    def _see(self, piece: Piece, walkers: list[Walker], picture: Pixels) -> set[tuple[int, int]]:
        """Correct those in a piece; returns the pairs that touch in it."""
        if not walkers:
            return set()
        if len(walkers) == 1:
            self._correct(walkers[0], middle(piece), ALONE_M, piece, None)
            self._recognise(walkers[0], piece, picture)
            return set()
        owner, places = share(piece, [(w.x, w.y) for w in walkers])
        for k, walker in enumerate(walkers):
            near = min(float(np.hypot(*(places[k] - places[j]))) for j in range(len(walkers)) if j != k)
            blurred = near < 0.5 * self._px_per_m
            self._correct(walker, (float(places[k][0]), float(places[k][1])), MERGED_M if blurred else ALONE_M, piece,
                          owner == k)  # fmt: skip
            walker.partners = [other for other in walkers if other is not walker and other.id]
        if len(walkers) == 2:
            return {_pair(*walkers)}
        return {_pair(walkers[a], walkers[b]) for a, b in _neighbours(piece, owner)}

    def _crowd(self, piece: Piece, walkers: list[Walker], dt: float) -> None:
        is_crowded = len(walkers) > 1 and piece.area < CROWDED * sum(walker.area for walker in walkers)
        for walker in walkers:
            walker.crowded_s = walker.crowded_s + dt if is_crowded else max(0.0, walker.crowded_s - 2 * dt)

    def _correct(self, walker: Walker, place: tuple[float, float], error_m: float, piece: Piece,
                 owned: NDArray[np.bool_] | None) -> None:  # fmt: skip
        walker.filter.measurementNoiseCov = np.eye(2, dtype=np.float32) * np.float32((error_m * self._px_per_m) ** 2)
        walker.filter.correct(np.array(place, np.float32).reshape(2, 1))
        walker.piece, walker.owned = piece, owned
        walker.seen += 1
        walker.unseen_s = 0.0
        walker.alone = walker.alone + 1 if owned is None else 0

    def _recognise(self, walker: Walker, piece: Piece, picture: Pixels) -> None:
        """Learn how somebody looks who is alone; two who look like each other's past after they parted are swapped."""
        colour = _colour(piece, picture)
        known = walker.colour
        for other in walker.partners:
            if other.owned is None and other.piece is not None and other.piece is not piece and other.unseen_s == 0.0:
                before, now = known - other.colour, colour - _colour(other.piece, picture)
                if float(before @ now) < -0.35 * float(before @ before) and float(np.abs(before).max()) > 12:
                    walker.id, other.id = other.id, walker.id
                    walker.colour, other.colour = other.colour, walker.colour
                    walker.area, other.area = other.area, walker.area
                    known = walker.colour
                other.partners = [third for third in other.partners if third is not walker]
                walker.partners = [third for third in walker.partners if third is not other]
                break
        if walker.alone > FORGET_AFTER:
            walker.partners = []
        if not walker.partners:
            share_new = np.float32(1.0 if walker.seen < 4 else 0.08)
            walker.colour = known + share_new * (colour - known)
            walker.area += float(share_new) * (piece.area - walker.area)

    # -- who comes and goes ---------------------------------------------------------------------------

    def _bear(self, piece: Piece, walkers: list[Walker], picture: Pixels) -> None:
        for walker in walkers:
            if not walker.id and walker.seen >= (BORN_AFTER if walker.owned is None else SPLIT_AFTER):
                self._name(walker)
        places = [middle(piece)] if not walkers else trunks(piece, self._px_per_m)
        for place in places:
            far = [float(np.hypot(place[0] - w.x, place[1] - w.y)) for w in walkers]
            if min(far, default=1e9) > 0.42 * self._px_per_m and self._has_room(piece, walkers):
                walker = Walker(0, _filter(place, self._px_per_m), piece)
                walker.area = max(piece.area - sum(w.area for w in walkers), 0.3 * piece.area)
                walker.colour = _colour(piece, picture)
                self._walkers.append(walker)
                walkers = [*walkers, walker]

    def _name(self, walker: Walker) -> None:
        """Give somebody new an id: that of somebody who was lost nearby, or a new one."""
        lost = [(self._apart_m(walker, other), other) for other in self._walkers if other.id and other.unseen_s > 0]
        near = [(far, other) for far, other in lost if far < FOUND_M + FOUND_M_S * min(other.unseen_s, 1.5)]
        if near:
            _, other = min(near, key=lambda pair: pair[0])
            walker.id, walker.area, walker.colour, walker.partners = other.id, other.area, other.colour, other.partners
            self._walkers.remove(other)
        else:
            walker.id = self.next_id
            self.next_id += 1

    def _apart_m(self, one: Walker, other: Walker) -> float:
        return float(np.hypot(one.x - other.x, one.y - other.y)) / self._px_per_m

    def _has_room(self, piece: Piece, walkers: list[Walker]) -> bool:
        """Return whether a piece is larger than those who are known to be in it."""
        return piece.area > 1.25 * sum(walker.area for walker in walkers) + 0.02 * self._px_per_m**2

    def _is_kept(self, walker: Walker, shape: tuple[int, ...]) -> bool:
        if walker.unseen_s == 0.0:
            return not self._is_double(walker)
        height, width = shape[:2]
        edge = 0.35 * self._px_per_m
        at_edge = not (edge < walker.x < width - edge and edge < walker.y < height - edge)
        return bool(walker.id) and walker.unseen_s <= (KEPT_AT_EDGE_S if at_edge else LOST_S)

    def _is_double(self, walker: Walker) -> bool:
        """Return whether somebody older stands in the same place, in a piece too small for both."""
        if walker.owned is None or walker.piece is None:
            return False
        for other in self._walkers:
            if other.piece is walker.piece and other is not walker and (other.id or 1 << 40) < (walker.id or 1 << 41):
                near = float(np.hypot(other.x - walker.x, other.y - walker.y)) < 0.12 * self._px_per_m
                if walker.seen < SETTLED and (near or walker.piece.area < 1.15 * max(other.area, walker.area)):
                    return True
        return False

    def _contacts(self, touching: set[tuple[int, int]], born: list[Walker]) -> tuple[tuple[int, int], ...]:
        """Return the pairs that touch: a contact begins with its second picture, and ends when three lack it."""
        ids = {walker.id for walker in born}
        for pair in touching | set(self._touching):
            if 0 in pair or not ids.issuperset(pair):
                self._touching.pop(pair, None)
                continue
            count = self._touching.get(pair, 0)
            if pair in touching:
                count = min(count + 1, ONSET_FRAMES) if count >= 0 else ONSET_FRAMES
            elif count >= ONSET_FRAMES:
                count = -1
            else:
                count = count - 1 if count < 0 else 0
            if count == 0 or count <= -END_FRAMES:
                self._touching.pop(pair, None)
            else:
                self._touching[pair] = count
        return tuple(sorted(pair for pair, count in self._touching.items() if count >= ONSET_FRAMES or count < 0))


def _filter(place: tuple[float, float], px_per_m: float) -> cv2.KalmanFilter:
    kalman = cv2.KalmanFilter(4, 2)
    kalman.measurementMatrix = np.eye(2, 4, dtype=np.float32)
    kalman.statePost = np.array([[place[0]], [place[1]], [0], [0]], np.float32)
    kalman.errorCovPost = np.diag(np.array([0.05, 0.05, 1.2, 1.2], np.float32) * np.float32(px_per_m)) ** 2
    return kalman


def _fits(walker: Walker, piece: Piece, others: list[Walker]) -> bool:
    """Return whether a piece is large enough for one more; those who share one already may be pressed together."""
    is_within = walker.owned is not None and walker.id and walker.crowded_s < CROWDED_S
    least = TOGETHER if is_within else JOINED
    return not others or piece.area > least * (walker.area + sum(other.area for other in others))


def _pair(a: Walker, b: Walker) -> tuple[int, int]:
    return min(a.id, b.id), max(a.id, b.id)


def _colour(piece: Piece, picture: Pixels) -> Floats:
    """Return the mean BGR of the trunk. Shape (3,), float32."""
    deep = piece.depth >= 0.5 * piece.depth.max()
    return np.asarray(picture[piece.y[deep].astype(np.intp), piece.x[deep].astype(np.intp)].mean(axis=0), np.float32)


def _neighbours(piece: Piece, owner: NDArray[np.intp]) -> set[tuple[int, int]]:
    """Return the pairs of owners whose pixels lie side by side."""
    left, top, width, height = piece.box
    owners = np.full((height, width), -1, np.int16)
    owners[piece.y.astype(np.intp) - top, piece.x.astype(np.intp) - left] = owner
    found: set[tuple[int, int]] = set()
    for one, other in ((owners[:, 1:], owners[:, :-1]), (owners[1:], owners[:-1])):
        beside = (one != other) & (one >= 0) & (other >= 0)
        found |= {(min(a, b), max(a, b)) for a, b in zip(one[beside].tolist(), other[beside].tolist(), strict=True)}
    return found
