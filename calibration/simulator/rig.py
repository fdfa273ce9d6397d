"""The simulated room in time: frames arrive late, cameras expose row by row, tripods shake; the clock is its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.simulator.light import View, banding, expose
from calibration.simulator.room import Room

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How frames travel, and how the camera sees them.

    Attributes:
        latency_s, jitter_s: From `show` until the light changes; jitter is a uniform addition.
        camera_fps: The camera's own rhythm; a picture begins at the next beat.
        exposure_s: Of each row.
        readout_s: From the first row's start to the last one's; 0 is a global shutter.
        shake_px: How far the picture moves from frame to frame (rms), in camera pixels.
    """

    latency_s: float = 0.05
    jitter_s: float = 0.01
    camera_fps: float = 30.0
    exposure_s: float = 1 / 60
    readout_s: float = 0.015
    shake_px: float = 0.0


class SimulatedRig:
    """A `calibration.capture.Rig` without devices: time passes only when somebody waits or a picture is exposed.

    Args:
        views: Name of each camera -> its view of the room.
        knock: (time in seconds, pixels): from then on the camera's picture is moved so far.
    """

    def __init__(self, room: Room, views: dict[str, View], timing: Timing, seed: int,
                 knock: tuple[float, float] | None = None) -> None:
        self.room, self.timing, self.now_s = room, timing, 0.0
        self.sizes = {name: projector.lens.size for name, projector in room.projectors.items()}
        self._views, self._knock = views, knock
        self._rng = np.random.default_rng([seed, 2])
        self._shown: list[tuple[float, dict[str, NDArray[np.uint8]]]] = [(-1e9, {})]
        self._known: dict[tuple[str, int], Floats] = {}

    def show(self, projector: str, frame: NDArray[np.uint8]) -> float:
        """Give a frame to a projector; it shines after the latency, and not before the one before it."""
        begins_s = self.now_s + self.timing.latency_s + self._rng.uniform(0, self.timing.jitter_s)
        state = {**self._shown[-1][1], projector: frame}
        self._shown = [*self._shown[-3:], (max(begins_s, self._shown[-1][0]), state)]
        self._known.clear()
        return self.now_s

    def grab(self, camera: str) -> tuple[Picture, float]:
        """Return the picture that begins at the camera's next beat, and when it was asked for."""
        asked_s, timing = self.now_s, self.timing
        start_s = np.ceil(asked_s * timing.camera_fps - 1e-9) / timing.camera_fps
        self.now_s = start_s + timing.readout_s + timing.exposure_s
        light = self._exposed(camera, start_s)
        if self.room.banding:
            light = light * banding(light.shape, self.room.banding, self._rng)
        return expose(light, self.room.cameras[camera], self._rng), asked_s

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now_s += seconds

    def _exposed(self, camera: str, start_s: float) -> Floats:
        """Return the light of a picture: each row adds up the frames that shone while it was exposed."""
        view, timing = self._views[camera], self.timing
        rows = view.camera.lens.size[1]
        opens = start_s + timing.readout_s * np.arange(rows) / rows
        shift = tuple(self._rng.normal(0, timing.shake_px, 2)) if timing.shake_px else (0.0, 0.0)
        if self._knock and start_s >= self._knock[0]:
            shift = (shift[0] + self._knock[1], shift[1])
        light = np.zeros((rows, view.camera.lens.size[0]), np.float32)
        ends = [begins for begins, _ in self._shown[1:]] + [np.inf]
        for number, ((begins, state), end) in enumerate(zip(self._shown, ends, strict=True)):
            seen = np.clip(np.minimum(end, opens + timing.exposure_s) - np.maximum(begins, opens), 0, None)
            share = (seen / timing.exposure_s).astype(np.float32)
            if share.any():
                light += share[:, None] * self._radiance(camera, number, state, shift)
        return light

    def _radiance(self, camera: str, number: int, state: dict[str, NDArray[np.uint8]],
                  shift: tuple[float, float]) -> Floats:
        if shift != (0.0, 0.0):
            return self._views[camera].radiance(state, shift)
        if (camera, number) not in self._known:
            self._known[camera, number] = self._views[camera].radiance(state)
        return self._known[camera, number]
