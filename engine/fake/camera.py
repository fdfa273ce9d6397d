"""A simulated camera: the frontal picture of simulated visitors in an unevenly lit room, with its truth; and the
same eye on it, run in one process on a virtual clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.clock import NS
from engine.fake.body import draw_body
from engine.fake.visitors import Guest, SimulatedPerson, Visitors
from engine.show.model import Camera
from engine.stage_view import lay, picture_to_stage, share_at
from engine.vision.eye import Eye
from engine.vision.plate import wall_colour
from engine.vision.sizes import ANALYSED, simulated_size
from engine.world import Floats, Matte, Pixels, Sighting

NOISE_TILES = 4
SEAM_Y, VANISHING_Y = 0.54, 0.30
PLAIN_WALL, PLAIN_FLOOR = (172, 184, 190), (82, 104, 128)


@dataclass(frozen=True, slots=True)
class Light:
    """How the room is lit.

    Attributes:
        falloff: Light of the darkest corner of the wall, as a share of the brightest place.
        shadow: How much light a cast shadow takes away, 0..1.
        spill: How much of the wall's colour falls on people, 0..1.
        noise: Standard deviation of the sensor's noise, levels of 255.
    """

    falloff: float = 0.72
    shadow: float = 0.35
    spill: float = 0.06
    noise: float = 2.5


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really in a picture.

    Attributes:
        alpha: How much of each pixel is a person. Shape (height, width), uint8.
        people: Everybody, farthest first, room units.
    """

    alpha: Pixels
    people: tuple[SimulatedPerson, ...]


class SimulatedCamera:
    """Makes pictures of simulated visitors.

    Args:
        size: (width, height) in pixels.
        room: `plain`, or the colour of the walls and the floor: `blue`, `green`, `#rrggbb`.
        seed: Of the room's paint and the sensor's noise.
    """

    def __init__(self, visitors: Visitors, size: tuple[int, int] = ANALYSED, room: str = "plain", seed: int = 0,
                 light: Light = Light()) -> None:  # fmt: skip
        self.visitors = visitors
        self.size = size
        self.light = light
        rng = np.random.default_rng([seed, 7])
        self._wall = None if room == "plain" else np.array(wall_colour(room), np.float32)
        self._room = _paint_room(size, self._wall, light.falloff, rng)
        self._noise = _noise_tiles(size, light.noise, rng)

    def picture(self, time: float, guest: SimulatedPerson | None = None) -> Pixels:
        """Return what the camera sees at `time` seconds. Shape (height, width, 3), BGR."""
        return self._noisy(self._compose(self._people(time, guest))[0], time)

    def empty(self, time: float = 0.0) -> Pixels:
        """Return the room with nobody in it."""
        return self._noisy(self._room.copy(), time)

    def truth(self, time: float, guest: SimulatedPerson | None = None) -> Truth:
        """Return what is really there at `time` seconds."""
        people = self._people(time, guest)
        return Truth(self._compose(people)[1], people)

    def _people(self, time: float, guest: SimulatedPerson | None) -> tuple[SimulatedPerson, ...]:
        people = self.visitors.at(time)
        return people if guest is None else tuple(sorted((*people, guest), key=lambda person: (person.y, person.id)))

    def _compose(self, people: tuple[SimulatedPerson, ...]) -> tuple[Pixels, Pixels]:
        width, height = self.size
        picture, alpha = self._room.copy(), np.zeros((height, width), np.uint8)
        patches = []
        for person in people:
            # The drawing moves in whole pixels, as its edges are soft enough to hide it.
            patch, (left, above) = draw_body(person, person.height * height)
            corner = round(person.x / self.visitors.aspect * width) - left, round(person.y * height) - above
            patches.append((patch, corner))
            self._cast_shadow(picture, person, patch, corner)
        for patch, corner in patches:
            self._paste(picture, alpha, patch, corner)
        return picture, alpha

    def _cast_shadow(self, picture: Pixels, person: SimulatedPerson, patch: Pixels, corner: tuple[int, int]) -> None:
        """Darken the wall beside a person (lamp from the upper left) and the floor under them."""
        height = self.size[1]
        on_wall = np.asarray(cv2.blur(patch[::2, ::2, 3], (7, 7)), np.uint8)
        on_wall = np.asarray(cv2.resize(on_wall, (patch.shape[1], patch.shape[0])), np.uint8)
        foot = (round(person.x / self.visitors.aspect * self.size[0]), round(person.y * height))
        offset = round(0.11 * person.height * height), round(-0.03 * person.height * height)
        _darken(picture, on_wall, (corner[0] + offset[0], corner[1] + offset[1]), self.light.shadow * 0.7)
        reach = max(4, round(0.26 * person.height * height))
        spot: Pixels = np.zeros((reach, reach * 4), np.uint8)
        cv2.ellipse(spot, (reach * 2, reach // 2), (round(reach * 1.1), max(1, reach // 4)), 0, 0, 360, 255, -1)
        spot = np.asarray(cv2.blur(spot, (reach // 2 | 1, reach // 4 | 1)), np.uint8)
        _darken(picture, spot, (foot[0] - reach * 2 + reach // 5, foot[1] - reach // 2), self.light.shadow)

    def _paste(self, picture: Pixels, alpha: Pixels, patch: Pixels, corner: tuple[int, int]) -> None:
        found = _overlap(picture, patch, corner)
        if found is None:
            return
        there, here = found
        over = patch[here]
        keep = cv2.cvtColor(cv2.bitwise_not(over[:, :, 3]), cv2.COLOR_GRAY2BGR)
        colour = over[:, :, :3]
        if self._wall is not None and self.light.spill > 0:
            lit = over[:, :, 3:].astype(np.float32) * (self._wall * np.float32(self.light.spill / 255))
            colour = np.asarray(colour * np.float32(1.0 - self.light.spill) + lit, np.uint8)
        picture[there] = cv2.add(cv2.multiply(picture[there], keep, scale=1 / 255), colour)
        alpha[there] = cv2.add(cv2.multiply(alpha[there], keep[:, :, 0], scale=1 / 255), over[:, :, 3])

    def _noisy(self, picture: Pixels, time: float) -> Pixels:
        tile = self._noise[round(time * 1000) * 7919 % len(self._noise)]
        brighter, darker = tile
        return np.asarray(cv2.subtract(cv2.add(picture, brighter), darker), np.uint8)


class InlineCamera:
    """The eye on a simulated camera in the caller's thread and time: the same seed gives the same bytes.

    It has the interface of `CameraLink`.
    """

    def __init__(self, camera: Camera, visitors: Visitors, seed: int = 0) -> None:
        self.camera = replace(camera, size=simulated_size(camera.size))
        self._source = SimulatedCamera(visitors, self.camera.size, fake_room(camera.key), seed)
        self._aspect = visitors.aspect
        self._to_stage = picture_to_stage(camera.corners, camera.mirror, visitors.aspect)
        self._guest = Guest(visitors.aspect)
        self._guest_at: tuple[float, float] | None = None
        self._eye = Eye(self.camera)
        self._eye.learn(self._source.empty())
        self._last: tuple[Sighting, Matte | None] = Sighting(camera.name, size=self._eye.size), None

    def guest(self, x: float, y: float, present: bool) -> None:
        """Put the guest at (x, y), stage units, or take them away."""
        share = share_at(self._to_stage, x, y)
        self._guest_at = (share[0] * self._aspect, share[1]) if present else None

    def poll(self, now_ns: int) -> tuple[Sighting, Matte | None]:
        """Return the newest sighting and matte at `now_ns`; makes a picture at each of the camera's frame times."""
        frame = math.floor(now_ns * self.camera.fps / NS + 1e-6)
        if frame != self._last[0].frame:
            self._last = self._look(frame)
        return self._last

    def _look(self, frame: int) -> tuple[Sighting, Matte | None]:
        time = frame / self.camera.fps
        captured_ns = round(time * NS)
        guest = None if self._guest_at is None else self._guest.follow(time, *self._guest_at)
        if guest is None:
            self._guest.leave()
        picture = self._source.picture(time, guest)
        pixels = self._eye.key(picture)
        pixels.flags.writeable = False
        sighting = self._eye.track(picture, pixels, captured_ns, frame)
        if self.camera.corners is not None:
            lay(pixels, self.camera.corners, laid := np.empty_like(pixels))
            laid.flags.writeable = False
            pixels = laid
        return sighting, Matte(pixels, captured_ns, frame)


def fake_room(key: str) -> str:
    """Return the room in which a camera with this key colour stands."""
    return "plain" if key == "none" else key


def _paint_room(size: tuple[int, int], wall: Floats | None, falloff: float, rng: np.random.Generator) -> Pixels:
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    aspect = width / height
    paint = np.empty((height, width, 3), np.float32)
    below = 1 / (1 + np.exp(-(y - SEAM_Y) * (120 if wall is None else 40)))[..., None]
    plain = np.array([PLAIN_WALL, PLAIN_FLOOR], np.float32)
    top, floor = plain if wall is None else (wall, wall * 0.9)
    paint[:] = top * (1 - below) + floor * below
    if wall is None:
        _lay_boards(paint, y, x, below[..., 0])
        skirting = np.exp(-(((y - SEAM_Y + 0.012) / 0.008) ** 4))[..., None]
        paint += (np.array((200, 206, 210), np.float32) - paint) * skirting * 0.8
    farthest = np.hypot(np.maximum(aspect * 0.42, aspect * 0.58), 0.7)
    distance = np.hypot(x - aspect * 0.42, (y - 0.3)) / farthest
    paint *= (1 - (1 - falloff) * np.minimum(distance, 1.0) ** 1.6)[..., None]
    mottle = rng.normal(0, 1, (height // 24 + 1, width // 24 + 1)).astype(np.float32)
    mottle = np.asarray(cv2.resize(mottle, size, interpolation=cv2.INTER_CUBIC), np.float32)
    paint *= (1 + 0.012 * mottle)[..., None]
    return np.clip(paint, 0, 255).astype(np.uint8)


def _lay_boards(paint: Floats, y: Floats, x: Floats, below: Floats) -> None:
    """Draw floor boards in perspective, so that depth can be seen."""
    depth = np.maximum(y - VANISHING_Y, 0.05)
    across = (x - x.max() / 2) / depth * 5.0
    board = np.floor(across)
    tone = 1 + 0.10 * np.sin(board * 12.9898) + 0.03 * np.sin(across * 40 + 6 / depth)
    joint = 1 - 0.35 * np.exp(-(((across - board) / 0.03) ** 2))
    paint *= (1 + (tone * joint - 1) * below)[..., None]


def _noise_tiles(size: tuple[int, int], noise: float, rng: np.random.Generator) -> list[tuple[Pixels, Pixels]]:
    tiles = []
    for _ in range(NOISE_TILES):
        tile = rng.normal(0, noise, (size[1], size[0], 3)).round().astype(np.int16)
        tiles.append((np.maximum(tile, 0).astype(np.uint8), np.maximum(-tile, 0).astype(np.uint8)))
    return tiles


Area = tuple[slice, slice]


def _overlap(picture: Pixels, patch: Pixels, corner: tuple[int, int]) -> tuple[Area, Area] | None:
    """Return where a patch lies in the picture, and which part of the patch that is; None if it lies outside."""
    (left, top), (height, width) = corner, picture.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + patch.shape[1]), min(height, top + patch.shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    return (slice(y0, y1), slice(x0, x1)), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))


def _darken(picture: Pixels, shade: Pixels, corner: tuple[int, int], share: float) -> None:
    found = _overlap(picture, shade, corner)
    if found is not None and share > 0:
        there, here = found
        light = cv2.convertScaleAbs(shade[here], alpha=-share, beta=255)
        # convertScaleAbs takes the magnitude: 255 - share * shade stays positive for shares up to 1.
        picture[there] = cv2.multiply(picture[there], cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), scale=1 / 255)
