"""Fades: lamps move to what is asked of them in the time that was asked for, on the loop's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.light.levels import Colour, Floats, LampLevel

DARK = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class LitLamp:
    """One lamp now: its linear light, and its further channels by name.

    Attributes:
        pixels: Light of each pixel, if it follows a picture; that has no fade of its own.
    """

    light: Colour = DARK
    channels: dict[str, float] = field(default_factory=dict)
    pixels: Floats | None = None
    _target: Colour = DARK
    _fade_s: float = 0.0
    _left_s: float = 0.0

    def ask(self, target: Colour, fade_s: float) -> None:
        """Set out for a target, unless it is on its way there."""
        if target != self._target:
            self._target, self._fade_s, self._left_s = target, fade_s, fade_s

    def release(self) -> None:
        """Set out for darkness, as slowly as it was last asked to change."""
        self.ask(DARK, self._fade_s)

    def step(self, dt: float) -> None:
        """Go on by `dt` seconds."""
        share = min(dt / self._left_s, 1.0) if self._left_s > dt else 1.0
        self._left_s = max(self._left_s - dt, 0.0)
        red, green, blue = (now + (to - now) * share for now, to in zip(self.light, self._target, strict=True))
        self.light = self._target if share == 1.0 else (red, green, blue)


class Fades:
    """All lamps; one that is not asked for in a frame is released."""

    def __init__(self, names: Iterable[str]) -> None:
        self.lamps = {name: LitLamp() for name in names}

    def step(self, asked: Iterable[LampLevel], dt: float) -> None:
        """Take what a frame asks for, and go on by its `dt` seconds."""
        wanted = {level.lamp: level for level in asked}
        for name, lamp in self.lamps.items():
            level = wanted.get(name)
            if level is None:
                lamp.release()
                lamp.channels, lamp.pixels = {}, None
            else:
                red, green, blue = level.colour
                lamp.ask((red * level.level, green * level.level, blue * level.level), level.fade_s)
                lamp.channels = dict(level.channels)
                lamp.pixels = None if level.pixels is None else level.pixels * np.float32(level.level)
            lamp.step(dt)
