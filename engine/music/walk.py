"""Random walks within bounds: numbers, whole numbers, or the pitches of a scale."""

from __future__ import annotations

import numpy as np

from engine.music.pitch import MusicError
from engine.music.scale import Scale


class Walk:
    """A value that wanders: `step()` goes on by one step, `value` is where it is; bounds throw it back.

    Args:
        rng: `self.rng`, or a number that repeats the walk.
        low, high: Bounds, both reached; with a scale they are pitches, or names of keys.
        step: The longest step. Whole bounds and a whole step make a walk on whole numbers that never stands still;
            with a scale a step is a degree.
        start: Where it begins; the middle if None.
        scale: Walk on its degrees; values are pitches.

    Raises:
        MusicError: The bounds or the step leave no room to walk.
    """

    def __init__(self, rng: np.random.Generator | int, low: float | str = 0, high: float | str = 7, step: float = 1,
                 start: float | str | None = None, scale: Scale | None = None) -> None:
        self._rng = np.random.default_rng(rng)
        self._scale = scale
        bottom, top = (scale.degree(end) if scale else end for end in (low, high))
        if isinstance(bottom, str) or isinstance(top, str) or not bottom < top or not step > 0:
            raise MusicError(f"Walk: from {low!r} to {high!r} by {step!r}; low below high, a step above 0, and "
                             "names of keys only with a scale")
        self._low, self._high, self._step = bottom, top, step
        self._is_whole = all(float(number).is_integer() for number in (bottom, top, step))
        if scale and not self._is_whole:
            raise MusicError(f"Walk: step is {step!r}; whole degrees on a scale")
        self._at = self._begin(start)

    @property
    def value(self) -> float:
        """Return where it is: a whole number, a number, or a pitch."""
        return self._scale[self._at] if self._scale else self._at

    def step(self) -> float:
        """Go one step and return the value there."""
        if self._is_whole:
            length = int(self._rng.integers(1, int(self._step) + 1))
            self._at = int(self._folded(self._at + (length if self._rng.random() < 0.5 else -length)))
        else:
            self._at = self._folded(self._at + float(self._rng.uniform(-self._step, self._step)))
        return self.value

    def _begin(self, start: float | str | None) -> float:
        if self._scale and start is not None:
            start = self._scale.degree(start)
        if isinstance(start, str):
            raise MusicError(f"Walk: start is {start!r}; names of keys only with a scale")
        at = (self._low + self._high) / 2 if start is None else min(max(start, self._low), self._high)
        return int(at // 1) if self._is_whole else at

    def _folded(self, at: float) -> float:
        """Return a place thrown back at the bounds as often as it takes."""
        width = self._high - self._low
        away = (at - self._low) % (2 * width)
        return self._low + min(away, 2 * width - away)
