"""The live rig: a show's windows and a real camera behind the words of a scan, `show`, `grab` and `wait`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.eye import Eye
from calibration.light_scan import MANY, SHARES
from calibration.settling import Settling, grey, has_settled, settling_of
from engine.clock import NS, monotonic_ns, sleep_s
from engine.guarded import GuardedScreens
from engine.inputs.camera_capture import Shot
from engine.problems import MixeurError
from engine.safety.exemption import Exemption

Pixels = NDArray[np.uint8]
ONE = SHARES[:1]
DEEP = 257  # from 8 bits to 16
PATIENCE_S = 20.0  # for a picture that holds what is shown
LIGHT = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
PLAIN, EVERY_PX = 0.02, 3  # of full light: less between two frames, and no picture tells them apart


class LiveRig:
    """A `calibration.light_scan.LightRig` of real windows and one real camera.

    A camera's exposure stays as it is: what a longer one would tell of dark tones is told by the mean of several
    pictures.

    Args:
        screens: The show's windows behind their guards.
        sizes: (width, height) of each projector's picture; they must be its native ones.
        exemption: By which a person has let patterns past the guards; scans end with it.
        poll: Takes what is done at the windows, so that they stay answerable.
    """

    def __init__(self, screens: GuardedScreens, sizes: Mapping[str, tuple[int, int]], eye: Eye, exemption: Exemption,
                 poll: Callable[[], object]) -> None:
        self.sizes = dict(sizes)
        self._screens, self._eye, self._exemption, self._poll = screens, eye, exemption, poll
        self._shown: dict[str, Pixels] = {}
        self._known: tuple[dict[str, Pixels], Pixels] | None = None  # what was shown, and the picture of it
        screens.exempt(exemption)

    def show(self, projector: str, frame: Pixels) -> float:
        """Show a frame, grey or coloured, on one projector; return when, in seconds.

        Raises:
            MixeurError: The frame is not the projector's native size, or the ten minutes are over.
        """
        if frame.shape[1::-1] != self.sizes[projector]:
            width, height = self.sizes[projector]
            raise MixeurError(f"projector.{projector}: shows {width} x {height}, but the scan is planned for "
                              f"{frame.shape[1]} x {frame.shape[0]}; set the display to the projector's native size")
        now_s = monotonic_ns() / NS
        if not self._exemption.left_s(now_s):
            raise MixeurError("calibrate: the ten minutes in which patterns may be shown are over; see to it that the "
                              "room is empty, and begin this step again")
        code = cv2.COLOR_GRAY2BGRA if frame.ndim == 2 else cv2.COLOR_RGB2BGRA
        self._screens.present({projector: np.asarray(cv2.cvtColor(frame, code), np.uint8)}, now_s)
        self._poll()
        self._shown[projector] = frame
        return monotonic_ns() / NS

    def grab(self, camera: str) -> tuple[Pixels, float]:
        """Return the first picture that arrives from now on, grey, and when it was asked for, in seconds."""
        asked_ns = monotonic_ns()
        picture = grey(self._eye.after(asked_ns).picture)
        self._known = dict(self._shown), picture
        return picture, asked_ns / NS

    def grab_settled(self, camera: str) -> tuple[Pixels, float]:
        """Return the first picture that holds what is shown alone, grey, and when it was asked for.

        Raises:
            MixeurError: None comes in time, as where the new frame looks like the one before.
        """
        asked_ns = monotonic_ns()
        return grey(self._settled(asked_ns).picture), asked_ns / NS

    def grab_colour(self, camera: str, pictures: int = MANY) -> tuple[NDArray[np.uint16], float]:
        """Return the mean of pictures that hold what is shown alone, red, green and blue, and when they were asked for.

        Their noise carries what lies between two numbers of 8 bits.

        Returns:
            Shape (height, width, 3), uint16, 65535 for the camera's 255.
        Raises:
            MixeurError: See `grab_settled`.
        """
        asked_ns = monotonic_ns()
        shot = self._settled(asked_ns)
        total = shot.picture.astype(np.uint32)
        for _ in range(pictures - 1):
            shot = self._eye.after(shot.captured_ns)
            total += shot.picture
        mean = (total * DEEP + pictures // 2) // pictures
        return np.ascontiguousarray(mean[..., ::-1].astype(np.uint16)), asked_ns / NS

    def shares(self, camera: str) -> Sequence[float]:
        """Return the exposures that the camera can take, in shares of the first."""
        return ONE

    def expose(self, camera: str, share: float) -> None:
        """Take the one exposure that there is."""
        if share not in ONE:
            raise MixeurError(f"camera.{camera}: its exposure cannot be set from here")

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        sleep_s(seconds)

    def settling(self) -> Settling:
        """Measure how late the camera sees what is shown; `MixeurError` if it does not follow the light."""
        frames = {name: [np.full(size[::-1], level, np.uint8) for level in (0, 255)]
                  for name, size in self.sizes.items()}

        def shine(is_bright: bool) -> int:
            for name, levels in frames.items():
                self.show(name, levels[is_bright])
            return monotonic_ns()

        found = settling_of(shine, self._eye.after)
        self.grab("")
        shine(False)
        return found

    def _settled(self, asked_ns: int) -> Shot:
        """Return the first picture that holds what is shown alone, by the last one of something else."""
        shot = self._eye.after(asked_ns)
        if self._known is not None and not _are_alike(self._known[0], self._shown):
            shot = self._changed(self._known[1], shot)
        self._known = dict(self._shown), grey(shot.picture)
        return shot

    def _changed(self, before: Pixels, first: Shot) -> Shot:
        """Return the first picture from `first` on in which a change of light is over."""
        shot, end_ns = first, monotonic_ns() + round(PATIENCE_S * NS)
        while monotonic_ns() < end_ns:
            following = self._eye.after(shot.captured_ns)
            if has_settled(before, grey(shot.picture), grey(following.picture)):
                return following
            shot = following
        raise MixeurError("calibrate: the camera's pictures do not settle on what is shown; keep people and the room's "
                          "light still, fix the tripod, switch automatic exposure off")


def _are_alike(some: Mapping[str, Pixels], others: Mapping[str, Pixels]) -> bool:
    """Return whether two frames of each projector differ too little for a camera's picture to show the change."""
    return some.keys() == others.keys() and all(_apart(some[name], others[name]) < PLAIN for name in some)


def _apart(frame: Pixels, other: Pixels) -> float:
    """Return the mean difference of two frames' light, grey or coloured, 0..1."""
    coarse = [np.atleast_3d(cv2.LUT(each[::EVERY_PX, ::EVERY_PX].copy(), LIGHT)) for each in (frame, other)]
    return float(np.abs(coarse[0] - coarse[1]).mean())
