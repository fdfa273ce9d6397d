"""The base class of scenes: five hooks, all optional."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.problems import did_you_mean
from engine.scene.param import specs
from engine.world import OPEN, Now, StageSize

HOOKS: Mapping[str, tuple[str, ...]] = {
    "setup": ("self", "stage"),
    "update": ("self", "now"),
    "draw": ("self", "canvas", "now"),
    "play": ("self", "sound", "now"),
    "light": ("self", "lights", "now"),
}


class Scene:
    """What an artist writes: a class with any of the hooks `setup`, `update`, `draw`, `play` and `light`.

    Attributes:
        rng: Random numbers that repeat with the show's seed; there before `setup`.
        uses_pixels: Set to True where the scene reads camera pixels; its thumbnails are then blank.
    """

    uses_pixels: bool = False
    rng: np.random.Generator
    _values: Mapping[str, Any]
    _closes: set[str]

    def __new__(cls) -> Scene:
        """Make the Params readable even in an `__init__` that does not call this class's."""
        scene = super().__new__(cls)
        scene._values = {spec.name: spec.default for spec in specs(cls)}
        scene._closes = set()
        return scene

    def close(self, gate: str) -> None:
        """Keep a gate of the house closed in this frame; what is not asked for again opens.

        Args:
            gate: `waves` (OSC from and to other machines), `sounds` (loudspeakers, microphones) or `others` (cameras).

        Raises:
            ValueError: There is no such gate.
        """
        if gate not in OPEN:
            raise ValueError(f"close: no gate {gate!r}{did_you_mean(str(gate), OPEN)}; one of {', '.join(OPEN)}")
        self._closes.add(gate)

    def setup(self, stage: StageSize) -> None:
        """Begin: called once, before the first frame."""

    def update(self, now: Now) -> None:
        """Change state."""

    def draw(self, canvas: Any, now: Now) -> None:
        """Make light."""

    def play(self, sound: Any, now: Now) -> None:
        """Make sound."""

    def light(self, lights: Any, now: Now) -> None:
        """Drive lamps."""
