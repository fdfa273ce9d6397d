"""Strips and walls of LEDs: where each pixel looks at the picture, and what it sees there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.colours import to_linear
from engine.light.levels import Floats
from engine.render.layer import Layer
from engine.show.model import Lamp, Stage

TAPS = 3  # each way, spread over a pixel's own part of the picture


def taps(lamp: Lamp, stage: Stage) -> tuple[Floats, Floats]:
    """Return where each pixel of a lamp is sampled, in its order of wiring.

    A strip goes from `at_m` to `to_m`; a wall has its first pixel at the one and its last at the other. Without both
    places, or the stage's size, it spans the picture.

    Returns:
        x and y in stage units. Each of shape (pixels, TAPS * TAPS), float32.
    """
    columns, rows = lamp.pixels
    (left, top), (right, bottom) = _span(lamp, stage)
    step_x, step_y = (right - left) / columns, (bottom - top) / rows
    x = left + (np.arange(columns) + 0.5) * step_x
    y = top + (np.arange(rows) + 0.5) * step_y
    if 1 in (columns, rows):  # a strip may go any way; it sees as far to its sides as along
        count = columns * rows
        share = (np.arange(count) + 0.5) / count
        across, down = left + (right - left) * share, top + (bottom - top) * share
        step_x = step_y = max(np.hypot(right - left, bottom - top) / count, 1e-6)
    else:
        across, down = (grid.copy() for grid in np.meshgrid(x, y))
        if lamp.wiring == "snake":
            across[1::2] = across[1::2, ::-1]
    aside = (np.arange(TAPS) - (TAPS - 1) / 2) / TAPS
    far_x, far_y = np.meshgrid(aside * step_x, aside * step_y)
    xs = across.reshape(-1, 1) + far_x.reshape(1, -1)
    return xs.astype(np.float32), (down.reshape(-1, 1) + far_y.reshape(1, -1)).astype(np.float32)


def sampled(layers: Sequence[Layer], x: Floats, y: Floats) -> Floats:
    """Return the mean linear light of a picture at places in stage units; what lies outside takes its edge.

    Args:
        layers: Of one view, the lowest first; none is dark.
        x, y: Shape (pixels, taps).
    Returns:
        Shape (pixels, 3), float32.
    """
    light = np.zeros((*x.shape, 3), np.float32)
    for layer in layers:
        height, width = layer.pixels.shape[:2]
        columns = (x * height).astype(np.int64).clip(0, width - 1)
        rows = (y * height).astype(np.int64).clip(0, height - 1)
        light = laid_over(light, layer.pixels[rows, columns].astype(np.float32) / 255.0 * layer.alpha, layer.blend)
    return np.asarray(to_linear(light).mean(axis=1), np.float32)


def laid_over(below: Floats, layer: Floats, blend: str) -> Floats:
    """Return a premultiplied layer, parts 0..1, on what is below it."""
    colour, alpha = layer[..., :3], layer[..., 3:]
    if blend == "add":
        return np.asarray(below + colour, np.float32).clip(max=1.0)
    if blend == "screen":
        return below + colour - below * colour
    return below * (1.0 - alpha) + (colour if blend == "over" else below * colour)


def _span(lamp: Lamp, stage: Stage) -> tuple[tuple[float, float], tuple[float, float]]:
    if lamp.at_m is not None and lamp.to_m is not None and stage.size_m is not None:
        high = stage.size_m[1]
        return (lamp.at_m[0] / high, lamp.at_m[1] / high), (lamp.to_m[0] / high, lamp.to_m[1] / high)
    columns, rows = lamp.pixels
    if rows == 1:
        return (0.0, 0.5), (stage.aspect, 0.5)
    return ((stage.aspect / 2, 0.0), (stage.aspect / 2, 1.0)) if columns == 1 else ((0.0, 0.0), (stage.aspect, 1.0))
