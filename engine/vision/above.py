"""The eye of a camera that looks straight down on a floor: who is where, whatever light plays on it."""

from __future__ import annotations

import cv2
import numpy as np

from engine.clock import NS
from engine.vision.crowd import CrowdTracker, Walker
from engine.vision.floor import LitFloor
from engine.vision.people import simplify
from engine.world import Floats, Person, Pixels

HALF = 2  # it works on half of the analysed picture: silhouettes stay true to 2 cm on a floor 6 m wide
Contacts = tuple[tuple[int, int], ...]


class Above:
    """Finds and follows people on a floor seen from above, in the pictures of one camera.

    Args:
        floor_m: (width, height) in metres of the floor that the whole picture shows.
        fps: Pictures a second.
        first_id: Ids count from here.
    """

    def __init__(self, floor_m: tuple[float, float], fps: float, first_id: int = 1) -> None:
        self._floor_m, self._fps = floor_m, fps
        self._floor = LitFloor(fps)
        self._first_id = first_id
        self._tracker: CrowdTracker | None = None
        self._small: Pixels = np.zeros((1, 1, 3), np.uint8)
        self._found: Pixels = np.zeros((1, 1), np.uint8)
        self._captured_ns: int | None = None

    @property
    def next_id(self) -> int:
        """Return the id that the next person will have."""
        return self._first_id if self._tracker is None else self._tracker.next_id

    def learn(self, picture: Pixels) -> None:
        """Take a picture, BGR, of the empty floor; two seconds of them are enough."""
        self._floor.learn(_half(picture))

    def difference(self, picture: Pixels) -> Pixels:
        """Return where people are in a picture, BGR: 0 or 255, of the same size."""
        self._small = _half(picture)
        self._found = _solid(self._floor.difference(self._small))
        size = picture.shape[1], picture.shape[0]
        return np.asarray(cv2.resize(self._found, size, interpolation=cv2.INTER_NEAREST), np.uint8)

    def follow(self, captured_ns: int) -> tuple[tuple[Person, ...], Contacts]:
        """Return the people in the picture given last, and the pairs of ids that touch.

        Args:
            captured_ns: When it was taken.
        """
        if self._tracker is None:
            self._tracker = CrowdTracker(self._small.shape[1] / self._floor_m[0], self._first_id)
        dt = 1 / self._fps if self._captured_ns is None else (captured_ns - self._captured_ns) / NS
        self._captured_ns = captured_ns
        walkers, contacts = self._tracker.follow(self._found, self._small, min(max(dt, 1e-3), 0.5), self._floor.ground)
        height, width = self._found.shape
        inside = [w for w in walkers if 0 <= w.x < width and 0 <= w.y < height]
        return tuple(_person(walker) for walker in inside), contacts


def _half(picture: Pixels) -> Pixels:
    size = max(8, picture.shape[1] // HALF), max(8, picture.shape[0] // HALF)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _solid(mask: Pixels) -> Pixels:
    """Return a mask without pinholes, and with arms whole; thin edges of light fall out as pieces without a core."""
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)


def _person(walker: Walker) -> Person:
    """Return somebody in pixels of the analysed picture."""
    vx, vy = (float(v) * HALF for v in walker.filter.statePost[2:, 0])
    (left, top, width, height), outline = _silhouette(walker)
    box = (left * HALF, top * HALF, width * HALF, height * HALF)
    return Person(walker.id, (walker.x * HALF, walker.y * HALF), box, (vx, vy), outline)


def _silhouette(walker: Walker) -> tuple[tuple[float, float, float, float], Floats]:
    """Return box, pixels of the mask, and outline, pixels of the picture, of the pixels somebody owns."""
    piece, owned = walker.piece, walker.owned
    if piece is None:
        return (walker.x, walker.y, 0.0, 0.0), np.zeros((0, 2), np.float32)
    x, y = piece.x.astype(np.intp), piece.y.astype(np.intp)
    left, top, width, height = piece.box
    if owned is not None and owned.any():
        x, y = x[owned], y[owned]
        left, top = int(x.min()), int(y.min())
        width, height = int(x.max()) - left + 1, int(y.max()) - top + 1
    body = np.zeros((height, width), np.uint8)
    body.reshape(-1)[(y - top) * width + (x - left)] = 1
    contours, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))
    outline = simplify(np.asarray(max(contours, key=cv2.contourArea))) * np.float32(HALF)
    outline.flags.writeable = False
    return (float(left), float(top), float(width), float(height)), outline
