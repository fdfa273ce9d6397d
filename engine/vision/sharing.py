"""Who owns which pixel: the pieces of a mask seen from above are shared among those who are expected in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.world import Floats, Pixels

SMALLEST_M2 = 0.03
CUT = 2  # pixels at the picture's edge where little is known
TURNING, HUG_M = 0.03, (0.2, 0.45)  # of a hug, from picture to picture; how far apart two are in it
CORE_M = 0.075  # half of the thinnest trunk that counts: a child's, from above


@dataclass(frozen=True, slots=True)
class Piece:
    """One connected piece of a mask.

    Attributes:
        x, y: Its pixels. Shape (n,), float32.
        depth: How far each pixel lies from the piece's edge, pixels. Shape (n,), float32.
        box: (left, top, width, height).
        is_cut: Whether it ends at the picture's edge, not where somebody ends.
    """

    x: Floats
    y: Floats
    depth: Floats
    box: tuple[int, int, int, int]
    is_cut: bool = False

    @property
    def area(self) -> int:
        """Return how many pixels it has."""
        return len(self.x)

    def distance(self, x: float, y: float) -> float:
        """Return how far a point is from the piece, pixels; 0 inside it."""
        left, top, width, height = self.box
        beside = max(left - x, x - left - width, top - y, y - top - height)
        if beside > 40:
            return float(beside)
        return max(0.0, math.sqrt(_nearest(self.x, self.y, np.float32(x), np.float32(y))) - 1.0)


def find_pieces(mask: Pixels, px_per_m: float) -> list[Piece]:
    """Return the pieces of a mask that are large and thick enough to be somebody.

    Args:
        mask: 0 or 255, shape (height, width).
        px_per_m: Pixels a metre on the floor.
    """
    depth = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    smallest, core = SMALLEST_M2 * px_per_m**2, CORE_M * px_per_m
    pieces = []
    for label in (np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= smallest) + 1).tolist():
        left, top, width, height, area = stats[label].tolist()
        x, y, deep = (np.empty(area, np.float32) for _ in range(3))
        if _collect(labels, label, depth, stats[label], x, y, deep) >= core:
            is_cut = _is_cut(left, top, width, height, mask.shape)
            pieces.append(Piece(x, y, deep, (left, top, width, height), is_cut))
    return pieces


@njit("float32(float32[::1],float32[::1],float32,float32)", nogil=True, cache=True)
def _nearest(xs, ys, x, y):  # type: ignore[no-untyped-def]
    """Return the least squared distance of a point from some pixels."""
    least = np.float32(np.inf)
    for k in range(xs.size):
        least = min(least, (xs[k] - x) * (xs[k] - x) + (ys[k] - y) * (ys[k] - y))
    return least


@njit("float32(uint16[:,::1],int64,float32[:,::1],int32[::1],float32[::1],float32[::1],float32[::1])",
      nogil=True, cache=True)  # fmt: skip
def _collect(labels, label, depth, stats, xs, ys, deep):  # type: ignore[no-untyped-def]
    """Write the pixels of a piece; returns how deep the deepest lies."""
    count, most = 0, np.float32(0)
    for y in range(stats[1], stats[1] + stats[3]):
        for x in range(stats[0], stats[0] + stats[2]):
            if labels[y, x] == label:
                xs[count], ys[count], deep[count] = x, y, depth[y, x]
                most = max(most, deep[count])
                count += 1
    return most


@njit("UniTuple(float64,3)(uint8[:,:,::1],float32[::1],float32[::1],float32[::1])", nogil=True, cache=True)
def trunk_colour(picture, xs, ys, depth):  # type: ignore[no-untyped-def]
    """Return the mean BGR of a piece's pixels that are at least half as deep as its deepest."""
    most = np.float32(0)
    for k in range(depth.size):
        most = max(most, depth[k])
    blue = green = red = count = 0
    for k in range(depth.size):
        if depth[k] >= np.float32(0.5) * most:
            y, x = int(ys[k]), int(xs[k])
            blue, green, red = blue + picture[y, x, 0], green + picture[y, x, 1], red + picture[y, x, 2]
            count += 1
    return blue / count, green / count, red / count


def _is_cut(left: int, top: int, width: int, height: int, shape: tuple[int, ...]) -> bool:
    return left <= CUT or top <= CUT or left + width >= shape[1] - CUT or top + height >= shape[0] - CUT


def middle(piece: Piece, own: NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """Return where the trunk is: the mean place, deep pixels counting more than arms at the edge."""
    weight = piece.depth * piece.depth
    if own is not None:
        weight = weight * own
    total = max(float(weight.sum()), 1e-6)
    return float(weight @ piece.x) / total, float(weight @ piece.y) / total


def share(piece: Piece, places: Sequence[tuple[float, float]], areas: Sequence[float],
          rounds: int = 2) -> tuple[NDArray[np.intp], Floats]:  # fmt: skip
    """Share a piece among several: each pixel goes to the nearest, and each moves to the middle of its own.

    Args:
        places: Where they are expected, pixels.
        areas: How large they are: who is larger has more of what is as near to both.

    Returns:
        For each pixel the index of its owner, and the places, shape (k, 2), float32.
    """
    centres = np.array(places, np.float32)
    weight = (np.float32(1) / np.sqrt(np.maximum(np.array(areas, np.float32), 1)))[:, None]
    owner = np.zeros(piece.area, np.intp)
    for _ in range(rounds):
        far = (piece.x[None] - centres[:, :1]) ** 2 + (piece.y[None] - centres[:, 1:]) ** 2
        owner = (far * weight).argmin(axis=0)
        for k in range(len(centres)):
            own = owner == k
            if own.any():
                centres[k] += np.float32(0.7) * (np.array(middle(piece, own), np.float32) - centres[k])
    return owner, centres


def trunks(piece: Piece, px_per_m: float) -> list[tuple[float, float]]:
    """Return the deepest places of a piece that are a trunk apart, the deepest first."""
    found: list[tuple[float, float]] = []
    apart, least = 0.36 * px_per_m, max(CORE_M * 1.3 * px_per_m, 0.6 * float(piece.depth.max()))
    left = piece.depth >= least
    while left.any() and len(found) < 6:
        deepest = int(np.argmax(np.where(left, piece.depth, 0)))
        x, y = float(piece.x[deepest]), float(piece.y[deepest])
        found.append((x, y))
        left &= (piece.x - x) ** 2 + (piece.y - y) ** 2 > apart * apart
    return found


def held_place(place: Floats, partner: Floats, way: Floats, px_per_m: float) -> Floats:
    """Return where one of two is who hold each other: beside their middle, on the side where they came from.

    A hug is as round as it is long, so its pixels do not tell who is on which side.

    Args:
        place, partner: As the pixels are shared.
        way: From the partner to this one, as expected.
    """
    turned = way + np.float32(TURNING) * ((place - partner) - way)
    length = max(float(np.hypot(*turned)), 1e-6)
    wanted = min(max(length, HUG_M[0] * px_per_m), HUG_M[1] * px_per_m)
    return np.asarray((place + partner) / 2 + turned * np.float32(wanted / length / 2), np.float32)
