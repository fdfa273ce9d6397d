"""The simulated room in colour: what a camera with three channels and a variable exposure sees of coloured frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.light_scan import SHARES
from calibration.simulator.light import GREY
from calibration.simulator.rig import Picture, SimulatedRig
from calibration.simulator.room import Projector

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
EYES = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.25, 0.5, 0.25)])  # red, green, blue, and what a grey picture is


class ColourRig(SimulatedRig):
    """A `calibration.photometric.LightRig` without devices; a grey frame is shown in white light."""

    _eye, _share = GREY, 1.0

    def shares(self, camera: str) -> Sequence[float]:
        """Return the exposures that the camera can take, in shares of the first."""
        return SHARES

    def expose(self, camera: str, share: float) -> None:
        """Let each picture from now on gather `share` of the light of the first exposure."""
        self._share = share

    def grab_settled(self, camera: str) -> tuple[Picture, float]:
        """Return the next picture: this camera is never later than it is told to be."""
        return self.grab(camera)

    def grab_colour(self, camera: str, pictures: int = 1) -> tuple[NDArray[Any], float]:
        """Return the next picture in red, green and blue, shape (height, width, 3), and when it was asked for."""
        asked_s, channels = self.now_s, list[Picture]()
        for self._eye in range(GREY):
            self.now_s = asked_s
            channels.append(self.grab(camera)[0])
        self._eye = GREY
        return np.stack(channels, axis=2), asked_s

    def _exposed(self, camera: str, start_s: float) -> Floats:
        return np.asarray(np.float32(self._share) * super()._exposed(camera, start_s), np.float32)

    def _radiance(self, camera: str, number: int, state: dict[str, Pixels], shift: tuple[float, float]) -> Floats:
        key = (camera, number + 100 * self._eye)
        if shift != (0.0, 0.0) or key not in self._known:
            lights = {name: light_of(self.room.projectors[name], frame, EYES[self._eye])
                      for name, frame in state.items()}
            radiance = self._views[camera].radiance(lights, shift, self._eye)
            if shift != (0.0, 0.0):
                return radiance
            self._known[key] = radiance
        return self._known[key]


def response_of(projector: Projector, signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light, 0..1 above black, of red, green and blue at signals 0..1. Shape (3, n)."""
    gammas = projector.gammas or (projector.gamma,) * 3
    light = np.stack([signal ** gamma for gamma in gammas])
    return np.asarray(light + projector.s_curve * (light * light * (3 - 2 * light) - light))


def light_of(projector: Projector, frame: Pixels, eye: NDArray[np.float64]) -> Floats:
    """Return the light of a frame, grey or coloured, as one channel of a camera sees it. Shape (height, width)."""
    shares = eye @ np.array(projector.primaries)
    black = 1 / projector.contrast
    tables = shares[:, None] * (response_of(projector, np.arange(256) / 255) * (1 - black) + black)
    if frame.ndim == 2:
        return np.asarray(cv2.LUT(frame, tables.sum(0).astype(np.float32)), np.float32)
    parts = [cv2.LUT(frame[..., channel], tables[channel].astype(np.float32)) for channel in range(3)]
    return np.asarray(parts[0] + parts[1] + parts[2], np.float32)
