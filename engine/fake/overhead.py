"""A simulated camera above a floor that a projector lights: what falls on the sensor, and what is really there.

Radiance is reflectance times light: lamps with a falloff and cast shadows, and a projector whose picture moves over
floor and people. Then come the camera's gain (which drifts), flicker of the mains, optics, gamma, noise and 8 bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.fake.crowd import FLOOR_M, FPS, Body, Crowd, Pose
from engine.fake.floor_light import FloorLight
from engine.world import Floats, Pixels

PX_PER_M = 100.0
SIZE = (round(FLOOR_M[0] * PX_PER_M), round(FLOOR_M[1] * PX_PER_M))
SHIFT = 4  # drawing knows sixteenths of a pixel
NOISE_TILES = 8
MAINS_HZ = 100.0
DRIFT_S = 70.0
NEAR_FLOOR = 0.1  # share of visitors in clothes about as bright and coloured as the floor
EXPOSURE = 0.55
Metres = NDArray[np.float64]
Points = NDArray[np.int32]
Silhouette = tuple[int, int, Pixels]
"""Left and top of a patch, and the body in it: 0 or 1."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What one frame really holds.

    Attributes:
        poses: Everybody whose middle is in the picture.
        boxes_px: (left, top, width, height) of the whole body of each, as far as it is in the picture.
        labels: Who is seen at a pixel: the place in `poses` plus 1, or 0; 255 is somebody not in `poses`. uint8.
        contacts: Pairs of ids whose bodies touch.
    """

    poses: tuple[Pose, ...]
    boxes_px: tuple[tuple[float, float, float, float], ...]
    labels: Pixels
    contacts: frozenset[tuple[int, int]]


class OverheadCamera:
    """Makes the pictures of a crowd from above, 10 mm a pixel.

    Args:
        crowd: Who is there.
        seed: Of floor, light, clothes and noise.
    """

    def __init__(self, crowd: Crowd, seed: int = 0) -> None:
        self.crowd = crowd
        rng = np.random.default_rng([seed, 23])
        self._floor = _paint_floor(rng)
        self._lamps = _lamps(rng)
        self._noise_sd = rng.uniform(2.0, 6.0)
        self._tiles = [rng.normal(0.0, self._noise_sd, (SIZE[1] + 32, SIZE[0] + 32, 3)).astype(np.float32)
                       for _ in range(NOISE_TILES)]  # fmt: skip
        self._drift, self._drift_phase = rng.uniform(0.15, 0.20), rng.uniform(0, 2 * math.pi)
        self._shade, self._shade_from = rng.uniform(0.3, 0.7), rng.uniform(0, 2 * math.pi)
        self.light = FloorLight(crowd, seed, power=rng.uniform(0.3, 1.0))
        self._seed, self._clothes = seed, dict[int, tuple[Floats, Floats]]()

    def empty(self, frame: int) -> Pixels:
        """Return the floor with nobody on it and the projector black, as it is learnt before the doors open."""
        return self._expose(np.asarray(self._floor * self._lamps, np.float32), frame)

    def frame(self, number: int) -> tuple[Pixels, Scene]:
        """Return picture `number`, BGR, shape (480, 640, 3), and what it really holds."""
        poses = self.crowd.frames[number]
        reflectance, labels = self._floor.copy(), np.zeros((SIZE[1], SIZE[0]), np.uint8)
        bodies = {}
        for place in sorted(range(len(poses)), key=lambda k: (poses[k].body.scale, poses[k].id)):
            bodies[place] = self._draw(reflectance, labels, poses[place], place + 1)
        projected = self.light.at(number)
        left = 1.0 - np.float32(self._shade) * self._shadow(labels, number)
        lit = cv2.multiply(self._lamps, cv2.merge((left, left, left)))
        cv2.add(lit, projected, dst=lit)
        picture = self._expose(np.asarray(cv2.multiply(lit, reflectance, dst=lit), np.float32), number)
        return picture, _scene(poses, bodies, labels)

    def _expose(self, radiance: Floats, frame: int) -> Pixels:
        time = frame / FPS
        gain = 1.0 + self._drift * math.sin(2 * math.pi * time / DRIFT_S + self._drift_phase)
        flicker = 1.0 + 0.01 * math.sin(2 * math.pi * MAINS_HZ * (time + 0.0011 * frame))
        seen = cv2.GaussianBlur(radiance, (3, 3), 0.7)
        level = cv2.sqrt(seen, dst=seen)
        left, top = frame * 7 % 31, frame * 11 % 29
        noise = self._tiles[frame % NOISE_TILES][top : top + SIZE[1], left : left + SIZE[0]]
        cv2.scaleAdd(level, 255 * math.sqrt(EXPOSURE * gain * flicker), noise, dst=level)
        return np.asarray(cv2.convertScaleAbs(cv2.threshold(level, 0, 0, cv2.THRESH_TOZERO)[1]), np.uint8)

    def _shadow(self, labels: Pixels, frame: int) -> Floats:
        """Return how much of the lamps' light is taken away, 0..1: soft, beside the bodies, turning slowly.

        Bodies stand above the shadows of others, and in none.
        """
        small = cv2.resize((labels > 0).astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        angle = self._shade_from + 0.02 * frame / FPS
        cast = np.zeros_like(small)
        for reach_m in (0.12, 0.24, 0.36):
            move = np.array([[1, 0, math.cos(angle) * reach_m * PX_PER_M / 4],
                             [0, 1, math.sin(angle) * reach_m * PX_PER_M / 4]], np.float32)  # fmt: skip
            cast = np.maximum(cast, cv2.warpAffine(small, move, (small.shape[1], small.shape[0])))
        soft = np.asarray(cv2.resize(cv2.GaussianBlur(cast, (0, 0), 1.6), SIZE), np.float32)
        soft[labels > 0] = 0.0
        return soft

    def _draw(self, reflectance: Floats, labels: Pixels, pose: Pose, label: int) -> Silhouette:
        """Paint a body and return its whole silhouette, also where others are in front of it."""
        colours, cloth = self._worn(pose.body)
        parts = _parts(pose)
        points = np.concatenate([part for part, _ in parts]) / 2**SHIFT
        left, top = (max(0, int(v) - 1) for v in points.min(axis=0))
        right, bottom = (min(size, int(v) + 3) for v, size in zip(points.max(axis=0), SIZE, strict=True))
        if right <= left or bottom <= top:
            return 0, 0, np.zeros((0, 0), np.uint8)
        own = np.zeros((bottom - top, right - left), np.uint8)
        area = slice(top, bottom), slice(left, right)
        patch = np.ascontiguousarray(reflectance[area])
        for part, tone in parts:
            moved = part - np.array((left, top), np.int32) * 2**SHIFT
            cv2.fillPoly(own, [moved], 1, shift=SHIFT)
            cv2.fillPoly(patch, [moved], colours[tone].tolist(), shift=SHIFT)
        rows = np.arange(top, bottom) - round(pose.y * PX_PER_M)
        columns = np.arange(left, right) - round(pose.x * PX_PER_M)
        body = own > 0
        patch[body] *= cloth[rows[:, None] % 128, columns[None] % 128][body][:, None]
        reflectance[area] = patch
        labels[area][body] = label
        return left, top, own

    def _worn(self, body: Body) -> tuple[Floats, Floats]:
        """Return reflectances of clothes, hair, skin and aid, and the pattern of the cloth."""
        if body.look not in self._clothes:
            rng = np.random.default_rng([self._seed, 31, body.look])
            bright = math.exp(rng.uniform(math.log(0.05), math.log(0.9)))
            hue = rng.uniform(0.55, 1.0, 3)
            clothes = bright * hue / hue.max()
            if rng.random() < NEAR_FLOOR:
                clothes = self._floor.mean(axis=(0, 1)) * rng.uniform(0.85, 1.2)
            hair = np.array((0.5, 0.7, 1.0)) * math.exp(rng.uniform(math.log(0.04), math.log(0.4)))
            skin = np.array((0.45, 0.6, 0.9)) * rng.uniform(0.25, 0.75)
            aid = rng.uniform(0.05, 0.8, 3)
            pattern = cv2.GaussianBlur(rng.normal(0, 1, (128, 128)).astype(np.float32), (0, 0), rng.uniform(0.8, 4.0))
            cloth = 1.0 + np.float32(rng.uniform(0.02, 0.12)) * pattern / max(float(pattern.std()), 1e-6)
            self._clothes[body.look] = (np.array([clothes, clothes * 0.8, hair, skin, aid], np.float32),
                                        np.clip(cloth, 0.5, 1.5).astype(np.float32))  # fmt: skip
        return self._clothes[body.look]


CLOTHES, TROUSERS, HAIR, SKIN, AID = range(5)


def _parts(pose: Pose) -> list[tuple[Points, int]]:
    """Return the outlines of a body from the floor upwards, each with what it wears there."""
    body, scale = pose.body, pose.body.scale
    ahead = np.array((math.cos(pose.heading), math.sin(pose.heading)))
    side = np.array((-ahead[1], ahead[0]))
    middle = np.array((pose.x, pose.y))
    half, pace = body.width_m / 2, min(math.hypot(pose.vx, pose.vy), 1.4)
    swing = math.sin(pose.stride) * pace * scale
    parts = []
    if body.aid == "wheelchair":
        corners = [middle + ahead * a + side * b for a, b in ((0.5, 0.3), (0.5, -0.3), (-0.4, -0.33), (-0.4, 0.33))]
        parts.append((_outline(np.array(corners)), AID))
    else:
        for foot in (-1, 1):
            at = middle + side * (0.1 * foot * scale) + ahead * (0.26 * swing * foot)
            parts.append((_oval(at, ahead, 0.14 * scale, 0.055 * scale), TROUSERS))
    for arm in (-1, 1):
        shoulder = middle + side * (half - 0.05 * scale) * arm
        hand = shoulder + side * (0.04 * scale * arm) + ahead * ((0.05 - 0.24 * swing * arm) * scale)
        if pose.hand is not None and float((np.array(pose.hand) - middle) @ side) * arm > 0:
            hand = np.array(pose.hand)
        parts.append((_limb(shoulder, hand, 0.045 * scale), CLOTHES))
        parts.append((_oval(hand, ahead, 0.045 * scale, 0.045 * scale), SKIN))
    parts.append((_oval(middle, ahead, 0.15 * scale + 0.02, half), CLOTHES))
    parts.append((_oval(middle + ahead * 0.03 * scale, ahead, 0.11 * max(scale, 0.8), 0.09 * max(scale, 0.8)), HAIR))
    if body.aid == "umbrella":
        parts.append((_oval(middle, ahead, 0.48, 0.48), AID))
    return parts


def _oval(middle: Metres, ahead: Metres, along_m: float, across_m: float) -> Points:
    turn = np.linspace(0, 2 * math.pi, 25)[:-1]
    side = np.array((-ahead[1], ahead[0]))
    return _outline(middle + np.outer(np.cos(turn) * along_m, ahead) + np.outer(np.sin(turn) * across_m, side))


def _limb(start: Metres, end: Metres, half_m: float) -> Points:
    way = end - start
    across = np.array((-way[1], way[0])) / max(float(np.hypot(*way)), 1e-6) * half_m
    return _outline(np.array([start + across, end + across, end - across, start - across]))


def _outline(points_m: Metres) -> Points:
    """Return points as OpenCV draws them: in sixteenths of a pixel."""
    return np.asarray(np.round((points_m * PX_PER_M - 0.5) * 2**SHIFT), np.int32)


def _scene(poses: tuple[Pose, ...], bodies: dict[int, Silhouette], labels: Pixels) -> Scene:
    kept = [k for k, pose in enumerate(poses) if 0 <= pose.x < FLOOR_M[0] and 0 <= pose.y < FLOOR_M[1]]
    table = np.full(256, 255, np.uint8)
    table[0] = 0
    for place, k in enumerate(kept):
        table[k + 1] = place + 1
    boxes = []
    for k in kept:
        left, top, width, height = cv2.boundingRect(bodies[k][2])
        boxes.append((float(left + bodies[k][0]), float(top + bodies[k][1]), float(width), float(height)))
    contacts = {(min(poses[a].id, poses[b].id), max(poses[a].id, poses[b].id))
                for a, b in combinations(kept, 2) if _touch(bodies[a], bodies[b])}  # fmt: skip
    shown = np.asarray(cv2.LUT(labels, table), np.uint8)
    return Scene(tuple(poses[k] for k in kept), tuple(boxes), shown, frozenset(contacts))


def _touch(one: Silhouette, other: Silhouette) -> bool:
    """Return whether two bodies overlap or lie side by side, 10 mm apart at most."""
    left, top = max(one[0], other[0]) - 1, max(one[1], other[1]) - 1
    right, bottom = (min(body[axis] + body[2].shape[1 - axis] for body in (one, other)) + 1 for axis in range(2))
    if right <= left or bottom <= top:
        return False
    here = []
    for x, y, own in (one, other):
        padded = np.pad(own, 2)
        here.append(padded[top - y + 2 : bottom - y + 2, left - x + 2 : right - x + 2])
    return cv2.countNonZero(cv2.bitwise_and(cv2.dilate(here[0], np.ones((3, 3), np.uint8)), here[1])) > 0


def _paint_floor(rng: np.random.Generator) -> Floats:
    """Return the floor's reflectance: coloured, mottled and speckled, with joints between slabs."""
    width, height = SIZE
    base = rng.uniform(0.22, 0.42) * rng.uniform(0.85, 1.0, 3)
    floor = np.ones((height, width), np.float32)
    for cells, share in ((8, 0.05), (40, 0.05), (160, 0.05), (640, 0.06)):
        grain = rng.normal(0, 1, (max(2, cells * 3 // 4), cells)).astype(np.float32)
        floor *= 1 + np.float32(share) * cv2.resize(grain, SIZE, interpolation=cv2.INTER_CUBIC)
    step = int(rng.integers(60, 120))
    for line in range(step // 2, max(SIZE), step):
        cv2.line(floor, (line, 0), (line, height), 0.72, 1)
        cv2.line(floor, (0, line), (width, line), 0.72, 1)
    return np.asarray(np.clip(floor, 0.3, 1.7)[..., None] * base.astype(np.float32), np.float32)


def _lamps(rng: np.random.Generator) -> Floats:
    """Return the lamps' light on the floor, with the lens's vignetting: 1 where it is brightest."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    centre = SIZE[0] * rng.uniform(0.35, 0.65), SIZE[1] * rng.uniform(0.35, 0.65)
    lamp = 1 - np.float32(rng.uniform(0.2, 0.4)) * np.hypot(x - centre[0], y - centre[1]) / 400
    lens = 1 / (1 + ((x - SIZE[0] / 2) ** 2 + (y - SIZE[1] / 2) ** 2) / 700**2) ** 2
    colour = rng.uniform(0.85, 1.0, 3).astype(np.float32)
    return np.asarray((lamp * lens)[..., None] * colour, np.float32)
