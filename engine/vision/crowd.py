"""Who is who among people seen from above: they merge in hugs and hands, and part again with the ids they had."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.vision.contact import Contacts, Pair
from engine.vision.sharing import CUT, Piece, find_pieces, held_place, middle, share, trunk_colour, trunks
from engine.vision.touch import Ground, Trunk, surely_joined
from engine.world import Floats, Pixels

BORN_AFTER, SPLIT_AFTER, SETTLED, FORGET_AFTER = 3, 10, 30, 30
TRUNK_M = 0.42  # no two trunks are nearer but in a hug
KEPT_S, KEPT_AT_EDGE_S, LOST_S, LOST_AT_EDGE_S = 1.2, 0.25, 4.0, 4.0
EDGE_M, RADIUS_M = 0.35, 0.2  # half of somebody whose size is not known yet
JOINED, TOGETHER, CROWDED = 0.7, 0.45, 0.62  # of the area people have alone: to share a piece, to stay, to stay long
CROWDED_S, FRAGMENT, SPARE, LOOSE = 1.5, 0.3, 0.5, 0.15
UNEQUAL = 3.0  # areas: an umbrella and a child
JOIN_M, FASTEST_M_S = 0.12, 2.2
FOUND_M, FOUND_M_S = 0.5, 0.8  # how far, and how fast, somebody lost may turn up again
GATE_M = 0.35
ACCELERATION_M_S2, ALONE_M, MERGED_M = 3.0, 0.03, 0.10
REACH = 2  # pixels: a gap twice as wide may be one that the mask has wrongly
ARMS_M = 0.64  # two whose trunks are farther apart cannot hold hands
TOGETHER_FRAMES, ALIKE = 15, 0.7  # who shared a piece for less was not mixed up; nor can be told, if so alike
COLOUR_VARIES, SIZE_VARIES = 12.0, 0.35  # levels; of the logarithm of an area: what chance makes of both
NEAR_M = 0.55
BLURRED_M, HELD = 0.5, 0.75


@dataclass(slots=True, eq=False)
class Walker:
    """One person over time; places in pixels of the mask.

    Attributes:
        owned: Their pixels: the piece, and which of its pixels.
        area: Pixels they have while alone.
        is_whole: Whether they were seen whole, not cut by the picture's edge.
        at_edge: Whether they were lost near that edge.
        colour: Mean BGR of the trunk.
        alone: For how many pictures they have shared no piece.
        shared: For how many they have.
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
    shared: int = 0
    crowded_s: float = 0.0
    area: float = 0.0
    is_whole: bool = False
    at_edge: bool = False
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
        self._contacts = Contacts()

    def follow(self, mask: Pixels, picture: Pixels, dt: float,
               ground: Ground | None = None) -> tuple[list[Walker], tuple[Pair, ...]]:  # fmt: skip
        """Return who is there, and the pairs of ids that touch.

        Args:
            mask: 0 or 255, shape (height, width).
            picture: BGR of the same size.
            dt: Seconds since the last one.
            ground: What is known of the floor; without it whoever share a piece of the mask touch.
        """
        pieces = find_pieces(mask, self._px_per_m)
        step, spread = _motion(dt, ACCELERATION_M_S2 * self._px_per_m)
        for walker in self._walkers:
            self._predict(walker, dt, step, spread)
        held = self._assign(pieces)
        for piece, walkers in zip(pieces, held, strict=True):
            self._see(piece, walkers, picture)
            self._crowd(piece, walkers, dt)
        self._walkers = [walker for walker in self._walkers if self._is_kept(walker, mask.shape)]
        for piece, walkers in zip(pieces, held, strict=True):
            self._bear(piece, walkers, picture)
        born = [w for w in self._walkers if w.id and w.unseen_s <= (KEPT_AT_EDGE_S if w.at_edge else KEPT_S)]
        near = {_pair(a, b): (a, b) for a, b in self.near(mask)}
        there = {walker.id for walker in born}
        return born, self._contacts.follow(near, there, lambda pair: self._joined(*near[pair], ground))

    # -- which piece holds whom ------------------------------------------------------------------

    def _predict(self, walker: Walker, dt: float, step: Floats, spread: Floats) -> None:
        kalman = walker.filter
        state = np.asarray(kalman.statePost, np.float32)
        speed = float(np.hypot(*state[2:, 0])) / self._px_per_m
        slower = min(0.8 if walker.unseen_s > 0 else 1.0, FASTEST_M_S / max(speed, 1e-6))
        if slower < 1:
            state[2:] *= slower
            kalman.statePost = state
        walker.unseen_s += dt
        kalman.transitionMatrix, kalman.processNoiseCov = step, spread
        kalman.predict()

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
        index = {id(walker): row for row, walker in enumerate(self._walkers)}
        rows = [(k, w) for k, walkers in enumerate(held) if len(walkers) > 1 for w in walkers if w.id]
        if not empty or not rows:
            return
        far_m = np.array([[far[index[id(w)], k] for k in empty] for _, w in rows])
        worse = np.array([[_worse(pieces[k], held[k], w, pieces[other]) for other in empty] for k, w in rows])
        is_likely = (far_m < NEAR_M + np.maximum(-worse, 0) / 2) & (worse < LOOSE)
        for row, column in zip(*linear_sum_assignment(np.where(is_likely, far_m + worse, 1e3)), strict=True):
            source, walker = rows[row]
            if is_likely[row, column] and len(held[source]) > 1:
                held[source].remove(walker)
                held[empty[column]].append(walker)

    # -- what a piece says of them ------------------------------------------------------------------

    def _see(self, piece: Piece, walkers: list[Walker], picture: Pixels) -> None:
        """Correct those in a piece."""
        if not walkers:
            return
        if len(walkers) == 1:
            self._correct(walkers[0], self._middle(piece, walkers[0], picture.shape), ALONE_M, piece, None)
            self._recognise(walkers[0], piece, picture)
            return
        expected = np.array([(w.x, w.y) for w in walkers], np.float32)
        owner, places = share(piece, [(w.x, w.y) for w in walkers], [max(w.area, 1.0) for w in walkers])
        apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(walkers))
        nearest = apart.argmin(axis=1)
        for k, walker in enumerate(walkers):
            partner = nearest[k]
            blurred = apart[k, partner] < BLURRED_M * self._px_per_m
            place = places[k]
            if blurred:
                place = held_place(places[k], places[partner], expected[k] - expected[partner], self._px_per_m)
                walker.filter.statePost = walker.filter.statePost * np.array([[1], [1], [HELD], [HELD]], np.float32)
            self._correct(walker, (float(place[0]), float(place[1])), MERGED_M if blurred else ALONE_M, piece,
                          owner == k)  # fmt: skip
            walker.shared += 1
            if walker.shared >= TOGETHER_FRAMES:
                walker.partners = [other for other in walkers if other is not walker and other.id]

    def near(self, mask: Pixels) -> list[tuple[Walker, Walker]]:
        """Return who stand so near each other, by the mask, that only its gaps may part them."""
        seen = [w for w in self._walkers if w.id and w.unseen_s == 0.0 and w.piece is not None]
        pairs = [(a, b) for a, b in combinations(seen, 2)
                 if math.hypot(a.x - b.x, a.y - b.y) - _radius(a) - _radius(b) < ARMS_M * self._px_per_m]  # fmt: skip
        if not pairs:
            return []
        around = np.asarray(cv2.dilate(mask, np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)), np.uint8)
        _, labels = cv2.connectedComponents(around, connectivity=8, ltype=cv2.CV_16U)
        whole = {w.id: int(labels[int(w.piece.y[0]), int(w.piece.x[0])]) for w in seen if w.piece is not None}
        return [(a, b) for a, b in pairs if whole[a.id] == whole[b.id]]

    def _joined(self, one: Walker, other: Walker, ground: Ground | None) -> float:
        """Return how surely two who are near each other are joined, 0 to 1."""
        if ground is None:
            return float(one.piece is other.piece)
        return surely_joined(trunk(one), trunk(other), ground, self._px_per_m)

    def _middle(self, piece: Piece, walker: Walker | None, shape: tuple[int, ...]) -> tuple[float, float]:
        """Return where somebody's middle is; of whom the picture's edge cuts it may lie beyond."""
        x, y = middle(piece)
        if not piece.is_cut:
            return x, y
        left, top, width, height = piece.box
        if walker is not None and walker.is_whole:  # an ellipse of known area, as long beside the edge as it is seen
            radius = math.sqrt(walker.area / math.pi)
            least, most = 0.7 * radius, 1.5 * radius
            beside, along = (min(max(radius**2 / (length / 2), least), most) for length in (height, width))
        else:
            least = RADIUS_M * self._px_per_m
            beside, along = max(least, height / 2), max(least, width / 2)
        right, bottom = left + width, top + height
        x = min(x, right - beside) if left <= CUT else max(x, left + beside) if right >= shape[1] - CUT else x
        y = min(y, bottom - along) if top <= CUT else max(y, top + along) if bottom >= shape[0] - CUT else y
        return x, y

    def _crowd(self, piece: Piece, walkers: list[Walker], dt: float) -> None:
        is_crowded = len(walkers) > 1 and piece.area < _least_area(walkers, CROWDED)
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
        walker.shared = 0 if owned is None else walker.shared

    def _recognise(self, walker: Walker, piece: Piece, picture: Pixels) -> None:
        """Learn how somebody looks who is alone; two who look like each other's past after they parted are swapped."""
        colour = _colour(piece, picture)
        known = walker.colour
        for other in walker.partners:
            if other.owned is None and other.piece is not None and other.piece is not piece and other.unseen_s == 0.0:
                before = _unlike(known - other.colour, walker.area, other.area)
                now = _unlike(colour - _colour(other.piece, picture), piece.area, other.piece.area)
                if float(before @ now) < -0.5 * float(before @ before) and float(np.abs(before).max()) > ALIKE:
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
            if not piece.is_cut:
                walker.area += (float(share_new) if walker.is_whole else 1.0) * (piece.area - walker.area)
                walker.is_whole = True

    # -- who comes and goes ---------------------------------------------------------------------------

    def _bear(self, piece: Piece, walkers: list[Walker], picture: Pixels) -> None:
        for walker in walkers:
            if not walker.id and walker.seen >= (BORN_AFTER if walker.owned is None else SPLIT_AFTER):
                self._name(walker)
        if not self._has_room(piece, walkers):
            return
        shape = picture.shape
        places = [self._middle(piece, None, shape)] if not walkers else trunks(piece, self._px_per_m)
        for place in places:
            far = [float(np.hypot(place[0] - w.x, place[1] - w.y)) for w in walkers]
            if min(far, default=1e9) > TRUNK_M * self._px_per_m and self._has_room(piece, walkers):
                walker = Walker(0, _filter(place, self._px_per_m), piece)
                walker.is_whole = not piece.is_cut
                walker.area = max(piece.area - sum(w.area for w in walkers), 0.3 * piece.area)
                walker.colour = _colour(piece, picture)
                self._walkers.append(walker)
                walkers = [*walkers, walker]

    def _name(self, walker: Walker) -> None:
        """Give somebody new an id: that of somebody who was lost nearby, or a new one."""
        lost = [(self._apart_m(walker, other), other) for other in self._walkers if other.id and other.unseen_s > 0]
        near = [(far, other) for far, other in lost
                if far < FOUND_M + (0 if other.at_edge else FOUND_M_S * min(other.unseen_s, 1.5))]
        if near:
            _, other = min(near, key=lambda pair: pair[0])
            walker.id, walker.area, walker.colour, walker.partners = other.id, other.area, other.colour, other.partners
            walker.is_whole = other.is_whole
            self._walkers.remove(other)
        else:
            walker.id = self.next_id
            self.next_id += 1

    def _apart_m(self, one: Walker, other: Walker) -> float:
        return float(np.hypot(one.x - other.x, one.y - other.y)) / self._px_per_m

    def _has_room(self, piece: Piece, walkers: list[Walker]) -> bool:
        """Return whether a piece is larger than those who are known to be in it."""
        return piece.area > 1.35 * sum(walker.area for walker in walkers) + 0.02 * self._px_per_m**2

    def _is_kept(self, walker: Walker, shape: tuple[int, ...]) -> bool:
        if walker.unseen_s == 0.0:
            return not self._is_double(walker)
        height, width = shape[:2]
        edge = EDGE_M * self._px_per_m
        walker.at_edge = not (edge < walker.x < width - edge and edge < walker.y < height - edge)
        return bool(walker.id) and walker.unseen_s <= (LOST_AT_EDGE_S if walker.at_edge else LOST_S)

    def _is_double(self, walker: Walker) -> bool:
        """Return whether somebody older stands in the same place, in a piece too small for both."""
        if walker.owned is None or walker.piece is None:
            return False
        for other in self._walkers:
            if other.piece is walker.piece and other is not walker and (other.id or 1 << 40) < (walker.id or 1 << 41):
                near = float(np.hypot(other.x - walker.x, other.y - walker.y)) < TRUNK_M * self._px_per_m
                if walker.seen < SETTLED and (near or walker.piece.area < 1.15 * max(other.area, walker.area)):
                    return True
        return False


def _motion(dt: float, push_px_s2: float) -> tuple[Floats, Floats]:
    """Return the transition of places and speeds over a time, and its noise for a random push. Shape (4, 4) each."""
    step = np.array([[1, 0, dt, 0], [0, 1, 0, dt], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
    spread = np.array([[dt**4 / 4, 0, dt**3 / 2, 0], [0, dt**4 / 4, 0, dt**3 / 2],
                       [dt**3 / 2, 0, dt**2, 0], [0, dt**3 / 2, 0, dt**2]], np.float32)  # fmt: skip
    return step, spread * np.float32(push_px_s2**2)


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
    return not others or piece.is_cut or piece.area > _least_area([walker, *others], least)


def _least_area(walkers: list[Walker], share: float) -> float:
    """Return how large a piece with all of them must be.

    Args:
        share: Of what they have alone. Where one is far larger than the others it is of the others only that a part may
            be hidden: else a child would fit into an umbrella.
    """
    *others, largest = sorted(walker.area for walker in walkers)
    if not others or largest <= UNEQUAL * others[-1]:
        return share * (largest + sum(others))
    return largest + sum(others) - (1 - share) * len(walkers) / len(others) * sum(others)


def _worse(piece: Piece, walkers: list[Walker], walker: Walker, other: Piece) -> float:
    """Return how much worse the areas fit if one of those in a piece were in another that else holds nobody."""
    if other.area < FRAGMENT * walker.area:
        return 1e3
    together = sum(w.area for w in walkers)
    alone = 0.0 if other.is_cut else abs(math.log(other.area / max(walker.area, 1.0)))
    if piece.is_cut:  # its area says little of who is in it
        return alone - SPARE
    before = abs(math.log(piece.area / max(together, 1.0)))
    return abs(math.log(piece.area / max(together - walker.area, 1.0))) + alone - before - SPARE


def trunk(walker: Walker) -> Trunk:
    """Return where somebody stands."""
    return Trunk(walker.x, walker.y, _radius(walker))


def _radius(walker: Walker) -> float:
    return math.sqrt(max(walker.area, 1.0) / math.pi)


def _pair(a: Walker, b: Walker) -> tuple[int, int]:
    return min(a.id, b.id), max(a.id, b.id)


def _colour(piece: Piece, picture: Pixels) -> Floats:
    """Return the mean BGR of the trunk. Shape (3,), float32."""
    return np.array(trunk_colour(picture, piece.x, piece.y, piece.depth), np.float32)


def _unlike(colours: Floats, area: float, other: float) -> Floats:
    """Return how two differ, in colour and size: each of the four numbers is surely no chance from about 1 on."""
    return np.append(colours / COLOUR_VARIES, math.log(max(area, 1.0) / max(other, 1.0)) / SIZE_VARIES)
