"""Who is who from picture to picture: constant velocity, and the cheapest matching of people to silhouettes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from engine.clock import NS
from engine.vision.people import Box, Silhouette, touch
from engine.world import Floats, Person

BORN_AFTER, BORN_AT_EDGE_AFTER = 3, 15
KEPT_S = 1.0
HIDDEN_S = 8.0
GATE_HEIGHTS = 0.6
CLOTHES_WEIGHT = 1 / 120
TOO_DEAR = 1e6
POSITION_GAIN, VELOCITY_GAIN = 0.75, 0.22


@dataclass(slots=True)
class Track:
    """One person over time; positions in pixels of the analysed picture."""

    id: int
    foot: Floats
    silhouette: Silhouette
    velocity: Floats = field(default_factory=lambda: np.zeros(2, np.float32))
    clothes: Floats | None = None
    seen: int = 1
    unseen_s: float = 0.0
    hidden_s: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        self.height = self.silhouette.box_px[3]

    @property
    def is_born(self) -> bool:
        return self.id > 0


class Tracker:
    """Keeps ids: born after three pictures, kept 1 s unseen, longer while hidden behind somebody, never used again."""

    def __init__(self, first_id: int = 1) -> None:
        self._tracks: list[Track] = []
        self.next_id = first_id
        self._captured_ns: int | None = None

    def follow(self, found: list[Silhouette], captured_ns: int, size: tuple[int, int],
               ) -> tuple[tuple[Person, ...], tuple[tuple[int, int], ...]]:  # fmt: skip
        """Return the people and the pairs of ids that touch.

        Args:
            found: Silhouettes of this picture.
            captured_ns: When it was taken.
            size: (width, height) of the analysed picture.
        """
        dt = 0.0 if self._captured_ns is None else min(max((captured_ns - self._captured_ns) / NS, 0.0), 1.0)
        self._captured_ns = captured_ns
        for track in self._tracks:
            track.foot = track.foot + track.velocity * np.float32(dt)
        pairs = self._match(found)
        matched = {id(track) for track, _ in pairs}
        for track, silhouette in pairs:
            self._update(track, silhouette, dt)
        for track in self._tracks:
            if id(track) not in matched:
                _coast(track, found, dt)
        taken = {id(silhouette) for _, silhouette in pairs}
        self._tracks += [Track(0, np.array(s.foot_px, np.float32), s) for s in found if id(s) not in taken]
        self._tracks = [track for track in self._tracks if _is_kept(track, size)]
        self._bear(size)
        born = [track for track in self._tracks if track.is_born]
        return tuple(_person(track) for track in born), _contacts(born)

    def _match(self, found: list[Silhouette]) -> list[tuple[Track, Silhouette]]:
        if not found or not self._tracks:
            return []
        cost = np.array([[_cost(track, silhouette) for silhouette in found] for track in self._tracks])
        rows, columns = linear_sum_assignment(cost)
        return [(self._tracks[r], found[c]) for r, c in zip(rows, columns, strict=True) if cost[r, c] < TOO_DEAR]

    def _update(self, track: Track, silhouette: Silhouette, dt: float) -> None:
        # A silhouette that swallowed somebody jumps: it says little about where one of the two stands.
        swallowed = track.is_born and silhouette.area_px > 1.5 * track.silhouette.area_px and track.hidden_s < 1.0
        trust = 0.3 if swallowed else 1.0
        error = _foot(track, silhouette) - track.foot
        track.foot = track.foot + np.float32(POSITION_GAIN * trust) * error
        if dt > 0:
            # Alpha-beta filter; the gains are for 30 pictures a second and hold from 15 to 60.
            track.velocity = track.velocity + np.float32(VELOCITY_GAIN * trust * trust / max(dt, 1 / 60)) * error
        track.hidden_s = track.hidden_s + dt if swallowed else 0.0
        if not swallowed:
            track.silhouette = silhouette
            if silhouette.is_alone:
                track.height += 0.2 * (silhouette.box_px[3] - track.height)
            known = silhouette.clothes if track.clothes is None else track.clothes
            track.clothes = known + np.float32(0.07) * (silhouette.clothes - known)
        track.seen += 1
        track.unseen_s = 0.0

    def _bear(self, size: tuple[int, int]) -> None:
        for track in self._tracks:
            left, _, width, _ = track.silhouette.box_px
            is_cut = left <= 1 or left + width >= size[0] - 1
            if not track.is_born and track.seen >= (BORN_AT_EDGE_AFTER if is_cut else BORN_AFTER):
                track.id = self.next_id
                self.next_id += 1


def _cost(track: Track, silhouette: Silhouette) -> float:
    """Return how unlikely it is that a silhouette is this person: distance in heights, and other clothes."""
    height = max(silhouette.box_px[3], track.silhouette.box_px[3], 1.0)
    distance = float(np.hypot(*(_foot(track, silhouette) - track.foot))) / height
    gate = GATE_HEIGHTS * (1.0 + min(track.unseen_s + track.hidden_s, 1.0))
    if distance > gate and _covered(track.silhouette.box_px, silhouette.box_px) < 0.6:
        return 2 * TOO_DEAR
    unlike = 0.0 if track.clothes is None else float(np.abs(track.clothes - silhouette.clothes).mean())
    return distance + unlike * CLOTHES_WEIGHT


def _foot(track: Track, silhouette: Silhouette) -> Floats:
    """Return where a person stands, also when somebody in front hides their legs."""
    x, y = silhouette.foot_px
    if not silhouette.is_alone and silhouette.box_px[3] < 0.85 * track.height:
        y = silhouette.box_px[1] + track.height
    return np.array((x, y), np.float32)


def _covered(a: Box, b: Box) -> float:
    """Return how much of the smaller box lies in the other: a body that comes in at the edge grows by leaps."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0) / max(min(a[2] * a[3], b[2] * b[3]), 1.0)


def _coast(track: Track, found: list[Silhouette], dt: float) -> None:
    """Let an unseen person walk on; one who is hidden in a blob stays within it and does not grow old."""
    for silhouette in found:
        left, top, width, height = silhouette.blob_box_px
        if left <= track.foot[0] <= left + width and top <= track.foot[1] <= top + height * 1.1 and track.is_born:
            track.hidden_s += dt
            track.unseen_s = 0.0 if track.hidden_s < HIDDEN_S else track.unseen_s + dt
            return
    track.unseen_s += dt
    track.velocity = track.velocity * np.float32(0.9)


def _is_kept(track: Track, size: tuple[int, int]) -> bool:
    if not track.is_born:
        return track.unseen_s == 0.0
    inside = -20 <= track.foot[0] <= size[0] + 20
    return track.unseen_s <= KEPT_S and inside


def _person(track: Track) -> Person:
    outline = track.silhouette.outline_px
    outline.flags.writeable = False
    return Person(
        track.id,
        (float(track.foot[0]), float(track.foot[1])),
        track.silhouette.box_px,
        (float(track.velocity[0]), float(track.velocity[1])),
        outline,
    )


def _contacts(tracks: list[Track]) -> tuple[tuple[int, int], ...]:
    pairs = []
    for a, b in combinations(sorted(tracks, key=lambda track: track.id), 2):
        if a.unseen_s > 0 or b.unseen_s > 0:
            continue
        hidden = a.hidden_s > 0 or b.hidden_s > 0
        near = abs(float(a.foot[0] - b.foot[0])) < a.silhouette.box_px[2] + b.silhouette.box_px[2]
        if (hidden and near) or touch(a.silhouette, b.silhouette):
            pairs.append((a.id, b.id))
    return tuple(pairs)
