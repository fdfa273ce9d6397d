"""A scene's budget: what its hooks take of a frame, held against what they should."""

from __future__ import annotations

SMOOTHING = 0.1
STRAINED = 30  # more frames over budget than within it, before a word is said


class Budget:
    """What a scene's hooks cost.

    Args:
        limit_ms: What all of them together should take at most in a frame.

    Attributes:
        cost_ms: Milliseconds a frame of each hook, smoothed.
        over: Frames that took longer than the limit.
        worst: The hook that took longest in such a frame, and its milliseconds.
    """

    def __init__(self, limit_ms: float) -> None:
        self.limit_ms = limit_ms
        self.cost_ms: dict[str, float] = {}
        self.over = 0
        self.worst = ("", 0.0)
        self._frame: dict[str, float] = {}
        self._run = 0

    def begin(self) -> None:
        """Begin a frame."""
        self._frame = {}

    def add(self, hook: str, cost_ms: float) -> None:
        """Book what a hook took."""
        self._frame[hook] = cost_ms
        before = self.cost_ms.get(hook, cost_ms)
        self.cost_ms[hook] = before + SMOOTHING * (cost_ms - before)

    def end(self) -> None:
        """End a frame."""
        is_over = sum(self._frame.values()) > self.limit_ms
        self._run = self._run + 1 if is_over else max(self._run - 1, 0)
        if is_over:
            self.over += 1
            self.worst = max(self.worst, max(self._frame.items(), key=_cost), key=_cost)

    @property
    def is_strained(self) -> bool:
        """Return whether frames are over the limit again and again, and not just now and then."""
        return self._run >= STRAINED


def _cost(pair: tuple[str, float]) -> float:
    return pair[1]
