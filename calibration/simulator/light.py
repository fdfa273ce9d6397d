"""What a simulated camera receives: frames travel along the room's light paths and are gathered by its pixels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.lens import Array
from calibration.simulator.room import (
    CHUNK,
    Camera,
    Room,
    Sight,
    Truth,
    albedo,
    grid_px,
    lighting,
    look,
    mirrored,
)

Floats = NDArray[np.float32]
Aim = tuple[Array, Array]  # projector_px, and how brightly full light would shine there
Pixels = NDArray[np.uint8]
FINE = 2  # samples along each side of a camera pixel
PATCH_PX = 24  # side of the patches that exchange light
GAUSS_REACH = 4.0
ADDED_UP = 1e-6  # of the light, by which a frame and its inverse may miss even light
NOISE = 1 << 23  # numbers of noise that are made once; a picture takes some that follow each other
GREY = 3  # after red, green and blue: what a grey picture is
TONES = 6  # of paint that are told apart, to find where it changes
DARK = 0.4  # what sends back less is ink: where it begins a pixel sees two colours


@dataclass(frozen=True)
class Path:
    """One way of light from a projector to the camera's samples.

    Attributes:
        x, y: Where each sample looks in the projector's picture, as `cv2.remap` counts (a centre is a whole number).
        gain: What arrives of full light.
    """

    x: Floats
    y: Floats
    gain: Floats


class Linear:
    """What becomes of a frame's light on its way: that of even light and of inverses follows from what is known.

    Args:
        size: (width, height) of the frames.
        of: What becomes of a frame; it must be linear.
    """

    def __init__(self, size: tuple[int, int], of: Callable[[Floats], Floats]) -> None:
        self._size, self._of = size, of
        self._last: tuple[Floats, Floats] | None = None

    @functools.cached_property
    def even(self) -> Floats:
        """What becomes of a frame that shines evenly with all its light."""
        return self._of(np.ones(self._size[::-1], np.float32))

    def __call__(self, light: Floats) -> Floats:
        """Return what becomes of a frame."""
        low, high, _, _ = cv2.minMaxLoc(light)
        if low == high:  # most frames of a light scan, and projectors that are black
            return np.asarray(np.float32(low) * self.even, np.float32)
        if self._last is not None and self._last[0].shape == light.shape:
            low, high, _, _ = cv2.minMaxLoc(cv2.add(self._last[0], light))
            if high - low <= ADDED_UP * high:
                return np.asarray(np.float32(high) * self.even - self._last[1], np.float32)
        self._last = (light, self._of(light))
        return self._last[1]


class View:
    """A camera's view of a room, made once; then `radiance` is a picture's worth of light.

    Args:
        fine: Samples along each side of a camera pixel.
    """

    def __init__(self, room: Room, camera: str, fine: int = FINE) -> None:
        self.room, self.camera, self.fine = room, room.cameras[camera], fine
        width, height = self.camera.lens.size
        self._shape = (height * fine, width * fine)
        self._gain_of_lens = _vignette(self.camera)
        self._follow()
        eyes = range(GREY + 1) if room.paint else (GREY,)
        self._arrives = {(name, eye): Linear(projector.lens.size, functools.partial(self._arriving, name, eye))
                         for name, projector in room.projectors.items() for eye in eyes}
        self._gathers = {(name, eye): Linear(projector.lens.size, functools.partial(self._arriving_gathered, name, eye))
                         for name, projector in room.projectors.items() for eye in eyes}
        self._exchange = self._radiosity() if room.bounce else None
        self._white_dn = 1.0
        white = max(self._white_of(name) for name in room.projectors)
        self._white_dn = self.camera.white_dn / white
        ambient = room.ambient * self.camera.white_dn
        self._ambient = {eye: ambient * self._gathered(self._painted(self._albedo, eye)) for eye in eyes}

    def radiance(self, frames: Mapping[str, Pixels | Floats], shift_px: tuple[float, float] = (0.0, 0.0),
                 eye: int = GREY) -> Floats:
        """Return the light of each camera pixel in numbers of an 8-bit picture, not rounded and without noise.

        Args:
            frames: Of each projector that shines, shape (height, width), uint8, or float32 if it is light already; the
                others are off.
            shift_px: How far the picture is moved on the sensor, as by a shaken camera.
            eye: What sees it: red, green, blue (0 to 2), or `GREY`.
        """
        eye = eye if self.room.paint else GREY
        total: Floats = np.zeros(self._owner.shape, np.float32)
        for name, frame in frames.items():
            total += self._seen((name, eye), self._light(name, frame), shift_px)
        gathered = total * np.float32(self._white_dn)
        if self._exchange is not None:
            gathered += self._bounced(gathered)
        return np.asarray(gathered + self._ambient[eye], np.float32)

    def truth(self, projector: str) -> Truth:
        """Return what each pixel's centre sees of a projector."""
        lens = self.room.projectors[projector].lens
        px, light = self._aims[projector]
        with np.errstate(invalid="ignore"):
            is_lit = (light > 0) & (px >= 0).all(-1) & (px < np.array(lens.size)).all(-1)
        return Truth(px, is_lit, self._points, self._owner)

    def _seen(self, by: tuple[str, int], light: Floats, shift_px: tuple[float, float]) -> Floats:
        """Return what the pixels gather of a projector's light, by its name and the eye."""
        if shift_px == (0.0, 0.0):
            return self._gathers[by](light)
        return self._gathered(self._moved(self._arrives[by](light), shift_px))

    def _painted(self, light: Floats, eye: int) -> Floats:
        """Return what an eye sees of white light that painted walls send back."""
        return np.asarray(cv2.multiply(light, self._paint[eye]), np.float32) if self._paint else light

    def _light(self, name: str, frame: Pixels | Floats) -> Floats:
        """Return the light of a frame as it leaves the projector's chip."""
        if frame.dtype == np.float32:
            return np.asarray(frame, np.float32)
        projector = self.room.projectors[name]
        levels = (np.arange(256) / 255) ** projector.gamma
        table = (levels * (1 - 1 / projector.contrast) + 1 / projector.contrast).astype(np.float32)
        return np.asarray(cv2.LUT(frame, table), np.float32)

    def _arriving(self, name: str, eye: int, light: Floats) -> Floats:
        """Return what the samples see of a projector's light."""
        shown = _blurred(light, self.room.projectors[name].blur_px, cv2.BORDER_CONSTANT)
        total = np.zeros(self._shape, np.float32)
        for path in self._paths[name]:
            seen = cv2.remap(shown, path.x, path.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            total += cv2.multiply(seen, path.gain)
        return self._painted(total, eye)

    def _arriving_gathered(self, name: str, eye: int, light: Floats) -> Floats:
        return self._gathered(self._arriving(name, eye, light))

    def _moved(self, light: Floats, shift_px: tuple[float, float]) -> Floats:
        move = np.array([[1, 0, shift_px[0] * self.fine], [0, 1, shift_px[1] * self.fine]], np.float64)
        return np.asarray(cv2.warpAffine(light, move, self._shape[::-1], flags=cv2.INTER_LINEAR), np.float32)

    def _gathered(self, light: Floats) -> Floats:
        """Return what the camera's pixels gather of their samples."""
        small = np.asarray(cv2.resize(light, self.camera.lens.size, interpolation=cv2.INTER_AREA), np.float32)
        return np.asarray(cv2.multiply(_blurred(small, self.camera.blur_px), self._gain_of_lens), np.float32)

    def _white_of(self, name: str) -> float:
        light = self._gathers[name, GREY].even
        return float(np.percentile(light[light > 0.05 * light.max()], 98)) if light.max() > 0 else 1.0

    def _follow(self) -> None:
        """Follow a ray through each pixel's centre, and through every sample where the view is torn by an edge."""
        width, height = self.camera.lens.size
        around = grid_px((width + 2, height + 2)) - 1.0
        maps, kind, sights, aims = self._traced(around.reshape(-1, 2))
        shape = around.shape[:2]
        self._keep(sights, aims, shape)
        fine = self.fine
        channels = [_enlarged(channel.reshape(shape), fine) for channel in maps]
        torn = _torn(kind.reshape(shape))[1:-1, 1:-1]
        if fine > 1 and torn.any():
            chosen = np.repeat(np.repeat(torn, fine, 0), fine, 1)
            exact = self._traced(grid_px(self.camera.lens.size, fine)[chosen])[0]
            for channel, values in zip(channels, exact, strict=True):
                channel[chosen] = values
        self._albedo = channels.pop()
        self._paint: Sequence[Floats] = ()
        if self.room.paint:
            blue, green, red = (channels.pop() for _ in range(GREY))
            self._paint = (red, green, blue, np.asarray((red + 2 * green + blue) / 4, np.float32))
        self._paths: dict[str, list[Path]] = {}
        ways = len(channels) // 3 // len(self.room.projectors)
        for place, name in enumerate(self.room.projectors):
            own = channels[place * ways * 3:(place + 1) * ways * 3]
            self._paths[name] = [Path(*own[3 * way:3 * way + 3]) for way in range(ways)]

    def _traced(self, px: Array) -> tuple[Floats, NDArray[np.int64], list[Sight], list[list[Aim]]]:
        """Return maps of all ways (x, y, gain of each, then the walls' colour), what kind of place, sights and aims."""
        parts = [px[start:start + CHUNK] for start in range(0, len(px), CHUNK)]
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(self._traced_part, parts))
        return (np.concatenate([part[0] for part in done], axis=1), np.concatenate([part[1] for part in done]),
                [part[2] for part in done], [part[3] for part in done])

    def _traced_part(self, px: Array) -> tuple[Floats, NDArray[np.int64], Sight, list[Aim]]:
        room = self.room
        sight = look(room, self.camera.lens, px)
        reflecting = albedo(room, sight)
        sights = [(sight, reflecting)]
        if room.gloss:
            sights.append((mirrored(room, sight), np.full(len(px), room.gloss)))
        maps: list[Floats] = []
        aims: list[Aim] = []
        kind = 2 * sight.owner + (reflecting < DARK)
        for projector in room.projectors.values():
            for seen, share in sights:
                aim = lighting(room, seen, projector)
                maps += _path(*aim, share)
                aims += [aim] if seen is sight else []
                kind = kind * 32 + seen.owner * 2 + (maps[-1] > 0)
        if room.paint:
            paint = np.nan_to_num(room.paint(np.nan_to_num(sight.points_m)))
            maps += list(paint.T.astype(np.float32))
            tones = np.rint(paint * (TONES - 1)).astype(np.int64)
            kind = kind * TONES ** 3 + tones @ (1, TONES, TONES ** 2)
        return np.stack([*maps, reflecting.astype(np.float32)]), kind, sight, aims

    def _keep(self, sights: list[Sight], aims: list[list[Aim]], shape: tuple[int, int]) -> None:
        """Keep what the pixels' centres see, for the truth and for light that goes from wall to wall."""
        inner = (slice(1, -1), slice(1, -1))
        self._points, self._normals = (
            np.concatenate([getattr(sight, name) for sight in sights]).reshape(*shape, 3)[inner]
            for name in ("points_m", "normals"))
        self._owner = np.concatenate([sight.owner for sight in sights]).reshape(shape)[inner]
        self._aims = {name: tuple(np.concatenate([part[place][which] for part in aims]).reshape(*shape, *more)[inner]
                                  for which, more in enumerate(((2,), ())))
                      for place, name in enumerate(self.room.projectors)}

    def _radiosity(self) -> Floats:
        """Return what each patch of the view receives from each other, over all bounces. Shape (n, n)."""
        rows, columns = self._patches()
        height, width = self._owner.shape
        at = np.ix_((np.arange(rows) * height + height // 2) // rows,
                    (np.arange(columns) * width + width // 2) // columns)
        points, normals = self._points[at].reshape(-1, 3), self._normals[at].reshape(-1, 3)
        lens = self.camera.lens
        way = points - lens.at_m
        far = np.linalg.norm(way, axis=1)
        cosine = np.maximum(-(way * normals).sum(1) / far, 0.05)
        ahead = np.maximum(way @ lens.turn[2], 1e-6) / far
        cell = lens.size[0] / columns * lens.size[1] / rows
        area = far ** 2 * (cell / lens.focal_px ** 2 * ahead ** 3) / cosine
        between = points[None] - points[:, None]
        square = (between ** 2).sum(-1)
        own = np.maximum((between * normals[:, None]).sum(-1), 0)
        other = np.maximum(-(between * normals[None]).sum(-1), 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            form = own * other / (np.pi * square * np.maximum(square, area[None] / np.pi)) * area[None]
        once = self.room.bounce * np.nan_to_num(form)
        once /= max(1.0, once.sum(1).max() / 0.9)  # no wall sends back more than it got
        return np.linalg.solve(np.eye(len(points)) - once, once).astype(np.float32)

    def _patches(self) -> tuple[int, int]:
        width, height = self.camera.lens.size
        return max(2, height // PATCH_PX), max(2, width // PATCH_PX)

    def _bounced(self, gathered: Floats) -> Floats:
        assert self._exchange is not None
        rows, columns = self._patches()
        sent = cv2.resize(gathered / self._gain_of_lens, (columns, rows), interpolation=cv2.INTER_AREA)
        received = (self._exchange @ sent.ravel()).reshape(rows, columns)
        return np.asarray(cv2.resize(received, self.camera.lens.size, interpolation=cv2.INTER_LINEAR)
                          * self._gain_of_lens, np.float32)


def expose(radiance: Floats, camera: Camera, rng: np.random.Generator) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the picture that a camera makes of light: shot noise, noise of reading, its response, whole numbers."""
    dn_of_e = 255 / camera.well_e
    sigma = np.sqrt(np.maximum(radiance * np.float32(dn_of_e) + np.float32((camera.read_e * dn_of_e) ** 2), 0))
    noisy = radiance + sigma * _noise(radiance.shape, rng)
    if camera.gamma != 1:
        noisy = 255 * np.power(np.clip(noisy, 0, 255) / 255, 1 / camera.gamma, dtype=np.float32)
    if camera.bits <= 8:
        return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)
    top = 2 ** camera.bits - 1
    return np.asarray(np.clip(np.rint(noisy * (top / 255)), 0, top), np.uint16)


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return normal numbers, from anywhere in a store of them: to make them anew for each picture takes longest."""
    count = int(np.prod(shape))
    if 2 * count > NOISE:
        return rng.standard_normal(shape, np.float32)
    start = int(rng.integers(0, NOISE - count))
    return np.asarray(_store()[start:start + count].reshape(shape) * np.float32(rng.choice((-1, 1))), np.float32)


@functools.cache
def _store() -> Floats:
    return np.random.default_rng(1).standard_normal(NOISE, np.float32)


def banding(shape: tuple[int, int], amplitude: float, rng: np.random.Generator) -> Floats:
    """Return the brightness of each row that a colour wheel leaves under a rolling shutter. Shape (height, 1)."""
    rows = np.arange(shape[0]) / shape[0]
    wave = np.sin(2 * np.pi * (rows * rng.uniform(2, 5) + rng.uniform()))
    return (1 + amplitude * wave).astype(np.float32)[:, None]


def _path(px: Array, light: Array, reflecting: Array) -> tuple[Floats, ...]:
    place = np.nan_to_num(px - 0.5, nan=-1e4).clip(-1e4, 1e5).astype(np.float32)
    return place[:, 0], place[:, 1], (light * reflecting).astype(np.float32)


def _vignette(camera: Camera) -> Floats:
    px = grid_px(camera.lens.size)
    width, height = camera.lens.size
    corner = np.hypot(px[..., 0] / width - 0.5, px[..., 1] / height - 0.5) / np.sqrt(0.5)
    return np.asarray(1 - camera.vignetting * corner ** 2, np.float32)


def _blurred(picture: Floats, sigma_px: float, border: int = cv2.BORDER_REPLICATE) -> Floats:
    if sigma_px <= 0:
        return picture
    reach = 2 * int(np.ceil(GAUSS_REACH * sigma_px)) + 1
    return np.asarray(cv2.GaussianBlur(picture, (reach, reach), sigma_px, borderType=border), np.float32)


def _enlarged(channel: Floats, fine: int) -> Floats:
    """Return a map with one value a sample from one with one a pixel and a pixel more on each side."""
    size = (channel.shape[1] * fine, channel.shape[0] * fine)
    large = cv2.resize(channel, size, interpolation=cv2.INTER_LINEAR) if fine > 1 else channel
    return np.ascontiguousarray(large[fine:-fine, fine:-fine])


def _torn(kind: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pixels have a neighbour of another kind, in a picture and one more pixel on each side."""
    torn = np.zeros(kind.shape, np.uint8)
    across, down = kind[:, 1:] != kind[:, :-1], kind[1:] != kind[:-1]
    torn[:, 1:] |= across
    torn[:, :-1] |= across
    torn[1:] |= down
    torn[:-1] |= down
    return cv2.dilate(torn, np.ones((3, 3), np.uint8)) > 0
