"""Layers: what scenes hand to the compositor. A picture, how it is mixed, and what kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.world import Calm

Blend = Literal["over", "add", "multiply", "screen"]
Kind = Literal["drawing", "people", "video"]
Order = Literal["rgba", "bgra"]  # of the bytes in a pixel
Box = tuple[int, int, int, int]
BLENDS: tuple[Blend, ...] = ("over", "add", "multiply", "screen")


@dataclass(frozen=True, slots=True)
class Layer:
    """One picture of a view, as large as the view's canvas.

    Attributes:
        pixels: Premultiplied RGBA. Shape (height, width, 4), uint8, C-contiguous.
        alpha: Strength, 0..1.
        kind: `people` layers hold camera pixels and are left out of thumbnails.
        box: (left, top, right, bottom) outside which every pixel is clear, or None; it saves looking there.
    """

    pixels: NDArray[np.uint8]
    blend: Blend = "over"
    alpha: float = 1.0
    kind: Kind = "drawing"
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One scene's layers, bottom first, composed over black, then weighed: a cross-fade is two groups, 1-t and t."""

    layers: tuple[Layer, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Still:
    """The last picture before a scene failed; a new `number` keeps the picture that was shown last."""

    number: int
    weight: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame's light: the groups of each view and what fades out beside them; `stage` is the view of every show.

    Attributes:
        calm: Where it changes only slowly.
    """

    views: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    still: Still | None = None
    calm: tuple[Calm, ...] = ()
