"""Who stands before the blue wall of `bench keying`: drawn finely, so that alpha and colour are known exactly.

Everything is reflectance in linear light, BGR, as a painter would lay it: parts over parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np

from engine.world import Floats, Pixels

FINE = 4  # each pixel is drawn as 4 x 4
BLUR_STEPS = 17
Point = tuple[float, float]
Colour = tuple[float, float, float]
Draw = Callable[[Pixels], None]

KINDS = ("plain", "dark", "hard", "fur")
SKINS: tuple[Colour, ...] = ((0.36, 0.47, 0.72), (0.22, 0.31, 0.52), (0.07, 0.11, 0.20))
HAIRS: tuple[Colour, ...] = ((0.22, 0.42, 0.62), (0.03, 0.06, 0.12), (0.48, 0.50, 0.52), (0.012, 0.014, 0.018))
CLOTHS: tuple[Colour, ...] = ((0.70, 0.72, 0.74), (0.10, 0.12, 0.55), (0.12, 0.45, 0.62), (0.30, 0.32, 0.34),
                              (0.12, 0.33, 0.16))  # fmt: skip
DARKS: tuple[Colour, ...] = ((0.010, 0.010, 0.010), (0.022, 0.020, 0.024), (0.012, 0.013, 0.040), (0.018, 0.022, 0.05))
# Outlines in heights: x from the middle, y up from the feet.
TORSO = ((-0.11, 0.80), (0, 0.835), (0.11, 0.80), (0.105, 0.62), (0.095, 0.46), (0, 0.445), (-0.095, 0.46),
         (-0.105, 0.62))  # fmt: skip
FACE = ((-0.055, 0.93), (0, 0.99), (0.055, 0.93), (0.045, 0.875), (0, 0.85), (-0.045, 0.875))
HAIR = ((-0.072, 0.90), (-0.06, 0.985), (0, 1.01), (0.06, 0.985), (0.072, 0.90), (0.06, 0.83), (-0.06, 0.83))
FRINGE = ((-0.06, 0.955), (-0.04, 0.995), (0, 1.008), (0.04, 0.995), (0.06, 0.955), (0, 0.968))
VEIL = ((-0.03, 1.0), (0.08, 0.99), (0.17, 0.80), (0.25, 0.50), (0.22, 0.36), (0.10, 0.42), (0.06, 0.70))
FINGERS = ((-0.75, 0.036), (-0.32, 0.050), (-0.05, 0.054), (0.22, 0.050), (0.5, 0.040))  # direction, length
NAVY: Colour = (0.105, 0.048, 0.032)


class Subject:
    """One subject, premultiplied: how much of each pixel it fills and what colour it has there.

    Attributes:
        alpha: Shape (height, width), 0..1.
        colour: Premultiplied reflectance, linear, BGR. Shape (height, width, 3).
        jeans: Which pixels are inside navy jeans. Shape (height, width), bool.
    """

    def __init__(self, kind: str, size: tuple[int, int], rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        self.alpha: Floats = np.zeros(size[::-1], np.float32)
        self.colour: Floats = np.zeros((*size[::-1], 3), np.float32)
        self.jeans = np.zeros(size[::-1], bool)
        self._fine: Pixels = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
        self._x, self._foot = size[0] * rng.uniform(0.36, 0.64), size[1] * rng.uniform(0.95, 1.04)
        self._unit = size[1] * rng.uniform(0.84, 0.92)  # the height of the subject
        if kind == "fur":
            self._animal()
        else:
            self._person(kind)

    def _at(self, x: float, y: float) -> Point:
        """Return where a point lies: x from the middle, y up from the feet, in heights."""
        return self._x + x * self._unit, self._foot - y * self._unit

    def _cover(self, draw: Draw) -> Floats:
        """Return how much of each pixel a drawing fills."""
        draw(self._fine)
        x, y, wide, high = cv2.boundingRect(self._fine)
        left, top, right, bottom = x // FINE, y // FINE, -(-(x + wide) // FINE), -(-(y + high) // FINE)
        drawn = self._fine[top * FINE : bottom * FINE, left * FINE : right * FINE]
        cover: Floats = np.zeros_like(self.alpha)
        if drawn.size:
            size = right - left, bottom - top
            cover[top:bottom, left:right] = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
            drawn[:] = 0
        return cover / np.float32(255)

    def _lay(self, cover: Floats, colour: Colour, texture: float = 0.05, grain: int = 3) -> None:
        """Lay a part over what is there, with folds of light and a texture."""
        x, y, wide, high = cv2.boundingRect(np.asarray(cover > 0, np.uint8))
        area = slice(y, y + high), slice(x, x + wide)
        part = cover[area]
        paint = np.array(colour, np.float32) * self._folds((wide, high), texture, grain)[..., None]
        keep = (1 - part)[..., None]
        self.colour[area] = self.colour[area] * keep + np.minimum(paint, 0.95) * part[..., None]
        self.alpha[area] = self.alpha[area] * keep[..., 0] + part
        self.jeans[area] &= part < 0.5

    def _folds(self, size: tuple[int, int], texture: float, grain: int) -> Floats:
        wide, fine = (self._rng.normal(0, depth, (size[1] // cell + 2, size[0] // cell + 2)).astype(np.float32)
                      for depth, cell in ((0.10, 60), (texture, grain)))  # fmt: skip
        folds = (1 + cv2.resize(wide, size, interpolation=cv2.INTER_CUBIC)) * (1 + cv2.resize(fine, size))
        return np.asarray(np.clip(folds, 0.3, 1.6), np.float32)

    def _limb(self, points: Sequence[Point], widths: Sequence[float]) -> Draw:
        """Return a tapering limb through points, its widths in heights."""
        def draw(fine: Pixels) -> None:
            for (a, b), (thick, thin) in zip(pairwise(points), pairwise(widths), strict=True):
                for share in np.linspace(0, 1, 40):
                    x, y = self._at(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
                    _disc(fine, x, y, (thick + (thin - thick) * share) * self._unit / 2)
        return draw

    def _shape(self, points: Sequence[Point], lean: float = 0.0, side: float = 1.0) -> Draw:
        """Return a smooth closed shape through points, moved aside by `lean` and mirrored if `side` is -1."""
        def draw(fine: Pixels) -> None:
            smooth = _closed_curve([self._at(lean + side * x, y) for x, y in points])
            cv2.fillPoly(fine, [np.round(smooth * FINE * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return draw

    def _strands(self, roots: Sequence[tuple[Point, float]], lengths: tuple[float, float], curl: float) -> Draw:
        """Return hairs from roots (point in pixels, direction) that are 0.5 to 1.5 px wide."""
        def draw(fine: Pixels) -> None:
            for (x, y), direction in roots:
                length, bend = self._rng.uniform(*lengths), self._rng.normal(0, curl)
                steps = np.linspace(0, 1, 9)
                angles = direction + bend * steps
                xs = x + np.concatenate(([0], np.cumsum(np.cos(angles[1:]) * length / 8)))
                ys = y + np.concatenate(([0], np.cumsum(np.sin(angles[1:]) * length / 8)))
                line = np.round(np.stack((xs, ys), 1) * FINE * 16).astype(np.int32)
                wide = max(2, round(self._rng.uniform(0.5, 1.5) * FINE))
                cv2.polylines(fine, [line], False, 255, wide, cv2.LINE_AA, 4)
        return draw

    def _person(self, kind: str) -> None:
        rng = self._rng
        skin = SKINS[rng.integers(len(SKINS))]
        is_dark, is_hard = kind == "dark", kind == "hard"
        hair = HAIRS[3 if is_dark else rng.integers(3)]
        top = DARKS[rng.integers(len(DARKS))] if is_dark else CLOTHS[rng.integers(len(CLOTHS))]
        legs = NAVY if is_hard else DARKS[rng.integers(len(DARKS))] if is_dark else CLOTHS[rng.integers(len(CLOTHS))]
        lean = rng.uniform(-0.02, 0.02)
        self._hair_behind(hair, lean)
        for side in (-1, 1):
            step = rng.uniform(0.05, 0.10)
            cover = self._cover(self._limb([(side * 0.05, 0.50), (side * step, 0.26), (side * step * 1.15, 0.03)],
                                           [0.125, 0.095, 0.07]))  # fmt: skip
            self._lay(cover, legs, 0.14 if is_hard else 0.06, 2)
            if is_hard:
                self.jeans |= cover >= 0.999
            shoe = self._cover(self._limb([(side * step * 1.15, 0.02), (side * (step * 1.15 + 0.03), 0.012)],
                                          [0.05, 0.035]))  # fmt: skip
            self._lay(shoe, (0.05, 0.05, 0.06))
        self._lay(self._cover(self._shape(TORSO)), top, 0.12, 3)
        self._still_arm(skin, top)
        self._lay(self._cover(self._limb([(lean * 0.5, 0.82), (lean, 0.87)], [0.06, 0.055])), skin)
        self._lay(self._cover(self._shape(FACE, lean)), skin)
        self._lay(self._cover(self._shape(FRINGE, lean)), hair, 0.2)
        if is_hard:
            self._veil()
        self._moving_arm(skin, top)

    def _hair_behind(self, hair: Colour, lean: float) -> None:
        self._lay(self._cover(self._shape(HAIR, lean)), hair, 0.2)
        roots = [self._root(lean, angle) for angle in self._rng.uniform(-math.pi * 1.12, math.pi * 0.12, 320)]
        self._lay(self._cover(self._strands(roots, (0.02 * self._unit, 0.12 * self._unit), 1.1)), hair, 0.2)

    def _root(self, lean: float, angle: float) -> tuple[Point, float]:
        x, y = self._at(lean + 0.064 * math.cos(angle), 0.93 - 0.072 * math.sin(angle))
        return (x, y), angle + self._rng.normal(0, 0.5)

    def _still_arm(self, skin: Colour, top: Colour) -> None:
        side, reach, lift = self._rng.choice([-1, 1]), self._rng.uniform(0.20, 0.26), self._rng.uniform(0.52, 0.66)
        self._side = -side
        elbow, wrist = (side * (reach - 0.06), 0.64), (side * (reach + 0.03), lift)
        self._lay(self._cover(self._limb([(side * 0.095, 0.785), elbow], [0.075, 0.06])), top, 0.12)
        self._lay(self._cover(self._limb([elbow, wrist], [0.052, 0.036])), skin)
        self._lay(self._cover(self._hand(wrist, math.atan2(lift - 0.64, side * 0.09))), skin)

    def _hand(self, wrist: Point, heading: float) -> Draw:
        def draw(fine: Pixels) -> None:
            palm = wrist[0] + 0.025 * math.cos(heading), wrist[1] + 0.025 * math.sin(heading)
            self._limb([wrist, palm], [0.036, 0.042])(fine)
            for spread, length in FINGERS:
                angle = heading + spread
                tip = palm[0] + (length + 0.018) * math.cos(angle), palm[1] + (length + 0.018) * math.sin(angle)
                self._limb([palm, tip], [0.0125, 0.0095])(fine)
        return draw

    def _moving_arm(self, skin: Colour, top: Colour) -> None:
        """Lay the other arm, blurred by its swing while the shutter is open."""
        side, start, swing = self._side, self._rng.uniform(0.2, 0.9), self._rng.uniform(0.10, 0.30)
        sleeve, bare = np.zeros_like(self.alpha), np.zeros_like(self.alpha)
        for angle in start + np.linspace(0, swing, BLUR_STEPS):
            shoulder = (side * 0.095, 0.785)
            elbow = shoulder[0] + side * 0.15 * math.cos(angle - 0.5), shoulder[1] + 0.15 * math.sin(angle - 0.5)
            wrist = elbow[0] + side * 0.13 * math.cos(angle), elbow[1] + 0.13 * math.sin(angle)
            upper = self._cover(self._limb([shoulder, elbow], [0.075, 0.06]))
            lower = self._cover(self._limb([elbow, wrist], [0.052, 0.036]))
            hand = self._cover(self._hand(wrist, math.atan2(math.sin(angle), side * math.cos(angle))))
            sleeve += upper
            bare += np.maximum(lower, hand) * (1 - upper)
        sleeve, bare = sleeve / np.float32(BLUR_STEPS), bare / np.float32(BLUR_STEPS)
        self._lay(sleeve, top, 0.12)
        self._lay(np.asarray(np.minimum(bare / np.maximum(1 - sleeve, 1e-3), 1), np.float32), skin)

    def _veil(self) -> None:
        """Lay a cloth that lets 55 % through, from the head down one side."""
        side = -self._side
        cloth = self._cover(self._shape(VEIL, side=side))
        weave = self._rng.normal(0, 0.02, self.alpha.shape).astype(np.float32)
        self._lay(np.asarray(cloth * np.clip(0.45 + weave, 0.3, 0.6), np.float32), (0.72, 0.74, 0.76), 0.05)

    def _animal(self) -> None:
        """Draw a sitting animal with light and dark fur and a ringed tail."""
        rng, unit = self._rng, self._unit * 0.8
        light = np.array((0.34, 0.38, 0.42), np.float32) * np.float32(rng.uniform(0.8, 1.4))
        dark = np.array((0.012, 0.013, 0.016), np.float32) * np.float32(rng.uniform(0.7, 2.0))
        shapes = [((0.0, 0.30), (0.20, 0.29)), ((0.02, 0.62), (0.125, 0.13))]
        ears = [((-0.08, 0.74), (0.035, 0.05)), ((0.12, 0.74), (0.035, 0.05))]
        side = rng.choice([-1, 1])
        tail = [(side * (0.15 + 0.28 * t), 0.08 + 0.62 * t * t + 0.06 * math.sin(5 * t)) for t in np.linspace(0, 1, 16)]
        for i, (a, b) in enumerate(pairwise(tail)):
            tone = dark if i % 4 < 2 else light
            self._furry([(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), (0.035, 0.035))], unit, tone, 130)
        self._furry(ears, unit, dark, 160)
        self._furry(shapes, unit, light, 2200)
        self._furry([((0.02, 0.30), (0.10, 0.20)), ((0.02, 0.60), (0.07, 0.06))], unit, light * np.float32(1.4), 300)
        self._furry([((-0.03, 0.65), (0.025, 0.022)), ((0.07, 0.65), (0.025, 0.022))], unit, dark, 50)

    def _furry(self, ellipses: list[tuple[Point, Point]], unit: float, tone: Floats, hairs: int) -> None:
        rng = self._rng
        def draw(fine: Pixels) -> None:
            for (x, y), (wide, high) in ellipses:
                middle = (self._x + x * unit, self._foot - 0.03 * unit - y * unit)
                centre = (round(middle[0] * FINE), round(middle[1] * FINE))
                cv2.ellipse(fine, centre, (round(wide * unit * FINE), round(high * unit * FINE)), 0, 0, 360, 255, -1)
                roots = []
                for angle in rng.uniform(-math.pi, math.pi, hairs // len(ellipses)):
                    deep = rng.uniform(0.90, 1.0)
                    reach_x, reach_y = deep * wide * unit, deep * high * unit
                    root = middle[0] + reach_x * math.cos(angle), middle[1] + reach_y * math.sin(angle)
                    slope = math.atan2(math.sin(angle) / high, math.cos(angle) / wide)
                    roots.append((root, slope + 0.5 + rng.normal(0, 0.35)))
                self._strands(roots, (0.012 * unit, 0.05 * unit), 0.5)(fine)
        self._lay(self._cover(draw), (float(tone[0]), float(tone[1]), float(tone[2])), 0.22, 2)


def _disc(fine: Pixels, x: float, y: float, radius: float) -> None:
    centre = (round(x * FINE * 16), round(y * FINE * 16))
    cv2.circle(fine, centre, round(radius * FINE * 16), 255, -1, cv2.LINE_AA, 4)


def _closed_curve(points: Sequence[Point]) -> Floats:
    """Return a Catmull-Rom curve through the points and back."""
    knots = np.array(points, np.float32)
    before, after, beyond = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
    t = np.linspace(0, 1, 16, endpoint=False, dtype=np.float32)[None, :, None]
    p0, p1, p2, p3 = (k[:, None] for k in (before, knots, after, beyond))
    curve = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(curve.reshape(-1, 2), np.float32)
