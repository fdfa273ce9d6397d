"""The blue room of `bench keying`: light, paint, shadow, spill, sensor and JPEG, with the truth beside each frame.

It is physics, written without looking at the keyer: all light is mixed linearly, the sensor adds shot and read noise,
and what a keyer sees went through sRGB and a JPEG of quality 88 with halved chroma (`vision.md`, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.bench.keyed_subjects import Subject
from engine.world import Floats, Pixels

SIZE = (1280, 720)
PLATE_FRAMES = 8
SHOT, READ = 2e-4, 0.002  # variance of shot noise at full light, standard deviation of read noise
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]


@dataclass(frozen=True, slots=True)
class Condition:
    """What the room does to a frame.

    Attributes:
        gain: Of the camera or the lamps, against the clean plate.
        balance: Of blue, green and red: a drift of the white balance.
        shadow: Share of the light that the subject's shadow takes where it is deepest.
        spill: Share of the wall's light that falls on the subject.
        noise: Times the ordinary one.
    """

    gain: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shadow: float = 0.4
    spill: float = 0.10
    noise: float = 1.0


CONDITIONS = {
    "nominal": Condition(),
    "gain 0.8": Condition(gain=0.8),
    "gain 1.2": Condition(gain=1.2, balance=(0.94, 1.0, 1.07)),
    "shadow 0.75": Condition(shadow=0.75),
    "spill 0.25": Condition(spill=0.25),
    "noise 3": Condition(noise=3.0),
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect keyer would find: alpha (height, width), colour premultiplied, linear BGR, without spill."""

    alpha: Floats
    colour: Floats


class BlueRoom:
    """One subject in one unevenly lit blue room, seen by one camera; the same seed gives the same frames."""

    def __init__(self, kind: str, seed: int) -> None:
        self._rng = np.random.default_rng([seed, *kind.encode()])
        self.subject = Subject(kind, SIZE, self._rng)
        self._light, self._wall = _lamps(self._rng), _paint(self._rng)
        aside, down = self._rng.choice([-1, 1]) * self._rng.uniform(0.04, 0.09), self._rng.uniform(-0.01, 0.05)
        soft = np.asarray(cv2.GaussianBlur(self.subject.alpha, (0, 0), SIZE[1] * 0.014), np.float32)
        self._shade = _moved(soft, (SIZE[0] * aside, SIZE[1] * down))
        near = np.asarray(cv2.GaussianBlur(self.subject.alpha, (0, 0), 12), np.float32)
        self._rim = 0.5 + 1.5 * (1 - near)  # the wall's light reaches the sides that are turned to it

    def plate(self) -> Pixels:
        """Return the mean of some frames of the empty room. BGR, uint8."""
        frames = [self._camera(self._wall * self._light[..., None], Condition()) for _ in range(PLATE_FRAMES)]
        return np.asarray(np.round(np.mean(frames, axis=0)), np.uint8)

    def frame(self, condition: Condition) -> Pixels:
        """Return what the camera gives, another time other noise. BGR, uint8."""
        lit = self._light * (1 - condition.shadow * self._shade)
        wall = self._wall * lit[..., None]
        alpha = self.subject.alpha[..., None]
        mean_wall = wall.mean(axis=(0, 1))
        # Spilled light is blue light on the subject's own paint, and a sheen that has the wall's colour.
        spilled = self.subject.colour * mean_wall * 1.2 + alpha * mean_wall * 0.4
        front = self._front() + condition.spill * self._rim[..., None] * spilled
        return self._camera(front + (1 - alpha) * wall, condition)

    def truth(self, condition: Condition) -> Truth:
        """Return alpha and colour as the camera would see them without wall and noise."""
        light = np.float32(condition.gain) * np.array(condition.balance, np.float32)
        return Truth(self.subject.alpha, self._front() * light)

    def _front(self) -> Floats:
        return self.subject.colour * np.float32(0.95)

    def _camera(self, light: Floats, condition: Condition) -> Pixels:
        exposed = light * np.float32(condition.gain) * np.array(condition.balance, np.float32)
        deviation = np.sqrt(SHOT * np.maximum(exposed, 0) + READ * READ) * condition.noise
        noisy = exposed + deviation * self._rng.standard_normal(exposed.shape, np.float32)
        packed = cv2.imencode(".jpg", encoded(noisy), JPEG)[1]
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def backdrop(size: tuple[int, int], seed: int) -> Floats:
    """Return a colourful picture to lay people over. Linear BGR, shape (height, width, 3)."""
    grid = np.random.default_rng([seed, 3]).uniform(0.05, 0.75, (6, 9, 3)).astype(np.float32)
    return decoded(encoded(np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC), np.float32)))


def encoded(light: Floats) -> Pixels:
    """Return linear light as sRGB (IEC 61966-2-1), uint8."""
    light = np.clip(light, 0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * curve), np.uint8)


def decoded(picture: Pixels) -> Floats:
    """Return sRGB, uint8, as linear light."""
    code = np.arange(256) / 255
    curve = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return curve.astype(np.float32)[picture]


def _lamps(rng: np.random.Generator) -> Floats:
    """Return the light on each place of wall and floor: falling to half across, with a hot spot."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(-np.pi, np.pi)
    along = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    along = (along - along.min()) / (along.max() - along.min())
    spot = (x - width * rng.uniform(0.2, 0.8)) ** 2 + (y - height * rng.uniform(0.1, 0.6)) ** 2
    return np.asarray((1 - 0.5 * along) * (1 + 0.25 * np.exp(-spot / (0.22 * width) ** 2)), np.float32)


def _paint(rng: np.random.Generator) -> Floats:
    """Return the wall's reflectance: mottled blue, folded into a floor. Linear BGR."""
    width, height = SIZE
    colour = np.array((rng.uniform(0.42, 0.60), rng.uniform(0.05, 0.10), rng.uniform(0.008, 0.03)), np.float32)
    mottle = np.zeros((height, width, 1), np.float32)
    for cell, depth in ((90, 0.03), (22, 0.02), (4, 0.012)):
        grid = rng.normal(0, depth, (height // cell + 2, width // cell + 2)).astype(np.float32)
        mottle[..., 0] += cv2.resize(grid, SIZE, interpolation=cv2.INTER_CUBIC)
    hue = rng.normal(0, 0.03, (9, 16, 3)).astype(np.float32)
    paint = colour * (1 + mottle) * (1 + cv2.resize(hue, SIZE, interpolation=cv2.INTER_CUBIC))
    fold = height * rng.uniform(0.78, 0.86)
    below = 0.5 + 0.5 * np.tanh((np.arange(height, dtype=np.float32) - fold) / 8)[:, None, None]
    return np.asarray(paint * (1 - below * (1 - np.array((0.80, 0.84, 0.95), np.float32))), np.float32)


def _moved(picture: Floats, offset: tuple[float, float]) -> Floats:
    move = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
    return np.asarray(cv2.warpAffine(picture, move, SIZE), np.float32)
