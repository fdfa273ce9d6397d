"""A frame: what the director answers to one `Now`."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.light.levels import LampLevel
from engine.render.layer import Picture
from engine.sound.events import Sounds


@dataclass(frozen=True, slots=True)
class Frame:
    """Light, sound and lamps of one frame, cross-fades and blackout already weighed in.

    Attributes:
        moment_ns: When that arrived to which the frame answers, monotonic; None for nothing in particular.
    """

    picture: Picture = field(default_factory=Picture)
    sounds: tuple[Sounds, ...] = ()
    lamps: tuple[LampLevel, ...] = ()
    moment_ns: int | None = None
