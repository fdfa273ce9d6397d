"""Mixing and mapping by plain OpenCV: draws until the kernels are ready, slower, within 2/255 of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.render.layer import Blend, Layer, Order

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


def mix(groups: Sequence[tuple[Sequence[Layer], int]], out: Pixels, order: Order) -> None:
    """Compose each group over black and write their sum, weighed in 255ths, opaque, to `out`."""
    total: Any = np.zeros_like(out)
    for layers, weight in groups:
        below: Any = np.zeros_like(out)
        for layer in layers:
            strength = round(layer.alpha * 255) / 255
            pixels = layer.pixels if strength >= 1 else cv2.convertScaleAbs(layer.pixels, alpha=strength)
            below = _blend(below, pixels, layer.blend)
        total = cv2.addWeighted(total, 1.0, below, weight / 255, 0.0) if weight < 255 else below
    out[:] = total if order == "rgba" else cv2.cvtColor(total, cv2.COLOR_RGBA2BGRA)
    out[..., 3] = 255


def _blend(below: Any, layer: Any, blend: Blend) -> Any:
    if blend == "add":
        return cv2.add(below, layer)
    if blend == "screen":
        return 255 - cv2.multiply(255 - below, 255 - layer, scale=1 / 255)
    clear = cv2.cvtColor(255 - layer[..., 3], cv2.COLOR_GRAY2RGBA)
    if blend == "multiply":
        return cv2.multiply(below, cv2.add(layer, clear), scale=1 / 255)
    return cv2.add(layer, cv2.multiply(below, clear, scale=1 / 255))


def warp(stage: Pixels, x: Floats, y: Floats, weights: Pixels, out: Pixels) -> None:
    """Sample the stage at (x, y), the edge repeated, and weigh each byte by `weights` / 255; opaque."""
    cv2.remap(stage, x, y, cv2.INTER_LINEAR, dst=out, borderMode=cv2.BORDER_REPLICATE)
    cv2.multiply(out, weights, dst=out, scale=1 / 255)
    out[..., 3] = 255


def weights_of(gain: Floats) -> Pixels:
    """Return `gain`, 0..1, as the weights of `warp`; alpha stays as it is. Shape (height, width, 4), uint8."""
    weight = cv2.convertScaleAbs(gain, alpha=255)
    return np.asarray(cv2.merge([weight, weight, weight, np.full_like(weight, 255)]), np.uint8)
