"""What scenes ask of the lamps in one frame. A lamp that is not asked for is released."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LampLevel:
    """One lamp's light: a linear colour, each part 0..1, times a level 0..1, reached in `fade_s` seconds.

    Attributes:
        channels: Further channels of the fixture by name, such as `pan`, each 0..1.
        pixels: Linear light of each pixel of a strip or a wall, times the level; None: all have `colour`.
            Shape (n, 3), float32.
    """

    lamp: str
    colour: Colour = (1.0, 1.0, 1.0)
    level: float = 1.0
    fade_s: float = 0.0
    channels: tuple[tuple[str, float], ...] = ()
    pixels: Floats | None = field(default=None, compare=False)
