"""Mapping: the stage's picture as one projector must show it, by its profile."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.problems import MixeurError
from engine.render import plain
from engine.render.layer import Order
from engine.render.measured import Measured, measured
from engine.render.mesh import covered, outlines_of, stage_under
from engine.render.ramp import allowed_light, black_tables, feathered
from engine.show.profile import Profile, Ramp

Pixels = NDArray[np.uint8]
Flip = Literal["none", "horizontal", "vertical", "both"]
FLIP_CODES = {"horizontal": 1, "vertical": 0, "both": -1}
PLACES: dict[Order, tuple[int, int, int]] = {"rgba": (0, 8, 16), "bgra": (16, 8, 0)}


class Mapping:
    """Warps the stage by a profile, once planned, frame after frame.

    A flip turns the stage's picture within its place; masks and ramps stay where they were measured.

    Args:
        profile: The projector's calibration.
        stage_size: (width, height) of the stage's picture in pixels, each at least 2.
        flip: For rear projection and mirrors.
        order: Of the bytes in the output; windows take `bgra`.
        kernels: `engine.render.kernels`, once it is ready; until then OpenCV warps, without black level and colour.
        feather: Share of the picture's width over which it falls to black at its edge.
        crew: The threads that warp; None: the caller's.
    Raises:
        MixeurError: The profile's corners or mesh cannot be projected.
    """

    def __init__(self, profile: Profile, stage_size: tuple[int, int], flip: Flip = "none", order: Order = "rgba",
                 kernels: ModuleType | None = None, feather: float = 0.0, crew: Crew | None = None) -> None:
        self.profile, self.stage_size, self.flip, self.order, self.kernels = profile, stage_size, flip, order, kernels
        self.feather = feather
        self._crew = crew or Crew(alone=True)
        width, height = profile.size
        self._out: Pixels = np.zeros((height, width, 4), np.uint8)
        self._plan: NDArray[np.uint64] | None = None
        self._weights: Pixels | None = None
        self._places = PLACES[order]
        self._measured: Measured | None = None
        if not self.is_copy:
            self._x, self._y = _stage_px(profile, stage_size, flip)
            light = allowed_light(profile)
            outline = covered(outlines_of(profile), profile.size)
            if feather:
                light = light * feathered((outline == 1).astype(np.uint8), feather)
            self._alone = ((light == 1) & (outline == 1)).astype(np.uint8)
            self._gain: Any = cv2.pow(light * outline, 1 / profile.gamma)
            if profile.light or profile.colour:
                self._measured = measured(profile, light * outline, self._alone > 0)
            self._tables = self._make_tables()

    @property
    def is_copy(self) -> bool:
        """Return whether the output is the stage as it is (or flipped), pixel for pixel."""
        profile = self.profile
        width, height = profile.size
        whole = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
        return (profile.size == self.stage_size and profile.mesh is None and profile.corners in (None, whole)
                and not profile.mask and profile.ramp == Ramp() and not any(profile.black_level)
                and profile.colour is None and profile.light is None and not profile.surfaces and not self.feather)

    @property
    def is_plain(self) -> bool:
        """Return whether it is a copy that is not even flipped."""
        return self.is_copy and self.flip == "none"

    def apply(self, stage: Pixels, out: Pixels | None = None) -> Pixels:
        """Return the projector's picture.

        Args:
            stage: Opaque RGBA. Shape (height, width, 4) of the stage size, uint8, C-contiguous.
            out: Where to write; None: a buffer that is kept, valid until the next call.
        Returns:
            Opaque, in the order asked for. Shape (height, width, 4) of the profile's size; what the stage leaves
            black, what it does not reach and what is masked are exactly (0, 0, 0), but for the black level.
        Raises:
            MixeurError: The stage's picture has another size.
        """
        out = self._out if out is None else out
        width, height = self.stage_size
        if stage.shape != (height, width, 4) or stage.dtype != np.uint8 or not stage.flags.c_contiguous:
            raise MixeurError(f"mapping: picture is {stage.dtype} {stage.shape}; "
                              f"planned was C-contiguous uint8 {(height, width, 4)}")
        if self.is_copy:
            self._copy(stage, out)
        elif self.kernels is None:
            if self._weights is None:
                gain = self._measured.gain ** (1 / self.profile.gamma) if self._measured else 1
                self._weights = plain.weights_of(self._gain * gain)
            plain.warp(stage, self._x, self._y, self._weights, out)
            self._reorder(out)
        else:
            self._warp(self.kernels, stage, out)
        return out

    def stage_at(self, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Return the point of the stage, in stage units, under a point of the projector; None off the stage."""
        columns, rows = self.profile.size
        if not (0 <= x_px < columns and 0 <= y_px < rows):
            return None
        width, height = self.stage_size
        if self.is_copy:
            x = width - x_px if self.flip in ("horizontal", "both") else x_px
            y = height - y_px if self.flip in ("vertical", "both") else y_px
        else:
            x, y = (float(axis[int(y_px), int(x_px)]) + 0.5 for axis in (self._x, self._y))
        return (x / height, y / height) if 0 <= x <= width and 0 <= y <= height else None

    def _copy(self, stage: Pixels, out: Pixels) -> None:
        if self.flip != "none":
            cv2.flip(stage, FLIP_CODES[self.flip], dst=out)
            self._reorder(out)
        elif self.order == "bgra":
            cv2.cvtColor(stage, cv2.COLOR_RGBA2BGRA, dst=out)
        else:
            np.copyto(out, stage)

    def _reorder(self, out: Pixels) -> None:
        if self.order == "bgra":
            cv2.cvtColor(out, cv2.COLOR_RGBA2BGRA, dst=out)

    def _warp(self, kernels: Any, stage: Pixels, out: Pixels) -> None:
        if self._plan is None:
            self._plan = np.empty(out.shape[0] * out.shape[1], np.uint64)
            kernels.make_plan(self._x.ravel(), self._y.ravel(), self._gain.ravel(), self._alone.ravel(),
                              *self.stage_size, self._plan)
        flat, source = (each.reshape(-1).view(np.uint32) for each in (out, stage))
        swap = 0 if self.order == "rgba" else 16
        own, plan, across = self._measured, self._plan, out.shape[1]

        def work(first: int, last: int) -> None:
            band = slice(first * across, last * across)
            kernels.warp(source, self.stage_size[0], plan[band], self._tables, swap if own is None else 0, flat[band])
            if own is not None:
                own.shine(kernels, flat, band, swap)

        self._crew.share(0, out.shape[0], flat.size, work)

    def _make_tables(self) -> NDArray[np.uint32]:
        profile = self.profile
        if self._measured is not None or not any(profile.black_level):
            return np.empty(0, np.uint32)
        tables = black_tables(profile).astype(np.uint32)
        return (tables << np.array(self._places, np.uint32)[:, None]).ravel()


def _stage_px(profile: Profile, stage_size: tuple[int, int],
              flip: Flip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the stage pixel (its centre at a whole number) under each projector pixel."""
    u, v = stage_under(profile)
    if flip in ("horizontal", "both"):
        u = 1 - u
    if flip in ("vertical", "both"):
        v = 1 - v
    half = np.float32(0.5)
    return u * np.float32(stage_size[0]) - half, v * np.float32(stage_size[1]) - half
