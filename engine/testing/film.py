"""Film: frames and sound of a run as one file, and some of its pictures side by side."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
SOUND_BITS_PER_S = 192_000


class Film:
    """An mp4 file: H.264 and, where there is sound, AAC.

    Args:
        size: (width, height) in pixels, both even.
        fps: Pictures a second.
        rate: Samples a second.
        channels: 1 or 2; of more loudspeakers the first two are taken.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: Fraction, rate: int, channels: int) -> None:
        self._container = av.open(str(path), "w")
        # Encoders cut a picture into as many parts as they have threads: two everywhere, so the film is the same.
        self._video: Any = self._container.add_stream("libx264", rate=fps, options={"crf": "20", "threads": "2"})
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        self._audio: Any = self._container.add_stream("aac", rate=rate)
        self._audio.layout = "mono" if channels == 1 else "stereo"
        self._audio.bit_rate = SOUND_BITS_PER_S
        self._channels, self._rate, self._heard = min(channels, 2), rate, 0

    def show(self, picture: Pixels) -> None:
        """Add one picture: RGBA, shape (height, width, 4)."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[..., :3]), "rgb24")
        self._container.mux(self._video.encode(frame))

    def play(self, samples: NDArray[np.float32]) -> None:
        """Add sound. Shape (frames, loudspeakers)."""
        if not len(samples):
            return
        planes = np.ascontiguousarray(samples[:, : self._channels].T, np.float32)
        frame = av.AudioFrame.from_ndarray(planes, "fltp", self._audio.layout.name)
        frame.sample_rate, frame.pts = self._rate, self._heard
        frame.time_base = Fraction(1, self._rate)
        self._heard += len(samples)
        self._container.mux(self._audio.encode(frame))

    def close(self) -> None:
        """End the film."""
        self._container.mux(self._video.encode())
        self._container.mux(self._audio.encode())
        self._container.close()


class Sheet:
    """Pictures of a run side by side: of `count` equal spans of it, one each.

    Args:
        frames: How many the run has.
        count: Of pictures.
        width_px: Of one of them.
        at: Which moment of its span it is of, 0..1: late, when a scene has come to life.
    """

    def __init__(self, frames: int, count: int, width_px: int = 400, at: float = 0.75) -> None:
        self._wanted = {round((index + at) * frames / count) for index in range(count)}
        square = math.ceil(math.sqrt(count))
        self._columns = next((n for n in range(square, 2 * square) if count % n == 0), square)
        self._width_px = width_px
        self._pictures: list[Pixels] = []

    def look(self, frame: int, picture: Pixels) -> None:
        """Keep a picture, RGBA, if it is one of those wanted."""
        if frame in self._wanted:
            size = self._width_px, round(self._width_px * picture.shape[0] / picture.shape[1])
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            self._pictures.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGBA2BGR), np.uint8))

    def png(self) -> bytes:
        """Return the pictures in rows, in the order of the run, as a PNG file."""
        empty = np.zeros_like(self._pictures[0])
        rows = math.ceil(len(self._pictures) / self._columns)
        cells = self._pictures + [empty] * (rows * self._columns - len(self._pictures))
        lines = [np.hstack(cells[row * self._columns : (row + 1) * self._columns]) for row in range(rows)]
        return cv2.imencode(".png", np.vstack(lines), (cv2.IMWRITE_PNG_COMPRESSION, 9))[1].tobytes()
