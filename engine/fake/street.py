"""A simulated fixed camera that looks at a street: people cross, meet and hide each other; with true boxes.

The picture is that of a pinhole camera above flat ground. Sun or an overcast sky, cast shadows, a lamp post, leaves in
the wind, exposure that follows the light, noise that grows with brightness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from engine.fake.body import draw_body
from engine.fake.passers import Ground, Passer, walk
from engine.fake.visitors import SimulatedPerson
from engine.world import Floats, Pixels

Box = tuple[float, float, float, float]
LEAST_INSIDE = 0.35


@dataclass(frozen=True, slots=True)
class View:
    """How a camera sees a street.

    Attributes:
        size: (width, height) of the picture, pixels.
        height_m: Of the camera above the ground.
        tilt_deg: Downwards.
        fov_deg: Across the width.
        near_m, far_m: People walk between these distances.
    """

    size: tuple[int, int]
    height_m: float
    tilt_deg: float
    fov_deg: float
    near_m: float
    far_m: float

    def project(self, x: float, y: float, z: float = 0.0) -> tuple[float, float, float]:
        """Return picture x, y and pixels a metre of a point: metres to the right, away, up."""
        tilt, focal = math.radians(self.tilt_deg), 0.5 * self.size[0] / math.tan(math.radians(self.fov_deg / 2))
        depth = y * math.cos(tilt) + (self.height_m - z) * math.sin(tilt)
        down = (self.height_m - z) * math.cos(tilt) - y * math.sin(tilt)
        scale = focal / max(depth, 0.2)
        return 0.5 * self.size[0] + x * scale, 0.5 * self.size[1] + down * scale, scale

    @property
    def ground(self) -> Ground:
        """Return what of the ground it sees."""
        return Ground(self.near_m, self.far_m, math.tan(math.radians(self.fov_deg / 2)))


PLAZA = View((768, 576), 6.0, 16.0, 48.0, 9.5, 27.0)
FORECOURT = View((640, 480), 4.2, 17.0, 62.0, 6.0, 16.0)
PAVEMENT = View((640, 480), 1.9, 4.0, 52.0, 4.6, 9.0)
AVENUE = View((960, 540), 8.0, 18.0, 55.0, 14.0, 32.0)


class Street:
    """People on a street, frame by frame.

    Args:
        count: How many are in the picture at once, about.
        fps: Pictures a second.
    """

    def __init__(self, view: View, seed: int, seconds: float, count: float = 6, fps: float = 10.0) -> None:
        self.view, self.fps, self.frames = view, fps, round(seconds * fps)
        self._people = walk(view.ground, seed, seconds, count, fps)
        rng = np.random.default_rng([seed, 54])
        self._scene = _paint(view, rng)
        grey = float(self._scene.mean())
        self._clothes = {p.id: _clothes(rng, grey) for p in self._people}
        self._noise = [rng.normal(0, 1, self._scene.shape).astype(np.float32) for _ in range(5)]
        self._noise_level, self._blur = rng.uniform(0.12, 0.35), rng.uniform(0.0, 0.8)
        self._sunny = bool(rng.random() < 0.5)
        self._sun = (
            float(rng.uniform(0, 2 * math.pi)),
            float(rng.uniform(0.6, 1.4)),
        )  # whither shadows fall, and how long
        self._shade = float(rng.uniform(0.45, 0.7) if self._sunny else rng.uniform(0.75, 0.9))
        self._clouds = rng.uniform(0.01, 0.05), rng.uniform(5, 15), rng.uniform(0, 6.3), rng.uniform(0, seconds)
        self._posts = [(float(rng.uniform(-0.5, 0.5)) * view.ground.half_width * y, y, float(rng.uniform(40, 90)))
                       for y in rng.uniform(view.near_m, view.far_m, int(rng.integers(0, 3)))]  # fmt: skip
        width, height = view.size
        self._leaves = [(int(rng.integers(0, width - 90)), int(rng.integers(0, max(1, round(0.2 * height)))),
                         int(rng.integers(50, 90)), int(rng.integers(30, 70)), float(rng.uniform(0, 6.3)))
                        for _ in range(int(rng.integers(0, 5)))]  # fmt: skip

    def frame(self, number: int) -> tuple[Pixels, dict[int, Box]]:
        """Return picture `number`, BGR, and the box of everybody in it, hidden or not, by id."""
        picture = self._scene.copy()
        self._wave_leaves(picture, number / self.fps)
        seen = [(passer, now) for passer in self._people if (now := passer.at(number)) is not None]
        bodies = {}
        for passer, now in seen:
            bodies[passer.id] = _Body(self.view, passer, now, self._clothes[passer.id])
            bodies[passer.id].cast_shadow(picture, self._sun, self._shade, self._sunny)
        things = [(now[1], passer) for passer, now in seen] + [(post[1], post) for post in self._posts]
        boxes: dict[int, Box] = {}
        for _, thing in sorted(things, key=lambda t: -t[0]):
            if isinstance(thing, Passer):
                bodies[thing.id].draw(picture)
                if self._is_inside(bodies[thing.id].box):
                    boxes[thing.id] = bodies[thing.id].box
            else:
                self._draw_post(picture, *thing)
        return self._expose(picture, number), boxes

    def _is_inside(self, box: Box) -> bool:
        width, height = self.view.size
        across = min(box[0] + box[2], width) - max(box[0], 0)
        down = min(box[1] + box[3], height) - max(box[1], 0)
        return across > 0 and down > 0 and across * down > LEAST_INSIDE * box[2] * box[3]

    def _expose(self, picture: Pixels, number: int) -> Pixels:
        """Return what the sensor makes of the light: gain that drifts, a soft lens, shot noise."""
        depth, period_s, phase, cloud_s = self._clouds
        time = number / self.fps
        gain = 1 + depth * math.sin(time / period_s * 2 * math.pi + phase) - 0.06 / (1 + math.exp(cloud_s - time))
        light = picture.astype(np.float32) * np.float32(gain)
        if self._blur > 0.3:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), self._blur), np.float32)
        light += self._noise[(number * 7919) % 5] * (self._noise_level * np.sqrt(light + 10))
        return np.asarray(np.clip(light, 0, 255), np.uint8)

    def _wave_leaves(self, picture: Pixels, time: float) -> None:
        for x, y, wide, high, phase in self._leaves:
            away = 1.6 * math.sin(2.1 * time + phase) + 0.9 * math.sin(5.3 * time + 2 * phase)
            move = np.array([[1, 0, away], [0, 1, 0.5 * away]], np.float64)
            moved = cv2.warpAffine(
                self._scene[y : y + high, x : x + wide], move, (wide, high), borderMode=cv2.BORDER_REFLECT
            )
            picture[y : y + high, x : x + wide] = moved

    def _draw_post(self, picture: Pixels, x_m: float, y_m: float, tone: float) -> None:
        x, y, scale = self.view.project(x_m, y_m)
        half = 0.07 * scale
        cv2.rectangle(picture, (round(x - half), -10), (round(x + half), round(y)), (tone, tone, tone), -1)


class _Body:
    """One person in one frame, standing upright in the picture."""

    def __init__(
        self, view: View, passer: Passer, now: tuple[float, float, float, float, float], clothes: Floats
    ) -> None:
        x_m, y_m, heading, stride, gait = now
        self._view, self._x_m, self._y_m = view, x_m, y_m
        self.x, self.foot, _ = view.project(x_m, y_m)
        self._tall_m = passer.tall_m
        self._tall = self.foot - view.project(x_m, y_m, passer.tall_m)[1]
        across = math.cos(heading)
        swing = 0.8 * gait * (0.3 + 0.7 * abs(across))
        person = SimulatedPerson(passer.id, self.x, self.foot, 0.3 * self._tall * across, 0.0, self._tall, stride,
                                 swing, look=passer.id * 7)  # fmt: skip
        self._patch, (self._left, self._above) = draw_body(person, self._tall)
        hips = self._above - round(0.47 * self._tall)
        colours = self._patch[..., :3].astype(np.float32)
        neck = self._above - round(0.82 * self._tall)
        for part, rows in enumerate((slice(neck, hips), slice(hips, None))):
            grey = colours[rows].mean(axis=2, keepdims=True)
            colours[rows] = (grey + clothes[part, 3] * (colours[rows] - grey)) * clothes[part, :3]
        self._colours = np.minimum(colours, self._patch[..., 3:])
        low, high = _extent(round(across, 1), round(swing, 1))
        self.box: Box = (
            self.x + low * self._tall,
            self.foot - self._tall,
            (high - low) * self._tall,
            1.01 * self._tall,
        )

    def draw(self, picture: Pixels) -> None:
        """Put them into the picture."""
        height, width = picture.shape[:2]
        left, top = round(self.x) - self._left, round(self.foot) - self._above
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(width, left + self._patch.shape[1]), min(height, top + self._patch.shape[0])
        if x1 > x0 and y1 > y0:
            inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
            there = picture[y0:y1, x0:x1]
            there[:] = there * (1 - self._patch[inside][..., 3:] / np.float32(255)) + self._colours[inside]

    def cast_shadow(self, picture: Pixels, sun: tuple[float, float], shade: float, sunny: bool) -> None:
        """Darken the ground: the body's shape laid on it away from the sun, or a soft spot below an overcast sky."""
        feet, long = np.array([self.x, self.foot]), self._tall_m * sun[1]
        head = self._on_ground(long * math.cos(sun[0]), long * math.sin(sun[0])) if sunny else feet
        margin = 0.4 * self._tall
        x0, y0 = np.maximum(0, np.minimum(feet, head) - margin).astype(int)
        x1, y1 = np.minimum(picture.shape[1::-1], np.maximum(feet, head) + margin).astype(int)
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        corner = np.array([x0, y0])
        if sunny:
            half = 0.5 * self._tall_m
            beside = self._on_ground(-half * math.sin(sun[0]), half * math.cos(sun[0]))
            middle = np.array([self._left, self._above])
            up, side = np.array([0, -self._tall]), np.array([0.5 * self._tall, 0])
            source = np.array([middle, middle + up, middle + side], np.float32)
            move = cv2.getAffineTransform(source, (np.array([feet, head, beside]) - corner).astype(np.float32))
            spot = cv2.warpAffine(np.ascontiguousarray(self._patch[..., 3]), move, (int(x1 - x0), int(y1 - y0)))
        else:
            spot = np.zeros((y1 - y0, x1 - x0), np.uint8)
            axes = round(0.24 * self._tall), max(2, round(0.05 * self._tall))
            cv2.ellipse(spot, (round(self.x - x0), round(self.foot - y0)), axes, 0, 0, 360, 255, -1)
        tint = np.array([shade + 0.05, shade, shade - 0.02], np.float32)  # the sky lights a shadow, and it is blue
        there = picture[y0:y1, x0:x1]
        there[:] = there * (1 - cv2.blur(spot, (3, 3))[..., None] / np.float32(255) * (1 - tint))

    def _on_ground(self, right_m: float, away_m: float) -> Floats:
        return np.asarray(self._view.project(self._x_m + right_m, max(self._y_m + away_m, 1.0))[:2], np.float32)


@lru_cache(maxsize=512)
def _extent(across: float, gait: float) -> tuple[float, float]:
    """Return how far a body reaches to both sides over a stride, on average, in heights: an annotator's box."""
    lows, highs = [], []
    for stride in np.arange(8) * math.pi / 4:
        patch, (left, _) = draw_body(SimulatedPerson(1, 0, 0, 30 * across, 0, 100, float(stride), gait), 100)
        columns = np.nonzero((patch[..., 3] > 127).any(axis=0))[0]
        lows.append((columns.min() - left) / 100)
        highs.append((columns.max() + 1 - left) / 100)
    return float(np.mean(lows)), float(np.mean(highs))


def _clothes(rng: np.random.Generator, street: float) -> Floats:
    """Return what the clothes' colours are multiplied with and how much of them is left; some look like the street.

    Shape (2, 4): top and trousers; blue, green, red and saturation.
    """
    dye = rng.uniform(0.5, 1.3, (2, 1)) * rng.uniform(0.85, 1.15, (2, 3))
    if rng.random() < 0.15:
        dye[0] *= street / 110
    return np.asarray(np.hstack([dye, rng.uniform(0.15, 0.9, (2, 1))]), np.float32)


def _paint(view: View, rng: np.random.Generator) -> Pixels:
    """Return the empty street: walls, lawn and paving with their grain."""
    width, height = view.size
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = rng.uniform(90, 150) * rng.uniform(0.9, 1.1, 3)
    far = max(10, round(view.project(0, view.far_m + 0.5)[1]))
    scene[:far] *= rng.uniform(0.5, 1.2, 3)
    for _ in range(10):  # windows, doors, cars, hedges
        x, y = int(rng.integers(width)), int(rng.integers(max(1, far - 10)))
        tone = tuple(float(v) for v in rng.uniform(40, 190) * rng.uniform(0.85, 1.15, 3))
        cv2.rectangle(
            scene, (x, y), (x + int(rng.integers(20, 140)), min(far, y + int(rng.integers(15, 60)))), tone, -1
        )
    for _ in range(4):  # a road, a lawn, a kerb lie flat
        x_m, y_m = rng.uniform(-1, 1) * view.far_m * 0.4, rng.uniform(view.near_m, view.far_m)
        wide_m, deep_m = rng.uniform(2, 9, 2)
        corners = [view.project(x_m + a * wide_m, y_m + b * deep_m)[:2] for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
        tone = tuple(float(v) for v in rng.uniform(70, 160) * rng.uniform(0.85, 1.15, 3))
        cv2.fillPoly(scene, [np.array(corners, np.float32).round().astype(np.int32)], tone)
    for cells, share in ((12, 0.05), (80, 0.04), (400, 0.05)):
        grain = rng.normal(0, 1, (cells * height // width, cells)).astype(np.float32)
        scene *= (1 + np.float32(share) * cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC))[..., None]
    return np.clip(scene, 0, 255).astype(np.uint8)
