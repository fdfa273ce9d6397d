"""From a mask to silhouettes: one for each head, with feet, box, outline and the colours of the clothes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.peaks import tops
from engine.vision.sizes import MOST_PEOPLE, OUTLINE_POINTS
from engine.world import Floats, Pixels

SMALLEST_SHARE = 0.0025
TOUCHING_PX = 3.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Silhouette:
    """One person's piece of the mask.

    Attributes:
        blob: Number of the connected piece it belongs to; people of one blob touch.
        blob_box_px: (left, top, width, height) of that whole piece.
        foot_px: (x, y) of the point between the feet.
        clothes: Mean BGR of the upper and the lower body. Shape (6,), float32.
        outline_px: Shape (n, 2), float32, at most 64 points.
    """

    blob: int
    blob_box_px: Box
    box_px: Box
    foot_px: tuple[float, float]
    area_px: float
    clothes: Floats
    outline_px: Floats

    @property
    def is_alone(self) -> bool:
        """Return whether nobody else is in its blob."""
        return self.box_px == self.blob_box_px


def find_people(mask: Pixels, picture: Pixels) -> list[Silhouette]:
    """Return the silhouettes in a mask, largest blob first.

    Args:
        mask: 0 or 255, shape (height, width).
        picture: BGR of the same size, for the colours of clothes.
    """
    smallest = SMALLEST_SHARE * mask.size
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = sorted((c for c in contours if cv2.contourArea(c) >= smallest), key=cv2.contourArea, reverse=True)
    found: list[Silhouette] = []
    for blob, contour in enumerate(large[:MOST_PEOPLE]):
        found += _split(blob, np.asarray(contour), mask, picture, smallest)
    return found[:MOST_PEOPLE]


def _split(blob: int, contour: NDArray[Any], mask: Pixels, picture: Pixels, smallest: float) -> list[Silhouette]:
    left, top, width, height = cv2.boundingRect(contour)
    own = np.zeros((height, width), np.uint8)
    cv2.drawContours(own, [contour], -1, 255, -1, offset=(-left, -top))
    own &= mask[top : top + height, left : left + width]
    box = (float(left), float(top), float(width), float(height))
    cuts = [0, *_valleys(own), width]
    if len(cuts) == 2:
        return [_silhouette(blob, box, contour, own, picture, (left, top))]
    pieces = []
    for start, end in pairwise(cuts):
        piece = np.ascontiguousarray(own[:, start:end])
        outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left + start, top))
        if outlines:
            outline = np.asarray(max(outlines, key=cv2.contourArea))
            if cv2.contourArea(outline) >= smallest:
                pieces.append(_silhouette(blob, box, outline, piece, picture, (left + start, top)))
    return pieces


def _valleys(own: Pixels) -> list[int]:
    """Return the columns between heads: the lowest place of the skyline between two tops that stand out."""
    height = len(own)
    skyline = np.where(own.any(axis=0), height - own.argmax(axis=0), 0).astype(np.float32)
    padded = np.pad(skyline, 1)
    heads = tops(padded, 0.5 * height, max(1, 0.15 * height), 0.1 * height, 0.06 * height)
    return [a + int(np.argmin(skyline[a:b])) for a, b in pairwise(head - 1 for head in heads)]


def _silhouette(blob: int, blob_box: Box, outline: NDArray[Any], own: Pixels, picture: Pixels,
                corner: tuple[int, int]) -> Silhouette:  # fmt: skip
    left, top, width, height = cv2.boundingRect(outline)
    rows, columns = slice(top - corner[1], top - corner[1] + height), slice(left - corner[0], left - corner[0] + width)
    body = own[rows, columns]
    colours = picture[top : top + height, left : left + width]
    upper, lower = (slice(round(height * a), max(round(height * b), 1)) for a, b in ((0.2, 0.48), (0.55, 0.85)))
    clothes = [cv2.mean(colours[part], body[part])[:3] for part in (upper, lower)]
    moments = cv2.moments(body, binaryImage=True)
    centre = left + moments["m10"] / max(moments["m00"], 1.0)
    return Silhouette(
        blob, blob_box,
        box_px=(float(left), float(top), float(width), float(height)),
        foot_px=(float(centre), float(top + height)),
        area_px=float(moments["m00"]),
        clothes=np.array(clothes, np.float32).ravel(),
        outline_px=simplify(outline),
    )  # fmt: skip


def simplify(outline: NDArray[Any]) -> Floats:
    """Return a closed outline with at most 64 points. Shape (n, 2), float32."""
    tolerance, points = 1.0, np.asarray(cv2.approxPolyDP(outline, 1.0, True))
    while len(points) > OUTLINE_POINTS:
        tolerance *= 1.5
        points = np.asarray(cv2.approxPolyDP(outline, tolerance, True))
    return points.reshape(-1, 2).astype(np.float32)


def touch(a: Silhouette, b: Silhouette) -> bool:
    """Return whether two silhouettes of one picture touch, or are a few pixels apart."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = a.box_px, b.box_px
    if max(ax, bx) - min(ax + aw, bx + bw) > TOUCHING_PX or max(ay, by) - min(ay + ah, by + bh) > TOUCHING_PX:
        return False
    return a.blob == b.blob or _reaches(a.outline_px, b.outline_px) or _reaches(b.outline_px, a.outline_px)


def _reaches(corners: Floats, outline: Floats) -> bool:
    """Return whether a corner of one outline lies in or near the other one: hands and feet are corners."""
    closed = outline[:, None, :]
    return any(cv2.pointPolygonTest(closed, (float(x), float(y)), True) >= -TOUCHING_PX for x, y in corners)
