"""One simulated person as a camera sees them: an articulated figure with clothes, drawn in premultiplied BGRA."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from engine.fake.visitors import SimulatedPerson
from engine.world import Pixels

Colour = tuple[int, int, int]
Point = tuple[float, float]
OVERSAMPLE = 2
HALF_WIDTH = 0.50
ABOVE, BELOW = 1.06, 0.05
SHIFT = 4
STILL = 1e-6  # of a walk: less is rounding, and turns nobody

SKINS: tuple[Colour, ...] = ((150, 178, 222), (96, 132, 188), (128, 160, 208), (56, 82, 128), (170, 196, 232),
                             (74, 108, 164))  # fmt: skip
HAIRS: tuple[Colour, ...] = ((28, 30, 34), (40, 62, 96), (96, 146, 190), (24, 24, 26), (60, 64, 72), (40, 40, 120))
TOPS: tuple[Colour, ...] = ((60, 60, 200), (200, 205, 210), (70, 170, 220), (60, 130, 70), (44, 42, 48), (150, 90, 170),
                            (90, 140, 190), (50, 190, 235))  # fmt: skip
TROUSERS: tuple[Colour, ...] = ((44, 46, 52), (60, 84, 110), (38, 40, 60), (96, 104, 116), (62, 62, 66), (52, 64, 84),
                                (36, 38, 42), (58, 62, 70))  # fmt: skip
SHOES: tuple[Colour, ...] = ((30, 30, 34), (210, 215, 220), (40, 50, 80))


@dataclass(frozen=True, slots=True)
class Joints:
    """Where the body bends, in heights of the person: x to the right, y up from the floor, origin between the feet."""

    head: Point
    neck: Point
    hip: Point
    shoulders: tuple[Point, Point]
    elbows: tuple[Point, Point]
    hands: tuple[Point, Point]
    knees: tuple[Point, Point]
    ankles: tuple[Point, Point]
    facing: float


def pose(person: SimulatedPerson) -> Joints:
    """Return the joints of a person who stands, walks, sits or holds out a hand."""
    swing, sit = math.sin(person.stride) * person.gait, person.sit
    facing = max(-1.0, min(1.0, person.vx / (0.25 * person.height)))
    bob = 0.012 * abs(math.cos(person.stride)) * person.gait
    hip_y = 0.50 + bob - 0.37 * sit
    lean = 0.02 * facing
    hip = (0.0, hip_y)
    width = 0.118 - 0.03 * abs(facing)
    neck = (lean, hip_y + 0.335)
    shoulders = ((lean - width, hip_y + 0.315), (lean + width, hip_y + 0.315))
    knees, ankles, elbows, hands = [], [], [], []
    for side, leg in ((-1, 1.0), (1, -1.0)):
        angle = 0.52 * swing * leg
        stand = 0.055 * side * (1 - 0.6 * abs(facing))
        lift = max(0.0, math.cos(person.stride) * leg) * person.gait
        knee = (stand + 0.24 * math.sin(angle) + 0.03 * facing * lift, 0.27 + bob)
        ankle = (stand + 0.46 * math.sin(angle) - 0.06 * facing * lift, 0.035 + 0.05 * lift)
        knees.append(_mix(knee, (0.22 * side, 0.11), sit))
        ankles.append(_mix(ankle, (-0.07 * side, 0.045), sit))
        out = max(0.0, person.reach * side)
        shoulder = shoulders[0 if side < 0 else 1]
        arm = -0.55 * swing * leg + 0.10 * side
        down = (shoulder[0] + 0.165 * math.sin(arm), shoulder[1] - 0.165 * math.cos(arm))
        bent = (down[0] + 0.16 * math.sin(arm + 0.35 * facing), down[1] - 0.155 * math.cos(arm))
        rest = (shoulder[0] + 0.06 * side, shoulder[1] - 0.155), (0.16 * side, 0.17)
        elbow, hand = _mix(down, rest[0], sit), _mix(bent, rest[1], sit)
        elbows.append(_mix(elbow, (shoulder[0] + 0.125 * side, shoulder[1] - 0.075), out))
        hands.append(_mix(hand, (shoulder[0] + 0.245 * side, shoulder[1] - 0.085), out))
    head = (lean + 0.012 * facing, hip_y + 0.425)
    return Joints(head, neck, hip, shoulders, _two(elbows), _two(hands), _two(knees), _two(ankles), facing)


def draw_body(person: SimulatedPerson, height_px: float) -> tuple[Pixels, tuple[int, int]]:
    """Draw a person.

    Args:
        height_px: Height of the standing person in the picture.

    Returns:
        Premultiplied BGRA, shape (h, w, 4), soft edges; and (x, y) of the point between the feet in it.
    """
    half, above, below = (math.ceil(height_px * share) for share in (HALF_WIDTH, ABOVE, BELOW))
    patch = np.zeros(((above + below) * OVERSAMPLE, 2 * half * OVERSAMPLE, 4), np.uint8)
    brush = _Brush(patch, (half * OVERSAMPLE, above * OVERSAMPLE), height_px * OVERSAMPLE)
    _paint(brush, pose(person), person)
    small = cv2.resize(patch, (2 * half, above + below), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0.6), np.uint8), (half, above)


class _Brush:
    """Draws in heights of the person; y upwards."""

    def __init__(self, patch: Pixels, origin: tuple[int, int], scale: float) -> None:
        self._patch, self._origin, self._scale = patch, origin, scale

    def _px(self, point: Point) -> tuple[int, int]:
        x, y = self._origin[0] + point[0] * self._scale, self._origin[1] - point[1] * self._scale
        return round(x * (1 << SHIFT)), round(y * (1 << SHIFT))

    def limb(self, points: tuple[Point, ...], width: float, colour: Colour) -> None:
        line = np.array([self._px(point) for point in points], np.int32)
        thickness = max(1, round(width * self._scale))
        cv2.polylines(self._patch, [line], False, (*colour, 255), thickness, cv2.LINE_8, SHIFT)

    def shape(self, points: tuple[Point, ...], colour: Colour) -> None:
        line = np.array([self._px(point) for point in points], np.int32)
        cv2.fillPoly(self._patch, [line], (*colour, 255), cv2.LINE_8, SHIFT)

    def oval(self, centre: Point, axes: Point, colour: Colour, start: float = 0, end: float = 360) -> None:
        size = round(axes[0] * self._scale * (1 << SHIFT)), round(axes[1] * self._scale * (1 << SHIFT))
        cv2.ellipse(self._patch, self._px(centre), size, 0, start, end, (*colour, 255), -1, cv2.LINE_8, SHIFT)


def _paint(brush: _Brush, joints: Joints, person: SimulatedPerson) -> None:
    look = person.look
    skin, hair = SKINS[look % len(SKINS)], HAIRS[(look * 5 + 1) % len(HAIRS)]
    top, trousers, shoe = TOPS[look % len(TOPS)], TROUSERS[(look * 3) % len(TROUSERS)], SHOES[look % len(SHOES)]
    far, near = (0, 1) if joints.facing >= -STILL else (1, 0)
    toe = (0.055 * joints.facing, -0.012)
    _arm(brush, joints, far, _shade(top, 0.74), _shade(skin, 0.82))
    for side, light in ((far, 0.76), (near, 1.0)):
        hip = (joints.hip[0] + (0.045 if side else -0.045) * (1 - 0.5 * abs(joints.facing)), joints.hip[1])
        brush.limb((joints.ankles[side], _plus(joints.ankles[side], toe)), 0.055, _shade(shoe, light))
        brush.limb((hip, joints.knees[side]), 0.102, _shade(trousers, light))
        brush.limb((joints.knees[side], joints.ankles[side]), 0.074, _shade(trousers, light))
        crease = _plus(hip, (-0.02, 0)), _plus(joints.knees[side], (-0.015, 0))
        brush.limb(crease, 0.034, _shade(trousers, light * 1.18))
    if look % 3 == 1:  # long hair falls behind the neck
        x, y = joints.head
        brush.oval((x - 0.014 * joints.facing, y - 0.035), (0.064, 0.085), hair)
    _torso(brush, joints, top)
    brush.limb((_plus(joints.neck, (0, -0.03)), _plus(joints.head, (0, -0.03))), 0.058, _shade(skin, 0.8))
    _head(brush, joints, skin, hair)
    _arm(brush, joints, near, top, skin)


def _torso(brush: _Brush, joints: Joints, top: Colour) -> None:
    left, right = joints.shoulders
    hip_x, hip_y = joints.hip
    half = 0.085 - 0.018 * abs(joints.facing)
    brush.limb((left, right), 0.075, top)
    brush.shape((_plus(left, (-0.034, 0.01)), _plus(right, (0.034, 0.01)), (hip_x + half, hip_y - 0.03),
                 (hip_x - half, hip_y - 0.03)), top)  # fmt: skip
    brush.shape((_plus(right, (-0.02, 0.02)), _plus(right, (0.034, 0.01)), (hip_x + half, hip_y - 0.03),
                 (hip_x + half * 0.45, hip_y - 0.03)), _shade(top, 0.84))  # fmt: skip
    brush.shape((left, _plus(left, (0.05, 0.01)), (hip_x - half * 0.5, hip_y + 0.02)), _shade(top, 1.14))


def _head(brush: _Brush, joints: Joints, skin: Colour, hair: Colour) -> None:
    x, y = joints.head
    turn = 0.014 * joints.facing
    brush.oval((x - turn, y + 0.012), (0.058, 0.066), hair)
    brush.oval((x + turn, y - 0.008), (0.046, 0.060), skin)
    brush.oval((x + turn + 0.018, y - 0.012), (0.026, 0.048), _shade(skin, 0.9))
    brush.oval((x + turn * 0.4, y + 0.034), (0.052, 0.032), hair, 180, 360)
    for eye in (-0.018, 0.018):
        brush.oval((x + turn * 2 + eye, y - 0.002), (0.006, 0.005), (40, 44, 52))
    brush.limb(((x + turn * 2 - 0.012, y - 0.036), (x + turn * 2 + 0.012, y - 0.036)), 0.008, _shade(skin, 0.7))


def _arm(brush: _Brush, joints: Joints, side: int, sleeve: Colour, skin: Colour) -> None:
    shoulder, elbow, hand = joints.shoulders[side], joints.elbows[side], joints.hands[side]
    brush.limb((elbow, hand), 0.042, skin)
    brush.oval(hand, (0.029, 0.029), skin)
    brush.limb((shoulder, elbow), 0.062, sleeve)
    brush.limb((elbow, _mix(elbow, hand, 0.35)), 0.054, sleeve)


def _shade(colour: Colour, light: float) -> Colour:
    return tuple(min(255, round(value * light)) for value in colour)  # type: ignore[return-value]


def _mix(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _plus(a: Point, b: Point) -> Point:
    return a[0] + b[0], a[1] + b[1]


def _two(points: list[Point]) -> tuple[Point, Point]:
    return points[0], points[1]
