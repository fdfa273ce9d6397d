"""What scenes ask of the lamps in one frame. A lamp that is not asked for is released."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LampLevel:
    """One lamp's light: a linear colour, each part 0..1, times a level 0..1, reached in `fade_s` seconds.

    Attributes:
        channels: Further channels of the fixture by name, such as `pan`, each 0..1.
    """

    lamp: str
    colour: Colour = (1.0, 1.0, 1.0)
    level: float = 1.0
    fade_s: float = 0.0
    channels: tuple[tuple[str, float], ...] = ()
