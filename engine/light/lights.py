"""The artist's lamps: asked for by name in each frame; a lamp that is not asked for is released."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from engine.colours import read_colour, to_linear
from engine.light.levels import Floats, LampLevel
from engine.light.pixels import laid_over, sampled, taps
from engine.render.layer import Layer
from engine.show.model import Lamp, Stage

REACH = 0.1
MOST_UNKNOWN = 20


class Lights:
    """What `light(self, lights, now)` gets.

    Args:
        lamps: The show's lamps by name.
        stage: Its size in metres gives lamps their place on the canvas.

    Attributes:
        unknown: Lamps and groups that were asked for and are not in the show; they stay dark.
    """

    def __init__(self, lamps: Mapping[str, Lamp], stage: Stage) -> None:
        self._lamps = lamps
        self._stage = stage
        self._levels: dict[str, LampLevel] = {}
        self._views: Mapping[str, tuple[Layer, ...]] = {}
        self._places: dict[str, tuple[Floats, Floats]] = {}
        self.unknown: set[str] = set()

    def begin(self, views: Mapping[str, tuple[Layer, ...]]) -> None:
        """Begin a frame: no lamp is asked for; `views` are what the scene has drawn, for `follow`."""
        self._levels = {}
        self._views = views

    def end(self) -> tuple[LampLevel, ...]:
        """Return what was asked for in this frame."""
        return tuple(self._levels.values())

    def __getitem__(self, name: str) -> Lamps:
        """Return one lamp."""
        if name not in self._lamps:
            self._note_unknown(f"light {name}")
            return Lamps(self, ())
        return Lamps(self, (name,))

    @property
    def all(self) -> Lamps:
        """Return every lamp at once."""
        return Lamps(self, tuple(self._lamps))

    def group(self, name: str) -> Lamps:
        """Return the lamps whose `group` in the show file is this name."""
        names = tuple(lamp.name for lamp in self._lamps.values() if lamp.group == name)
        if not names:
            self._note_unknown(f"light group {name}")
        return Lamps(self, names)

    def _note_unknown(self, name: str) -> None:
        if len(self.unknown) < MOST_UNKNOWN:
            self.unknown.add(name[:80])

    def _ask(self, name: str, colour: tuple[float, float, float], level: float, fade_s: float = 0.0,
             pixels: Floats | None = None) -> None:
        channels = self._levels[name].channels if name in self._levels else ()
        self._levels[name] = LampLevel(name, colour, level, fade_s, channels, pixels)

    def _follow(self, name: str, view: str, level: float) -> None:
        lamp = self._lamps[name]
        if lamp.pixels == (1, 1):
            self._ask(name, self._colour_near(name, view), level)
            return
        pixels = sampled(self._views.get(view, ()), *self._taps(lamp))
        red, green, blue = pixels.mean(axis=0)
        self._ask(name, (float(red), float(green), float(blue)), level, pixels=pixels)

    def _taps(self, lamp: Lamp) -> tuple[Floats, Floats]:
        """Return where each pixel of a strip or wall is sampled, stage units."""
        if lamp.name not in self._places:
            self._places[lamp.name] = taps(lamp, self._stage)
        return self._places[lamp.name]

    def _ask_channel(self, name: str, channel: str, value: float) -> None:
        before = self._levels.get(name) or LampLevel(name, level=0.0)
        channels = (*(pair for pair in before.channels if pair[0] != channel), (channel, value))
        self._levels[name] = dataclasses.replace(before, channels=channels)

    def _colour_near(self, name: str, view: str) -> tuple[float, float, float]:
        """Return the mean linear light of the picture within a tenth of its height from the lamp, or of all of it."""
        layers = self._views.get(view, ())
        if not layers:
            return 0.0, 0.0, 0.0
        rows, columns = self._around(name, layers[0].pixels.shape[:2])
        light = np.zeros(3, np.float32)
        for layer in layers:
            light = laid_over(light, layer.pixels[rows, columns].astype(np.float32) / 255.0 * layer.alpha, layer.blend)
        red, green, blue = to_linear(light).reshape(-1, 3).mean(axis=0)
        return float(red), float(green), float(blue)

    def _around(self, name: str, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Return rows and columns, about 32 each, of the picture near the lamp."""
        height, width = shape
        at_m, size_m = self._lamps[name].at_m, self._stage.size_m
        left, top, right, bottom = 0, 0, width, height
        if at_m is not None and size_m is not None:
            x, y = (round(part / size_m[1] * height) for part in at_m)
            reach = max(round(REACH * height), 1)
            left, top = min(max(x - reach, 0), width - 1), min(max(y - reach, 0), height - 1)
            right, bottom = max(x + reach, left + 1), max(y + reach, top + 1)
        step = max(min(right - left, bottom - top) // 32, 1)
        return slice(top, bottom, step), slice(left, right, step)


class Lamps:
    """One lamp or several, set alike."""

    def __init__(self, lights: Lights, names: tuple[str, ...]) -> None:
        self._lights = lights
        self._names = names

    def set(self, colour: Any = (1.0, 1.0, 1.0), level: float = 1.0, fade_s: float = 0.0) -> None:
        """Ask for a colour (sRGB, as on the canvas) times a level 0..1, reached in `fade_s` seconds.

        Raises:
            ValueError: The colour is none, or a number is not finite.
        """
        red, green, blue = (to_linear(part) for part in read_colour(colour))
        for name in self._names:
            self._lights._ask(name, (red, green, blue), _unit("level", level), max(_finite("fade_s", fade_s), 0.0))

    def channel(self, name: str, value: float) -> None:
        """Ask for a value 0..1 of one channel of the fixture, such as `pan`."""
        for lamp in self._names:
            self._lights._ask_channel(lamp, name, _unit("value", value))

    def follow(self, view: str = "stage", level: float = 1.0) -> None:
        """Ask for the mean colour of what the scene has drawn in this frame at each lamp's, or each pixel's, place."""
        for name in self._names:
            self._lights._follow(name, view, _unit("level", level))


def mix_lamps(scenes: Iterable[tuple[float, tuple[LampLevel, ...]]]) -> tuple[LampLevel, ...]:
    """Return the light of several scenes added, each times its weight; colours mix in linear light.

    Channels and fade times are those of the scene with the greatest weight.
    """
    asked: dict[str, list[tuple[float, LampLevel]]] = {}
    for weight, levels in scenes:
        for level in levels:
            asked.setdefault(level.lamp, []).append((weight, level))
    return tuple(_mixed(parts) for parts in asked.values())


def _mixed(parts: list[tuple[float, LampLevel]]) -> LampLevel:
    if len(parts) == 1 and parts[0][0] == 1.0:
        return parts[0][1]
    main = max(parts, key=lambda part: part[0])[1]
    if any(lamp.pixels is not None for _, lamp in parts):
        return _mixed_pixels(parts, main)
    total = sum(weight * lamp.level for weight, lamp in parts)
    if total <= 0.0 or len(parts) == 1:
        return dataclasses.replace(main, level=total)
    red, green, blue = (sum(weight * lamp.level * lamp.colour[i] for weight, lamp in parts) / total for i in range(3))
    return dataclasses.replace(main, colour=(red, green, blue), level=min(total, 1.0))


def _mixed_pixels(parts: list[tuple[float, LampLevel]], main: LampLevel) -> LampLevel:
    """Return strips of several scenes added; one that is set as a whole has one colour all along."""
    mixed = np.zeros(3, np.float32)
    for weight, lamp in parts:
        light = np.asarray(lamp.colour if lamp.pixels is None else lamp.pixels, np.float32)
        mixed = mixed + np.float32(weight * lamp.level) * light
    red, green, blue = mixed.mean(axis=0)
    return dataclasses.replace(main, colour=(float(red), float(green), float(blue)), level=1.0, pixels=mixed)


def _finite(name: str, value: float) -> float:
    if isinstance(value, bool | int | float | np.number) and math.isfinite(value):
        return float(value)
    raise ValueError(f"lights: {name} is {value!r}; give a number")


def _unit(name: str, value: float) -> float:
    return min(max(_finite(name, value), 0.0), 1.0)
