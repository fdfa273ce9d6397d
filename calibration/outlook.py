"""Outlooks on disk: what a camera saw of a projector when it was calibrated, small enough to look at in every show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from calibration.check import linear
from calibration.drift import Floats, Outlook
from calibration.pfm import pfm_bytes, pfm_of
from engine.problems import MixeurError
from engine.show.profile import Profile

if TYPE_CHECKING:  # SciPy, which a running show can do without
    from calibration.decode import Scan
    from calibration.fit import CameraMap

WIDEST = 480  # pixels of the camera's picture


def outlook_bytes(found: CameraMap, scan: Scan, camera_gamma: float) -> bytes:
    """Return a scan's outlook as a PFM: projector_px across and down (NaN where it does not shine), and its white."""
    white = (linear(scan.white, camera_gamma) - linear(scan.black, camera_gamma)) / np.float32(255)
    return pfm_bytes(np.dstack([_reduced(part) for part in (*found.projector_px, white)]))


def outlook_of(profile: Profile) -> Outlook:
    """Return the outlook that a profile names.

    Raises:
        MixeurError: It names none, or the file is gone or damaged; with the remedy.
    """
    watch = profile.watch
    if watch is None:
        raise MixeurError("has not been scanned by a camera of the show; `mixeur calibrate scan --camera NAME`")
    try:
        raw = watch.map.read_bytes()
    except OSError as error:
        raise MixeurError(f"{watch.map}: {error.strerror}; solve again") from None
    maps = pfm_of(raw, str(watch.map))
    if maps.ndim != 3:
        raise MixeurError(f"{watch.map}: is grey; solve again")
    return Outlook(profile.size, maps[..., :2], np.ascontiguousarray(maps[..., 2]), watch.moved_px)


def _reduced(picture: Floats) -> Any:
    """Return the means of squares of pixels; NaN where any of them is."""
    factor = -(-picture.shape[1] // WIDEST)
    size = (picture.shape[1] // factor, picture.shape[0] // factor)
    whole = np.ascontiguousarray(picture[:size[1] * factor, :size[0] * factor])
    return cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
