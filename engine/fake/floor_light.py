"""What a projector throws onto a simulated floor: the light of ordinary interactive works, moving all the time."""

from __future__ import annotations

import math

import cv2
import numpy as np

from engine.fake.crowd import FLOOR_M, FPS, Crowd
from engine.world import Floats

HALF = 50.0  # it is drawn at 50 pixels a metre, and focused no better
WORKS = ("veils", "discs", "halos", "rings")
TURN_S, FADE_S = 14.0, 0.5
LATENCY_S = 0.12
SHIFT = 4


class FloorLight:
    """Light on the floor, frame by frame: soft veils, discs that wander, halos round visitors, rings that spread.

    Args:
        crowd: Whom halos and rings follow, `LATENCY_S` late.
        power: Light of full white, as a share of the lamps' at their brightest.
    """

    def __init__(self, crowd: Crowd, seed: int, power: float) -> None:
        rng = np.random.default_rng([seed, 41])
        self._crowd, self.power = crowd, power
        self._order = rng.permutation(len(WORKS))
        self._colours = rng.uniform(0.1, 1.0, (16, 3)).astype(np.float32)
        self._ways = rng.uniform(0.0, 1.0, (16, 4))
        width, height = round(FLOOR_M[0] * HALF), round(FLOOR_M[1] * HALF)
        self._grid = np.mgrid[0 : height // 4, 0 : width // 4].astype(np.float32) * np.float32(4 / HALF)
        self._size = (width, height)

    def at(self, frame: int) -> Floats:
        """Return the light of a frame in units of the lamps. Shape (480, 640, 3), float32."""
        time = frame / FPS
        turn, since = divmod(time, TURN_S)
        work = WORKS[int(self._order[int(turn) % len(WORKS)])]
        light = getattr(self, f"_{work}")(time, frame)
        if since < FADE_S and turn >= 1:
            before = WORKS[int(self._order[int(turn - 1) % len(WORKS)])]
            light += (getattr(self, f"_{before}")(time, frame) - light) * np.float32(1 - since / FADE_S)
        light *= np.float32(self.power)
        return np.asarray(cv2.resize(light, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), np.float32)

    def _veils(self, time: float, frame: int) -> Floats:
        y, x = self._grid
        light = np.zeros((*x.shape, 3), np.float32)
        for (a, b, c, d), colour in zip(self._ways[:4], self._colours, strict=False):
            phase = (x * np.float32(2 * a + 0.5) + y * np.float32(2 * b - 1)) * 2 + np.float32(time * (0.6 + c) + 6 * d)
            light += (0.5 + 0.5 * np.sin(phase))[..., None] * colour * np.float32(0.35)
        return np.asarray(cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR), np.float32)

    def _discs(self, time: float, frame: int) -> Floats:
        light = self._dark()
        for (a, b, c, d), colour in zip(self._ways[4:11], self._colours[4:], strict=False):
            x = FLOOR_M[0] * (0.5 + 0.45 * math.sin(time * (0.1 + 0.25 * a) + 6 * d))
            y = FLOOR_M[1] * (0.5 + 0.45 * math.cos(time * (0.1 + 0.25 * b) + 6 * c))
            self._disc(light, x, y, 0.2 + 0.35 * c, colour)
        return light

    def _halos(self, time: float, frame: int) -> Floats:
        light = self._dark()
        for pose in self._crowd.frames[max(0, frame - round(LATENCY_S * FPS))]:
            radius = 0.55 + 0.06 * math.sin(3 * time + pose.id)
            self._disc(light, pose.x, pose.y, radius, self._colours[pose.id % 16])
        return light

    def _rings(self, time: float, frame: int) -> Floats:
        light = self._dark()
        for pose in self._crowd.frames[max(0, frame - round(LATENCY_S * FPS))][::2]:
            radius = 0.3 + (time * 0.7 + pose.id * 0.37) % 1.5
            self._disc(light, pose.x, pose.y, radius, self._colours[pose.id % 16], round(0.12 * HALF))
        return light

    def _dark(self) -> Floats:
        return np.full((self._size[1], self._size[0], 3), 0.02, np.float32)

    def _disc(self, light: Floats, x: float, y: float, radius: float, colour: Floats, thickness: int = -1) -> None:
        centre = round(x * HALF * 2**SHIFT), round(y * HALF * 2**SHIFT)
        cv2.circle(light, centre, round(radius * HALF * 2**SHIFT), colour.tolist(), thickness, shift=SHIFT)
