"""How much moves, and whither."""

from __future__ import annotations

import cv2
import numpy as np

from engine.clock import NS
from engine.vision.sizes import FLOW_SIZE
from engine.world import Floats, Pixels

CHANGED = 10


class Motion:
    """Compares each picture with the one before."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._grey: Pixels | None = None
        self._coarse: Pixels | None = None
        self._captured_ns = 0

    def measure(self, picture: Pixels, captured_ns: int) -> tuple[float, Floats | None]:
        """Return the moving share of the picture, 0..1, and its flow in pixels a second; None for the first picture."""
        height, width = picture.shape[:2]
        half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(half, cv2.COLOR_BGR2GRAY), np.uint8)
        coarse = np.asarray(cv2.resize(grey, FLOW_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
        motion: float = 0.0
        flow: Floats | None = None
        if self._grey is not None and self._coarse is not None and self._grey.shape == grey.shape:
            motion = float(np.count_nonzero(cv2.absdiff(coarse, self._coarse) > CHANGED)) / coarse.size
            seconds = max((captured_ns - self._captured_ns) / NS, 1e-3)
            fine = self._dis.calc(self._grey, grey, np.zeros((*grey.shape, 2), np.float32))
            flow = np.asarray(cv2.resize(fine, FLOW_SIZE, interpolation=cv2.INTER_AREA), np.float32)
            flow *= 2.0 / seconds
            flow.flags.writeable = False
        self._grey, self._coarse, self._captured_ns = grey, coarse, captured_ns
        return motion, flow
