"""The compositor: layers mixed over black, groups weighed, into one opaque picture of the stage."""

from __future__ import annotations

from functools import cached_property
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.problems import MixeurError
from engine.render import plain
from engine.render.afterglow import Afterglow
from engine.render.layer import Group, Layer, Order, Still

Pixels = NDArray[np.uint8]
CHEAP = 8  # pixels that are mixed for what one drawn pixel costs
TILE = 256  # pixels; longer tiles outrun the prefetch of the layers (measured, decision 005)


class Compositor:
    """Mixes one view's groups, into a buffer that it keeps or where it is told.

    Args:
        size: (width, height) of the view in pixels.
        kernels: `engine.render.kernels`, once it is ready; until then OpenCV mixes, within 2/255 of the kernels.
        crew: The threads that mix; None: the caller's.
    """

    def __init__(self, size: tuple[int, int], kernels: ModuleType | None = None, crew: Crew | None = None) -> None:
        self.size = size
        self.kernels = kernels
        self._crew = crew or Crew(alone=True)
        self._afterglow = Afterglow()

    @cached_property
    def picture(self) -> Pixels:
        """Return the buffer that is kept."""
        return np.full((*self.size[::-1], 4), (0, 0, 0, 255), np.uint8)

    def compose(self, groups: tuple[Group, ...], still: Still | None = None, out: Pixels | None = None,
                order: Order = "rgba") -> Pixels:
        """Return the sum of weight x group, each group composed over black.

        Weights that sum to more than 1 are scaled down to 1; what no layer touches is exactly (0, 0, 0).

        Args:
            still: How much of an earlier picture of this compositor is added, if any.
            out: Where to write, over the picture before; None: the buffer that is kept. Shape (height, width, 4).
            order: Of the bytes in the picture.
        Returns:
            Opaque. Shape (height, width, 4), uint8; the buffer is valid until the next call.
        Raises:
            MixeurError: A layer's pixels are not C-contiguous uint8 of the view's size.
        """
        picture = self.picture if out is None else out
        groups = self._afterglow.with_still(groups, still, picture, order)
        visible = [(layers, weight) for layers, weight in _steps(groups) if weight]
        for layers, _ in visible:
            for layer in layers:
                self._check(layer)
        if not visible:
            picture[:] = (0, 0, 0, 255)
        elif self.kernels is None:
            plain.mix(visible, picture, order)
        else:
            self._mix(self.kernels, visible, picture.reshape(-1).view(np.uint32), 0 if order == "rgba" else 16)
        return picture

    def _mix(self, kernels: ModuleType, visible: list[tuple[list[Layer], int]], out: NDArray[np.uint32],
             swap: int) -> None:
        layers = [layer for layers, _ in visible for layer in layers]
        codes = kernels.BLEND_CODES
        addresses = np.array([layer.pixels.ctypes.data for layer in layers], np.uint64)
        width, height = self.size
        whole = (0, 0, width, height)
        recipe = np.array([(codes[layer.blend], _byte(layer.alpha), i == 0, weight if i == len(own) - 1 else -1,
                            *(layer.box or whole))
                           for own, weight in visible for i, layer in enumerate(own)], np.int64)
        is_weighed = len(visible) > 1 or visible[0][1] < 255
        self._crew.share(0, height, out.size * (1 + len(layers)) / CHEAP, lambda first, last: kernels.mix(
            out, width, addresses, recipe, is_weighed, swap, first * width, last * width,
            np.empty((5, TILE), np.uint32)))

    def _check(self, layer: Layer) -> None:
        pixels = layer.pixels
        shape = (*self.size[::-1], 4)
        if pixels.shape != shape or pixels.dtype != np.uint8 or not pixels.flags.c_contiguous:
            raise MixeurError(f"layer: pixels are {pixels.dtype} {pixels.shape}; "
                              f"needed is C-contiguous uint8 {shape}")


def _byte(share: float) -> int:
    return round(min(max(share, 0.0), 1.0) * 255)


def _steps(groups: tuple[Group, ...]) -> list[tuple[list[Layer], int]]:
    """Return the layers that show and the weight of each group in 255ths; the weights round as a running sum."""
    whole = max(1.0, sum(max(group.weight, 0.0) for group in groups))
    steps, total = [], 0.0
    for group in groups:
        before = _byte(total)
        total += max(group.weight, 0.0) / whole
        layers = [layer for layer in group.layers if _byte(layer.alpha)]
        steps.append((layers, _byte(total) - before if layers else 0))
    return steps

