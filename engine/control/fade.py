"""Cross-fades: weights that sum to 1 and never jump, also when a fade is interrupted."""

from __future__ import annotations

from typing import Generic, TypeVar

SHORTEST_FADE_S = 0.3
ROUNDING_S = 1e-9
T = TypeVar("T")


class Fade(Generic[T]):
    """How much each of several things shows; None is black, which is where everything begins.

    Attributes:
        weights: Shares that sum to 1.
        target: What will show alone when the fade is over.
    """

    def __init__(self) -> None:
        self.weights: dict[T | None, float] = {None: 1.0}
        self.target: T | None = None
        self._length_s = 0.0
        self._left_s = 0.0

    @property
    def running(self) -> bool:
        """Return whether a fade is under way."""
        return self._left_s > 0.0

    @property
    def progress(self) -> float:
        """Return how far the fade is, 0..1."""
        return 1.0 - self._left_s / self._length_s if self.running else 1.0

    def to(self, target: T | None, seconds: float) -> None:
        """Begin to fade from what shows now, in at least 300 ms."""
        self.target = target
        self.weights.setdefault(target, 0.0)
        self._length_s = self._left_s = max(seconds, SHORTEST_FADE_S)

    def drop(self, gone: T) -> None:
        """Show black in place of `gone` from now on."""
        share = self.weights.pop(gone, 0.0)
        self.weights[None] = self.weights.get(None, 0.0) + share
        if self.target is gone:
            self.to(None, 0.0)

    def step(self, dt: float) -> list[T]:
        """Go on by `dt` seconds; return what has faded out."""
        if not self.running:
            return []
        share = dt / self._left_s if dt < self._left_s - ROUNDING_S else 1.0
        self._left_s = self._left_s - dt if share < 1.0 else 0.0
        for key, weight in self.weights.items():
            self.weights[key] = weight + (float(key is self.target) - weight) * share
        if self.running:
            return []
        ended = [key for key in self.weights if key is not None and key is not self.target]
        self.weights = {self.target: 1.0}
        return ended


class Ramp:
    """A level that moves between 0 and 1, in 300 ms unless more is asked for."""

    def __init__(self, seconds: float = SHORTEST_FADE_S) -> None:
        self.level = 0.0
        self.on = False
        self._seconds = seconds

    def step(self, dt: float) -> float:
        """Go on by `dt` seconds and return the level."""
        change = dt / self._seconds
        self.level = min(self.level + change, 1.0) if self.on else max(self.level - change, 0.0)
        return self.level
