"""From a frame's picture to what each projector shows: compose each view once, map it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType, ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.render import mapping
from engine.render.compositor import Compositor
from engine.render.layer import Group, Order, Picture
from engine.render.mapping import Flip
from engine.render.slow import Slow
from engine.show.profile import Profile

Pixels = NDArray[np.uint8]
STAGE = "stage"
NOWHERE: Mapping[str, Pixels] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """One projector's part in the light.

    Attributes:
        view: Which view of the scene it shows.
    """

    profile: Profile
    view: str = STAGE
    flip: Flip = "none"
    feather: float = 0.0


class LightOutput:
    """Renders pictures for all projectors: one thread for each further projector, the same result.

    Args:
        beams: Name of the projector -> its part.
        stage_size: (width, height) of every view's canvas in pixels.
        order: Of the bytes in the output; windows take `bgra`.
        kernels: `engine.render.kernels`, or None until they are ready, then `use(kernels)`.
        crew: The threads that share a picture; None: the caller's.
    Raises:
        MixeurError: A profile cannot be projected.
    """

    def __init__(self, beams: Mapping[str, Beam], stage_size: tuple[int, int], order: Order = "bgra",
                 kernels: ModuleType | None = None, crew: Crew | None = None) -> None:
        self.stage_size = stage_size
        self.kernels = kernels
        self._order = order
        self._beams: dict[str, Beam] = {}
        self._mappings: dict[str, mapping.Mapping] = {}
        self._compositors: dict[str, Compositor] = {}
        self._slows = defaultdict[str, Slow](lambda: Slow(self.stage_size[0]))
        self._whole: dict[str, str] = {}  # views that are shown as they are, and by which projector
        self._picture = Picture()
        self._crew = crew or Crew(alone=True)
        self._pool: ThreadPoolExecutor | None = None
        for name, beam in beams.items():
            self.place(name, beam)
        self._pool = ThreadPoolExecutor(len(beams) - 1, "projector") if len(beams) > 1 else None

    def plan(self, beam: Beam) -> mapping.Mapping:
        """Return how a beam's picture is made: 70 ms at 1080p, in any thread."""
        return mapping.Mapping(beam.profile, self.stage_size, beam.flip, self._order, self.kernels, beam.feather,
                               self._crew)

    def place(self, name: str, beam: Beam, planned: mapping.Mapping | None = None) -> None:
        """Give a projector a new profile, view or flip, from the next frame on; a bad one leaves the old."""
        self._mappings[name] = planned or self.plan(beam)
        self._beams[name] = beam
        viewers = Counter(each.view for each in self._beams.values())
        whole = {each.view: name for name, each in self._beams.items()
                 if viewers[each.view] == 1 and self._mappings[name].is_plain}
        if whole != self._whole:
            self._whole = whole
            self._slows.clear()  # they know the picture before, in another order of bytes

    def use(self, kernels: ModuleType) -> None:
        """Draw with the compiled kernels from the next frame on."""
        self.kernels = kernels
        for projector in self._mappings.values():
            projector.kernels = kernels
        for compositor in self._compositors.values():
            compositor.kernels = kernels

    def render(self, picture: Picture, dt: float = 1 / 60, into: Mapping[str, Pixels] = NOWHERE) -> dict[str, Pixels]:
        """Return what each projector shows.

        Args:
            dt: Seconds since the last picture.
            into: Where to make the pictures of projectors, in place of those before; those of another size are not.
        Returns:
            Opaque pictures of the profiles' sizes, else in buffers that are kept: valid until the next call.
        Raises:
            MixeurError: A layer has another size than its view.
        """
        self._picture = picture
        beams, names = self._beams, list(self._beams)
        outs = {name: into[name] for name, beam in beams.items()
                if name in into and into[name].shape[1::-1] == beam.profile.size}
        frames = {view: self._composed(view, picture, outs) for view in sorted({each.view for each in beams.values()})}
        for view, frame in frames.items():
            self._slows[view].apply(frame, picture.calm, dt)
        if not names:
            return {}
        waiting = [self._pool.submit(self._map, name, frames, outs) for name in names[1:]] if self._pool else []
        shown = {names[0]: self._map(names[0], frames, outs)}
        return shown | dict(zip(names[1:], (part.result() for part in waiting), strict=True))

    def thumbnail(self, width: int = 320, view: str = STAGE) -> Pixels:
        """Return a small picture of a view for the operator, opaque RGBA, without the layers that hold camera pixels.

        It is to be called before the next frame is drawn, while the layers' pixels still are the last frame's.
        """
        groups = self._picture.views.get(view, ())
        public = tuple(Group(tuple(layer for layer in group.layers if layer.kind != "people"), group.weight)
                       for group in groups)
        frame = self._compositor(f"{view} without people").compose(public)
        height = max(1, round(width * self.stage_size[1] / self.stage_size[0]))
        return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def stage_at(self, name: str, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Return the point of the stage, in stage units, under a pixel of a projector; None off the stage."""
        return self._mappings[name].stage_at(x_px, y_px) if name in self._mappings else None

    def close(self) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown()

    def _compositor(self, view: str) -> Compositor:
        if view not in self._compositors:
            self._compositors[view] = Compositor(self.stage_size, self.kernels, self._crew)
        return self._compositors[view]

    def _composed(self, view: str, picture: Picture, outs: Mapping[str, Pixels]) -> Pixels:
        """Return a view's picture: as the only projector that shows it needs it, if that shows it as it is."""
        groups, name = picture.views.get(view, ()), self._whole.get(view)
        if name is None:
            return self._compositor(view).compose(groups, picture.still)
        return self._compositor(view).compose(groups, picture.still, outs.get(name), self._order)

    def _map(self, name: str, frames: Mapping[str, Pixels], outs: Mapping[str, Pixels]) -> Pixels:
        view = self._beams[name].view
        return frames[view] if view in self._whole else self._mappings[name].apply(frames[view], outs.get(name))
