"""A mural: a wall in panels of many colours, faded and stained, as one finds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calibration.lens import Array

PANEL_M = (0.45, 0.3)
PANELS = 32  # along each side, then they repeat
DARK = 0.04  # of the panels, which hardly send anything back
STAIN = 0.12


def mural(seed: int) -> Callable[[Array], Array]:
    """Return what shares of red, green and blue a painted wall sends back, shape (n, 3), at places (n, 3)."""
    rng = np.random.default_rng([seed, 3])
    shape = (PANELS, PANELS)
    paint = rng.uniform(0.6, 0.95, (*shape, 1)) * rng.uniform(0.55, 1.0, (*shape, 3))
    paint[rng.random(shape) < DARK] *= 0.3
    waves, phases = rng.normal(0, 4.0, (4, 2)), rng.uniform(0, 2 * np.pi, (4, 3))

    def send_back(points_m: Array) -> Array:
        column, row = (np.floor(points_m[:, axis] / PANEL_M[axis]).astype(int) % PANELS for axis in (0, 1))
        stain = np.sin((points_m[:, :2] @ waves.T)[..., None] + phases).mean(1)
        return np.asarray(paint[row, column] * (1 - STAIN * (0.5 + stain.clip(-0.5, 0.5))))

    return send_back
