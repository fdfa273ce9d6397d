"""Afterglow: when a scene fails, the last good picture fades out over what takes its place."""

from __future__ import annotations

from collections.abc import Iterable

from engine.control.fade import ROUNDING_S, SHORTEST_FADE_S
from engine.render.layer import Group, Picture, Still
from engine.scene.parts import Views
from engine.world import Calm

LENGTH_S = 2 * SHORTEST_FADE_S  # with a fade beneath it, so that the sum of both changes no faster than one fade would


class Afterglow:
    """How much of the last picture before a failure still shows, from 1 to 0, and what that leaves to the others."""

    def __init__(self) -> None:
        self._level = 0.0
        self._number = 0
        self._lit = self._lit_then = 1.0

    def begin(self) -> None:
        """Keep the picture that was shown last; of darkness nothing is kept."""
        self._number += 1
        self._level, self._lit_then = float(self._lit > 0.0), self._lit

    def step(self, dt: float) -> None:
        """Go on by `dt` seconds."""
        left = self._level - dt / LENGTH_S
        self._level = left if left > ROUNDING_S else 0.0

    def picture(self, made: Iterable[tuple[float, Views]], lit: float, calm: tuple[Calm, ...] = ()) -> Picture:
        """Return scenes' views by weight as one picture; all weights, the last picture's too, sum to `lit` at most.

        Args:
            lit: How bright blackout lets the stage be, 0..1.
            calm: Where the picture changes only slowly.
        """
        made, self._lit = tuple(made), lit
        total = sum(weight for weight, _ in made)
        share = min(1.0, (1.0 - self._level) * lit / total) if self._level and total > 0.0 else 1.0
        views: dict[str, list[Group]] = {}
        for weight, layers_of in made:
            for view, layers in layers_of.items():
                views.setdefault(view, []).append(Group(layers, weight * share))
        still = Still(self._number, self._level * min(lit / self._lit_then, 1.0)) if self._level else None
        return Picture({view: tuple(groups) for view, groups in views.items()}, still, calm)
