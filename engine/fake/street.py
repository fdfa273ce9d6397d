"""A simulated fixed camera that looks at a street: people cross, meet and hide each other; with true boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from engine.fake.body import draw_body
from engine.fake.visitors import LOOKS, SimulatedPerson
from engine.world import Floats, Pixels

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    """How a camera sees a street.

    Attributes:
        size: (width, height) of the picture, pixels.
        far, near: (row of the feet, height in pixels) of people farthest away and nearest.
    """

    size: tuple[int, int]
    far: tuple[float, float]
    near: tuple[float, float]

    def height_at(self, y: float) -> float:
        """Return how high a person is whose feet are at row `y`, pixels."""
        return self.far[1] + (y - self.far[0]) * (self.near[1] - self.far[1]) / (self.near[0] - self.far[0])


PLAZA = View((768, 576), (150.0, 62.0), (560.0, 128.0))
PAVEMENT = View((640, 480), (330.0, 170.0), (470.0, 290.0))


@dataclass(frozen=True, slots=True)
class _Way:
    """Someone's way across, with a stop for some; `feet` in pixels, shape (n, 2), from frame `first` on."""

    id: int
    look: int
    tall: float
    first: int
    side: int
    feet: Floats
    stride: Floats


class Street:
    """People on a street, frame by frame.

    Args:
        count: How many are in the picture at once, about.
        fps: Pictures a second.
    """

    def __init__(self, view: View, seed: int, seconds: float, count: int = 6, fps: float = 10.0) -> None:
        self.view, self.fps, self.frames = view, fps, round(seconds * fps)
        rng = np.random.default_rng([seed, 53])
        self._scene = _paint(view, rng)
        noise = rng.uniform(1.5, 3.5)
        self._noise = [rng.normal(0, noise, self._scene.shape).astype(np.float32) for _ in range(4)]
        self._shade, self._gain_phase = rng.uniform(0.6, 0.85), rng.uniform(0, 6.3)
        self._ways: list[_Way] = []
        for start in np.arange(-8.0, seconds, 16.0 / count):
            self._enter(rng, float(start + rng.uniform(0, 1)))

    def frame(self, number: int) -> tuple[Pixels, dict[int, Box]]:
        """Return picture `number`, BGR, and the box of everybody in it, hidden or not, by id."""
        picture = self._scene.copy()
        seen = [(way, *way.feet[number - way.first], way.stride[number - way.first])
                for way in self._ways if 0 <= number - way.first < len(way.feet)]  # fmt: skip
        boxes: dict[int, Box] = {}
        for way, x, y, stride in sorted(seen, key=lambda s: float(s[2])):
            box = self._put(picture, way, float(x), float(y), float(stride))
            if box is not None:
                boxes[way.id] = box
        light = 1 + 0.04 * math.sin(number / self.fps / 9 + self._gain_phase)
        noisy = picture.astype(np.float32) * np.float32(light) + self._noise[number % 4]
        return np.clip(noisy, 0, 255).astype(np.uint8), boxes

    def _enter(self, rng: np.random.Generator, start_s: float) -> None:
        width, _ = self.view.size
        side = 1 if rng.random() < 0.5 else -1
        rows = rng.uniform(self.view.far[0], self.view.near[0], 2)
        speed = rng.uniform(0.55, 0.95)  # body heights a second
        for companion in range(2 if rng.random() < 0.35 else 1):
            tall, x, y = rng.uniform(0.93, 1.07), -60.0 if side > 0 else width + 60.0, rows[0] + 14.0 * companion
            feet, stop_x, stop = [], rng.uniform(0.3, 0.7) * width, round(rng.uniform(2, 6) * self.fps)
            stops = rng.random() < 0.25
            while -70 <= x <= width + 70:
                feet.append((x + 22.0 * companion * side, y))
                high = self.view.height_at(y)
                if stops and abs(x - stop_x) < high * 0.1 and stop > 0:
                    stop -= 1
                    continue
                x += side * speed * high / self.fps
                y += (rows[1] - rows[0]) * speed * high / self.fps / width
            places = np.array(feet, np.float32)
            steps = np.hypot(*np.diff(places, axis=0, prepend=places[:1]).T)
            stride = np.cumsum(steps / np.array([self.view.height_at(float(v)) for v in places[:, 1]]))
            self._ways.append(_Way(len(self._ways) + 1, int(rng.integers(LOOKS)), tall, round(start_s * self.fps), side,
                                   places, np.asarray(5.5 * stride, np.float32)))  # fmt: skip

    def _put(self, picture: Pixels, way: _Way, x: float, y: float, stride: float) -> Box | None:
        width, height = self.view.size
        tall = self.view.height_at(y) * way.tall
        person = SimulatedPerson(way.id, x, y, way.side * tall, 0.0, tall, stride, 1.0, look=way.look)
        patch, (left, above) = draw_body(person, tall)
        corner = round(x) - left, round(y) - above
        rows, columns = np.nonzero(patch[..., 3] > 127)
        box = (float(corner[0] + columns.min()), float(corner[1] + rows.min()),
               float(np.ptp(columns) + 1), float(np.ptp(rows) + 1))  # fmt: skip
        cv2.ellipse(shade := np.zeros((height, width), np.uint8), (round(x + 0.18 * tall), round(y)),
                    (round(0.28 * tall), max(2, round(0.05 * tall))), 0, 0, 360, 255, -1)  # fmt: skip
        picture[shade > 0] = (picture[shade > 0] * self._shade).astype(np.uint8)
        x0, y0, x1, y1 = (max(0, corner[0]), max(0, corner[1]), min(width, corner[0] + patch.shape[1]),
                          min(height, corner[1] + patch.shape[0]))  # fmt: skip
        if x1 <= x0 or y1 <= y0 or not 0 < box[0] + box[2] / 2 < width:
            return None
        over = patch[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]].astype(np.float32)
        there = picture[y0:y1, x0:x1]
        there[:] = (there * (1 - over[..., 3:] / 255) + over[..., :3]).astype(np.uint8)
        return box


def _paint(view: View, rng: np.random.Generator) -> Pixels:
    """Return the empty street: walls, lawn and paving with their grain."""
    width, height = view.size
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = rng.uniform(90, 150) * rng.uniform(0.9, 1.1, 3)
    scene[: int(view.far[0] * 0.8)] *= rng.uniform(0.6, 1.3, 3)
    for _ in range(14):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        tone = tuple(float(v) for v in rng.uniform(60, 190) * rng.uniform(0.9, 1.1, 3))
        cv2.rectangle(scene, (x, y), (x + int(rng.integers(40, 200)), y + int(rng.integers(15, 60))), tone, -1)
    for cells, share in ((12, 0.05), (80, 0.04), (400, 0.04)):
        grain = rng.normal(0, 1, (cells * height // width, cells)).astype(np.float32)
        scene *= (1 + np.float32(share) * cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC))[..., None]
    return np.clip(scene, 0, 255).astype(np.uint8)
